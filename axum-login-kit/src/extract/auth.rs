//! Logging in and out.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::{CurrentUser, Login};
use crate::error::Error;
use crate::lockout::RequestLockout;
use crate::manager::{LoginContext, SessionData, SessionEnded};
use crate::user::AuthUser;

/// Logs users in and out, and checks passwords; open to everyone.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::response::{IntoResponse, Redirect, Response};
/// use axum_login_kit::{Auth, Error, Flash, NextUrl};
///
/// # async fn find_user(email: &str) -> Option<User> { (email == "ada@example.com").then(ada) }
/// async fn login_post(auth: Auth<User>, next: NextUrl, flash: Flash, password: String) -> Result<Response, Error> {
///     let user = find_user("ada@example.com").await;
///     match auth.verify_password(user, &password).await? {
///         Some(user) => {
///             auth.login(&user).remember(true).await?;
///             Ok(next.or("/").into_response())
///         }
///         None => {
///             flash.danger("Login unsuccessful. Please check e-mail and password.");
///             Ok(Redirect::to("/login").into_response())
///         }
///     }
/// }
///
/// async fn logout(auth: Auth<User>) -> Result<Redirect, Error> {
///     auth.logout().await?;
///     Ok(Redirect::to("/"))
/// }
///
/// # let login = manager().build()?;
/// let app = stranger(&login, Router::new().route("/login", post(login_post)).route("/logout", post(logout)));
/// app.post("/login").body("text/plain", "a guess").await.assert_redirect("/login");
/// app.post("/login").body("text/plain", "correct horse").follow().await.assert_text("ada@example.com");
/// app.post("/logout").follow().await.assert_text("nobody");
/// # Ok(())
/// # }
/// ```
///
/// # Sessions, transactions and cookies
///
/// What these methods write joins the transaction that is open; where none is open, it is committed at once.
/// The cookie follows after that: where the transaction is rolled back the browser keeps what it has, and the
/// session it had before stands, for the rest of the request, too. Only whoever logged out is nobody in the rest of it.
pub struct Auth<U: AuthUser>(
    pub(super) LoginContext<U>,
    pub(super) Option<RequestLockout>,
);

impl<U: AuthUser> Auth<U> {
    /// Logs `user` in, once the result is awaited: `auth.login(&user).remember(true).await?`.
    ///
    /// The session gets a new token; the one that the browser presented, whoever's it was, ends.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).remember(true).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.get("/").await.assert_text("nobody");
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/").await.assert_text("ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    pub fn login<'a>(&'a self, user: &'a U) -> Login<'a, U> {
        Login::new(&self.0, user)
    }

    /// Ends the browser's session, remembered or not. Without one, it does nothing.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_out = async |auth: Auth<User>| auth.logout().await;
    /// let ada = browser(&login, Router::new().route("/logout", post(log_out))).await;
    /// ada.get("/").await.assert_text("ada@example.com");
    /// ada.post("/logout").await.assert_status(200);
    /// ada.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails; the session may then still stand.
    ///
    /// # Cancellation
    /// The session may have ended or not; the cookie stays and is worth nothing if it has.
    pub async fn logout(&self) -> Result<(), Error> {
        self.0.logout().await.map(drop)
    }

    /// A future that is ready when the session has ended, by whatever means: for an event stream or a WebSocket, which
    /// outlives its request. It is ready at once when nobody is logged in.
    ///
    /// What ends in this process is told at once; what another process, a changed password or the time ended, within
    /// [`check_streams_every`](crate::LoginManagerBuilder::check_streams_every). An open stream is no use of the
    /// session, which may go idle beside it. For sessions that are kept in cookies, a logout in the browser is not
    /// noticed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::convert::Infallible;
    /// use axum::response::sse::{Event, Sse};
    /// use axum_login_kit::{Auth, Error};
    /// use futures_util::stream::{self, Stream, StreamExt};
    ///
    /// async fn events(auth: Auth<User>) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    ///     let news = stream::repeat_with(|| Ok(Event::default().data("news")));
    ///     Ok(Sse::new(news.take_until(auth.ended().await?)))
    /// }
    ///
    /// # let login = manager().build()?;
    /// let visitor = stranger(&login, Router::new().route("/events", get(events)));
    /// visitor.get("/events").await.assert_text(""); // nobody is logged in: the stream is at its end
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed. Dropping the future that it gives stops the watch.
    pub async fn ended(&self) -> Result<SessionEnded, Error> {
        self.0.ended().await
    }

    /// Where the request comes from: the address of its connection, if the server is started with
    /// `into_make_service_with_connect_info::<SocketAddr>()`. What a proxy says counts only where
    /// [`behind_proxies`](crate::LoginManagerBuilder::behind_proxies) declares it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::net::SocketAddr;
    /// use axum::extract::connect_info::MockConnectInfo; // what a server's connections are in a test
    ///
    /// let login = manager().build()?;
    /// let ip = async |auth: Auth<User>| format!("{:?}", auth.ip());
    /// let from = MockConnectInfo(SocketAddr::from(([192, 0, 2, 7], 50_000)));
    /// let visitor = stranger(&login, Router::new().route("/ip", get(ip)).layer(from));
    /// let said = visitor.get("/ip").header("x-forwarded-for", "198.51.100.1").await;
    /// said.assert_text("Some(192.0.2.7)");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.client().ip
    }

    /// What the application keeps in the session under the type's name, or its default.
    ///
    /// Visitors who are not logged in have their own, in an encrypted cookie that ends with the browser session.
    /// **A login takes it along**: a cart that was filled before is the user's. A login as the same user keeps what the
    /// session had; **as another user begins with nothing**; **a logout drops it all**.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum_login_kit::{Auth, Error, SessionData};
    ///
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// struct Cart { items: Vec<i32> }
    ///
    /// impl SessionData for Cart {
    ///     const NAME: &'static str = "cart";
    /// }
    ///
    /// async fn add(auth: Auth<User>) -> Result<String, Error> {
    ///     auth.update_data(|cart: &mut Cart| cart.items.push(7)).await?;
    ///     Ok(format!("{} items", auth.data::<Cart>().await?.items.len()))
    /// }
    ///
    /// # let login = manager().build()?;
    /// let visitor = stranger(&login, Router::new().route("/add", post(add)));
    /// visitor.post("/add").await.assert_text("1 items");
    /// visitor.post("/add").await.assert_text("2 items");
    /// visitor.another().post("/add").await.assert_text("1 items");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn data<T: SessionData>(&self) -> Result<T, Error> {
        self.0.data().await
    }

    /// Changes what [`data`](Self::data) gives. Of two requests that change it at once neither is lost: the function
    /// runs again on what the other one wrote.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// struct Cart { items: Vec<String> }
    ///
    /// impl SessionData for Cart {
    ///     const NAME: &'static str = "cart";
    /// }
    ///
    /// let login = manager().build()?;
    /// let add = async |auth: Auth<User>, item: String| -> Result<String, Error> {
    ///     let items = auth.update_data(|cart: &mut Cart| {
    ///         cart.items.push(item.clone());
    ///         cart.items.join(", ")
    ///     });
    ///     items.await
    /// };
    /// let visitor = stranger(&login, Router::new().route("/cart", post(add)));
    /// visitor.post("/cart").body("text/plain", "bread").await.assert_text("bread");
    /// visitor.post("/cart").body("text/plain", "butter").await.assert_text("bread, butter");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails, and with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) when it no longer fits
    /// into a cookie (3,800 bytes, encrypted): for visitors, and for sessions that are kept in cookies.
    ///
    /// # Cancellation
    /// The data may be changed or not.
    pub async fn update_data<T: SessionData, R>(
        &self,
        change: impl FnMut(&mut T) -> R,
    ) -> Result<R, Error> {
        self.0.update_data(change).await
    }

    /// Makes the session fresh, after the user gave the password again. False when nobody is logged in.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).fresh(false).await; // by other means than a password
    /// let confirm = async |auth: Auth<User>| -> Result<String, Error> { Ok(auth.confirm().await?.to_string()) };
    /// let is_fresh = async |auth: Auth<User>| -> Result<String, Error> { Ok(auth.is_fresh().await?.to_string()) };
    /// let routes = Router::new()
    ///     .route("/login", post(log_in))
    ///     .route("/confirm", post(confirm)) // after `auth.verify_password`
    ///     .route("/fresh", get(is_fresh));
    /// let visitor = stranger(&login, routes);
    /// visitor.post("/confirm").await.assert_text("false"); // nobody is logged in
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/fresh").await.assert_text("false");
    /// visitor.post("/confirm").await.assert_text("true");
    /// visitor.get("/fresh").await.assert_text("true");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// The session may be fresh or not.
    pub async fn confirm(&self) -> Result<bool, Error> {
        self.0.confirm().await
    }

    /// Whether someone is logged in and gave the password in this browser session.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let is_fresh = async |auth: Auth<User>| -> Result<String, Error> { Ok(auth.is_fresh().await?.to_string()) };
    /// let ada = browser(&login, Router::new().route("/fresh", get(is_fresh))).await;
    /// ada.get("/fresh").await.assert_text("true");
    /// ada.another().get("/fresh").await.assert_text("false"); // nobody is logged in there
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn is_fresh(&self) -> Result<bool, Error> {
        let session = self.0.current().await?;
        Ok(session.is_some_and(|session| session.fresh))
    }

    /// Whether someone is logged in with a session that outlasts the browser's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| -> Result<String, Error> {
    ///     auth.login(&ada()).remember(true).await?;
    ///     Ok(auth.is_remembered().await?.to_string())
    /// };
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_text("true");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn is_remembered(&self) -> Result<bool, Error> {
        let session = self.0.current().await?;
        let stored = session.as_ref().and_then(|session| session.stored.as_ref());
        Ok(stored.is_some_and(|session| session.remembered))
    }

    /// The user who is logged in, also after a login or logout in this request.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let log_in = async |auth: Auth<User>| -> Result<String, Error> {
    ///     auth.login(&ada()).await?;
    ///     Ok(auth.user().await?.map_or("nobody".to_owned(), |user| user.email.clone()))
    /// };
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_text("ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn user(&self) -> Result<Option<CurrentUser<U>>, Error> {
        let session = self.0.current().await?;
        Ok(session.map(|session| CurrentUser(Arc::clone(&session.user))))
    }
}

impl<S: Send + Sync, U: AuthUser> FromRequestParts<S> for Auth<U> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let context = LoginContext::of(parts)?;
        let lockout = context.manager().settings.lockout.as_ref();
        let lockout = lockout.map(|lockout| lockout.bind(&parts.extensions));
        Ok(Auth(context, lockout))
    }
}

impl<U: AuthUser> fmt::Debug for Auth<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}
