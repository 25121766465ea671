//! `#[axum_db::test]` as its users have it, on every engine: one suite (`behaviour.rs`), compiled once for each.
#![cfg(feature = "testing")]
// That is how one file becomes three suites.
#![allow(clippy::duplicate_mod)]

mod client;
mod models;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
