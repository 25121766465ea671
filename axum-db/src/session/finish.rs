//! The end of the unit of work, before the response leaves.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::handle::{Bind, Db, Notes, Shared};
use super::layer::TransactionMode;
use super::state::{State, Transaction};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};

/// How the transaction ended in which a hook was registered: what [`Db::on_finish`] gives it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum::{Router, http::HeaderValue, routing::get};
/// use axum_db::{Outcome, testing::Client};
///
/// async fn undo(db: Db) -> Result<(), axum_db::Error> {
///     db.begin().await?;
///     db.on_finish(|outcome, headers| {
///         let told = if outcome == Outcome::RolledBack { "rolled back" } else { "?" };
///         headers.insert("x-outcome", HeaderValue::from_static(told));
///     });
///     db.rollback().await
/// }
///
/// let client = Client::new(Router::new().route("/", get(undo)).layer(database.layer()));
/// assert_eq!(client.get("/").await.header("x-outcome"), Some("rolled back"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was committed; or none was open, so that there was nothing to undo.
    Committed,
    /// It was rolled back.
    RolledBack,
    /// Nobody knows: the connection broke, or the future of [`Db::commit`] was dropped, between COMMIT and
    /// its answer.
    Unknown,
}

/// How many hooks there were at some point.
#[derive(Clone, Copy)]
pub(super) struct HookCount {
    on_finish: usize,
    after_commit: usize,
}

/// What runs after a commit.
pub(super) type AfterCommit = Vec<Box<dyn FnOnce() + Send>>;

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
    /// Outside a request, and after the response, hooks do not run. Of a request that is run again, see
    /// [`SessionLayer::with_retries`](crate::SessionLayer::with_retries), those of the last attempt run.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{Router, http::{HeaderValue, header}, routing::post};
    /// use axum_db::Outcome;
    ///
    /// type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// #[axum::debug_handler]
    /// async fn visit(db: Db) -> Result<(), axum_db::Error> {
    ///     db.begin().await?;
    ///     db.on_finish(|outcome, headers| {
    ///         if outcome == Outcome::Committed {
    ///             headers.insert(header::SET_COOKIE, HeaderValue::from_static("visited=1"));
    ///         }
    ///     });
    ///     db.commit().await
    /// }
    ///
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// let app: Router = Router::new().route("/", post(visit)).layer(database.layer());
    /// # let request = axum::http::Request::post("/").body(axum::body::Body::empty())?;
    /// # let response = tower::ServiceExt::oneshot(app, request).await?;
    /// # assert_eq!(response.headers()[header::SET_COOKIE], "visited=1");
    /// # Ok(())
    /// # }
    /// ```
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

    /// Registers what is to be done once the transaction is committed: sending a mail, waking a worker,
    /// emptying a cache.
    ///
    /// It belongs to the transaction that is open now, or, as the first write may be still to come, to the
    /// session's next one. It runs exactly once, in [`Db::commit`] or at the end of a request under
    /// [`TransactionMode::OnSuccess`], when the database has confirmed the commit and the connection is free
    /// for others; a commit with nothing to commit counts. It is dropped by a rollback, by that of the
    /// savepoint in which it was registered, by the end of a session without a commit, and where the
    /// outcome of the commit is unknown. What must not be lost belongs into a table, in the same transaction.
    ///
    /// It is no `async` closure, so that a commit never waits for it: it spawns what takes long, with a
    /// session of its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let db = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?.session();
    /// use std::sync::mpsc::channel;
    ///
    /// let (sent, mails) = channel();
    /// let outbox = sent.clone();
    /// db.after_commit(move || outbox.send("lost").unwrap());
    /// db.rollback().await?;
    ///
    /// db.after_commit(move || sent.send("welcome").unwrap());
    /// assert!(mails.try_recv().is_err());
    /// db.commit().await?;
    /// assert_eq!(mails.try_recv(), Ok("welcome"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Its panic is one of [`Db::commit`], after the commit; later hooks do not run then.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.shared.notes().after_commit.push(Box::new(hook));
    }
}

/// Whether the response says that the request did what it was asked to.
pub(super) fn succeeded(response: &Response) -> bool {
    !response.status().is_client_error() && !response.status().is_server_error()
}

impl Notes {
    /// Whether the unit of work lost against a concurrent one, and nothing of it can have been committed.
    pub(super) fn lost_to_another(&self) -> bool {
        self.conflicts > 0 && self.commits == 0
    }
}

impl<B: Backend> Shared<B> {
    /// The open transaction ended; later hooks belong to another. Gives what is to run now.
    pub(super) fn transaction_ended(&self, outcome: Outcome) -> AfterCommit {
        let mut notes = self.notes();
        notes.in_transaction = false;
        if outcome != Outcome::RolledBack {
            notes.commits += 1;
        }
        for hook in &mut notes.hooks {
            hook.fate.get_or_insert(outcome);
        }
        let after_commit = std::mem::take(&mut notes.after_commit);
        if outcome == Outcome::Committed {
            after_commit
        } else {
            Vec::new()
        }
    }

    /// A savepoint was rolled back, and with it whatever the hooks belong to that were registered within.
    pub(super) fn rolled_back_since(&self, before: HookCount) {
        let mut notes = self.notes();
        for hook in notes.hooks.iter_mut().skip(before.on_finish) {
            hook.fate.get_or_insert(Outcome::RolledBack);
        }
        notes.after_commit.truncate(before.after_commit);
    }

    /// How many hooks are registered now.
    pub(super) fn hook_count(&self) -> HookCount {
        let notes = self.notes();
        HookCount {
            on_finish: notes.hooks.len(),
            after_commit: notes.after_commit.len(),
        }
    }

    /// Ends a unit of work in which nothing is left to be waited for, as after reads alone; otherwise goes on with
    /// [`Shared::finish`].
    pub(super) fn finish_at_once(&self, mut response: Response) -> ControlFlow<Response, Response> {
        let Ok(mut state) = self.state.try_lock() else {
            return ControlFlow::Continue(response);
        };
        let settled = state.is_settled()
            && self.notes().after_commit.is_empty()
            && !self.cut_off.load(Ordering::Acquire);
        if !settled {
            return ControlFlow::Continue(response);
        }
        state.put_back();
        drop(state);
        self.run_hooks(&mut response);
        ControlFlow::Break(response)
    }

    /// Ends the unit of work and answers with `response`, or with what went wrong.
    pub(super) async fn finish(self: &Arc<Self>, response: Response) -> Response {
        let mut response = match self.end(succeeded(&response)).await {
            Ok(()) => response,
            Err(error) => error.into_response(),
        };
        self.run_hooks(&mut response);
        response
    }

    fn run_hooks(&self, response: &mut Response) {
        let hooks = {
            let mut notes = self.notes();
            let hooks = std::mem::take(&mut notes.hooks);
            if notes.expendable && notes.lost_to_another() {
                Vec::new() // the next attempt registers its own
            } else {
                hooks
            }
        };
        for hook in hooks {
            (hook.run)(
                hook.fate.unwrap_or(Outcome::RolledBack),
                response.headers_mut(),
            );
        }
    }

    pub(super) async fn end(self: &Arc<Self>, succeeded: bool) -> Result<(), Error> {
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
        self.called_from(&mut state, None);
        let ended = self.end_transaction(&mut state, succeeded).await;
        state.failed_commit = None;
        state.put_back();
        drop(state);
        for hook in ended? {
            hook();
        }
        Ok(())
    }

    async fn end_transaction(
        &self,
        state: &mut State<B>,
        succeeded: bool,
    ) -> Result<AfterCommit, Error> {
        if self.mode() == TransactionMode::OnSuccess && succeeded {
            let after_commit = self.commit(state).await?;
            // It stands where there was nothing more to commit.
            return swallowed(state.failed_commit).map_or(Ok(after_commit), Err);
        }
        let lost = state.transaction == Transaction::Open && state.has_written();
        let forgotten =
            state.transaction == Transaction::None && !self.notes().after_commit.is_empty();
        self.roll_back(state).await;
        if let Some(error) = swallowed(state.failed_commit).filter(|_| succeeded) {
            return Err(error);
        }
        if succeeded && lost {
            tracing::warn!(
                target: "axum_db",
                "uncommitted writes were rolled back at the end of a successful request; call db.commit() to keep them"
            );
        }
        if succeeded && forgotten {
            tracing::warn!(
                target: "axum_db",
                "a hook of db.after_commit() was dropped at the end of a successful request, because nothing was committed \
                 after it was registered; register it before db.commit()"
            );
        }
        Ok(Vec::new())
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

/// What a successful response becomes whose handler kept a commit's failure to itself.
fn swallowed(failed_commit: Option<ErrorKind>) -> Option<Error> {
    Some(match failed_commit? {
        ErrorKind::UnknownOutcome => Error::new(
            ErrorKind::UnknownOutcome,
            "nobody knows whether a commit was carried out, and the handler answered as if it had been; return the error \
             of db.commit(), and do not drop its future",
        ),
        _ => Error::new(
            ErrorKind::Aborted,
            "a commit failed and the handler answered as if it had not; return the error of db.commit() instead",
        ),
    })
}
