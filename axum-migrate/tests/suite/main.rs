//! What axum-migrate does to real folders and real databases.

mod autogenerate;
mod cli;
mod diesel_compat;
mod runner;
mod support;
