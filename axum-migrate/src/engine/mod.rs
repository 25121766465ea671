//! What each database engine does for a migration: read its schema, lend a scratch place.

use axum_db::Dialect;
use diesel_async::AsyncConnection;
use futures_util::future::BoxFuture;

use crate::error::Error;
use crate::schema::Schema;

/// A database engine that can be migrated. Sealed.
pub trait Engine: Sized + Send + Sync + 'static {
    /// Its connection.
    type Connection: AsyncConnection + Send + 'static;
    /// Its dialect.
    const DIALECT: Dialect;

    /// Reads the schema of the connection's database in a constant number of queries.
    ///
    /// The tables of the migrations themselves are left out.
    fn introspect(
        conn: &mut Self::Connection,
    ) -> impl Future<Output = Result<Schema, Error>> + Send;

    /// Runs `work` on a connection to an empty scratch place of the same server, which is removed
    /// afterwards, however `work` ends.
    ///
    /// The connection may be `conn` itself, moved to the scratch place for the time.
    fn scratch<R, W>(
        conn: &mut Self::Connection,
        work: W,
    ) -> impl Future<Output = Result<R, Error>> + Send
    where
        R: Send + 'static,
        W: for<'c> FnOnce(&'c mut Self::Connection) -> BoxFuture<'c, Result<R, Error>> + Send;

    /// Runs a script of one or more statements as it is.
    fn execute(
        conn: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// The schema that `statements` make in an empty database, as the server normalises it.
    fn scratch_schema(
        conn: &mut Self::Connection,
        statements: &[String],
    ) -> impl Future<Output = Result<Schema, Error>> + Send;
}
