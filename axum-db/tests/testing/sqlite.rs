//! The suite on SQLite.

pub(crate) type Engine = axum_db::Sqlite;

/// How many of several tests of one process run their set-up: the others copy its file.
pub(crate) const SET_UPS_OF_A_PROCESS: Option<usize> = Some(1);
/// How many of the processes of one run do.
pub(crate) const SET_UPS_OF_A_RUN: Option<usize> = None;

/// Whether there is a database behind this URL.
pub(crate) async fn exists(url: &str) -> bool {
    std::path::Path::new(url.strip_prefix("sqlite://").expect("a file")).exists()
}

#[path = "behaviour.rs"]
mod behaviour;
