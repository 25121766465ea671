#![doc = include_str!("../README.md")]
//!
//! # The types
//!
//! [`Migrate`] is what an application makes, and [`Binds`] several of them; [`Command`] is what it parses; [`Error`] and [`ErrorKind`] say what
//! went wrong. [`embed!`] makes an [`Embedded`] folder. Below them, and usable by themselves: a database's [`Schema`]
//! is read by an [`Engine`], two of them are compared by [`diff()`] with [`Hints`], which gives a [`Diff`] of [`Op`]s,
//! and [`render()`] writes those as a [`Script`].
#![deny(missing_docs)]

mod binds;
mod cli;
mod diff;
mod dump;
mod engine;
mod error;
mod introspect;
mod migrate;
mod models;
mod op;
mod render;
mod revision;
mod runner;
pub mod schema;
mod token;

pub use binds::Binds;
pub use cli::Command;
pub use diff::{Diff, Hints, diff};
pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use migrate::{Migrate, Upgraded};
pub use op::{Constraint, Op, inverse};
pub use render::{Script, render};
pub use revision::Embedded;
pub use schema::Schema;

/// What [`embed!`] expands to.
#[doc(hidden)]
pub mod __private {
    pub use include_dir;
}
