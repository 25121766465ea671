//! What a session holds, and the steps that change it.

use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{MutexGuard, OwnedSemaphorePermit};
use tokio::task::JoinHandle;

use super::deadline::{Deadline, Passed};
use super::finish::Outcome;
use super::handle::Shared;
use super::layer::TransactionMode;
use super::transaction::Isolation;
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::inside::is_outside;
use crate::pool::Checkout;

/// How often a session that waits for itself looks who has its connection.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The state of a session, behind its lock.
pub(super) struct State<B: Backend> {
    pub(super) checkout: Option<Checkout<B>>,
    pub(super) transaction: Transaction,
    /// The place in the queue of writers, where the engine has one.
    pub(super) lane: Option<OwnedSemaphorePermit>,
    /// How many savepoints are open.
    pub(super) savepoints: u32,
    /// Whether the open transaction was written in.
    pub(super) written: bool,
    /// Why the last commit failed, if it did.
    pub(super) failed_commit: Option<ErrorKind>,
    /// COMMIT was sent, and its answer is not there yet.
    pub(super) committing: bool,
    /// The level that was asked for the open transaction.
    isolation: Option<Isolation>,
    /// The application's line that uses the session; `None` for the session itself.
    pub(super) caller: Option<&'static Location<'static>>,
}

/// Where the session's transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    /// None is open.
    None,
    /// One is open.
    Open,
    /// One was open, a statement in it failed or was cut off, and it was rolled back.
    Failed,
    /// One was open, and SQL of the user's own ended it.
    TakenOver,
    /// One was open, and the future that waited for the answer to its COMMIT was dropped.
    InDoubt,
}

impl Transaction {
    /// Why nothing can be written or committed before a rollback.
    pub(super) fn refusal(self) -> Option<Error> {
        match self {
            Transaction::None | Transaction::Open => None,
            Transaction::Failed => Some(aborted()),
            Transaction::TakenOver => Some(Error::new(
                ErrorKind::Usage,
                "SQL of your own (BEGIN, COMMIT or ROLLBACK) ended the session's transaction, so nobody knows what of it was \
                 written; use db.begin(), db.commit() and db.rollback() instead",
            )),
            Transaction::InDoubt => Some(Error::new(
                ErrorKind::UnknownOutcome,
                "the future of db.commit() was dropped before the database had answered, so the writes may or may not be \
                 there; call db.rollback() to begin anew, and read before trying again",
            )),
        }
    }
}

impl<B: Backend> Default for State<B> {
    fn default() -> Self {
        Self {
            checkout: None,
            transaction: Transaction::None,
            lane: None,
            savepoints: 0,
            written: false,
            failed_commit: None,
            committing: false,
            isolation: None,
            caller: None,
        }
    }
}

impl<B: Backend> Shared<B> {
    /// Locks the state and brings it up to date: a statement that was cut off, or failed within the
    /// transaction, ends the transaction here.
    ///
    /// # Errors
    /// When a connection in hand is still alive.
    #[track_caller]
    pub(super) fn lock(
        &self,
    ) -> impl Future<Output = Result<MutexGuard<'_, State<B>>, Error>> + Send {
        self.lock_at(Location::caller())
    }

    /// [`Shared::lock`], asked for at `here`.
    pub(super) async fn lock_at(
        &self,
        here: &'static Location<'static>,
    ) -> Result<MutexGuard<'_, State<B>>, Error> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            // Boxed, as it is rare: every statement's future has this one in it.
            Err(_) => Box::pin(self.wait_at(here)).await?,
        };
        self.bring_up_to_date(&mut state).await;
        if is_outside(here) {
            self.called_from(&mut state, Some(here));
        }
        Ok(state)
    }

    /// Waits until whoever uses the session is done with its statement; a connection in hand is not waited for,
    /// whether it was taken before or meanwhile.
    async fn wait_at(
        &self,
        here: &'static Location<'static>,
    ) -> Result<MutexGuard<'_, State<B>>, Error> {
        let mut waiting = pin!(self.deadline().cover(self.state.lock()));
        loop {
            if let Some(holder) = self.notes().holder {
                return Err(Error::new(
                    ErrorKind::Held,
                    format!(
                        "the session is used at {here} while its connection, taken at {holder}, is still held; \
                         drop the connection first, or run the statement on it"
                    ),
                ));
            }
            if let Ok(locked) = tokio::time::timeout(LOOK_AGAIN, &mut waiting).await {
                return Ok(locked?);
            }
        }
    }

    async fn bring_up_to_date(&self, state: &mut State<B>) {
        let (mut in_flight, mut failed, mut taken_over) = (false, false, false);
        if let Some(pooled) = state.checkout.as_mut().and_then(Checkout::get) {
            let watch = &pooled.watch;
            in_flight = watch.in_flight();
            failed = watch.failed() && (state.savepoints == 0 || watch.failed_whole());
            taken_over = watch.taken_over();
            if watch.take_conflict() {
                self.notes().conflicts += 1;
            }
        }
        if self.cut_off.swap(false, Ordering::AcqRel) || in_flight {
            self.lose(state);
        } else if state.transaction == Transaction::Open && (failed || taken_over) {
            if taken_over {
                state.transaction = Transaction::TakenOver;
                self.transaction_ended(Outcome::Unknown);
                // Boxed, as it is rare: every statement's future has this one in it.
                Box::pin(self.undo(state)).await;
            } else {
                Box::pin(self.fail(state)).await;
            }
        }
    }

    /// Rolls the open transaction back, which failed.
    pub(super) async fn fail(&self, state: &mut State<B>) {
        state.transaction = Transaction::Failed;
        self.transaction_ended(Outcome::RolledBack);
        self.undo(state).await;
    }

    /// A statement was cut off, and with it the transaction.
    fn lose(&self, state: &mut State<B>) {
        if std::mem::take(&mut state.committing) {
            state.transaction = Transaction::InDoubt;
            state.failed_commit = Some(ErrorKind::UnknownOutcome);
            self.transaction_ended(Outcome::Unknown);
        } else if state.transaction == Transaction::Open {
            state.transaction = Transaction::Failed;
            self.transaction_ended(Outcome::RolledBack);
        }
        state.clean_up_in_background();
    }

    /// A lease ended in mid-statement: no lock outlives it. Whoever waits for the session sees to that, and
    /// otherwise it happens here.
    pub(super) fn cut_short(&self, lane: Option<OwnedSemaphorePermit>) {
        if let Ok(mut state) = self.state.try_lock() {
            self.cut_off.store(false, Ordering::Release);
            state.lane = state.lane.take().or(lane);
            self.lose(&mut state);
        }
    }

    /// Refuses what comes after the session's deadline.
    pub(super) fn in_time(&self, state: &mut State<B>) -> Result<(), Error> {
        if self.deadline().has_passed() {
            return Err(self.expire(state));
        }
        Ok(())
    }

    /// The deadline passed: what is open ends in the background.
    fn expire(&self, state: &mut State<B>) -> Error {
        self.cut_off.store(false, Ordering::Release);
        self.lose(state);
        Passed.into()
    }

    /// Rolls back what is open. Where the session has a deadline nobody waits for it any longer than that.
    pub(super) async fn undo(&self, state: &mut State<B>) {
        let deadline = self.deadline();
        if deadline == Deadline::default() {
            self.cut_off.store(true, Ordering::Release);
            state.roll_back_in_time().await;
            self.cut_off.store(false, Ordering::Release);
        } else if let Some(done) = state.clean_up_in_background() {
            let _ = deadline.cover(done).await;
        }
    }

    /// Gives the session a connection.
    pub(super) async fn ensure_connection(&self, state: &mut State<B>) -> Result<(), Error> {
        if state.checkout.is_none() {
            let origin = self.insight.origin.as_ref();
            let taking = self.database.check_out(state.caller, origin);
            let taken = self.deadline().cover(taking).await?;
            state.checkout = Some(taken?);
            self.called_from(state, state.caller);
        }
        Ok(())
    }

    /// Whose the statements are that follow.
    pub(super) fn called_from(
        &self,
        state: &mut State<B>,
        caller: Option<&'static Location<'static>>,
    ) {
        state.caller = caller;
        if let Some(pooled) = state.checkout.as_mut().and_then(Checkout::get) {
            let log = self.insight.log(self.database.inside());
            pooled.watch.trail().attach(log, caller);
        }
    }

    /// Waits in the queue of writers, where the engine has one.
    pub(super) async fn lane(
        &self,
        state: &mut State<B>,
    ) -> Result<Option<OwnedSemaphorePermit>, Error> {
        let Some(lane) = self.database.writers() else {
            return Ok(None);
        };
        if let Ok(permit) = lane.clone().try_acquire_owned() {
            return Ok(Some(permit));
        }
        // Whoever is at the head of the queue may need this very connection.
        state.put_back();
        let limit = self.database.config().pool_timeout;
        let waiting = tokio::time::timeout(limit, lane.clone().acquire_owned());
        match self.deadline().cover(waiting).await? {
            Ok(Ok(permit)) => Ok(Some(permit)),
            _ => Err(Error::new(
                ErrorKind::LockTimeout,
                format!(
                    "other transactions kept the database's only place for a writer until the time was up; make them \
                     shorter. Connections are held by {}",
                    self.database.inside().holders
                ),
            )),
        }
    }

    /// Opens the transaction, at the level that is asked for, or else the layer's, or else the server's.
    pub(super) async fn open(
        &self,
        state: &mut State<B>,
        asked: Option<Isolation>,
    ) -> Result<(), Error> {
        self.open_how(state, asked, false).await.map(drop)
    }

    /// Opens the transaction for a statement that is sent at once, ahead of which BEGIN is where the engine
    /// can; `true` then, as nobody has seen the answer to it.
    pub(super) async fn open_ahead(&self, state: &mut State<B>) -> Result<bool, Error> {
        self.open_how(state, None, true).await
    }

    async fn open_how(
        &self,
        state: &mut State<B>,
        asked: Option<Isolation>,
        ahead: bool,
    ) -> Result<bool, Error> {
        self.in_time(state)?;
        if let Some(refusal) = state.transaction.refusal() {
            return Err(refusal);
        }
        if state.transaction == Transaction::Open {
            return match asked {
                Some(level) if state.isolation != asked => Err(level.too_late(state.isolation)),
                _ => Ok(false),
            };
        }
        let isolation = asked.or(self.notes().isolation);
        let read_only = self.mode() == TransactionMode::ReadOnly;
        let lane = if read_only {
            None
        } else {
            self.lane(state).await?
        };
        self.ensure_connection(state).await?;
        // Whoever got no connection does not keep others from writing.
        state.lane = lane;
        let State {
            checkout,
            transaction,
            written,
            isolation: level,
            ..
        } = state;
        let Some(pooled) = checkout.as_mut().and_then(Checkout::get) else {
            return Err(lost());
        };
        // From here on it counts as open: whoever is dropped while BEGIN is under way has lost what follows.
        *transaction = Transaction::Open;
        *written = false;
        *level = isolation;
        self.notes().in_transaction = true;
        self.cut_off.store(true, Ordering::Release);
        let sent = if ahead && !read_only {
            B::begin_ahead(&mut pooled.connection, &pooled.canceller, isolation)
        } else {
            Ok(false)
        };
        let unseen = matches!(sent, Ok(true));
        let begun = match sent {
            Ok(false) => {
                let beginning = B::begin(&mut pooled.connection, read_only, isolation);
                match self.deadline().cover(beginning).await {
                    Ok(begun) => begun,
                    Err(Passed) => return Err(self.expire(state)),
                }
            }
            Ok(true) => Ok(()),
            Err(error) => Err(error),
        };
        self.cut_off.store(false, Ordering::Release);
        if let Err(error) = begun {
            if isolation.is_some() {
                // The level may wait for the connection's next transaction.
                pooled.watch.spoil();
            }
            state.transaction = Transaction::None;
            self.notes().in_transaction = false;
            state.clean_up_in_background();
            return Err(error.into());
        }
        if read_only {
            // The engine may have been told to refuse writes, which must not reach the next user.
            pooled.watch.take_in_hand();
        }
        Ok(unseen)
    }
}

impl<B: Backend> State<B> {
    /// Whether nothing is open, failed or unknown, and the connection, if there is one, is as it came.
    pub(super) fn is_settled(&mut self) -> bool {
        self.transaction == Transaction::None
            && self.failed_commit.is_none()
            && self
                .checkout
                .as_mut()
                .and_then(Checkout::get)
                .is_none_or(|pooled| pooled.watch.is_untouched())
    }

    /// The handler knows that a commit failed: it rolled back. Whether one was carried out nobody knows.
    pub(super) fn forgive(&mut self) {
        self.failed_commit
            .take_if(|kind| *kind != ErrorKind::UnknownOutcome);
    }

    /// Whether the open transaction was written in, as far as the statements tell.
    pub(super) fn has_written(&mut self) -> bool {
        let pooled = self.checkout.as_mut().and_then(Checkout::get);
        self.written || pooled.is_some_and(|pooled| pooled.watch.has_written())
    }

    /// Between two units of work: the connection is free for others, unless something was set on it that may be
    /// needed again.
    pub(super) fn rest(&mut self) {
        let pooled = self.checkout.as_mut().and_then(Checkout::get);
        if pooled.is_some_and(|pooled| !pooled.watch.was_in_hand()) {
            self.put_back();
        }
    }

    /// Gives a connection without a transaction back to the pool.
    pub(super) fn put_back(&mut self) {
        if self.transaction == Transaction::Open {
            return;
        }
        let Some(mut checkout) = self.checkout.take() else {
            return;
        };
        match checkout.get() {
            Some(pooled) if pooled.watch.was_in_hand() || pooled.watch.in_flight() => {
                self.checkout = Some(checkout);
                self.clean_up_in_background();
            }
            _ => checkout.put_back(),
        }
    }

    /// Ends what the connection is doing without making anyone wait; whoever wants to, can.
    pub(super) fn clean_up_in_background(&mut self) -> Option<JoinHandle<()>> {
        self.savepoints = 0;
        self.written = false;
        let lane = self.lane.take();
        let checkout = self.checkout.take()?;
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(runtime.spawn(async move {
            checkout.clean_up().await;
            drop(lane); // the next writer may come only now
        }))
    }

    /// Ends the session without making anyone wait; `cut_off` says that a statement may still be running.
    pub(super) fn end_in_background(&mut self, cut_off: bool, why: &str) {
        self.committing = false;
        if cut_off || self.transaction == Transaction::Open {
            if !cut_off && self.has_written() {
                tracing::warn!(target: "axum_db", "uncommitted writes were rolled back because {why}; call db.commit() to keep them");
            }
            self.transaction = Transaction::None;
            self.clean_up_in_background();
        } else {
            self.transaction = Transaction::None;
            self.put_back();
        }
    }
}

pub(super) fn aborted() -> Error {
    Error::new(
        ErrorKind::Aborted,
        "a statement of this transaction failed before, so all of it was rolled back; call db.rollback() to begin anew, \
         or put the statement that may fail into db.savepoint()",
    )
}

pub(super) fn lost() -> Error {
    Error::new(
        ErrorKind::Connection,
        "the session's connection is gone; roll back and begin anew",
    )
}
