//! Flask-Migrate for Axum and Diesel.
