//! A login, with its options.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::error::{Error, LoginRefused};
use crate::manager::{LoginContext, LoginOptions};
use crate::user::AuthUser;

/// A login that happens when it is awaited; from [`Auth::login`](crate::Auth::login).
///
/// Awaited, it is an error with [`LoginRefused::Inactive`] for a user who is not active, unless
/// [`force`](Self::force) is set. It is cancelled by dropping it: then the session that the browser had stands.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let log_in = async |auth: Auth<User>| {
///     let user = ada();
///     let logging_in: Login<'_, User> = auth.login(&user).remember(true);
///     logging_in.await // before this nobody is logged in
/// };
/// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
/// visitor.post("/login").await.assert_status(200);
/// visitor.get("/").await.assert_text("ada@example.com");
/// # Ok(())
/// # }
/// ```
#[must_use = "nobody is logged in before this is awaited: `auth.login(&user).await?`"]
pub struct Login<'a, U: AuthUser> {
    context: &'a LoginContext<U>,
    user: &'a U,
    force: bool,
    options: LoginOptions,
}

impl<'a, U: AuthUser> Login<'a, U> {
    pub(super) fn new(context: &'a LoginContext<U>, user: &'a U) -> Self {
        Login {
            context,
            user,
            force: false,
            options: LoginOptions::default(),
        }
    }

    /// Whether the session outlasts the browser's. Default: `false`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).remember(true).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// let answer = visitor.post("/login").await;
    /// assert!(answer.header("set-cookie").unwrap().contains("Max-Age=2592000")); // 30 days
    /// # Ok(())
    /// # }
    /// ```
    pub fn remember(mut self, remember: bool) -> Self {
        self.options.remember = remember;
        self
    }

    /// How long the session lasts at most. Default: as the manager is set, 30 days for a remembered one and 14
    /// days for another.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let login = manager().clock(clock.clone()).build()?;
    /// let hour = Duration::from_secs(60 * 60);
    /// let log_in = async move |auth: Auth<User>| auth.login(&ada()).duration(hour).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/").await.assert_text("ada@example.com");
    /// clock.advance(hour);
    /// visitor.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn duration(mut self, duration: Duration) -> Self {
        self.options.duration = Some(duration);
        self
    }

    /// Whether the user gave a password just now. Default: `true`; say `false` for a login by other means.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).fresh(false).await;
    /// let danger = async |user: FreshUser<User>| user.email.clone();
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)).route("/danger", get(danger)));
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/").await.assert_text("ada@example.com");
    /// visitor.get("/danger").await.assert_status(401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.options.fresh = fresh;
        self
    }

    /// Logs in a user who is not active, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # struct Blocked;
    /// # impl AuthUser for Blocked {
    /// #     type Id = i32;
    /// #     fn id(&self) -> i32 { 1 }
    /// #     fn password_hash(&self) -> Option<&str> { None }
    /// #     fn is_active(&self) -> bool { false }
    /// # }
    /// # struct One;
    /// # #[async_trait::async_trait]
    /// # impl UserLoader<Blocked> for One {
    /// #     async fn load(&self, _: &i32) -> Result<Option<Blocked>, Error> { Ok(Some(Blocked)) }
    /// # }
    /// # let login = LoginManager::over(MemorySessions::new(), One, "at least 32 bytes that nobody can guess").build()?;
    /// let refused = async |auth: Auth<Blocked>| auth.login(&Blocked).await;
    /// let forced = async |auth: Auth<Blocked>| auth.login(&Blocked).force().await;
    /// let routes = Router::new().route("/refused", post(refused)).route("/forced", post(forced));
    /// let visitor = Client::new(routes.layer(login.layer()));
    /// visitor.post("/refused").await.assert_status(403);
    /// visitor.post("/forced").await.assert_status(200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }
}

impl<'a, U: AuthUser> IntoFuture for Login<'a, U> {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if !self.force && !self.user.is_active() {
                return Err(LoginRefused::Inactive.into());
            }
            self.context.login(self.user, self.options).await
        })
    }
}

impl<U: AuthUser> fmt::Debug for Login<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
