//! The statements over `auth_lockouts`, in words that every engine knows.

use axum_db::Backend;
use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use futures_util::future::BoxFuture;

use super::store::Limits;
use super::table::{FAILURES, LAST_AT, LOCKED_UNTIL, NAME, PAUSE, TABLE};

/// A database engine that failures can be counted on: every engine of axum-db.
///
/// ```
/// use axum_db::{Database, Sqlite};
/// use axum_login_kit::{Lockout, LockoutBackend};
///
/// /// The same for whatever database the program is started with.
/// fn strict<B: LockoutBackend>(database: &Database<B>) -> Lockout {
///     Lockout::in_table(database).account(3)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// let lockout = strict(&Database::<Sqlite>::connect("sqlite://:memory:").await?);
/// assert!(format!("{lockout:?}").contains("account: 3"));
/// # Ok(())
/// # }
/// ```
pub trait LockoutBackend: Statements {}

#[diagnostic::do_not_recommend]
impl<B: Statements> LockoutBackend for B {}

/// The one place where Diesel's bounds are spelled out.
pub trait Statements: Backend {
    fn locked_until(
        connection: &mut Self::Connection,
        query: Statement,
    ) -> BoxFuture<'_, QueryResult<Option<i64>>>;

    fn write(
        connection: &mut Self::Connection,
        statement: Statement,
    ) -> BoxFuture<'_, QueryResult<usize>>;
}

#[diagnostic::do_not_recommend]
impl<B> Statements for B
where
    B: Backend,
    Statement: LoadQuery<'static, B::Connection, i64> + ExecuteDsl<B::Connection>,
{
    fn locked_until(
        connection: &mut B::Connection,
        query: Statement,
    ) -> BoxFuture<'_, QueryResult<Option<i64>>> {
        Box::pin(async move { query.get_result(connection).await.optional() })
    }

    fn write(
        connection: &mut B::Connection,
        statement: Statement,
    ) -> BoxFuture<'_, QueryResult<usize>> {
        Box::pin(async move { statement.execute(connection).await })
    }
}

/// SQL, names and values in their order.
#[derive(Clone)]
pub struct Statement(Vec<Part>);

#[derive(Clone)]
enum Part {
    Sql(&'static str),
    Name(&'static str),
    Text(String),
    Number(i64),
}

/// Writes a statement down as it reads: `!` precedes SQL, `#` names, `=` numbers, and `~` texts.
macro_rules! statement {
    ($($kind:tt $part:expr),* $(,)?) => {
        Statement(vec![$(part!($kind $part)),*])
    };
}

macro_rules! part {
    (! $part:expr) => {
        Part::Sql($part)
    };
    (# $part:expr) => {
        Part::Name($part)
    };
    (= $part:expr) => {
        Part::Number($part)
    };
    (~ $part:expr) => {
        Part::Text($part)
    };
}

impl Statement {
    pub(super) fn locked_until(name: String) -> Self {
        statement![! "SELECT ", # LOCKED_UNTIL, ! " FROM ", # TABLE, ! " WHERE ", # NAME, ! " = ", ~ name]
    }

    /// One more failure, unless it is locked.
    ///
    /// MySQL assigns from left to right: no expression reads a column to its left.
    pub(super) fn count(name: String, limits: Limits, now: i64) -> Self {
        let Limits {
            free,
            pause,
            max_pause,
            forget_after,
        } = limits;
        let forgotten = now.saturating_sub(forget_after);
        let (first_lock, first_pause) = limits.first(now);
        statement![
            ! "UPDATE ", # TABLE, ! " SET ",
            # LOCKED_UNTIL, ! " = CASE WHEN ", # LAST_AT, ! " < ", = forgotten, ! " THEN ", = first_lock,
            ! " WHEN ", # FAILURES, ! " + 1 < ", = free, ! " THEN 0 ELSE ", # PAUSE, ! " + ", = now, ! " END, ",
            # PAUSE, ! " = CASE WHEN ", # LAST_AT, ! " < ", = forgotten, ! " THEN ", = first_pause,
            ! " WHEN ", # FAILURES, ! " + 1 < ", = free, ! " THEN ", = pause,
            ! " WHEN ", # PAUSE, ! " * 2 > ", = max_pause, ! " THEN ", = max_pause,
            ! " ELSE ", # PAUSE, ! " * 2 END, ",
            # FAILURES, ! " = CASE WHEN ", # LAST_AT, ! " < ", = forgotten, ! " THEN 1 ELSE ", # FAILURES, ! " + 1 END, ",
            # LAST_AT, ! " = ", = now,
            ! " WHERE ", # NAME, ! " = ", ~ name, ! " AND (", # LOCKED_UNTIL, ! " <= ", = now,
            ! " OR ", # LOCKED_UNTIL, ! " > ", = limits.latest(now), ! ")",
        ]
    }

    /// The first failure.
    pub(super) fn begin(name: String, limits: Limits, now: i64) -> Self {
        let (lock, pause) = limits.first(now);
        statement![
            ! "INSERT INTO ", # TABLE, ! " (", # NAME, ! ", ", # FAILURES, ! ", ", # PAUSE, ! ", ", # LOCKED_UNTIL, ! ", ",
            # LAST_AT, ! ") VALUES (", ~ name, ! ", 1, ", = pause, ! ", ", = lock, ! ", ", = now, ! ")",
        ]
    }

    pub(super) fn forget(name: String) -> Self {
        statement![! "DELETE FROM ", # TABLE, ! " WHERE ", # NAME, ! " = ", ~ name]
    }

    /// One failure less, and the lock that it set is gone.
    pub(super) fn take_back(name: String) -> Self {
        statement![
            ! "UPDATE ", # TABLE, ! " SET ", # LOCKED_UNTIL, ! " = 0, ", # FAILURES, ! " = ", # FAILURES, ! " - 1 WHERE ",
            # NAME, ! " = ", ~ name, ! " AND ", # FAILURES, ! " > 0",
        ]
    }

    pub(super) fn sweep(before: i64) -> Self {
        statement![! "DELETE FROM ", # TABLE, ! " WHERE ", # LAST_AT, ! " < ", = before]
    }
}

impl Query for Statement {
    type SqlType = BigInt;
}

impl QueryId for Statement {
    type QueryId = ();
    // The text differs from one statement to the next: it is what prepared statements are found by.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for Statement
where
    DB: diesel::backend::Backend,
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for part in &self.0 {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Name(name) => out.push_identifier(name)?,
                Part::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Part::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
            }
        }
        Ok(())
    }
}
