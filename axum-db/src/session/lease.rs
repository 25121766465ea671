//! The connection, for one statement or in hand.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use diesel::QueryResult;
use futures_util::future::BoxFuture;
use tokio::sync::{MappedMutexGuard, MutexGuard, OwnedSemaphorePermit};

use super::deadline::{Deadline, Passed};
use super::handle::{Bind, Db, Shared};
use super::layer::TransactionMode;
use super::state::{State, Transaction, lost};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind, kind_of};
use crate::pool::{Checkout, Pooled};

/// After the deadline, a statement on a connection in hand is ended again and again: one cancel ends one.
const BETWEEN_CANCELS: Duration = Duration::from_millis(50);

/// How long such a statement has to end after all, when its line is silent.
const CANCELS: Duration = Duration::from_secs(2);

/// What a statement does to the session's transaction: see [`Db::run`] and [`Db::lease`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::Access;
/// use diesel_async::RunQueryDsl;
///
/// let count = users::table.count();
/// let users: i64 = db.run(Access::Read, |conn| Box::pin(count.get_result(conn))).await?;
/// assert!(users == 3 && !db.in_transaction());
///
/// let all = diesel::delete(users::table);
/// let gone = db.run(Access::Write, |conn| Box::pin(all.execute(conn))).await?;
/// assert!(gone == 3 && db.in_transaction());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads: it runs within the transaction if one is open, else by itself.
    Read,
    /// It may write: it opens the transaction first.
    Write,
    /// It writes and, where no transaction is open, is committed by itself at once, under
    /// [`TransactionMode::ReadOnly`] too: for a library's own bookkeeping.
    Immediate,
}

/// What is known of a statement before it runs.
#[derive(Clone, Copy)]
pub(crate) struct Purpose {
    pub(crate) access: Access,
    /// It writes for all that is known, which gets lost without a commit.
    pub(crate) writes: bool,
    /// Nobody knows what it leaves on the connection.
    pub(crate) by_hand: bool,
    /// It commits the open transaction by the way: see [`Driver::commits`](crate::backend::Driver::commits).
    pub(crate) commits: bool,
}

impl From<Access> for Purpose {
    fn from(access: Access) -> Self {
        Purpose {
            access,
            writes: access == Access::Write,
            by_hand: false,
            commits: false,
        }
    }
}

/// The session's connection for the length of one statement: see [`Db::lease`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Access, Lease};
/// use diesel_async::RunQueryDsl;
///
/// let mut lease: Lease<'_, _> = db.lease(Access::Read).await?;
/// let counted = users::table.count().get_result::<i64>(lease.connection()).await;
/// assert_eq!(lease.finish(counted)?, 3);
/// # Ok(())
/// # }
/// ```
#[must_use = "a lease that is dropped without `finish` ends the session's transaction"]
pub struct Lease<'a, B: Backend> {
    // Dropped before the mark, which looks at the session that this locks.
    pooled: MappedMutexGuard<'a, Pooled<B>>,
    mark: Mark<'a, B>,
    /// BEGIN was sent ahead of the statement, and nobody has seen the answer to it.
    begin_unseen: bool,
    /// The statement writes by itself.
    alone: bool,
}

/// A statement is under way; what drops it ends the session's transaction.
struct Mark<'a, B: Backend> {
    shared: &'a Shared<B>,
    /// The place in the queue of writers, for a write by itself.
    lane: Option<OwnedSemaphorePermit>,
    finished: bool,
}

impl<B: Backend> Drop for Mark<'_, B> {
    fn drop(&mut self) {
        if !self.finished {
            self.shared.cut_short(self.lane.take());
        }
    }
}

/// The session's connection, in hand; see [`Db::conn`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use diesel_async::RunQueryDsl;
///
/// let mut conn: axum_db::Connection<'_, _> = db.conn().await?;
/// let names: Vec<String> = users::table.select(users::name).order(users::id).load(&mut *conn).await?;
/// assert_eq!(names, ["ada", "bob", "cleo"]);
/// # Ok(())
/// # }
/// ```
pub struct Connection<'a, B: Backend> {
    pooled: MappedMutexGuard<'a, Pooled<B>>,
    shared: &'a Shared<B>,
    /// What ends its statements after the deadline.
    watchman: Option<tokio::task::AbortHandle>,
}

impl<B: Backend, K: Bind> Db<B, K> {
    /// Leases the session's connection for one statement: what the query helpers are made of.
    ///
    /// The statement must leave the connection's settings as they were; one that alters them (SET, PRAGMA,
    /// a temporary table) goes over [`Db::conn`], after which they are restored.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(unique, length = 40)] pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// use axum_db::Access;
    /// use diesel_async::RunQueryDsl;
    ///
    /// # let db = database.session();
    /// let mut lease = db.lease(Access::Read).await?;
    /// let outcome = tags::table.count().get_result::<i64>(lease.connection()).await;
    /// assert_eq!(lease.finish(outcome)?, 0);
    /// # Ok(())
    /// # }
    /// ```
    /// # Errors
    /// [`ErrorKind::ReadOnly`], [`ErrorKind::Aborted`], [`ErrorKind::PoolTimeout`], [`ErrorKind::Connection`],
    /// [`ErrorKind::Held`], [`ErrorKind::Deadline`].
    ///
    /// # Cancellation
    /// Dropping the lease before [`Lease::finish`], as when a handler is cancelled in mid-statement, ends
    /// the session's transaction; the connection is cleaned in the background.
    #[track_caller]
    pub fn lease(
        &self,
        access: Access,
    ) -> impl Future<Output = Result<Lease<'_, B>, Error>> + Send {
        self.lease_at(Location::caller(), access)
    }

    /// [`Db::lease`], asked for at `here`: a future within another's is the smaller for being made there.
    pub(crate) fn lease_at(
        &self,
        here: &'static Location<'static>,
        access: Access,
    ) -> impl Future<Output = Result<Lease<'_, B>, Error>> + Send {
        self.lease_for(here, Purpose::from(access))
    }

    pub(crate) async fn lease_for(
        &self,
        here: &'static Location<'static>,
        purpose: Purpose,
    ) -> Result<Lease<'_, B>, Error> {
        let shared = &*self.shared;
        let mut state = shared.lock_at(here).await?;
        shared.in_time(&mut state)?;
        let mut lane = None;
        let (mut begin_unseen, mut alone) = (false, false);
        match purpose.access {
            Access::Read => shared.ensure_connection(&mut state).await?,
            Access::Immediate => {
                alone = state.transaction != Transaction::Open;
                if alone {
                    lane = shared.lane(&mut state).await?;
                }
                shared.ensure_connection(&mut state).await?;
            }
            Access::Write => {
                if purpose.writes && shared.mode() == TransactionMode::ReadOnly {
                    return Err(Error::new(
                        ErrorKind::ReadOnly,
                        "a write was tried where TransactionMode::ReadOnly is set; serve this route under Explicit or OnSuccess",
                    ));
                }
                // Boxed: reads, of which there are more, need no room for it.
                begin_unseen = Box::pin(shared.open_ahead(&mut state)).await?;
                state.written |= purpose.writes;
                if purpose.commits {
                    Box::pin(shared.guard(&mut state)).await?;
                }
            }
        }
        let mut pooled = in_hand(state)?;
        shared.cut_off.store(true, Ordering::Release);
        if alone {
            pooled.allow_writes(true)?;
        }
        if purpose.by_hand {
            pooled.watch.take_in_hand();
        }
        pooled.watch.trail().lease();
        Ok(Lease {
            pooled,
            mark: Mark {
                shared,
                lane,
                finished: false,
            },
            begin_unseen,
            alone,
        })
    }

    /// Runs one statement on the session's connection, whose settings it must leave as they were; see
    /// [`Db::conn`] for others.
    ///
    /// ```
    /// # use diesel_async::RunQueryDsl;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let db = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?.session();
    /// use axum_db::Access;
    ///
    /// let table = diesel::sql_query("CREATE TABLE notes (body TEXT NOT NULL)");
    /// db.run(Access::Write, |conn| Box::pin(table.execute(conn))).await?;
    /// assert!(db.in_transaction());
    /// db.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Db::lease`], and what the statement itself reports.
    ///
    /// # Cancellation
    /// As [`Db::lease`].
    #[track_caller]
    pub fn run<R, F>(
        &self,
        access: Access,
        statement: F,
    ) -> impl Future<Output = Result<R, Error>> + Send
    where
        R: Send,
        F: for<'c> FnOnce(&'c mut B::Connection) -> BoxFuture<'c, QueryResult<R>> + Send,
    {
        let here = Location::caller();
        async move {
            let mut lease = self.lease_at(here, access).await?;
            let (connection, deadline) = lease.parts();
            let outcome = deadline.cover(statement(connection)).await;
            lease.end(outcome).await
        }
    }

    /// The real diesel-async connection, within the session's transaction, which it opens.
    ///
    /// While the guard lives no other handle of the session can run a statement: that is an error which
    /// names both places. What is set through the connection (SET, PRAGMA, temporary tables, advisory locks)
    /// does not reach the next user of the pool. Transactions stay the session's: BEGIN, COMMIT or ROLLBACK
    /// as SQL of your own make its next step an [`ErrorKind::Usage`]. PostgreSQL's notifications (`LISTEN`) do not
    /// arrive here, but on a connection of [`Database::connect_dedicated`](crate::Database::connect_dedicated).
    /// On MySQL and MariaDB autocommit is off until the commit, so that nothing which follows a deadlock is kept.
    ///
    /// ```
    /// use diesel::prelude::*;
    /// use diesel_async::RunQueryDsl;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let db = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?.session();
    /// let mut conn = db.conn().await?;
    /// let one: i32 = diesel::select(1.into_sql::<diesel::sql_types::Integer>()).get_result(&mut *conn).await?;
    /// assert_eq!(one, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Db::lease`]. Under [`TransactionMode::ReadOnly`] the transaction itself refuses writes.
    ///
    /// # Cancellation
    /// As [`Db::begin`]. A statement that is dropped on the connection ends the session's transaction; the
    /// connection is cleaned in the background.
    #[track_caller]
    pub fn conn(&self) -> impl Future<Output = Result<Connection<'_, B>, Error>> + Send {
        let here = Location::caller();
        let shared = &*self.shared;
        let locking = shared.lock();
        async move {
            let mut state = locking.await?;
            shared.open(&mut state, None).await?;
            shared.guard(&mut state).await?;
            let pooled = in_hand(state)?;
            pooled.watch.take_in_hand();
            shared.notes().holder = Some(here);
            let watchman = watchman(&pooled, shared.deadline());
            Ok(Connection {
                pooled,
                shared,
                watchman,
            })
        }
    }

    /// Gives the connection back to the pool early, where no transaction is open: before a long wait, such
    /// as for another service. The next statement takes one again. Where a transaction is open, the connection
    /// stays.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(unique, length = 40)] pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let db = database.session();
    /// assert_eq!(Tag::query().row_count(&db).await?, 0);
    /// db.release().await?;
    /// // The pool's only connection is free for others, while this session waits.
    /// assert_eq!(Tag::query().row_count(&database.session()).await?, 0);
    /// assert_eq!(Tag::query().row_count(&db).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Held`] when the connection is in someone's hand.
    ///
    /// # Cancellation
    /// Dropped while it waits for another handle's statement, it does nothing.
    #[track_caller]
    pub fn release(&self) -> impl Future<Output = Result<(), Error>> + Send {
        let locking = self.shared.lock();
        async move {
            locking.await?.put_back();
            Ok(())
        }
    }
}

/// Ends whatever statement runs on the connection after the deadline.
fn watchman<B: Backend>(
    pooled: &Pooled<B>,
    deadline: Deadline,
) -> Option<tokio::task::AbortHandle> {
    let at = deadline.moment()?;
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    let canceller = pooled.canceller.clone();
    // The connection is known to be clean by who holds its watch.
    let watch = Arc::downgrade(&pooled.watch);
    let watching = runtime.spawn(async move {
        tokio::time::sleep_until(at).await;
        let mut patience = at + CANCELS;
        while let Some(watch) = watch.upgrade() {
            if watch.in_flight() {
                if tokio::time::Instant::now() < patience {
                    let cancelling = B::cancel(&canceller, &watch);
                    let _ = tokio::time::timeout_at(patience, cancelling).await;
                } else {
                    B::give_up(&canceller, &watch);
                    patience += CANCELS;
                }
            }
            drop(watch);
            tokio::time::sleep(BETWEEN_CANCELS).await;
        }
    });
    Some(watching.abort_handle())
}

fn in_hand<B: Backend>(
    state: MutexGuard<'_, State<B>>,
) -> Result<MappedMutexGuard<'_, Pooled<B>>, Error> {
    MutexGuard::try_map(state, |state| {
        state.checkout.as_mut().and_then(Checkout::get)
    })
    .map_err(|_| lost())
}

impl<'a, B: Backend> Lease<'a, B> {
    /// The connection.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::Access;
    /// use diesel_async::RunQueryDsl;
    ///
    /// let mut lease = db.lease(Access::Write).await?;
    /// let deleted = diesel::delete(users::table).execute(lease.connection()).await;
    /// assert_eq!(lease.finish(deleted)?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connection(&mut self) -> &mut B::Connection {
        &mut self.pooled.connection
    }

    /// The connection, and until when to wait for it.
    pub(crate) fn parts(&mut self) -> (&mut B::Connection, Deadline) {
        let deadline = self.mark.shared.deadline();
        (&mut self.pooled.connection, deadline)
    }

    /// Ends the lease with the statement's outcome, if it came in time, and adds to an error what the database alone
    /// knows of it.
    pub(crate) fn end<R>(
        self,
        outcome: Result<QueryResult<R>, Passed>,
    ) -> impl Future<Output = Result<R, Error>> + use<'a, B, R> {
        let shared = self.mark.shared;
        let ended = self.end_in_time(outcome);
        async move {
            let error = ended.as_ref().err().cloned();
            if let Some(explaining) = error
                .as_ref()
                .and_then(|error| shared.database.explain(error))
            {
                let _ = shared.deadline().cover(explaining).await;
            }
            ended
        }
    }

    fn end_in_time<R>(self, outcome: Result<QueryResult<R>, Passed>) -> Result<R, Error> {
        match outcome {
            Ok(outcome) => self.finish(outcome),
            // Dropped, the lease ends the statement and the transaction.
            Err(Passed) if self.alone => Err(Error::new(
                ErrorKind::UnknownOutcome,
                "the deadline passed during a write outside of a transaction, which may or may not have been carried out; \
                 read before trying again",
            )),
            Err(passed) => Err(passed.into()),
        }
    }

    /// Ends the lease with the statement's outcome.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::{Access, ErrorKind};
    /// use diesel_async::RunQueryDsl;
    ///
    /// let mut lease = db.lease(Access::Write).await?;
    /// let copy = diesel::insert_into(users::table).values(users::name.eq("ada"));
    /// let refused = copy.execute(lease.connection()).await;
    /// assert_eq!(lease.finish(refused).unwrap_err().kind(), ErrorKind::UniqueViolation);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The statement's own.
    pub fn finish<R>(mut self, outcome: QueryResult<R>) -> Result<R, Error> {
        let failed = outcome.as_ref().err().map(kind_of);
        self.pooled.watch.trail().lease_ended(failed);
        if self.alone {
            self.pooled.allow_writes(false)?;
        }
        self.mark.finished = true;
        let shared = self.mark.shared;
        shared.cut_off.store(false, Ordering::Release);
        match outcome {
            Ok(value) => {
                if self.alone {
                    shared.notes().commits += 1;
                }
                Ok(value)
            }
            Err(error) => {
                use diesel::result::Error as E;
                if matches!(error, E::SerializationError(_)) {
                    self.pooled.watch.was_not_sent();
                }
                if matches!(error, E::DatabaseError(..) | E::SerializationError(_)) {
                    // Diesel does not report what fails only while rows arrive, nor always what could not be sent.
                    self.pooled.watch.failed_with::<B>(&error);
                }
                let error = Error::from(error);
                if self.begin_unseen && error.is(ErrorKind::ReadOnly) {
                    return Err(Error::new(
                        ErrorKind::Timeout,
                        "the database did not open the transaction, so it refused the statement and nothing was written; try again",
                    ));
                }
                if !error.is(ErrorKind::Connection) {
                    return Err(error);
                }
                // Where one connection broke, those that lie idle most likely did too.
                shared.database.drop_idle();
                if !self.alone {
                    return Err(error);
                }
                shared.notes().commits += 1;
                Err(Error::new(
                    ErrorKind::UnknownOutcome,
                    "the connection broke during a write outside of a transaction, which may or may not have been carried \
                     out; read before trying again",
                ))
            }
        }
    }
}

impl<B: Backend> Drop for Lease<'_, B> {
    fn drop(&mut self) {
        if !self.mark.finished {
            // Diesel may have seen the statement end while its rows were still on their way.
            self.pooled.watch.cut_off();
            if self.alone {
                // It may have been carried out.
                self.mark.shared.notes().commits += 1;
            }
        }
    }
}

impl<B: Backend> Deref for Connection<'_, B> {
    type Target = B::Connection;

    fn deref(&self) -> &B::Connection {
        &self.pooled.connection
    }
}

impl<B: Backend> DerefMut for Connection<'_, B> {
    fn deref_mut(&mut self) -> &mut B::Connection {
        &mut self.pooled.connection
    }
}

impl<B: Backend> Drop for Connection<'_, B> {
    fn drop(&mut self) {
        if let Some(watchman) = self.watchman.take() {
            watchman.abort();
        }
        self.shared.notes().holder = None;
    }
}
