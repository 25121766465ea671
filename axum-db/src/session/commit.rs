//! Commit and rollback, as a session carries them out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use diesel_async::{AsyncConnection, TransactionManager};

use super::deadline::Passed;
use super::finish::{AfterCommit, Outcome};
use super::handle::Shared;
use super::state::{State, Transaction, aborted, lost};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind, kind_of};
use crate::pool::Checkout;

/// How long a session without a deadline waits for a ROLLBACK.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);

impl<B: Backend> Shared<B> {
    /// Commits what is open, and gives what is to run after it.
    pub(super) async fn commit(&self, state: &mut State<B>) -> Result<AfterCommit, Error> {
        if state.transaction == Transaction::None {
            return Ok(std::mem::take(&mut self.notes().after_commit));
        }
        let late = self.in_time(state).err();
        if let Some(refusal) = state.transaction.refusal() {
            // Whether an earlier COMMIT was carried out matters more than that it is late.
            let in_doubt = state.transaction == Transaction::InDoubt;
            let refusal = late.filter(|_| !in_doubt).unwrap_or(refusal);
            state.transaction = Transaction::None;
            // What was registered since is not for the transaction that comes next.
            self.notes().after_commit.clear();
            state.failed_commit = Some(refusal.kind());
            return Err(refusal);
        }
        if state.savepoints > 0 {
            state.failed_commit = Some(ErrorKind::Usage);
            return Err(Error::new(
                ErrorKind::Usage,
                "commit was called within a savepoint; let the savepoint's closure return first",
            ));
        }
        let deadline = self.deadline();
        let Some(pooled) = state.checkout.as_mut().and_then(Checkout::get) else {
            return Err(lost());
        };
        self.cut_off.store(true, Ordering::Release);
        if pooled.watch.was_in_hand() {
            let probed = deadline.cover(B::probe(&mut pooled.connection, &pooled.watch));
            let refused = match probed.await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(match Error::from(error) {
                    error if error.is(ErrorKind::Connection) => error,
                    _ => {
                        self.notes().conflicts += 1; // as far as anybody knows
                        aborted()
                    }
                }),
                Err(passed) => Some(passed.into()),
            };
            if let Some(refused) = refused {
                self.cut_off.store(false, Ordering::Release);
                state.transaction = Transaction::None;
                state.failed_commit = Some(refused.kind());
                self.transaction_ended(Outcome::RolledBack);
                state.clean_up_in_background();
                return Err(refused);
            }
        }
        state.committing = true;
        let committing = <B::Connection as AsyncConnection>::TransactionManager::commit_transaction(
            &mut pooled.connection,
        );
        let committed = deadline.cover(committing).await;
        self.cut_off.store(false, Ordering::Release);
        state.committing = false;
        state.transaction = Transaction::None;
        state.written = false;
        let unknown = |why: &str| {
            let error = format!(
                "{why} during COMMIT, so the writes may or may not be there; read before trying again"
            );
            Error::new(ErrorKind::UnknownOutcome, error)
        };
        let error = match committed.map(|answer| answer.map_err(Error::from)) {
            Ok(Ok(())) => {
                state.failed_commit = None;
                state.lane = None;
                let after_commit = self.transaction_ended(Outcome::Committed);
                let unguarding = B::unguard(&mut pooled.connection, &pooled.watch);
                if !matches!(deadline.cover(unguarding).await, Ok(Ok(()))) {
                    state.clean_up_in_background();
                }
                return Ok(after_commit);
            }
            Ok(Err(error)) if error.is(ErrorKind::Connection) => unknown("the connection broke"),
            Ok(Err(error)) => error,
            Err(Passed) => unknown("the deadline passed"),
        };
        if error.is_retryable() {
            self.notes().conflicts += 1;
        }
        self.transaction_ended(if error.is(ErrorKind::UnknownOutcome) {
            Outcome::Unknown
        } else {
            Outcome::RolledBack
        });
        state.clean_up_in_background();
        state.failed_commit = Some(error.kind());
        Err(error)
    }

    /// Rolls back what is open, and lets the session begin anew.
    pub(super) async fn roll_back(&self, state: &mut State<B>) {
        if state.transaction == Transaction::Open {
            self.ask_for_conflict(state).await;
            self.undo(state).await;
        }
        state.transaction = Transaction::None;
        self.transaction_ended(Outcome::RolledBack);
    }

    /// Where the unit of work can be run again: whether the connection in hand failed with the rows of a query, of which
    /// Diesel tells nobody. It counts as a conflict, as nobody knows better.
    async fn ask_for_conflict(&self, state: &mut State<B>) {
        if !self.notes().repeatable {
            return;
        }
        let Some(pooled) = state.checkout.as_mut().and_then(Checkout::get) else {
            return;
        };
        if !pooled.watch.was_in_hand() || pooled.watch.failed() {
            return;
        }
        self.cut_off.store(true, Ordering::Release);
        let probing = B::probe(&mut pooled.connection, &pooled.watch);
        let probed = self.deadline().cover(probing).await;
        self.cut_off.store(false, Ordering::Release);
        if matches!(&probed, Ok(Err(error)) if kind_of(error) != ErrorKind::Connection) {
            self.notes().conflicts += 1;
        }
    }
}

impl<B: Backend> State<B> {
    /// [`State::roll_back`], but a server that does not answer loses the connection, and with it the transaction.
    pub(super) async fn roll_back_in_time(&mut self) {
        let pooled = self.checkout.as_mut().and_then(Checkout::get);
        if pooled.is_none_or(|pooled| pooled.watch.is_permanent()) {
            return self.roll_back().await;
        }
        let rolled_back = tokio::time::timeout(ROLLBACK_LIMIT, self.roll_back()).await;
        if rolled_back.is_err() {
            self.lane = None;
        }
    }

    /// Rolls the open transaction back, whatever its depth.
    async fn roll_back(&mut self) {
        self.savepoints = 0;
        self.written = false;
        let Some(mut checkout) = self.checkout.take() else {
            return;
        };
        let Some(pooled) = checkout.get() else { return };
        if pooled.watch.was_in_hand() {
            Box::pin(checkout.clean_up()).await;
        } else {
            let connection = &mut pooled.connection;
            let mut undone = true;
            while undone && depth::<B>(connection) > 0 {
                undone =
                    <B::Connection as AsyncConnection>::TransactionManager::rollback_transaction(
                        connection,
                    )
                    .await
                    .is_ok();
            }
            if undone && !pooled.watch.in_flight() {
                self.checkout = Some(checkout);
            } else {
                Box::pin(checkout.clean_up()).await;
            }
        }
        self.lane = None;
    }
}

/// How many transactions and savepoints Diesel knows to be open.
fn depth<B: Backend>(connection: &mut B::Connection) -> u32 {
    <B::Connection as AsyncConnection>::TransactionManager::transaction_manager_status_mut(
        connection,
    )
    .transaction_depth()
    .ok()
    .flatten()
    .map_or(0, std::num::NonZero::get)
}
