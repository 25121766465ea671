//! The suite on PostgreSQL.

pub(crate) type Engine = axum_db::Postgres;
pub(crate) const VARIABLE: &str = "TEST_POSTGRES_URL";
pub(crate) const NOWHERE: &str = "postgres://postgres@127.0.0.1:1/postgres";

/// How many of several tests of one process run their set-up: the others copy its template.
pub(crate) const SET_UPS_OF_A_PROCESS: Option<usize> = Some(1);
/// How many of the processes of one run do.
pub(crate) const SET_UPS_OF_A_RUN: Option<usize> = Some(1);

/// Whether there is a database behind this URL.
pub(crate) async fn exists(url: &str) -> bool {
    let database = axum_db::Database::<Engine>::connect(url).await;
    database.expect("a URL").check().await.is_ok()
}

#[path = "behaviour.rs"]
mod behaviour;
#[path = "server.rs"]
mod server;
