//! The connection that carries revisions out: locked, with limits, and with the patience to try again.

use std::time::{Duration, Instant};

use axum_db::{Bind, Database, Dialect};
use diesel::result::Error as DieselError;
use diesel_async::SimpleAsyncConnection as _;
use futures_util::future::{BoxFuture, Either, select};

use super::holder;
use super::lock::{self, Lock};
use super::options::Options;
use super::queries::{Stopped, literal};
use super::versions::{self, OURS};
use crate::{Engine, Error};

/// Opens another connection, to look at what the first one waits for.
type Spare<B> =
    Box<dyn Fn() -> BoxFuture<'static, Option<<B as axum_db::Backend>::Connection>> + Send + Sync>;

pub(super) struct Session<'o, B: Engine> {
    pub(super) conn: B::Connection,
    pub(super) options: &'o Options,
    lock: Lock,
    spare: Spare<B>,
    /// Who was in the way of the latest statement that had to wait.
    blockers: Vec<String>,
}

impl<'o, B: Engine> Session<'o, B> {
    /// Takes the lock on `conn` and makes both tables of versions.
    pub(super) async fn open<K: Bind>(
        database: &Database<B, K>,
        mut conn: B::Connection,
        options: &'o Options,
    ) -> Result<Self, Error> {
        let lock = lock::acquire::<B>(&mut conn, options.wait).await?;
        versions::set_up::<B>(&mut conn).await?;
        if let Some(sql) = limits(B::DIALECT, options.lock_timeout) {
            conn.batch_execute(&sql)
                .await
                .map_err(|error| Error::database("limit how long to wait for locks", error))?;
        }
        if B::DIALECT == Dialect::Mysql {
            let note = literal(B::DIALECT, &holder::note());
            let sql = format!(
                "REPLACE INTO {OURS} (version, checksum, progress) \
                 VALUES ('', {note}, CONCAT('lock:', CONNECTION_ID()))"
            );
            conn.batch_execute(&sql)
                .await
                .map_err(|error| Error::database("note who migrates", error))?;
        }
        let database = database.clone();
        let spare: Spare<B> = Box::new(move || {
            let database = database.clone();
            Box::pin(async move { database.connect_dedicated().await.ok() })
        });
        Ok(Self {
            conn,
            options,
            lock,
            spare,
            blockers: Vec::new(),
        })
    }

    /// Gives the lock back.
    pub(super) async fn close(mut self) -> Result<(), Error> {
        if B::DIALECT == Dialect::Mysql {
            self.conn
                .batch_execute(&format!("DELETE FROM {OURS} WHERE version = ''"))
                .await
                .map_err(|error| Error::database("give back the migration lock", error))?;
        }
        lock::release::<B>(self.lock, &mut self.conn).await
    }

    /// What a transaction begins with; elsewhere than behind a pooler the check is true.
    pub(super) fn begin(&self, sql: &str) -> String {
        match lock::same_backend(&self.lock) {
            Some(check) => format!("{sql};\n{check}"),
            None => sql.to_owned(),
        }
    }

    /// Runs statements as [`Queries::run_all`](super::Queries::run_all), and looks who is in the way when that takes
    /// long.
    pub(super) async fn run(&mut self, statements: Vec<String>) -> Result<(), Stopped> {
        let work = B::run_all(&mut self.conn, statements, self.lock.keep());
        let Some(pid) = self.lock.backend.clone() else {
            return work.await;
        };
        const LOOK_AFTER: Duration = Duration::from_secs(2);
        let limit = self.options.lock_timeout.unwrap_or(LOOK_AFTER);
        let patience = (limit / 2).min(LOOK_AFTER);
        let spare = &self.spare;
        let watch = async {
            tokio::time::sleep(patience).await;
            let mut conn = spare().await?;
            let blockers = B::query_texts(&mut conn, &holder::blockers_of(&pid)).await;
            blockers.ok().filter(|blockers| !blockers.is_empty())
        };
        match select(std::pin::pin!(work), std::pin::pin!(watch)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((seen, work)) => {
                if let Some(seen) = seen {
                    tracing::warn!(blockers = %seen.join("; "), "waiting for a lock");
                    self.blockers = seen;
                }
                work.await
            }
        }
    }

    pub(super) async fn run_one(&mut self, sql: &str) -> Result<(), DieselError> {
        let outcome = self.run(vec![sql.to_owned()]).await;
        outcome.map_err(|stopped| stopped.error)
    }

    /// Rolls back; that there is nothing to roll back is no error.
    pub(super) async fn roll_back(&mut self) {
        let _ = self.run_one("ROLLBACK").await;
    }

    /// Who is in the way.
    pub(super) async fn blockers(&mut self) -> Vec<String> {
        if B::DIALECT == Dialect::Mysql {
            let open = B::query_texts(&mut self.conn, &holder::open_transactions()).await;
            self.blockers = open.unwrap_or_default();
        }
        std::mem::take(&mut self.blockers)
    }

    /// The statement that limits how long statements queue for locks, where they are limited.
    pub(super) fn limits(&self) -> Option<String> {
        limits(B::DIALECT, self.options.lock_timeout)
    }

    /// The setting that lets a statement queue for locks for as long as it takes, and the one that limits it again:
    /// for PostgreSQL's CONCURRENTLY, behind which nobody queues.
    pub(super) async fn limit_locks(&mut self, limit: bool) -> Result<(), DieselError> {
        if B::DIALECT != Dialect::Postgres || self.options.lock_timeout.is_none() {
            return Ok(());
        }
        let limit = self.options.lock_timeout.filter(|_| limit);
        match limits(B::DIALECT, limit.or(Some(Duration::ZERO))) {
            Some(sql) => self.run_one(&sql).await,
            None => Ok(()),
        }
    }
}

/// The statement that limits how long the session's statements queue for a lock.
fn limits(dialect: Dialect, timeout: Option<Duration>) -> Option<String> {
    let timeout = timeout?;
    let milliseconds = timeout.as_millis().min(i32::MAX as u128);
    // MySQL counts in seconds.
    let seconds = timeout.as_millis().div_ceil(1000).clamp(1, 1_000_000);
    Some(match dialect {
        Dialect::Sqlite => format!("PRAGMA busy_timeout = {milliseconds}"),
        Dialect::Postgres => format!("SET lock_timeout = {milliseconds}"),
        Dialect::Mysql => format!(
            "SET SESSION lock_wait_timeout = {seconds}, SESSION innodb_lock_wait_timeout = {seconds}"
        ),
    })
}

/// Whether somebody else held a lock for too long, or two waited for each other: to be tried again.
pub(super) fn is_contention(error: &DieselError) -> bool {
    const TEXTS: [&str; 7] = [
        "due to lock timeout",
        "deadlock detected",
        "Lock wait timeout exceeded",
        "Deadlock found",
        "database is locked",
        "table is locked",
        "could not serialize access",
    ];
    let text = error.to_string();
    TEXTS.iter().any(|part| text.contains(part))
}

/// Whether the statement reached another process of the server than the one that holds the lock.
pub(super) fn is_elsewhere(dialect: Dialect, error: &DieselError) -> bool {
    let text = error.to_string();
    dialect == Dialect::Postgres
        && (text.contains("division by zero")
            || text.contains("prepared statement") && text.contains("does not exist"))
}

/// How often and for how long what met a lock is tried again.
pub(super) struct Patience {
    until: Instant,
    pause: Duration,
    pub(super) tries: usize,
}

impl Patience {
    pub(super) fn new(wait: Duration) -> Self {
        Self {
            until: Instant::now() + wait.min(Duration::from_secs(1_000_000)),
            pause: Duration::from_millis(100),
            tries: 1,
        }
    }

    /// Waits before the next try, in which others get their turn; `false` when the time is over.
    pub(super) async fn again(&mut self) -> bool {
        if Instant::now() + self.pause > self.until {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(3));
        self.tries += 1;
        true
    }
}
