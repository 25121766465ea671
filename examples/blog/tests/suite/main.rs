//! The blog as its visitors and its operators meet it: the built program, over a real socket.

mod accounts;
mod assets;
mod bad_input;
mod blog;
#[cfg(feature = "browser")]
mod browser;
mod commands;
mod pictures;
mod posts;
mod settings;
