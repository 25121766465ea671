//! Running a unit of work again that lost against a concurrent one.

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use tower::Service;

use super::deadline::Deadline;
use super::finish::{AfterCommit, succeeded};
use super::future::SessionFuture;
use super::handle::{Bind, Db, Shared};
use super::layer::SessionLayer;
use super::state::Transaction;
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::inside::Origin;

/// How often [`Db::retry`] runs its closure again.
const RETRIES: u32 = 20;

/// The longest pause before the first retry; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(256);

/// Which attempt at a request this is, where
/// [`SessionLayer::with_retries`](crate::SessionLayer::with_retries) may run it again. A middleware outside of the retries that
/// keeps something for the request finds it in the request's extensions, and begins anew with each.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{Extension, Router, routing::get};
/// use axum_db::{Attempt, Db, Sqlite, testing::Client};
///
/// async fn attempt(Extension(attempt): Extension<Attempt>) -> String {
///     attempt.number().to_string()
/// }
///
/// # let database = Db::<Sqlite>::connect("sqlite://:memory:").await?;
/// let routes = Router::new().route("/", get(attempt));
/// Client::new(routes.layer(database.layer().with_retries(3))).get("/").await.assert_text("0");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt(u32);

impl Attempt {
    /// How many came before it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use axum::{Extension, Router, routing::get};
    /// # use axum_db::{Attempt, Db, Sqlite, testing::Client};
    /// # let database = Db::<Sqlite>::connect("sqlite://:memory:").await?;
    /// let first = async |Extension(attempt): Extension<Attempt>| (attempt.number() == 0).to_string();
    /// let routes = Router::new().route("/", get(first));
    /// Client::new(routes.layer(database.layer().with_retries(3))).get("/").await.assert_text("true");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

/// A random pause before retry number `retry`, counted from 0, so that those who collided do not meet again.
async fn pause(retry: u32) {
    let longest = FIRST_PAUSE
        .saturating_mul(1 << retry.min(10))
        .min(LONGEST_PAUSE);
    let micros = u64::try_from(longest.as_micros())
        .unwrap_or(u64::MAX)
        .max(1);
    // Every `RandomState` has keys of its own.
    let random = RandomState::new().hash_one(retry);
    tokio::time::sleep(Duration::from_micros(random % micros)).await;
}

impl<B: Backend, K: Bind> Db<B, K> {
    /// Runs `work` and commits; where the transaction lost against a concurrent one, runs it again.
    ///
    /// Each attempt is a transaction of its own, after a short random pause, up to 20 times. `work` must
    /// bear to be run again: what it does outside the database is not undone, so it registers that with
    /// [`Db::after_commit`]. Whatever `work` answers is of no account then, even where it handled the
    /// conflict itself. Nothing is run again once something was committed, and never where the outcome of
    /// the commit is unknown.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*, Isolation};
    /// # #[model]
    /// # pub struct Account {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub balance: i32,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Account]).await?;
    /// # let db = database.session();
    /// # NewAccount::new(10).insert(&db).await?;
    /// # db.commit().await?;
    /// let left = db.retry(|db| async move {
    ///     db.begin_with(Isolation::Serializable).await?;
    ///     let mut account = Account::find(1).one(&db).await?;
    ///     account.balance -= 3;
    ///     account.save(&db).await?;
    ///     Ok::<_, axum_db::Error>(account.balance)
    /// }).await?;
    /// assert_eq!(left, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `work` returns, after a rollback; that of the last attempt's commit; [`ErrorKind::Usage`] where
    /// a transaction is open already, because it would have to be run again as a whole.
    ///
    /// # Cancellation
    /// Dropped halfway, the attempt under way is rolled back.
    pub async fn retry<R, E, F, Fut>(&self, mut work: F) -> Result<R, E>
    where
        F: FnMut(Self) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Error>,
    {
        let shared = &*self.shared;
        let (mut before, waiting) = shared.start_attempts().await?;
        let mut retry = 0;
        loop {
            let outcome = match work(self.clone()).await {
                Ok(value) => self.commit().await.map(|()| value).map_err(E::from),
                error => error,
            };
            if outcome.is_ok() {
                for hook in waiting {
                    hook();
                }
                return outcome;
            }
            // What the connection saw last is known once the state was locked.
            let mut state = shared.lock().await?;
            shared.roll_back(&mut state).await;
            drop(state);
            if retry == RETRIES || !shared.lost_since(before) {
                return outcome;
            }
            before = shared.stand_again(before, retry).await;
            retry += 1;
        }
    }
}

/// Where a session stands when an attempt begins.
#[derive(Clone, Copy)]
struct Before {
    hooks: usize,
    conflicts: u32,
    commits: u32,
}

impl<B: Backend> Shared<B> {
    /// Begins attempts of which each is a transaction of its own. What waits for the next commit is given
    /// to the caller, as a failed attempt would drop it.
    async fn start_attempts(&self) -> Result<(Before, AfterCommit), Error> {
        let transaction = self.lock().await?.transaction;
        match transaction {
            Transaction::None => {
                let waiting = {
                    let mut notes = self.notes();
                    notes.repeatable = true;
                    std::mem::take(&mut notes.after_commit)
                };
                Ok((self.stands(), waiting))
            }
            open => Err(open.refusal().unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Usage,
                    "db.retry() was called while a transaction is open, which would have to be run again as a whole; commit or \
                     roll back first, or let database.layer().with_retries(n) run the whole handler again",
                )
            })),
        }
    }

    fn stands(&self) -> Before {
        let notes = self.notes();
        Before {
            hooks: notes.hooks.len(),
            conflicts: notes.conflicts,
            commits: notes.commits,
        }
    }

    /// Where the next attempt begins, after a pause: each answers for its own conflicts.
    async fn stand_again(&self, before: Before, retry: u32) -> Before {
        tracing::debug!(target: "axum_db", retry, "a unit of work lost against a concurrent one and is run again");
        self.notes().hooks.truncate(before.hooks);
        self.state.lock().await.failed_commit = None;
        self.insight.run_again();
        // Past the deadline, the next attempt says so.
        let _ = self.deadline().cover(pause(retry)).await;
        self.stands()
    }

    /// Whether, since then, the unit of work lost against a concurrent one and nothing was committed.
    fn lost_since(&self, before: Before) -> bool {
        let notes = self.notes();
        notes.conflicts > before.conflicts && notes.commits == before.commits
    }
}

/// Runs a request again and again until it no longer loses.
pub(super) async fn attempts<S, B, K>(
    mut inner: S,
    layer: SessionLayer<B, K>,
    deadline: Deadline,
    request: Request,
) -> Result<Response, S::Error>
where
    S: Service<Request> + Clone,
    S::Response: IntoResponse,
    B: Backend,
    K: Bind,
{
    let (parts, body) = request.into_parts();
    let body = match whole(body, layer.retry_body_limit).await {
        Ok(body) => body,
        Err(refused) => return Ok(refused.into_response()),
    };
    let mut retry = 0;
    loop {
        let last = retry == layer.retries;
        let db = layer.session(deadline, Origin::of(&parts.method, &parts.extensions));
        {
            let mut notes = db.shared.notes();
            notes.expendable = !last;
            notes.repeatable = !last;
        }
        let shared = db.shared.clone();
        let mut parts = parts.clone();
        parts.extensions.insert(db);
        parts.extensions.insert(Attempt(retry));
        let request = Request::from_parts(parts, Body::from(body.clone()));
        // The service that was polled until it was ready is the one to call.
        let next = inner.clone();
        let mut ready = std::mem::replace(&mut inner, next);
        poll_fn(|context| ready.poll_ready(context)).await?;
        let response = SessionFuture::new(ready.call(request), Some(shared.clone())).await?;
        if last || !shared.notes().lost_to_another() {
            return Ok(response);
        }
        drop((response, shared));
        tracing::debug!(target: "axum_db", retry, "a request lost against a concurrent one and is run again");
        // Past the deadline, the next attempt says so.
        let _ = deadline.cover(pause(retry)).await;
        retry += 1;
    }
}

/// The same within the session of an outer layer, whose unit of work ends with each attempt.
pub(super) async fn attempts_within<S, B, K>(
    mut inner: S,
    layer: SessionLayer<B, K>,
    outer: Db<B, K>,
    request: Request,
) -> Result<Response, S::Error>
where
    S: Service<Request> + Clone,
    S::Response: IntoResponse,
    B: Backend,
    K: Bind,
{
    let shared = &outer.shared;
    // A middleware's writes would be lost with the attempt, and cannot be run again.
    let Ok((mut before, waiting)) = shared.start_attempts().await else {
        return Ok(inner.call(request).await?.into_response());
    };
    let (parts, body) = request.into_parts();
    let body = match whole(body, layer.retry_body_limit).await {
        Ok(body) => body,
        Err(refused) => return Ok(refused.into_response()),
    };
    let mut retry = 0;
    loop {
        let mut parts = parts.clone();
        parts.extensions.insert(Attempt(retry));
        let request = Request::from_parts(parts, Body::from(body.clone()));
        let next = inner.clone();
        let mut ready = std::mem::replace(&mut inner, next);
        poll_fn(|context| ready.poll_ready(context)).await?;
        let response = ready.call(request).await?.into_response();
        let ended = shared.end(succeeded(&response)).await;
        if retry == layer.retries || !shared.lost_since(before) {
            if shared.notes().commits > before.commits {
                for hook in waiting {
                    hook();
                }
            }
            return Ok(match ended {
                Ok(()) => response,
                Err(error) => error.into_response(),
            });
        }
        drop(response);
        before = shared.stand_again(before, retry).await;
        retry += 1;
    }
}

/// The request's body, which every attempt reads from its beginning.
async fn whole(body: Body, limit: usize) -> Result<Bytes, StatusCode> {
    let mut whole = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if whole.len() + chunk.len() > limit {
            tracing::warn!(
                target: "axum_db",
                limit,
                "the body of a request was too large to be kept for retries; raise SessionLayer::with_retry_body_limit"
            );
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

pin_project! {
    /// The future of a request within its session: one attempt, or as many as the layer's retries allow.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use tower::{Layer, Service};
    ///
    /// let router: Router = Router::new().route("/", get(async || "hello"));
    /// let mut service = database.layer().layer(router);
    /// let response: axum_db::ResponseFuture<_, _, _> = service.call(Request::new(Body::empty()));
    /// assert_eq!(response.await.expect("infallible").status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancellation
    /// Dropped before it is ready, it rolls the unit of work back in the background.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B: Backend, E> {
        #[pin]
        attempts: Attempts<F, B, E>,
    }
}

pin_project! {
    #[project = Projection]
    enum Attempts<F, B: Backend, E> {
        One { #[pin] attempt: SessionFuture<F, B> },
        Many { attempts: BoxFuture<'static, Result<Response, E>> },
    }
}

impl<F, B: Backend, E> ResponseFuture<F, B, E> {
    pub(super) fn once(attempt: SessionFuture<F, B>) -> Self {
        Self {
            attempts: Attempts::One { attempt },
        }
    }

    pub(super) fn many(
        attempts: impl Future<Output = Result<Response, E>> + Send + 'static,
    ) -> Self {
        Self {
            attempts: Attempts::Many {
                attempts: Box::pin(attempts),
            },
        }
    }
}

impl<F, B, R, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
    B: Backend,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().attempts.project() {
            Projection::One { attempt } => attempt.poll(context),
            Projection::Many { attempts } => attempts.as_mut().poll(context),
        }
    }
}
