//! Flask-Login for Axum.
