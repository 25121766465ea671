//! A router that is closed unless it says otherwise.

use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::routing::MethodRouter;

use super::LoginRequired;
use crate::user::AuthUser;

/// A router whose routes are all behind a login, but for those that are declared public; and which lists every route
/// with its guard.
///
/// A route that is forgotten is closed. The list is made for a snapshot test: a review then shows whenever a route is
/// opened.
///
/// ```
/// use axum::routing::{get, post};
/// use axum_login_kit::{GuardedRouter, login_required};
///
/// # pub struct User { id: i32, password_hash: String }
/// # impl axum_login_kit::AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>())
///     .public("/", get(async || "welcome"))
///     .public("/login", get(async || "the form").post(async || "…"))
///     .route("/account", get(async || "your account"))
///     .guarded("/account/delete", post(async || "gone"), login_required::<User>().fresh());
///
/// assert_eq!(
///     routes.audit().to_string(),
///     "/                public\n\
///      /login           public\n\
///      /account         login as User\n\
///      /account/delete  login as User, fresh\n"
/// );
/// let app = routes.into_router(); // and the layers of the manager and the database around it
/// ```
///
/// Paths that match no route are answered by the fallback, which is open.
#[must_use = "it serves nothing before `into_router()`"]
pub struct GuardedRouter<S = ()> {
    router: Router<S>,
    routes: Vec<(String, String)>,
    guard: Box<dyn Fn(MethodRouter<S>) -> MethodRouter<S> + Send + Sync>,
    guard_name: String,
}

/// What stands before routes that nobody has to log in for.
const PUBLIC: &str = "public";

/// Every route and its guard; from [`GuardedRouter::audit`]. Printed, it is a line for each.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let routes = GuardedRouter::new(login_required::<User>()).route("/account", get(async || "yours"));
/// let audit = routes.audit();
/// assert_eq!(audit.routes().collect::<Vec<_>>(), [("/account", "login as User")]);
/// assert_eq!(audit.to_string(), "/account  login as User\n");
/// # let _: Router = routes.into_router();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteAudit(Vec<(String, String)>);

impl<S: Clone + Send + Sync + 'static> GuardedRouter<S> {
    /// No routes yet. The guard is that of all routes that name none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let routes = GuardedRouter::new(login_required::<User>()).route("/account", get(async || "yours"));
    /// let app = stranger(&login, routes.into_router());
    /// app.get("/account").await.assert_status(401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<U: AuthUser>(guard: LoginRequired<U>) -> Self {
        GuardedRouter {
            router: Router::new(),
            routes: Vec::new(),
            guard_name: guard.to_string(),
            guard: Box::new(move |handlers| behind(&guard, handlers)),
        }
    }

    /// Adds a route behind the router's own guard.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let routes = GuardedRouter::new(login_required::<User>()).route("/account", get(async || "yours"));
    /// browser(&login, routes.into_router()).await.get("/account").await.assert_text("yours");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Router::route`], for a path that is there already or not well formed.
    #[track_caller]
    pub fn route(self, path: &str, handlers: MethodRouter<S>) -> Self {
        let guarded = (self.guard)(handlers);
        let name = self.guard_name.clone();
        self.add(path, guarded, name)
    }

    /// Adds a route behind another guard.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let guard = login_required::<User>().fresh();
    /// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>())
    ///     .guarded("/account/delete", post(async || "gone"), guard);
    /// assert_eq!(routes.audit().to_string(), "/account/delete  login as User, fresh\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Router::route`].
    #[track_caller]
    pub fn guarded<U: AuthUser>(
        self,
        path: &str,
        handlers: MethodRouter<S>,
        guard: LoginRequired<U>,
    ) -> Self {
        let name = guard.to_string();
        self.add(path, behind(&guard, handlers), name)
    }

    /// Adds a route that is open to everyone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let routes = GuardedRouter::new(login_required::<User>()).public("/about", get(async || "about us"));
    /// stranger(&login, routes.into_router()).get("/about").await.assert_text("about us");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Router::route`].
    #[track_caller]
    pub fn public(self, path: &str, handlers: MethodRouter<S>) -> Self {
        self.add(path, handlers, PUBLIC.to_owned())
    }

    /// Adds a whole router below a path that is open to everyone, such as one of static files.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let files = Router::new().route("/main.css", get(async || "body {}"));
    /// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>()).public_nest("/static", files);
    /// assert_eq!(routes.audit().to_string(), "/static/*  public\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Router::nest`].
    #[track_caller]
    pub fn public_nest(mut self, path: &str, router: Router<S>) -> Self {
        self.router = self.router.nest(path, router);
        let below = format!("{}/*", path.trim_end_matches('/'));
        self.routes.push((below, PUBLIC.to_owned()));
        self
    }

    /// Adds the routes of another one below a path, each behind its own guard.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let admin = GuardedRouter::new(login_required::<User>().fresh()).route("/users", get(async || "all"));
    /// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>()).nest("/admin", admin);
    /// assert_eq!(routes.audit().to_string(), "/admin/users  login as User, fresh\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Router::nest`].
    #[track_caller]
    pub fn nest(mut self, path: &str, other: GuardedRouter<S>) -> Self {
        self.router = self.router.nest(path, other.router);
        let prefix = path.trim_end_matches('/');
        let routes = other
            .routes
            .into_iter()
            .map(|(below, guard)| match &*below {
                "/" => (prefix.to_owned(), guard),
                below => (format!("{prefix}{below}"), guard),
            });
        self.routes.extend(routes);
        self
    }

    /// Adds the routes of another one, each behind its own guard.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let posts = GuardedRouter::new(login_required::<User>()).route("/posts", get(async || "all"));
    /// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>())
    ///     .public("/about", get(async || "about us"))
    ///     .merge(posts);
    /// assert_eq!(routes.audit().to_string(), "/about  public\n/posts  login as User\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Router::merge`].
    #[track_caller]
    pub fn merge(mut self, other: GuardedRouter<S>) -> Self {
        self.router = self.router.merge(other.router);
        self.routes.extend(other.routes);
        self
    }

    /// Every route and its guard, in the order they were added.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>())
    ///     .public("/about", get(async || "about us"))
    ///     .route("/account", get(async || "yours"));
    /// assert_eq!(routes.audit().to_string(), "/about    public\n/account  login as User\n");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn audit(&self) -> RouteAudit {
        RouteAudit(self.routes.clone())
    }

    /// The router, for layers and state.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let routes = GuardedRouter::new(login_required::<User>()).route("/account", get(async || "yours"));
    /// let app: Router = routes.into_router().layer(login.layer());
    /// Client::new(app).get("/account").await.assert_status(401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_router(self) -> Router<S> {
        self.router
    }

    #[track_caller]
    fn add(mut self, path: &str, handlers: MethodRouter<S>, guard: String) -> Self {
        self.router = self.router.route(path, handlers);
        self.routes.push((path.to_owned(), guard));
        self
    }
}

/// All of it, fallbacks of methods included: `any(…)` is one.
fn behind<S, U>(guard: &LoginRequired<U>, handlers: MethodRouter<S>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
    U: AuthUser,
{
    handlers.layer::<_, Infallible>(guard.clone())
}

impl RouteAudit {
    /// The routes with what stands before them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let routes: GuardedRouter = GuardedRouter::new(login_required::<User>())
    ///     .public("/about", get(async || "about us"))
    ///     .route("/account", get(async || "yours"));
    /// let audit = routes.audit();
    /// let open: Vec<&str> = audit.routes().filter(|(_, guard)| *guard == "public").map(|(path, _)| path).collect();
    /// assert_eq!(open, ["/about"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn routes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, guard)| (&**path, &**guard))
    }
}

impl fmt::Display for RouteAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(path, _)| path.chars().count()).max();
        let width = width.unwrap_or_default();
        for (path, guard) in &self.0 {
            writeln!(f, "{path:width$}  {guard}")?;
        }
        Ok(())
    }
}

impl<S> From<GuardedRouter<S>> for Router<S> {
    fn from(guarded: GuardedRouter<S>) -> Self {
        guarded.router
    }
}

impl<S> fmt::Debug for GuardedRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedRouter")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
