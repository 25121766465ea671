//! The end of the unit of work, before the response leaves.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::handle::{Bind, Db, Shared};
use super::layer::TransactionMode;
use super::state::{State, Transaction};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};

/// How the transaction ended in which a hook was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was committed; or none was open, so that there was nothing to undo.
    Committed,
    /// It was rolled back.
    RolledBack,
}

/// A hook and, once it is known, the fate of its transaction.
pub(super) struct Hook {
    fate: Option<Outcome>,
    run: Box<Run>,
}

type Run = dyn FnOnce(Outcome, &mut HeaderMap) + Send;

impl<B: Backend, K: Bind> Db<B, K> {
    /// Registers a hook that runs after COMMIT or ROLLBACK and before the response leaves, with the outcome
    /// of the transaction that is open now and the response's headers: a login sets its cookie here, only
    /// if its row was committed.
    ///
    /// Outside a request, and after the response, hooks do not run.
    pub fn on_finish(&self, hook: impl FnOnce(Outcome, &mut HeaderMap) + Send + 'static) {
        let mut notes = self.shared.notes();
        let fate = if notes.in_transaction {
            None
        } else {
            Some(Outcome::Committed)
        };
        notes.hooks.push(Hook {
            fate,
            run: Box::new(hook),
        });
    }
}

impl<B: Backend> Shared<B> {
    /// The open transaction ended; later hooks belong to another.
    pub(super) fn transaction_ended(&self, outcome: Outcome) {
        let mut notes = self.notes();
        notes.in_transaction = false;
        for hook in &mut notes.hooks {
            hook.fate.get_or_insert(outcome);
        }
    }

    /// A savepoint was rolled back, and with it whatever the hooks after the first `count` belong to.
    pub(super) fn rolled_back_since(&self, count: usize) {
        for hook in self.notes().hooks.iter_mut().skip(count) {
            hook.fate.get_or_insert(Outcome::RolledBack);
        }
    }

    /// Whether the request never used its session, so that there is nothing to end.
    pub(super) fn is_untouched(&self) -> bool {
        let idle = self.state.try_lock().is_ok_and(|state| {
            state.checkout.is_none()
                && state.transaction == Transaction::None
                && !state.commit_failed
        });
        idle && !self.cut_off.load(Ordering::Acquire) && self.notes().hooks.is_empty()
    }

    /// Ends the unit of work and answers with `response`, or with what went wrong.
    pub(super) async fn finish(self: &Arc<Self>, response: Response) -> Response {
        let succeeded =
            !response.status().is_client_error() && !response.status().is_server_error();
        let mut response = match self.end(succeeded).await {
            Ok(()) => response,
            Err(error) => error.into_response(),
        };
        let hooks = std::mem::take(&mut self.notes().hooks);
        for hook in hooks {
            (hook.run)(
                hook.fate.unwrap_or(Outcome::RolledBack),
                response.headers_mut(),
            );
        }
        response
    }

    async fn end(self: &Arc<Self>, succeeded: bool) -> Result<(), Error> {
        if self.state.try_lock().is_err() {
            // Another task still works with the session: what it does cannot belong to this response.
            self.transaction_ended(Outcome::RolledBack);
            let error = Error::new(
                ErrorKind::Usage,
                "a statement was still running in another task when the response was ready; await it in the handler, \
                 or give the task a session of its own (database.session())",
            );
            tracing::error!(target: "axum_db", "{error}");
            self.abandon("its request had ended");
            let commits = self.mode() == TransactionMode::OnSuccess && succeeded;
            return if commits { Err(error) } else { Ok(()) };
        }
        let mut state = self.lock().await?;
        let ended = self.end_transaction(&mut state, succeeded).await;
        state.commit_failed = false;
        state.put_back();
        ended
    }

    async fn end_transaction(&self, state: &mut State<B>, succeeded: bool) -> Result<(), Error> {
        if self.mode() == TransactionMode::OnSuccess && succeeded {
            return self.commit(state).await;
        }
        let lost = state.transaction == Transaction::Open && state.written;
        self.roll_back(state).await;
        if succeeded && state.commit_failed {
            return Err(Error::new(
                ErrorKind::Aborted,
                "a commit failed and the handler answered as if it had not; return the error of db.commit() instead",
            ));
        }
        if succeeded && lost {
            tracing::warn!(
                target: "axum_db",
                "uncommitted writes were rolled back at the end of a successful request; call db.commit() to keep them"
            );
        }
        Ok(())
    }

    /// Ends the unit of work of a request that is gone: after a disconnect, a timeout or a panic, or while a
    /// task of its own still uses the session.
    pub(super) fn abandon(self: &Arc<Self>, why: &'static str) {
        if let Ok(mut state) = self.state.try_lock() {
            state.end_in_background(self.cut_off.swap(false, Ordering::AcqRel), why);
            return;
        }
        // A task that the handler spawned still works with the session; it must not keep its locks.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let shared = self.clone();
            runtime.spawn(async move {
                let mut state = shared.state.lock().await;
                state.end_in_background(shared.cut_off.swap(false, Ordering::AcqRel), why);
            });
        }
    }
}
