//! The behaviour of axum-migrate on real databases.

mod autogenerate;
