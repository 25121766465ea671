//! The user of the request.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use crate::error::Error;
use crate::manager::LoginContext;
use crate::unauthorized::LoginRejection;
use crate::user::AuthUser;

/// The user who is logged in: a handler that takes it is open to nobody else.
///
/// Whoever is not logged in gets the answer that [`LoginRejection`] describes. `Option<CurrentUser<U>>` lets
/// anonymous visitors in as `None`; an error, such as a database that does not answer, stays an error.
///
/// It derefs to the user. The user is loaded once a request, however many extractors ask.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_login_kit::CurrentUser;
///
/// #[axum::debug_handler]
/// async fn account(user: CurrentUser<User>) -> String {
///     format!("This is the account of {}.", user.email)
/// }
///
/// #[axum::debug_handler]
/// async fn home(user: Option<CurrentUser<User>>) -> String {
///     match user {
///         Some(user) => format!("Hello, {}!", user.email),
///         None => "Hello, stranger!".to_owned(),
///     }
/// }
///
/// # let login = manager().build()?;
/// let routes = Router::new().route("/account", get(account)).route("/home", get(home));
/// let visitor = stranger(&login, routes);
/// visitor.get("/account").await.assert_status(401);
/// visitor.get("/home").await.assert_text("Hello, stranger!");
/// let ada = visitor.another().with_cookies(login_as(&login, &ada()).await?);
/// ada.get("/account").await.assert_text("This is the account of ada@example.com.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CurrentUser<U: AuthUser>(pub Arc<U>);

impl<U: AuthUser> CurrentUser<U> {
    /// The user as an owned value, for changing it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let owned = async |user: CurrentUser<User>| {
    ///     let mut user: User = user.into_inner();
    ///     user.email.push_str(".invalid");
    ///     user.email
    /// };
    /// let ada = browser(&login, Router::new().route("/owned", get(owned))).await;
    /// ada.get("/owned").await.assert_text("ada@example.com.invalid");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_inner(self) -> U
    where
        U: Clone,
    {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<U: AuthUser> Clone for CurrentUser<U> {
    fn clone(&self) -> Self {
        CurrentUser(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> Deref for CurrentUser<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}

impl<S: Send + Sync, U: AuthUser> FromRequestParts<S> for CurrentUser<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let context = LoginContext::<U>::of(parts)?;
        Ok(CurrentUser(context.check_login(parts).await?))
    }
}

impl<S: Send + Sync, U: AuthUser> OptionalFromRequestParts<S> for CurrentUser<U> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        let session = LoginContext::<U>::of(parts)?.current().await?;
        Ok(session.map(|session| CurrentUser(Arc::clone(&session.user))))
    }
}
