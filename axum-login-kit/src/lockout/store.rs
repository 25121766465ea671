//! Where failures are counted.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Extensions;
use axum_db::{Access, Bind, Database, Db, ErrorKind};

use super::statements::{LockoutBackend, Statement};
use crate::error::Error;

/// How often a count is tried again that lost against others.
const TRIES: usize = 20;

/// What one counter is counted against; durations in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The failure with this number, and every further one, sets a lock.
    pub(super) free: i64,
    pub(super) pause: i64,
    pub(super) max_pause: i64,
    pub(super) forget_after: i64,
}

impl Limits {
    /// Whether a lock until then holds: one that ends later than the longest pause was set by a clock that has been put
    /// right since.
    pub(super) fn holds(self, until: i64, now: i64) -> bool {
        until > now && until <= self.latest(now)
    }

    /// When the longest pause that begins now ends.
    pub(super) fn latest(self, now: i64) -> i64 {
        now.saturating_add(self.max_pause)
    }

    /// When the lock of a first failure ends, and how long the next one is.
    pub(super) fn first(self, now: i64) -> (i64, i64) {
        if self.free > 1 {
            (0, self.pause)
        } else {
            let doubled = (self.pause * 2).min(self.max_pause);
            (now + self.pause, doubled)
        }
    }
}

#[async_trait]
pub(super) trait Store: Send + Sync {
    /// The same for the request with these extensions.
    fn bind(&self, request: &Extensions) -> Box<dyn Bound>;

    /// Deletes what was last counted before this second.
    async fn sweep(&self, before: i64) -> Result<u64, Error>;
}

/// A store within one request; times are seconds since 1970.
#[async_trait]
pub(super) trait Bound: Send + Sync {
    /// Counts a failure, at once for all who come at the same time; when it is locked, until when, and nothing is
    /// counted.
    async fn count(&self, name: &str, limits: Limits, now: i64) -> Result<Option<i64>, Error>;

    /// All failures are forgiven.
    async fn forget(&self, name: &str) -> Result<(), Error>;

    /// The last failure was none.
    async fn take_back(&self, name: &str) -> Result<(), Error>;

    /// The failure was one: for who could not count it before.
    fn failed(&self, name: &str, limits: Limits, at: i64);
}

/// In the table.
pub(super) struct InTable<B: LockoutBackend, K: Bind>(Arc<Database<B, K>>);

/// In the table, in a request.
struct Request<B: LockoutBackend, K: Bind> {
    database: Arc<Database<B, K>>,
    /// The request's session, in which a transaction was open: counts wait for its end.
    busy: Option<Db<B, K>>,
}

impl<B: LockoutBackend, K: Bind> InTable<B, K> {
    pub(super) fn new(database: Database<B, K>) -> Self {
        InTable(Arc::new(database))
    }
}

#[async_trait]
impl<B: LockoutBackend, K: Bind> Store for InTable<B, K> {
    fn bind(&self, request: &Extensions) -> Box<dyn Bound> {
        let db = request.get::<Db<B, K>>();
        Box::new(Request {
            database: Arc::clone(&self.0),
            busy: db.cloned(),
        })
    }

    async fn sweep(&self, before: i64) -> Result<u64, Error> {
        write(&self.0, Statement::sweep(before)).await
    }
}

impl<B: LockoutBackend, K: Bind> Request<B, K> {
    /// The session whose transaction is open: another connection may never come free for this request.
    fn transaction(&self) -> Option<&Db<B, K>> {
        self.busy.as_ref().filter(|db| db.in_transaction())
    }

    /// Does it now, or once the transaction is over, however it ends.
    async fn write(&self, statement: Statement) -> Result<(), Error> {
        let Some(db) = self.transaction() else {
            write(&self.database, statement).await?;
            return Ok(());
        };
        let database = Arc::clone(&self.database);
        db.on_finish(move |_, _| {
            tokio::spawn(async move {
                log(write(&database, statement).await);
            });
        });
        Ok(())
    }
}

#[async_trait]
impl<B: LockoutBackend, K: Bind> Bound for Request<B, K> {
    async fn count(&self, name: &str, limits: Limits, now: i64) -> Result<Option<i64>, Error> {
        match self.transaction() {
            Some(db) => {
                let locked = read(db, name).await?;
                Ok(locked.filter(|until| limits.holds(*until, now)))
            }
            None => count(&self.database, name, limits, now).await,
        }
    }

    async fn forget(&self, name: &str) -> Result<(), Error> {
        self.write(Statement::forget(name.to_owned())).await
    }

    async fn take_back(&self, name: &str) -> Result<(), Error> {
        // Within a transaction nothing was counted.
        match self.transaction() {
            Some(_) => Ok(()),
            None => self.write(Statement::take_back(name.to_owned())).await,
        }
    }

    fn failed(&self, name: &str, limits: Limits, at: i64) {
        let Some(db) = self.transaction() else { return };
        let (database, name) = (Arc::clone(&self.database), name.to_owned());
        db.on_finish(move |_, _| {
            tokio::spawn(async move {
                log(count(&database, &name, limits, at).await);
            });
        });
    }
}

async fn count<B: LockoutBackend, K: Bind>(
    database: &Database<B, K>,
    name: &str,
    limits: Limits,
    now: i64,
) -> Result<Option<i64>, Error> {
    for _ in 0..TRIES {
        let counted = write(database, Statement::count(name.to_owned(), limits, now));
        if counted.await? > 0 {
            return Ok(None);
        }
        if let Some(until) = read(&database.session(), name).await? {
            if limits.holds(until, now) {
                return Ok(Some(until));
            }
            continue;
        }
        match write(database, Statement::begin(name.to_owned(), limits, now)).await {
            Ok(_) => return Ok(None),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    // Nobody gets through by being many.
    Ok(Some(now + 1))
}

async fn read<B: LockoutBackend, K: Bind>(db: &Db<B, K>, name: &str) -> Result<Option<i64>, Error> {
    let query = Statement::locked_until(name.to_owned());
    let reading = db.run(Access::Read, move |connection| {
        B::locked_until(connection, query)
    });
    reading.await.map_err(of_failures)
}

async fn write<B: LockoutBackend, K: Bind>(
    database: &Database<B, K>,
    statement: Statement,
) -> Result<u64, Error> {
    let written = crate::write::write(&database.session(), statement, B::write).await;
    written.map_err(of_failures)
}

/// A failure over the table of failures.
fn of_failures(error: axum_db::Error) -> Error {
    let added = ".with(axum_login_kit::lockout_table())";
    Error::of_table(super::table::TABLE, added, error)
}

/// Whether another one came first.
fn is_taken(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let database = source.and_then(|source| source.downcast_ref::<axum_db::Error>());
    database.is_some_and(|error| error.kind() == ErrorKind::UniqueViolation)
}

fn log<T>(outcome: Result<T, Error>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "a failed login was not counted");
    }
}
