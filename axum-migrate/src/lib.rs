//! Flask-Migrate for Axum and Diesel.

mod error;

pub use error::{Error, ErrorKind};
