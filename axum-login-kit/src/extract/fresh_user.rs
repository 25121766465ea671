//! The user who gave the password in this browser session.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::manager::LoginContext;
use crate::unauthorized::LoginRejection;
use crate::user::AuthUser;

/// The user who is logged in freshly: like [`CurrentUser`](crate::CurrentUser), and closed to a session that
/// was only remembered from an earlier visit.
///
/// Whoever is remembered is sent to the [`refresh_url`](crate::LoginManagerBuilder::refresh_url) (the login
/// page, unless it is set), where a login or [`Auth::confirm`](crate::Auth::confirm) makes the session fresh. So a login page
/// must not send everybody on who is logged in already, but only those who are [fresh](crate::Auth::is_fresh).
///
/// Freshness may carry an age: `FreshUser<User, 15>` is closed to whoever gave the password more than 15 minutes ago.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_login_kit::FreshUser;
///
/// #[axum::debug_handler]
/// async fn delete_account(user: FreshUser<User>) -> String {
///     format!("Account {} is gone.", user.id)
/// }
///
/// #[axum::debug_handler]
/// async fn transfer(user: FreshUser<User, 15>) -> String {
///     format!("Account {} is empty.", user.id)
/// }
///
/// # let clock = FakeClock::new();
/// # let login = manager().clock(clock.clone()).build()?;
/// let routes = Router::new().route("/delete", post(delete_account)).route("/transfer", post(transfer));
/// let ada = browser(&login, routes).await;
/// clock.advance(Duration::from_secs(16 * 60));
/// ada.post("/transfer").await.assert_status(401);
/// ada.post("/delete").await.assert_text("Account 1 is gone.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FreshUser<U: AuthUser, const MINUTES: u64 = 0>(pub Arc<U>);

impl<U: AuthUser, const MINUTES: u64> FreshUser<U, MINUTES> {
    /// The user as an owned value, for changing it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let owned = async |user: FreshUser<User>| {
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

impl<U: AuthUser, const MINUTES: u64> Clone for FreshUser<U, MINUTES> {
    fn clone(&self) -> Self {
        FreshUser(Arc::clone(&self.0))
    }
}

impl<U: AuthUser, const MINUTES: u64> Deref for FreshUser<U, MINUTES> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}

impl<S: Send + Sync, U: AuthUser, const MINUTES: u64> FromRequestParts<S>
    for FreshUser<U, MINUTES>
{
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let context = LoginContext::<U>::of(parts)?;
        let within = (MINUTES > 0).then(|| Duration::from_secs(MINUTES * 60));
        Ok(FreshUser(context.check_fresh(parts, within).await?))
    }
}
