//! What axum-migrate does to real folders and real databases.
#![expect(
    unreachable_pub,
    reason = "nothing of a test binary can be reached from outside"
)]

mod autogenerate;
mod cli;
mod diesel_compat;
mod runner;
mod support;
