//! Transactions and savepoints.

use diesel_async::{AsyncConnection, TransactionManager};

use super::handle::{Bind, Db, Shared};
use super::layer::TransactionMode;
use super::state::{State, aborted, lost};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::pool::Checkout;

/// How far a transaction is kept apart from concurrent ones; see [`Db::begin_with`].
///
/// | level | SQLite | PostgreSQL | MySQL and MariaDB |
/// |---|---|---|---|
/// | none asked for | serializable | the server's default, `READ COMMITTED` | the server's default, `REPEATABLE READ` |
/// | `ReadCommitted` | serializable | each statement sees what was committed before it | the same |
/// | `RepeatableRead` | serializable | one snapshot; writing a row that changed since is [`ErrorKind::Serialization`] | one snapshot for plain reads; writes and locking reads see the newest rows |
/// | `Serializable` | serializable | as if one by one; [`ErrorKind::Serialization`] where that cannot be | as if one by one, by locking every row that is read; deadlocks are frequent |
///
/// On SQLite there is one writer at a time and every transaction reads one snapshot, so that each level gets
/// more than it asks for. [`SessionLayer::with_retries`](crate::SessionLayer::with_retries) and [`Db::retry`]
/// run again what lost; both have an example.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::Isolation;
///
/// db.begin_with(Isolation::RepeatableRead).await?;
/// let before = User::query().row_count(&db).await?;
/// assert_eq!(User::query().row_count(&db).await?, before); // whatever others commit meanwhile
/// db.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// No uncommitted rows of others are seen.
    ReadCommitted,
    /// And a row that was read once reads the same again.
    RepeatableRead,
    /// And the outcome is that of the transactions one after the other.
    Serializable,
}

impl Isolation {
    /// The level as the SQL standard, and every server, names it.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
            Isolation::Serializable => "SERIALIZABLE",
        }
    }

    /// The transaction is open already, at the level `open`.
    pub(super) fn too_late(self, open: Option<Isolation>) -> Error {
        let open = match open {
            Some(level) => format!("{level:?}"),
            None => "the server's default level".to_owned(),
        };
        Error::new(
            ErrorKind::Usage,
            format!(
                "the session's transaction is open already, at {open}, and cannot become {self:?}: call \
                 db.begin_with(…) before the first write, or after db.commit() or db.rollback()"
            ),
        )
    }
}

impl<B: Backend, K: Bind> Db<B, K> {
    /// Opens the transaction now, before the first write would: for whoever reads in order to write.
    ///
    /// A transaction that is open already stays as it is. The level is that of
    /// [`SessionLayer::with_isolation`](crate::SessionLayer::with_isolation), or else the server's default.
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
    /// # let db = database.session();
    /// # NewTag::new("rust").insert(&db).await?;
    /// # db.commit().await?;
    /// db.begin().await?;
    /// let mut tag = Tag::find(1).one(&db).await?;
    /// tag.name.push('!');
    /// tag.save(&db).await?;
    /// db.commit().await?;
    /// assert_eq!(Tag::find(1).one(&db).await?.name, "rust!");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Aborted`] when the transaction failed before, [`ErrorKind::PoolTimeout`],
    /// [`ErrorKind::LockTimeout`], [`ErrorKind::Connection`], [`ErrorKind::Held`], [`ErrorKind::Deadline`].
    ///
    /// # Cancellation
    /// Dropped while BEGIN is under way, the transaction counts as failed: writes are [`ErrorKind::Aborted`] until
    /// [`Db::rollback`].
    #[track_caller]
    pub fn begin(&self) -> impl Future<Output = Result<(), Error>> + Send {
        let shared = &*self.shared;
        let locking = shared.lock();
        async move {
            let mut state = locking.await?;
            shared.open(&mut state, None).await
        }
    }

    /// Opens the transaction now, at a level of its own: see [`Isolation`] for what the engines make of it.
    ///
    /// The level ends with the transaction. A transaction that is open already at the same level stays as
    /// it is.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let db = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?.session();
    /// use axum_db::{ErrorKind, Isolation};
    ///
    /// db.begin_with(Isolation::Serializable).await?;
    /// let error = db.begin_with(Isolation::ReadCommitted).await.unwrap_err();
    /// assert!(error.is(ErrorKind::Usage));
    /// db.commit().await?;
    /// db.begin_with(Isolation::ReadCommitted).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when a transaction is open already at another level; otherwise as [`Db::begin`].
    ///
    /// # Cancellation
    /// As [`Db::begin`].
    #[track_caller]
    pub fn begin_with(
        &self,
        isolation: Isolation,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let shared = &*self.shared;
        let locking = shared.lock();
        async move {
            let mut state = locking.await?;
            shared.open(&mut state, Some(isolation)).await
        }
    }

    /// Makes everything written so far last.
    ///
    /// Without an open transaction there is nothing to do, and that is no error. An error here that the
    /// handler swallows turns a successful response into a 500.
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
    /// # let db = database.session();
    /// NewTag::new("kept").insert(&db).await?;
    /// db.commit().await?;
    /// NewTag::new("undone").insert(&db).await?;
    /// db.rollback().await?;
    /// assert_eq!(Tag::query().row_count(&db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    /// # Errors
    /// [`ErrorKind::Aborted`] when a statement of the transaction failed before: nothing was written.
    /// [`ErrorKind::UnknownOutcome`] when the connection broke during COMMIT. Otherwise what the database
    /// reports, as a deferred constraint: nothing was written then either.
    ///
    /// # Cancellation
    /// Dropped halfway, the outcome is unknown, and the session's next step says so
    /// ([`ErrorKind::UnknownOutcome`]); the connection is cleaned in the background.
    #[track_caller]
    pub fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send {
        let shared = &*self.shared;
        let locking = shared.lock();
        async move {
            let mut state = locking.await?;
            let hooks = shared.commit(&mut state).await?;
            state.rest();
            drop(state);
            for hook in hooks {
                hook();
            }
            Ok(())
        }
    }

    /// Undoes everything written since the last commit, and lets a failed session begin anew.
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
    /// use axum_db::ErrorKind;
    ///
    /// # let db = database.session();
    /// NewTag::new("rust").insert(&db).await?;
    /// assert!(NewTag::new("rust").insert(&db).await.is_err()); // ends the transaction
    /// let error = NewTag::new("axum").insert(&db).await.err().expect("the transaction failed");
    /// assert!(error.is(ErrorKind::Aborted));
    /// db.rollback().await?;
    /// NewTag::new("axum").insert(&db).await?;
    /// db.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Held`] when the connection is in someone's hand.
    ///
    /// # Cancellation
    /// Dropped halfway, the transaction is rolled back in the background.
    #[track_caller]
    pub fn rollback(&self) -> impl Future<Output = Result<(), Error>> + Send {
        let shared = &*self.shared;
        let locking = shared.lock();
        async move {
            let mut state = locking.await?;
            shared.roll_back(&mut state).await;
            state.forgive();
            state.rest();
            Ok(())
        }
    }

    /// Runs `work` so that its failure undoes its own writes only.
    ///
    /// ```
    /// # use axum_db::{Access, Error};
    /// # use diesel_async::RunQueryDsl;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let db = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?.session();
    /// # async fn execute(db: &axum_db::Db<axum_db::Sqlite>, sql: &'static str) -> Result<usize, Error> {
    /// #     db.run(Access::Write, move |conn| Box::pin(diesel::sql_query(sql).execute(conn))).await
    /// # }
    /// execute(&db, "CREATE TABLE tags (name TEXT PRIMARY KEY)").await?;
    /// execute(&db, "INSERT INTO tags VALUES ('rust')").await?;
    /// let again = db.savepoint(async |db| execute(&db, "INSERT INTO tags VALUES ('rust')").await).await;
    /// assert!(again.is_err());
    /// db.commit().await?; // the first row is there
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A conflict ([`Error::is_retryable`]) is not confined: it ends the whole transaction, on every engine.
    ///
    /// # Errors
    /// What `work` returns; [`ErrorKind::Aborted`] when `work` swallowed a failed statement; [`ErrorKind::Usage`] when
    /// `work` ended the transaction itself, or ran beside another savepoint of the session; as [`Db::begin`].
    ///
    /// # Cancellation
    /// Dropped halfway, the whole transaction is rolled back.
    pub async fn savepoint<R, E, F, Fut>(&self, work: F) -> Result<R, E>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Error>,
    {
        let shared = &*self.shared;
        if shared.mode() == TransactionMode::ReadOnly {
            return Err(Error::new(
                ErrorKind::ReadOnly,
                "a savepoint was asked for where TransactionMode::ReadOnly is set; serve this route under Explicit or OnSuccess",
            )
            .into());
        }
        let depth = shared.enter_savepoint().await?;
        let hooks = shared.hook_count();
        let unfinished = Unfinished(shared);
        let outcome = work(self.clone()).await;
        let undone = shared.leave_savepoint(depth, outcome.is_ok()).await;
        std::mem::forget(unfinished);
        if outcome.is_err() || undone.is_err() {
            shared.rolled_back_since(hooks);
        }
        match (outcome, undone) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(error)) => Err(error.into()),
            (Err(error), _) => Err(error),
        }
    }
}

/// Marks the session when a savepoint's closure is dropped halfway.
struct Unfinished<'a, B: Backend>(&'a Shared<B>);

impl<B: Backend> Drop for Unfinished<'_, B> {
    fn drop(&mut self) {
        self.0
            .cut_off
            .store(true, std::sync::atomic::Ordering::Release);
    }
}

type Manager<B> = <<B as Backend>::Connection as AsyncConnection>::TransactionManager;

impl<B: Backend> Shared<B> {
    async fn enter_savepoint(&self) -> Result<u32, Error> {
        let mut state = self.lock().await?;
        self.open(&mut state, None).await?;
        if let Some(pooled) = state.checkout.as_mut().and_then(Checkout::get) {
            if pooled.watch.failed() {
                return Err(aborted());
            }
            self.control(Manager::<B>::begin_transaction(&mut pooled.connection))
                .await?;
        }
        state.savepoints += 1;
        Ok(state.savepoints)
    }

    async fn leave_savepoint(&self, depth: u32, keep: bool) -> Result<(), Error> {
        let mut state = self.lock().await?;
        if state.savepoints != depth {
            if let Some(refusal) = state.transaction.refusal() {
                return Err(refusal);
            }
            // Nobody knows any more which writes are whose.
            if state.savepoints > 0 {
                self.fail(&mut state).await;
            }
            return Err(Error::new(
                ErrorKind::Usage,
                "a savepoint did not end where it began: its closure called db.rollback(), or two savepoints of one session \
                 ran at the same time; run them one after the other, and let the closure return an error to undo its writes",
            ));
        }
        let State {
            checkout,
            savepoints,
            ..
        } = &mut *state;
        let Some(pooled) = checkout.as_mut().and_then(Checkout::get) else {
            return Err(lost());
        };
        *savepoints -= 1;
        let was_in_hand = pooled.watch.was_in_hand();
        let mut failed = pooled.watch.failed();
        if keep && !failed && was_in_hand {
            // What failed with the rows of a query, Diesel did not tell.
            let probed = self.control(B::probe(&mut pooled.connection, &pooled.watch));
            failed = probed.await.is_err();
        }
        let ended = if keep && !failed {
            self.control(Manager::<B>::commit_transaction(&mut pooled.connection))
                .await
        } else {
            self.control(Manager::<B>::rollback_transaction(&mut pooled.connection))
                .await
        };
        match ended {
            // The server has ended the transaction, and the savepoint with it.
            Err(error) if was_in_hand && error.is(ErrorKind::Query) => {
                self.notes().conflicts += 1;
                self.fail(&mut state).await;
                Err(aborted())
            }
            Ok(()) if keep && failed => Err(aborted()),
            ended => ended,
        }
    }

    /// See [`Driver::guard`](crate::backend::Driver::guard).
    pub(super) async fn guard(&self, state: &mut State<B>) -> Result<(), Error> {
        let Some(pooled) = state.checkout.as_mut().and_then(Checkout::get) else {
            return Err(lost());
        };
        self.control(B::guard(&mut pooled.connection, &pooled.watch))
            .await
    }

    /// Runs a statement of transaction control; dropped halfway, it marks the session.
    async fn control<R>(
        &self,
        statement: impl Future<Output = diesel::QueryResult<R>>,
    ) -> Result<R, Error> {
        self.cut_off
            .store(true, std::sync::atomic::Ordering::Release);
        // Late, it leaves the mark.
        let outcome = self.deadline().cover(statement).await?;
        self.cut_off
            .store(false, std::sync::atomic::Ordering::Release);
        Ok(outcome?)
    }
}
