//! The crate's own writes.

use axum_db::{Access, Backend, Bind, Db, Error};
use diesel::QueryResult;
use futures_util::future::BoxFuture;

/// How often a write is tried that loses against others.
const TRIES: usize = 20;

/// Carries `statement` out, in the transaction that is open; where none is, by itself, and again where it lost against
/// a concurrent one.
pub(crate) async fn write<B, K, S>(
    db: &Db<B, K>,
    statement: S,
    execute: for<'c> fn(&'c mut B::Connection, S) -> BoxFuture<'c, QueryResult<usize>>,
) -> Result<u64, Error>
where
    B: Backend,
    K: Bind,
    S: Clone + Send,
{
    let mut left = if db.in_transaction() { 1 } else { TRIES };
    loop {
        let statement = statement.clone();
        let writing = db.run(Access::Immediate, move |connection| {
            execute(connection, statement)
        });
        left -= 1;
        match writing.await {
            Err(error) if error.is_retryable() && left > 0 => {}
            outcome => return outcome.map(|rows| rows as u64),
        }
    }
}
