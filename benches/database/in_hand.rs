//! Connections to a SQLite file that are made by hand, as axum-db sets them up.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::{ConnectionResult, QueryResult, SqliteConnection};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};

pub(crate) type Connection = SyncConnectionWrapper<SqliteConnection>;

const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL";

pub(crate) async fn set_up(file: &str) -> ConnectionResult<Connection> {
    let mut conn = Connection::establish(file).await?;
    conn.batch_execute(PRAGMAS)
        .await
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Synchronous Diesel called in place: it blocks the runtime, and is as fast as it gets.
#[derive(Clone)]
pub(crate) struct Direct {
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
    file: Arc<str>,
}

impl Direct {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            idle: Arc::default(),
            file: file.into(),
        }
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R>) -> R {
        let idle = self.idle.lock().expect("a lock").pop();
        let mut conn = idle.unwrap_or_else(|| {
            let mut conn = SqliteConnection::establish(&self.file).expect("a connection");
            conn.batch_execute(PRAGMAS).expect("settings");
            conn
        });
        let outcome = work(&mut conn).expect("a statement");
        self.idle.lock().expect("a lock").push(conn);
        outcome
    }
}
