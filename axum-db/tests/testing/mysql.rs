//! The suite on MariaDB.

pub(crate) type Engine = axum_db::Mysql;
pub(crate) const VARIABLE: &str = "TEST_MYSQL_URL";
pub(crate) const NOWHERE: &str = "mysql://root@127.0.0.1:1/mysql";

/// How many of several tests of one process run their set-up: all, for nothing can be copied.
pub(crate) const SET_UPS_OF_A_PROCESS: Option<usize> = None;
/// How many of the processes of one run do.
pub(crate) const SET_UPS_OF_A_RUN: Option<usize> = None;

/// Whether there is a database behind this URL.
pub(crate) async fn exists(url: &str) -> bool {
    let database = axum_db::Database::<Engine>::connect(url).await;
    database.expect("a URL").check().await.is_ok()
}

#[path = "behaviour.rs"]
mod behaviour;
#[path = "server.rs"]
mod server;
