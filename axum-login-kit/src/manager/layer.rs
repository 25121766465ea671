//! The layer: it costs a few small allocations a request, and nothing else until somebody asks for a user.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::request::RequestLogin;
use super::{Manager, RequestState};
use crate::user::AuthUser;

/// Makes the extractors of a [`LoginManager`](crate::LoginManager) work; from
/// [`LoginManager::layer`](crate::LoginManager::layer).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let layer: LoginLayer<User> = login.layer();
/// let who = async |user: Option<CurrentUser<User>>| user.is_some().to_string();
/// Client::new(Router::new().route("/", get(who)).layer(layer)).get("/").await.assert_text("false");
/// # Ok(())
/// # }
/// ```
pub struct LoginLayer<U: AuthUser>(pub(super) Arc<Manager<U>>);

/// The service of a [`LoginLayer`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{body::Body, http::Request};
/// use tower::{Layer, ServiceExt};
///
/// let login = manager().build()?;
/// let service: LoginService<Router, User> = login.layer().layer(Router::new());
/// let response = service.oneshot(Request::new(Body::empty())).await?;
/// assert_eq!(response.status(), 404); // the empty router's
/// # Ok(())
/// # }
/// ```
pub struct LoginService<S, U: AuthUser> {
    inner: S,
    manager: Arc<Manager<U>>,
}

pin_project! {
    /// The future of a [`LoginService`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{body::Body, http::Request};
    /// use tower::{Layer, Service};
    ///
    /// let login = manager().build()?;
    /// let mut service = login.layer().layer(Router::new());
    /// let answering: LoginFuture<_> = service.call(Request::new(Body::empty())); // a router is always ready
    /// assert_eq!(answering.await?.status(), 404); // the empty router's
    /// # Ok(())
    /// # }
    /// ```
    pub struct LoginFuture<F> {
        #[pin]
        inner: F,
        // Of several login layers the outermost finishes the response.
        state: Option<Arc<RequestState>>,
    }
}

impl<S, U: AuthUser> Layer<S> for LoginLayer<U> {
    type Service = LoginService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        LoginService {
            inner,
            manager: Arc::clone(&self.0),
        }
    }
}

impl<S, U, ReqBody, ResBody> Service<Request<ReqBody>> for LoginService<S, U>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    U: AuthUser,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = LoginFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let extensions = request.extensions_mut();
        let outer = extensions.get::<Arc<RequestState>>().cloned();
        let is_outermost = outer.is_none();
        let state = if let Some(state) = outer {
            state.add_manager(&self.manager);
            state
        } else {
            let state = Arc::new(RequestState::new(&self.manager));
            extensions.insert(Arc::clone(&state));
            state
        };
        let login = RequestLogin::new(Arc::clone(&self.manager), Arc::clone(&state));
        extensions.insert(Arc::new(login));
        LoginFuture {
            inner: self.inner.call(request),
            state: is_outermost.then_some(state),
        }
    }
}

impl<F, ResBody, E> Future for LoginFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut outcome = ready!(this.inner.poll(context));
        if let (Ok(response), Some(state)) = (&mut outcome, this.state.take()) {
            state.finish(response.headers_mut());
        }
        Poll::Ready(outcome)
    }
}

impl<U: AuthUser> Clone for LoginLayer<U> {
    fn clone(&self) -> Self {
        LoginLayer(Arc::clone(&self.0))
    }
}

impl<S: Clone, U: AuthUser> Clone for LoginService<S, U> {
    fn clone(&self) -> Self {
        LoginService {
            inner: self.inner.clone(),
            manager: Arc::clone(&self.manager),
        }
    }
}

impl<U: AuthUser> fmt::Debug for LoginLayer<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginLayer").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, U: AuthUser> fmt::Debug for LoginService<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for LoginFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginFuture").finish_non_exhaustive()
    }
}
