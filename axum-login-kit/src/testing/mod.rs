//! For the tests of an application: sessions without a password, a clock to turn, and the rules that a place for
//! sessions has to keep.

mod backend;
mod clock;

pub use self::backend::check_backend;
pub use self::clock::FakeClock;

use std::fmt;
use std::pin::Pin;

use axum::http::HeaderValue;

pub use crate::mail::Outbox;

use crate::error::Error;
use crate::manager::{LoginManager, LoginOptions};
use crate::user::AuthUser;

/// Begins a real session for `user` and returns the `Cookie` header of its browser, good for every host: a
/// test logs in without a password and without hashing one. `axum_db::testing::Client` carries it.
///
/// ```
/// use axum_db::testing::Client;
/// use axum_login_kit::{CurrentUser, testing::login_as};
/// # use axum::{Router, routing::get};
/// # use axum_db::{metadata, prelude::*};
/// # use axum_login_kit::{AuthUser, LoginManager, tables};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![User].with(tables::<User>())).await?;
/// # let login = LoginManager::<User>::new(&database, b"at least 32 bytes that nobody can guess").build()?;
/// # let db = database.session();
/// # let user = NewUser::new("-").insert(&db).await?;
/// # db.commit().await?;
/// # drop(db);
/// # let account = async |user: CurrentUser<User>| user.id.to_string();
/// # let app = Router::new().route("/account", get(account)).layer(login.layer()).layer(database.layer());
///
/// let ada = Client::new(app).with_cookies(login_as(&login, &user).await?);
/// ada.get("/account").await.assert_status(200);
/// ada.another().get("/account").await.assert_status(401);
/// # Ok(())
/// # }
/// ```
///
/// Awaited, it is an error when the database fails. Dropped, the session may have begun; nobody knows its token.
pub fn login_as<'a, U: AuthUser>(login: &'a LoginManager<U>, user: &'a U) -> LoginAs<'a, U> {
    LoginAs {
        login,
        user,
        options: LoginOptions::default(),
    }
}

/// A session to be begun for a test; from [`login_as`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let cookie: axum::http::HeaderValue = login_as(&login, &ada()).remember(true).await?;
/// stranger(&login, Router::new()).with_cookies(cookie).get("/").await.assert_text("ada@example.com");
/// # Ok(())
/// # }
/// ```
#[must_use = "no session begins before this is awaited: `login_as(&login, &user).await?`"]
pub struct LoginAs<'a, U: AuthUser> {
    login: &'a LoginManager<U>,
    user: &'a U,
    options: LoginOptions,
}

impl<U: AuthUser> LoginAs<'_, U> {
    /// Whether the session is remembered. Default: `false`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let remembered = async |auth: Auth<User>| -> Result<String, Error> {
    ///     Ok(auth.is_remembered().await?.to_string())
    /// };
    /// let visitor = stranger(&login, Router::new().route("/remembered", get(remembered)));
    /// let ada = visitor.with_cookies(login_as(&login, &ada()).remember(true).await?);
    /// ada.get("/remembered").await.assert_text("true");
    /// # Ok(())
    /// # }
    /// ```
    pub fn remember(mut self, remember: bool) -> Self {
        self.options.remember = remember;
        self
    }

    /// Whether the password counts as given just now. Default: `true`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let danger = async |user: FreshUser<User>| user.email.clone();
    /// let visitor = stranger(&login, Router::new().route("/danger", get(danger)));
    /// for (fresh, status) in [(true, 200_u16), (false, 401)] {
    ///     let ada = visitor.another().with_cookies(login_as(&login, &ada()).fresh(fresh).await?);
    ///     ada.get("/danger").await.assert_status(status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.options.fresh = fresh;
        self
    }
}

impl<'a, U: AuthUser> IntoFuture for LoginAs<'a, U> {
    type Output = Result<HeaderValue, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.login.begin_session(self.user, self.options))
    }
}

impl<U: AuthUser> fmt::Debug for LoginAs<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginAs")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
