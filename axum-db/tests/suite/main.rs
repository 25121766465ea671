//! The behaviour of axum-db: one suite (`behaviour/`), compiled once for each engine.
// That is how one file becomes three suites.
#![allow(clippy::duplicate_mod)]

mod attributes;
mod ddl;
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod engines;
mod hygiene;
mod links;
mod models;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
mod mysql_only;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_only;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(feature = "sqlite", target_os = "linux"))]
mod sqlite_only;
#[cfg(feature = "tls")]
mod tls;
#[cfg(all(feature = "decimal", feature = "json", feature = "uuid"))]
mod typed;
// The texts name what is there, so they are those of all engines together.
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod ui;
