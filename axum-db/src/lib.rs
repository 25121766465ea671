//! Flask-SQLAlchemy for Axum: models declared once, and one lazy, pooled Diesel session per request.

mod backend;

pub use backend::Dialect;
