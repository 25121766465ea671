//! The `#[model]` macro of axum-db.
