//! The layer that gives each request its session.

use std::fmt;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

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
/// router or route inside another such layer of the same database it only changes the mode.
#[must_use = "a layer does nothing until it is given to a router: .layer(database.layer())"]
pub struct SessionLayer<B: Backend, K: Bind = Main> {
    database: Database<B, K>,
    mode: TransactionMode,
}

impl<B: Backend, K: Bind> SessionLayer<B, K> {
    pub(crate) fn new(database: Database<B, K>) -> Self {
        Self {
            database,
            mode: TransactionMode::default(),
        }
    }

    /// What happens to what was not committed. Default: [`TransactionMode::Explicit`].
    pub fn mode(mut self, mode: TransactionMode) -> Self {
        self.mode = mode;
        self
    }
}

impl<B: Backend, K: Bind> Clone for SessionLayer<B, K> {
    fn clone(&self) -> Self {
        Self {
            database: self.database.clone(),
            mode: self.mode,
        }
    }
}

impl<B: Backend, K: Bind> fmt::Debug for SessionLayer<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("mode", &self.mode)
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
        if let Some(db) = outer {
            db.shared.set_mode(layer.mode);
            return SessionFuture::new(inner.call(request), None);
        }
        let db = Db::<B, K>::new(layer.database.inner().clone(), layer.mode);
        let shared = db.shared.clone();
        request.extensions_mut().insert(db);
        SessionFuture::new(inner.call(request), Some(shared))
    }
}
