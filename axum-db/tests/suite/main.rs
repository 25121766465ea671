//! The behaviour of axum-db, the same on every engine.

mod support;

mod session;
