//! SQLite.

use axum_db::{Backend, Sqlite};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::future::BoxFuture;

use super::Engine;
use crate::error::{Error, ErrorKind};
use crate::introspect;
use crate::schema::Schema;

impl Engine for Sqlite {
    async fn introspect(conn: &mut Self::Connection) -> Result<Schema, Error> {
        introspect::sqlite::introspect(conn).await
    }

    async fn scratch<R, W>(_conn: &mut Self::Connection, work: W) -> Result<R, Error>
    where
        R: Send + 'static,
        W: for<'c> FnOnce(&'c mut Self::Connection) -> BoxFuture<'c, Result<R, Error>> + Send,
    {
        let mut scratch = <Self as Backend>::Connection::establish(":memory:")
            .await
            .map_err(|error| {
                Error::new(
                    ErrorKind::Database,
                    format!(
                        "could not open a SQLite database in memory: {error}; free some memory"
                    ),
                )
                .with_source(error)
            })?;
        scratch
            .batch_execute("PRAGMA foreign_keys = ON")
            .await
            .map_err(|error| Error::database("prepare a SQLite database in memory", error))?;
        work(&mut scratch).await
    }
}
