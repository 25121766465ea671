//! How the runner talks to an engine: questions answered by a column of texts, and statements run in few waits.

use std::sync::Arc;

use diesel::QueryResult;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel_async::SimpleAsyncConnection as _;

/// The statement that failed, by its place among those given, and why.
#[doc(hidden)]
#[derive(Debug)]
pub struct Stopped {
    pub at: usize,
    pub error: diesel::result::Error,
}

/// What must live until the statements have ended, even when nobody waits for them any more.
#[doc(hidden)]
pub struct Keep {
    pub(super) _lock: Option<Arc<dyn std::any::Any + Send + Sync>>,
}

/// Reads texts from an engine and runs statements; part of [`Engine`](crate::Engine) and not for users.
#[doc(hidden)]
pub trait Queries: axum_db::Backend {
    /// The column `value` of a query.
    fn query_texts(
        conn: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = QueryResult<Vec<String>>> + Send;

    /// Runs statements of a transaction in their order, in as few waits as the engine allows. After one has failed,
    /// the transaction must be rolled back.
    fn run_all(
        conn: &mut Self::Connection,
        statements: Vec<String>,
        keep: Keep,
    ) -> impl Future<Output = Result<(), Stopped>> + Send;
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

macro_rules! query_texts {
    () => {
        async fn query_texts(conn: &mut Self::Connection, sql: &str) -> QueryResult<Vec<String>> {
            let rows: Vec<Row> =
                diesel_async::RunQueryDsl::load(diesel::sql_query(sql), conn).await?;
            Ok(rows.into_iter().map(|row| row.value).collect())
        }
    };
}

#[cfg(feature = "sqlite")]
impl Queries for axum_db::Sqlite {
    query_texts!();

    /// One visit to the connection's thread for all of them, which stops where nobody waits any more.
    async fn run_all(
        conn: &mut Self::Connection,
        statements: Vec<String>,
        keep: Keep,
    ) -> Result<(), Stopped> {
        use diesel::connection::SimpleConnection as _;
        let lost = |error| Stopped { at: 0, error };
        let waiting = Arc::new(());
        let waits = Arc::downgrade(&waiting);
        let outcome = conn
            .spawn_blocking(move |inner| {
                let outcome = statements.iter().enumerate().try_for_each(|(at, sql)| {
                    let outcome = match waits.strong_count() {
                        0 => Err(diesel::result::Error::RollbackTransaction),
                        _ => inner.batch_execute(sql),
                    };
                    outcome.map_err(|error| Stopped { at, error })
                });
                drop(keep);
                Ok(outcome)
            })
            .await;
        drop(waiting);
        outcome.map_err(lost)?
    }
}

#[cfg(feature = "postgres")]
impl Queries for axum_db::Postgres {
    query_texts!();

    /// Sent one behind the other without waiting; behind one that fails, PostgreSQL refuses the others.
    async fn run_all(
        conn: &mut Self::Connection,
        statements: Vec<String>,
        _keep: Keep,
    ) -> Result<(), Stopped> {
        /// As many as `join_all` is sure to send in their order.
        const AHEAD: usize = 20;
        let shared: &Self::Connection = conn;
        for (number, ahead) in statements.chunks(AHEAD).enumerate() {
            let runs = ahead.iter().map(|sql| async move {
                let mut connection = shared;
                connection.batch_execute(sql).await
            });
            for (at, outcome) in futures_util::future::join_all(runs)
                .await
                .into_iter()
                .enumerate()
            {
                let at = number * AHEAD + at;
                outcome.map_err(|error| Stopped { at, error })?;
            }
        }
        Ok(())
    }
}

#[cfg(feature = "mysql")]
impl Queries for axum_db::Mysql {
    query_texts!();

    async fn run_all(
        conn: &mut Self::Connection,
        statements: Vec<String>,
        _keep: Keep,
    ) -> Result<(), Stopped> {
        for (at, sql) in statements.iter().enumerate() {
            let outcome = conn.batch_execute(sql).await;
            outcome.map_err(|error| Stopped { at, error })?;
        }
        Ok(())
    }
}

/// A text as an SQL literal: versions are names of folders, so they can hold anything.
pub(super) fn literal(dialect: axum_db::Dialect, text: &str) -> String {
    let text = text.replace('\'', "''");
    match dialect {
        axum_db::Dialect::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
        axum_db::Dialect::Sqlite | axum_db::Dialect::Postgres => format!("'{text}'"),
    }
}
