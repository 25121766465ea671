//! The guard of a whole router.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use tower::{Layer, Service};

use super::Permission;
use crate::manager::LoginContext;
use crate::next_url::NextUrl;
use crate::unauthorized::LoginRejection;
use crate::user::AuthUser;

/// Opens the routes of a router to users of the type `U` only, whatever their handlers take: for
/// [`Router::route_layer`](axum::Router::route_layer).
///
/// Whoever is not logged in gets the answer that [`LoginRejection`] describes; `OPTIONS`, which browsers send without
/// cookies before requests from other sites, passes.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let admin = Router::new()
///     .route("/", get(async || "the back office"))
///     .route_layer(login_required::<User>().login_url("/admin/login"));
/// let app = Router::new().nest("/admin", admin); // and the layers of the manager and the database around it
///
/// # let login = manager().build()?;
/// stranger(&login, app.clone()).get("/admin").await.assert_redirect("/admin/login?next=%2Fadmin");
/// browser(&login, app).await.get("/admin").await.assert_text("the back office");
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing unless it is added to a router"]
pub fn login_required<U: AuthUser>() -> LoginRequired<U> {
    LoginRequired {
        rules: Vec::new(),
        overrides: Arc::default(),
        user: PhantomData,
    }
}

/// The guard of a router; from [`login_required`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let guard: LoginRequired<User> = login_required().fresh_within(Duration::from_secs(15 * 60));
/// assert_eq!(guard.to_string(), "login as User, fresh within 900 s"); // in the table of a `GuardedRouter`
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing unless it is added to a router"]
pub struct LoginRequired<U: AuthUser> {
    rules: Vec<Rule<U>>,
    overrides: Arc<Overrides<U>>,
    user: PhantomData<fn() -> U>,
}

/// What a router says otherwise than the manager of users of the type `U`.
pub(crate) struct Overrides<U> {
    pub(crate) login_url: Option<String>,
    pub(crate) refresh_url: Option<String>,
    pub(crate) message: Option<(String, String)>,
    user: PhantomData<fn() -> U>,
}

impl<U> Overrides<U> {
    /// These, and what a router around this one says where they say nothing.
    fn within(&self, outer: &Self) -> Self {
        Overrides {
            login_url: self
                .login_url
                .as_ref()
                .or(outer.login_url.as_ref())
                .cloned(),
            refresh_url: self
                .refresh_url
                .as_ref()
                .or(outer.refresh_url.as_ref())
                .cloned(),
            message: self.message.as_ref().or(outer.message.as_ref()).cloned(),
            user: PhantomData,
        }
    }
}

impl<U> Default for Overrides<U> {
    fn default() -> Self {
        Overrides {
            login_url: None,
            refresh_url: None,
            message: None,
            user: PhantomData,
        }
    }
}

impl<U> Clone for Overrides<U> {
    fn clone(&self) -> Self {
        self.within(&Self::default())
    }
}

/// What is needed beside a login.
enum Rule<U: AuthUser> {
    Fresh(Option<Duration>),
    Permission(&'static str, Check<U>),
}

type Check<U> =
    for<'a> fn(&'a LoginContext<U>, &'a Parts) -> BoxFuture<'a, Result<Arc<U>, LoginRejection>>;

impl<U: AuthUser> LoginRequired<U> {
    /// Where a login for these routes happens: a path from the root. Default: as the manager says.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().login_url("/login").build()?;
    /// let guarded = Router::new().route("/inner", get(async || "inside"));
    /// let guarded = guarded.route_layer(login_required::<User>().login_url("/admin/login"));
    /// stranger(&login, guarded).get("/inner").await.assert_redirect("/admin/login?next=%2Finner");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is not a path of this application.
    #[track_caller]
    pub fn login_url(mut self, path: impl Into<String>) -> Self {
        self.overrides_mut().login_url = Some(checked(path.into()));
        self
    }

    /// Where a password is given again for these routes: a path from the root. Default: as the manager says.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().login_url("/login").build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).fresh(false).await;
    /// let guard = login_required::<User>().fresh().refresh_url("/admin/confirm");
    /// let guarded = Router::new().route("/inner", get(async || "inside")).route_layer(guard);
    /// let visitor = stranger(&login, guarded.route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/inner").await.assert_redirect("/admin/confirm?next=%2Finner");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is not a path of this application.
    #[track_caller]
    pub fn refresh_url(mut self, path: impl Into<String>) -> Self {
        self.overrides_mut().refresh_url = Some(checked(path.into()));
        self
    }

    /// The flash message for someone who is sent to the login page, and its category. Default: as the manager says.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().login_url("/login").build()?;
    /// let guarded = Router::new().route("/inner", get(async || "inside"));
    /// let guarded = guarded.route_layer(login_required::<User>().login_message("For members only.", "info"));
    /// let form = async |flash: Flash| flash.take().iter().map(|message| message.text.clone()).collect::<String>();
    /// let visitor = stranger(&login, guarded.route("/login", get(form)));
    /// visitor.get("/inner").follow().await.assert_text("For members only.");
    /// # Ok(())
    /// # }
    /// ```
    pub fn login_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.overrides_mut().message = Some((text.into(), category.into()));
        self
    }

    /// Asks for a fresh login, as [`FreshUser`](crate::FreshUser) does.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).fresh(false).await;
    /// let guarded = Router::new().route("/inner", get(async || "inside"));
    /// let guarded = guarded.route_layer(login_required::<User>().fresh());
    /// let visitor = stranger(&login, guarded.route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/inner").await.assert_status(401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fresh(mut self) -> Self {
        self.rules.push(Rule::Fresh(None));
        self
    }

    /// Asks for a password that was given no longer ago than this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let login = manager().clock(clock.clone()).build()?;
    /// let minutes = |count: u64| Duration::from_secs(60 * count);
    /// let guarded = Router::new().route("/inner", get(async || "inside"));
    /// let guarded = guarded.route_layer(login_required::<User>().fresh_within(minutes(15)));
    /// let ada = browser(&login, guarded).await;
    /// ada.get("/inner").await.assert_text("inside");
    /// clock.advance(minutes(16));
    /// ada.get("/inner").await.assert_status(401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fresh_within(mut self, age: Duration) -> Self {
        self.rules.push(Rule::Fresh(Some(age)));
        self
    }

    /// Asks for a permission, as [`Require`](crate::Require) does.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// struct EditPosts;
    ///
    /// impl Permission for EditPosts {
    ///     type User = User;
    ///     const NAME: &'static str = "posts.edit";
    /// }
    ///
    /// for (granted, status) in [(vec!["posts.edit"], 200_u16), (vec![], 403)] {
    ///     let login = manager()
    ///         .permissions(move |_, _| {
    ///             let granted = granted.clone();
    ///             async move { Ok(Grants::from_iter(granted)) }
    ///         })
    ///         .build()?;
    ///     let guarded = Router::new().route("/inner", get(async || "inside"));
    ///     let guarded = guarded.route_layer(login_required::<User>().permission::<EditPosts>());
    ///     browser(&login, guarded).await.get("/inner").await.assert_status(status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn permission<P: Permission<User = U>>(mut self) -> Self {
        let check: Check<U> = |context, parts| Box::pin(context.check_permission::<P>(parts));
        self.rules.push(Rule::Permission(P::NAME, check));
        self
    }

    fn overrides_mut(&mut self) -> &mut Overrides<U> {
        Arc::make_mut(&mut self.overrides)
    }

    async fn check(&self, parts: &Parts) -> Result<(), LoginRejection> {
        let context = LoginContext::<U>::of(parts)?;
        context.check_login(parts).await?;
        for rule in &self.rules {
            match rule {
                Rule::Fresh(within) => context.check_fresh(parts, *within).await?,
                Rule::Permission(_, check) => check(&context, parts).await?,
            };
        }
        Ok(())
    }
}

#[track_caller]
fn checked(path: String) -> String {
    let is_path = NextUrl::parse(&path).as_str() == Some(path.as_str());
    assert!(
        is_path,
        "the login URL {path:?} is not a path of this application: write it from the root, such as \"/login\""
    );
    path
}

/// The service of a [`LoginRequired`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{body::Body, http::Request};
/// use tower::{Layer, ServiceExt};
///
/// let login = manager().build()?;
/// let guarded: LoginRequiredService<Router, User> = login_required().layer(Router::new());
/// let response = login.layer().layer(guarded).oneshot(Request::new(Body::empty())).await?;
/// assert_eq!(response.status(), 401);
/// # Ok(())
/// # }
/// ```
pub struct LoginRequiredService<S, U: AuthUser> {
    inner: S,
    guard: LoginRequired<U>,
}

impl<S, U: AuthUser> Layer<S> for LoginRequired<U> {
    type Service = LoginRequiredService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        LoginRequiredService {
            inner,
            guard: self.clone(),
        }
    }
}

impl<S, U> Service<Request<Body>> for LoginRequiredService<S, U>
where
    S: Service<Request<Body>, Response: IntoResponse, Future: Send> + Clone + Send + 'static,
    U: AuthUser,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone is not ready; this one is.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            if parts.method != Method::OPTIONS {
                let overrides = match parts.extensions.get::<Arc<Overrides<U>>>() {
                    Some(outer) => Arc::new(guard.overrides.within(outer)),
                    None => Arc::clone(&guard.overrides),
                };
                parts.extensions.insert(overrides);
                if let Err(rejection) = guard.check(&parts).await {
                    return Ok(rejection.into_response());
                }
            }
            let answering = inner.call(Request::from_parts(parts, body));
            Ok(answering.await?.into_response())
        })
    }
}

/// What it asks for, as the table of a [`GuardedRouter`](crate::GuardedRouter) has it.
impl<U: AuthUser> fmt::Display for LoginRequired<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = std::any::type_name::<U>();
        let user = path.rsplit("::").next().unwrap_or(path);
        write!(f, "login as {user}")?;
        for rule in &self.rules {
            match rule {
                Rule::Fresh(None) => f.write_str(", fresh")?,
                Rule::Fresh(Some(age)) => write!(f, ", fresh within {} s", age.as_secs())?,
                Rule::Permission(name, _) => write!(f, ", permission {name}")?,
            }
        }
        Ok(())
    }
}

impl<U: AuthUser> Clone for LoginRequired<U> {
    fn clone(&self) -> Self {
        LoginRequired {
            rules: self.rules.clone(),
            overrides: Arc::clone(&self.overrides),
            user: PhantomData,
        }
    }
}

impl<U: AuthUser> Clone for Rule<U> {
    fn clone(&self) -> Self {
        match self {
            Rule::Fresh(within) => Rule::Fresh(*within),
            Rule::Permission(name, check) => Rule::Permission(name, *check),
        }
    }
}

impl<S: Clone, U: AuthUser> Clone for LoginRequiredService<S, U> {
    fn clone(&self) -> Self {
        LoginRequiredService {
            inner: self.inner.clone(),
            guard: self.guard.clone(),
        }
    }
}

impl<U: AuthUser> fmt::Debug for LoginRequired<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginRequired({self})")
    }
}

impl<S: fmt::Debug, U: AuthUser> fmt::Debug for LoginRequiredService<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRequiredService")
            .field("inner", &self.inner)
            .field("guard", &self.guard)
            .finish()
    }
}
