//! Flask-Migrate for Axum and Diesel.

mod diff;
mod engine;
mod error;
mod introspect;
mod op;
mod render;
mod revision;
pub mod schema;
mod token;

pub use diff::{Diff, Hints, diff};
pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use op::{Op, inverse};
pub use render::{Script, render};
pub use revision::Embedded;
pub use schema::Schema;

/// What [`embed!`] expands to.
#[doc(hidden)]
pub mod __private {
    pub use include_dir;
}
