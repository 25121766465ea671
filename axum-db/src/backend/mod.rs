//! The databases: the only folder of this crate that names one.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use diesel::QueryResult;
use diesel::backend::DieselReserveSpecialization;
use diesel_async::AsyncConnection;

use crate::config::Config;
use crate::pool::Watch;
use crate::session::Isolation;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod task;
#[cfg(feature = "sqlite")]
mod thread;
#[cfg(all(feature = "tls", any(feature = "postgres", feature = "mysql")))]
mod tls;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod url;

#[cfg(feature = "mysql")]
pub use mysql::Mysql;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "sqlite")]
pub use thread::ConnectionThread;

pub(crate) mod answer;
pub(crate) mod ddl;
pub(crate) mod filled;
mod insert;
mod reflect;
#[cfg(feature = "testing")]
mod scratch;
#[cfg(feature = "testing")]
pub use scratch::Engine;
#[cfg(feature = "testing")]
pub(crate) use scratch::{Key, Place};
mod statement;
mod types;

/// What a unique key is over.
#[derive(Debug, Clone)]
pub struct UniqueKey {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

/// The SQL dialect of a database.
///
/// ```
/// assert_eq!(axum_db::Dialect::Mysql.quote("or`der"), "`or``der`");
/// assert_eq!(axum_db::Dialect::Postgres.quote("or\"der"), "\"or\"\"der\"");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// Quotes an identifier, whatever characters it has.
    ///
    /// ```
    /// use axum_db::Dialect;
    ///
    /// let column = Dialect::Sqlite.quote("size\" in cm");
    /// assert_eq!(format!("SELECT {column} FROM t"), "SELECT \"size\"\" in cm\" FROM t");
    /// assert_eq!(Dialect::Mysql.quote("order"), "`order`");
    /// ```
    #[must_use]
    pub fn quote(self, identifier: &str) -> String {
        // The one place of the workspace that does.
        let mark = match self {
            Dialect::Sqlite | Dialect::Postgres => '"',
            Dialect::Mysql => '`',
        };
        let mut quoted = String::with_capacity(identifier.len() + 2);
        quoted.push(mark);
        for character in identifier.chars() {
            if character == mark {
                quoted.push(mark);
            }
            quoted.push(character);
        }
        quoted.push(mark);
        quoted
    }

    /// OpenTelemetry's name of the system, `db.system.name`.
    pub(crate) fn system_name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
            Dialect::Mysql => "mysql",
        }
    }

    /// The name used for folders and settings: `sqlite`, `postgres` or `mysql`.
    ///
    /// ```
    /// use axum_db::Dialect;
    ///
    /// assert_eq!(format!("migrations/{}", Dialect::Postgres.name()), "migrations/postgres");
    /// assert_eq!(Dialect::Mysql.to_string(), Dialect::Mysql.name());
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
            Dialect::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A database engine: [`Sqlite`], [`Postgres`] or [`Mysql`].
///
/// An application names it once, `pub type Db = axum_db::Db<axum_db::Sqlite>;`, and never again. The trait
/// is sealed.
///
/// ```
/// use axum_db::{Backend, Database, Sqlite};
///
/// fn engine<B: Backend>(_: &Database<B>) -> &'static str {
///     B::DIALECT.name()
/// }
///
/// let database: Database<Sqlite> = Database::with_config("sqlite://:memory:")?;
/// assert_eq!(engine(&database), "sqlite");
/// # Ok::<_, axum_db::Error>(())
/// ```
pub trait Backend: Driver + ddl::Catalog + reflect::Reflect {
    /// The engine's Diesel backend.
    type Diesel: diesel::backend::Backend<QueryBuilder: Default>
        + DieselReserveSpecialization
        + Default
        + 'static;
    /// The engine's diesel-async connection, as [`Db::conn`](crate::Db::conn) hands it out.
    type Connection: AsyncConnection<Backend = Self::Diesel> + Send + 'static;
    /// The engine's SQL dialect.
    const DIALECT: Dialect;
}

/// What the pool and the session need of an engine; not for users.
#[doc(hidden)]
pub trait Driver: Sized + Send + Sync + 'static {
    /// The parsed URL.
    type Target: fmt::Debug + Send + Sync + 'static;
    /// What ends a running statement from outside its connection, and whatever else the engine knows of it.
    type Canceller: Clone + Send + Sync + 'static;
    /// Whether transactions that write are queued within the process.
    const ONE_WRITER: bool;

    fn parse(url: &str) -> Result<Self::Target, String>;

    /// The most connections the target bears, where that is its own property.
    fn max_connections(_target: &Self::Target) -> Option<usize> {
        None
    }

    /// Opens a connection; a `pooled` one belongs to sessions, which alone open its transactions.
    fn establish(
        target: &Self::Target,
        config: &Config,
        watch: &Arc<Watch>,
        pooled: bool,
    ) -> impl Future<Output = Result<(Self::Connection, Self::Canceller), String>> + Send
    where
        Self: Backend;

    /// Opens a transaction at the given level, or at the server's default.
    fn begin(
        connection: &mut Self::Connection,
        read_only: bool,
        isolation: Option<Isolation>,
    ) -> impl Future<Output = QueryResult<()>> + Send
    where
        Self: Backend;

    /// Sends BEGIN ahead of the statement that follows, so that both are one wait. `false` where the engine
    /// cannot, or cannot make sure that the statement is refused when BEGIN is: then nothing was sent.
    fn begin_ahead(
        _connection: &mut Self::Connection,
        _canceller: &Self::Canceller,
        _isolation: Option<Isolation>,
    ) -> QueryResult<bool>
    where
        Self: Backend,
    {
        Ok(false)
    }

    /// Where the connection refuses writes outside a transaction: allows those that follow, or refuses them
    /// again, without waiting for an answer.
    fn allow_writes(
        _connection: &mut Self::Connection,
        _canceller: &Self::Canceller,
        _allow: bool,
    ) -> QueryResult<()>
    where
        Self: Backend,
    {
        Ok(())
    }

    /// Whether the connection is known to have ended, without asking the server.
    fn has_ended(_canceller: &Self::Canceller) -> bool {
        false
    }

    /// Brings a connection back to how it was when it was opened: no statement in flight, no
    /// transaction, no altered settings. `false` where it must be closed instead.
    fn restore(
        connection: &mut Self::Connection,
        canceller: &Self::Canceller,
        watch: &Watch,
    ) -> impl Future<Output = bool> + Send
    where
        Self: Backend;

    /// Ends the statement that runs on a connection in someone's hand, which is closed when it comes back.
    fn cancel(_canceller: &Self::Canceller, _watch: &Watch) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Has what waits for the server on a connection in someone's hand end with an error, as no cancel helped, where the
    /// engine's driver lets it; the connection is closed when it comes back.
    fn give_up(_canceller: &Self::Canceller, _watch: &Watch) {}

    /// Ends what a connection that is about to be closed may still be doing on the server.
    fn abandon(canceller: Self::Canceller, watch: &Watch) -> impl Future<Output = ()> + Send;

    /// Closes the connection, without waiting for whatever is still to come on it.
    fn close(connection: Self::Connection, _watch: &Watch)
    where
        Self: Backend,
    {
        drop(connection);
    }

    /// Before a user takes the connection in hand, within its transaction: sees to it that the engine commits nothing
    /// by itself should it end that transaction, and that [`Driver::probe`] finds out.
    fn guard(
        _connection: &mut Self::Connection,
        _watch: &Watch,
    ) -> impl Future<Output = QueryResult<()>> + Send
    where
        Self: Backend,
    {
        async { Ok(()) }
    }

    /// Takes back what [`Driver::guard`] set, once the transaction was committed.
    fn unguard(
        _connection: &mut Self::Connection,
        _watch: &Watch,
    ) -> impl Future<Output = QueryResult<()>> + Send
    where
        Self: Backend,
    {
        async { Ok(()) }
    }

    /// Asks, after a user had the connection in hand, whether its transaction still stands and has not failed, where
    /// the engine's answer to a commit would not tell.
    fn probe(
        _connection: &mut Self::Connection,
        _watch: &Watch,
    ) -> impl Future<Output = QueryResult<()>> + Send
    where
        Self: Backend,
    {
        async { Ok(()) }
    }

    /// Whether `sql`, run on a connection that a user had in hand, commits the open transaction by the way.
    fn commits(_sql: &str) -> bool {
        false
    }

    /// Whether the engine answers with `error` after it has rolled the whole transaction back by itself,
    /// beside the conflicts, which all count as such.
    fn ends_transaction(_error: &diesel::result::Error) -> bool {
        false
    }

    /// Whether of the unique key that refused a write nothing but the name is told.
    const TELLS_KEY_NAMES_ONLY: bool = false;

    /// The unique key called `name`, where there is only one.
    fn unique_key(
        _connection: &mut Self::Connection,
        _table: Option<&str>,
        _name: &str,
    ) -> impl Future<Output = QueryResult<Option<UniqueKey>>> + Send
    where
        Self: Backend,
    {
        async { Ok(None) }
    }

    /// Whether `sql`, run on a connection that a user had in hand, leaves a state behind that only
    /// closing the connection removes.
    fn leaves_state(_sql: &str) -> bool {
        false
    }
}

/// Whether one of the statements begins with one of the (upper-case) `words`. A text in quotes may be taken
/// for a statement.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
fn starts_with_any(sql: &str, words: &[&str]) -> bool {
    sql.split(';').any(|statement| {
        let statement = statement.trim_start();
        words.iter().any(|word| {
            statement
                .get(..word.len())
                .is_some_and(|beginning| beginning.eq_ignore_ascii_case(word))
        })
    })
}
