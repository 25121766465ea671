//! Flask-SQLAlchemy for Axum: models declared once, and one lazy, pooled Diesel session per request.
#![deny(missing_docs)]

// The documentation's examples and the macros name the crate as a user does.
extern crate self as axum_db;

mod backend;
mod config;
mod database;
mod error;
pub mod model;
mod pool;
pub mod prelude;
pub mod query;
mod session;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use axum_db_macros::model;
#[cfg(feature = "mysql")]
pub use backend::Mysql;
#[cfg(feature = "postgres")]
pub use backend::Postgres;
pub use backend::{Backend, Dialect};
#[cfg(feature = "sqlite")]
pub use backend::{ConnectionThread, Sqlite};
pub use config::{Config, DatabaseUrl};
pub use database::Database;
pub use error::{Error, ErrorKind};
pub use model::{Metadata, MetadataError};
pub use session::{
    Access, Bind, Connection, Db, Lease, Main, MissingLayer, Outcome, SessionFuture, SessionLayer,
    SessionService, TransactionMode,
};

// Named by the sealed half of `Backend`; not for users.
#[doc(hidden)]
pub use pool::Watch;
