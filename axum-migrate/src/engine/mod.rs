//! What each database engine does for a migration: read its schema, lend a scratch place.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use axum_db::Backend;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::BoxFuture;

use crate::dump::Dump;
use crate::error::Error;
use crate::runner::Queries;
use crate::schema::Schema;

/// A database engine that can be migrated: each one of axum-db's, behind the feature of its name. Sealed.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_db::{Database, Sqlite};
/// use axum_migrate::{Engine, Hints, diff};
///
/// let database: Database<Sqlite> = Database::connect("sqlite://:memory:").await?;
/// let mut conn = database.connect_dedicated().await?;
/// <Sqlite as Engine>::execute(&mut conn, "CREATE TABLE tags (name varchar ( 20 ))").await?;
/// let is = Sqlite::introspect(&mut conn).await?;
/// let should = Sqlite::scratch_schema(&mut conn, &["CREATE TABLE tags (name VARCHAR(20))".into()]).await?;
/// assert!(diff(&is, &should, &Hints::default())?.ops.is_empty());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
pub trait Engine: Backend + Queries + Dump {
    /// Reads the schema of the connection's database in a constant number of queries.
    ///
    /// The tables of the migrations themselves are left out.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// <Sqlite as Engine>::execute(&mut conn, "CREATE TABLE tags (name TEXT)").await?;
    /// let schema = Sqlite::introspect(&mut conn).await?;
    /// assert!(schema.tables["tags"].columns[0].nullable);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database refuses a query, or has a table whose description cannot be understood.
    fn introspect(
        conn: &mut Self::Connection,
    ) -> impl Future<Output = Result<Schema, Error>> + Send;

    /// Limits what the connection reads to the default schema and the others in which `statements` create something.
    /// PostgreSQL alone: without it, every schema of a user is read.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// let statements = ["CREATE TABLE tags (name TEXT)".to_owned()];
    /// Sqlite::look_at(&mut conn, &statements).await?; // PostgreSQL reads `public` alone from here on
    /// let should = Sqlite::scratch_schema(&mut conn, &statements).await?;
    /// assert!(!Sqlite::introspect(&mut conn).await?.is_same_as(&should));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database refuses it.
    fn look_at(
        conn: &mut Self::Connection,
        statements: &[String],
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (conn, statements);
        async { Ok(()) }
    }

    /// Runs `work` on a connection to an empty scratch place of the same server, which is removed
    /// afterwards, however `work` ends.
    ///
    /// SQLite: a database in memory. PostgreSQL: `conn` itself, in a schema made within a transaction that
    /// is rolled back, with every other schema that [`look_at`](Self::look_at) named empty; what is too large for
    /// one transaction is committed in pieces, and dropped in pieces at the end. MySQL: `conn` itself, moved to a
    /// scratch database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// let trial = Sqlite::scratch(&mut conn, |conn| {
    ///     Box::pin(async move {
    ///         <Sqlite as Engine>::execute(conn, "CREATE TABLE tags (name TEXT)").await?;
    ///         Sqlite::introspect(conn).await
    ///     })
    /// });
    /// assert!(trial.await?.tables.contains_key("tags"));
    /// assert!(Sqlite::introspect(&mut conn).await?.tables.is_empty()); // the database itself
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `work`, and when the scratch place cannot be made.
    ///
    /// # Cancellation
    /// Close the connection when the future is dropped before its end: it may still be in the scratch
    /// place.
    fn scratch<R, W>(
        conn: &mut Self::Connection,
        work: W,
    ) -> impl Future<Output = Result<R, Error>> + Send
    where
        R: Send + 'static,
        W: for<'c> FnOnce(&'c mut Self::Connection) -> BoxFuture<'c, Result<R, Error>> + Send;

    /// To be called between the statements of a large script on a scratch place. PostgreSQL has locks for some
    /// thousand objects in one transaction: near that, the piece so far is committed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// let trial = Sqlite::scratch(&mut conn, |conn| {
    ///     Box::pin(async move {
    ///         for number in 0..100 {
    ///             <Sqlite as Engine>::execute(conn, &format!("CREATE TABLE t{number} (id INTEGER)")).await?;
    ///             if number % 50 == 0 {
    ///                 Sqlite::make_room(conn).await?;
    ///             }
    ///         }
    ///         Sqlite::introspect(conn).await
    ///     })
    /// });
    /// assert_eq!(trial.await?.tables.len(), 100);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database refuses it.
    fn make_room(conn: &mut Self::Connection) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = conn;
        async { Ok(()) }
    }

    /// Makes on a scratch place what tables use that no model describes. MariaDB alone: the sequences of the database,
    /// which defaults name; PostgreSQL's scratch place looks into the database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// let trial = Sqlite::scratch(&mut conn, |conn| {
    ///     Box::pin(async move {
    ///         Sqlite::furnish(conn).await?; // first, for the defaults of the tables that follow
    ///         <Sqlite as Engine>::execute(conn, "CREATE TABLE tags (name TEXT)").await?;
    ///         Sqlite::introspect(conn).await
    ///     })
    /// });
    /// assert!(trial.await?.tables.contains_key("tags"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database refuses it.
    fn furnish(conn: &mut Self::Connection) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = conn;
        async { Ok(()) }
    }

    /// Runs a script of one or more statements as it is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// <Sqlite as Engine>::execute(&mut conn, "CREATE TABLE posts (title TEXT); CREATE TABLE tags (name TEXT);").await?;
    /// assert_eq!(Sqlite::introspect(&mut conn).await?.tables.len(), 2);
    /// let error = <Sqlite as Engine>::execute(&mut conn, "CREATE TABEL tags").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Database);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database refuses a statement.
    fn execute(
        conn: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            conn.batch_execute(sql)
                .await
                .map_err(|error| Error::database(&doing(sql), error))
        }
    }

    /// The schema that `statements` make in an empty database, as the server normalises it.
    ///
    /// PostgreSQL: in the temporary schema where they make tables, indexes and types alone and name no schema, else as
    /// [`scratch`](Self::scratch).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut conn = connection().await;
    /// let statements = ["CREATE TABLE tags (name varchar ( 20 ))".to_owned()];
    /// let schema = Sqlite::scratch_schema(&mut conn, &statements).await?;
    /// assert_eq!(schema.tables["tags"].columns[0].ty, "VARCHAR(20)"); // as the server has it
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`scratch`](Self::scratch), and when the database refuses a statement.
    fn scratch_schema(
        conn: &mut Self::Connection,
        statements: &[String],
    ) -> impl Future<Output = Result<Schema, Error>> + Send {
        let statements = statements.to_vec();
        Self::scratch(conn, move |conn| {
            Box::pin(async move {
                execute_all::<Self>(conn, &statements).await?;
                Self::introspect(conn).await
            })
        })
    }
}

/// How many statements of a script on a scratch place run before it is asked whether they are many.
pub(crate) const ROOM_FOR: usize = 50;

/// Runs statements that make tables on an empty scratch place, however many they are.
pub(crate) async fn execute_all<B: Engine>(
    conn: &mut B::Connection,
    statements: &[String],
) -> Result<(), Error> {
    B::furnish(conn).await?;
    for piece in statements.chunks(ROOM_FOR) {
        for statement in piece {
            B::execute(conn, statement).await?;
        }
        B::make_room(conn).await?;
    }
    Ok(())
}

/// Completes "could not" with the beginning of a statement.
fn doing(sql: &str) -> String {
    const SHOWN: usize = 120;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().take(SHOWN).collect();
    format!(
        "run `{shown}{}`",
        if shown.len() < line.len() { "…" } else { "" }
    )
}
