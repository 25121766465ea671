//! Models against databases: every change is carried out, seen as done, undone, and costs no row.

mod cases;
mod harness;
mod laws;
mod models;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
mod mysql_cases;
mod pairs;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_cases;
mod said;
mod scoreboard;
#[cfg(feature = "postgres")]
mod scoreboard_postgres;
#[cfg(feature = "postgres")]
mod scoreboard_postgres_start;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_cases;
#[cfg(feature = "sqlite")]
mod sqlite_rebuild;
#[cfg(feature = "sqlite")]
mod sqlite_survival;
