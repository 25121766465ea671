//! Flask-Migrate for Axum and Diesel.

mod diff;
mod engine;
mod error;
mod introspect;
mod op;
mod render;
pub mod schema;

pub use diff::{Diff, Hints, diff};
pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use op::{Op, inverse};
pub use render::{Script, render};
pub use schema::Schema;
