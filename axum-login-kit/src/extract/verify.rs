//! A password to be verified, with its account.

use std::fmt;
use std::pin::Pin;

use super::Auth;
use crate::error::Error;
use crate::events::LoginEventKind;
use crate::user::AuthUser;

/// A password that is verified when it is awaited; from [`Auth::verify_password`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let check = async |auth: Auth<User>| -> Result<String, Error> {
///     let verifying: VerifyPassword<'_, User> = auth.verify_password(Some(ada()), "correct horse");
///     let user = verifying.account("ada@example.com").await?;
///     Ok(user.is_some().to_string())
/// };
/// stranger(&login, Router::new().route("/check", post(check))).post("/check").await.assert_text("true");
/// # Ok(())
/// # }
/// ```
#[must_use = "no password is verified before this is awaited"]
pub struct VerifyPassword<'a, U: AuthUser> {
    auth: &'a Auth<U>,
    user: Option<U>,
    password: &'a str,
    account: Option<&'a str>,
}

impl<'a, U: AuthUser> VerifyPassword<'a, U> {
    pub(super) fn new(auth: &'a Auth<U>, user: Option<U>, password: &'a str) -> Self {
        VerifyPassword {
            auth,
            user,
            password,
            account: None,
        }
    }

    /// Names the account, as it was typed, so that a [`Lockout`](crate::Lockout) counts its failures, whether it exists or
    /// not. Without it, only the address counts.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().lockout(Lockout::in_memory().account(1)).build()?;
    /// let check = async |auth: Auth<User>| -> Result<(), Error> {
    ///     auth.verify_password(None, "a guess").account("ada@example.com").await?;
    ///     Ok(())
    /// };
    /// let visitor = stranger(&login, Router::new().route("/login", post(check)));
    /// visitor.post("/login").await.assert_status(200);
    /// let answer = visitor.post("/login").await;
    /// answer.assert_status(429);
    /// assert_eq!(answer.header("retry-after"), Some("30"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn account(mut self, name: &'a str) -> Self {
        self.account = Some(name);
        self
    }
}

impl<'a, U: AuthUser> IntoFuture for VerifyPassword<'a, U> {
    type Output = Result<Option<U>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let VerifyPassword {
            auth,
            user,
            password,
            account,
        } = self;
        Box::pin(async move {
            let user_id = user.as_ref().map(AuthUser::id);
            let verifying = auth
                .0
                .verify_password(user, password, account, auth.1.as_ref());
            let verified = verifying.await?;
            if verified.is_none() {
                auth.0.emit(LoginEventKind::LoginFailed, user_id, None);
            }
            Ok(verified)
        })
    }
}

impl<U: AuthUser> fmt::Debug for VerifyPassword<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyPassword").finish_non_exhaustive()
    }
}
