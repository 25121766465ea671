//! The layer that gives each request its session.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

use super::deadline::Deadline;
use super::future::SessionFuture;
use super::handle::{Bind, Db, Main};
use crate::backend::Backend;
use crate::database::Database;

/// What happens at the end of a request to what was not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum TransactionMode {
    /// It is rolled back: handlers call [`Db::commit`].
    #[default]
    Explicit,
    /// It is committed when the response is below 400, before the response leaves, and rolled back
    /// otherwise.
    OnSuccess,
    /// There is nothing: writes are refused.
    ReadOnly,
}

/// Gives each request its session; made by [`Database::layer`].
///
/// It goes outside of whatever uses the session: `.layer(login.layer()).layer(database.layer())`. On a
/// router or route inside another such layer of the same database it only changes what it is given.
#[must_use = "a layer does nothing until it is given to a router: .layer(database.layer())"]
pub struct SessionLayer<B: Backend, K: Bind = Main> {
    database: Database<B, K>,
    mode: Option<TransactionMode>,
    deadline: Option<Duration>,
}

impl<B: Backend, K: Bind> SessionLayer<B, K> {
    pub(crate) fn new(database: Database<B, K>) -> Self {
        Self {
            database,
            mode: None,
            deadline: None,
        }
    }

    /// What happens to what was not committed. Default: [`TransactionMode::Explicit`].
    pub fn mode(mut self, mode: TransactionMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How long the request may take until its response, as far as the database is concerned. Default: for ever.
    ///
    /// The time covers every wait: for a pooled connection, for SQLite's only writer, for BEGIN, for a statement,
    /// for COMMIT. When it is up, the waiting operation fails with [`ErrorKind::Deadline`], which is a 503 with
    /// `Retry-After` as a response, the server is told to cancel the running statement, and the transaction is
    /// rolled back, all of which nobody waits for. Later statements of the request fail at once in the same way.
    /// A COMMIT that was already sent may have been carried out: that is [`ErrorKind::UnknownOutcome`].
    ///
    /// Two things cannot be cut short. A statement on a connection in hand ([`Db::conn`]) is awaited by the
    /// handler: it is cancelled on the server, and gets the server's error. And SQLite ends its statement by
    /// itself: the caller is answered in time, but other writers wait until then.
    ///
    /// It costs no statement. On a route inside another layer of the same database it replaces that one's
    /// deadline from there on. A body that streams on after the response has no deadline.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use axum::{Router, routing::get};
    ///
    /// type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// #[axum::debug_handler]
    /// async fn late(db: Db) -> Result<(), axum_db::Error> {
    ///     tokio::time::sleep(Duration::from_millis(20)).await;
    ///     db.begin().await
    /// }
    ///
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// let app = Router::new()
    ///     .route("/", get(late))
    ///     .layer(database.layer().with_deadline(Duration::from_millis(10)));
    /// # use axum::{body::Body, http::Request};
    /// # use tower::ServiceExt;
    /// let response = app.oneshot(Request::new(Body::empty())).await?;
    /// assert_eq!(response.status(), 503);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`ErrorKind::Deadline`]: crate::ErrorKind::Deadline
    /// [`ErrorKind::UnknownOutcome`]: crate::ErrorKind::UnknownOutcome
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }
}

impl<B: Backend, K: Bind> Clone for SessionLayer<B, K> {
    fn clone(&self) -> Self {
        Self {
            database: self.database.clone(),
            mode: self.mode,
            deadline: self.deadline,
        }
    }
}

impl<B: Backend, K: Bind> fmt::Debug for SessionLayer<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("mode", &self.mode)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl<S, B: Backend, K: Bind> Layer<S> for SessionLayer<B, K> {
    type Service = SessionService<S, B, K>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service of [`SessionLayer`].
pub struct SessionService<S, B: Backend, K: Bind = Main> {
    inner: S,
    layer: SessionLayer<B, K>,
}

impl<S: Clone, B: Backend, K: Bind> Clone for SessionService<S, B, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, B: Backend, K: Bind> fmt::Debug for SessionService<S, B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, K> Service<Request> for SessionService<S, B, K>
where
    S: Service<Request>,
    S::Response: IntoResponse,
    B: Backend,
    K: Bind,
{
    type Response = Response;
    type Error = S::Error;
    type Future = SessionFuture<S::Future, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let Self { inner, layer } = self;
        let outer = request
            .extensions()
            .get::<Db<B, K>>()
            .filter(|db| db.shared.database.is(&layer.database));
        let deadline = layer.deadline.map(Deadline::after);
        if let Some(db) = outer {
            if let Some(mode) = layer.mode {
                db.shared.set_mode(mode);
            }
            if let Some(deadline) = deadline {
                db.shared.notes().deadline = deadline;
            }
            return SessionFuture::new(inner.call(request), None);
        }
        let mode = layer.mode.unwrap_or_default();
        let db = Db::<B, K>::new(layer.database.inner().clone(), mode);
        db.shared.notes().deadline = deadline.unwrap_or_default();
        let shared = db.shared.clone();
        request.extensions_mut().insert(db);
        SessionFuture::new(inner.call(request), Some(shared))
    }
}
