//! The behaviour of axum-login-kit: one suite (`behaviour/`), compiled once for each engine, and what needs no
//! engine of its own.
#![allow(
    clippy::duplicate_mod,
    reason = "one suite, compiled once for each engine"
)]

mod browser;
mod models;

#[cfg(feature = "sqlite")]
mod answers;
#[cfg(feature = "sqlite")]
mod broken;
#[cfg(feature = "sqlite")]
mod config;
#[cfg(feature = "sqlite")]
mod cookies;
#[cfg(feature = "sqlite")]
mod derive;
#[cfg(feature = "sqlite")]
mod ended;
#[cfg(feature = "sqlite")]
mod events;
#[cfg(feature = "sqlite")]
mod flash;
#[cfg(feature = "sqlite")]
mod fuzz;
#[cfg(feature = "sqlite")]
mod guards;
#[cfg(feature = "sqlite")]
mod hostile;
#[cfg(feature = "sqlite")]
mod loaders;
#[cfg(feature = "sqlite")]
mod logs;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod protection;
#[cfg(feature = "sqlite")]
mod remember;
#[cfg(feature = "sqlite")]
mod socket;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod ui;
