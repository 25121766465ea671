//! Logging in and out.

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::{CurrentUser, Login};
use crate::error::Error;
use crate::manager::LoginContext;
use crate::user::AuthUser;

/// Logs users in and out, and checks passwords; open to everyone.
///
/// ```
/// use axum::response::{IntoResponse, Redirect, Response};
/// use axum_login_kit::{Auth, AuthUser, Error, Flash, NextUrl};
///
/// # pub struct User { id: i32, password_hash: String }
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// # async fn find_user(email: &str) -> Option<User> { None }
/// async fn login_post(auth: Auth<User>, next: NextUrl, flash: Flash) -> Result<Response, Error> {
///     let user = find_user("ada@example.com").await;
///     match auth.verify_password(user, "correct horse").await? {
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
/// ```
///
/// # Sessions, transactions and cookies
///
/// What these methods write joins the transaction that is open; where none is open, it is committed at once.
/// The cookie follows after that: where the transaction is rolled back the browser keeps what it has, and the
/// session it had before stands.
pub struct Auth<U: AuthUser>(LoginContext<U>);

impl<U: AuthUser> Auth<U> {
    /// Gives `user` back if `password` is that user's.
    ///
    /// It costs one hash on every path: for a user who does not exist or has no password, and for a wrong
    /// password, it takes as long as for the right one. While it waits, the request's connection is back in the
    /// pool, unless a transaction is open.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy) when too many passwords are being checked: as a response, 503
    /// with `Retry-After`.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn verify_password(
        &self,
        user: Option<U>,
        password: &str,
    ) -> Result<Option<U>, Error> {
        self.0.release().await?;
        let passwords = &self.0.manager().settings.passwords;
        let hash = user.as_ref().and_then(|user| user.password_hash());
        let verified = passwords.verify_or_pretend(password, hash).await?;
        Ok(user.filter(|_| verified.valid))
    }

    /// Hashes a password for storing, by the manager's settings. While it waits, the request's connection is
    /// back in the pool, unless a transaction is open.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPassword`](crate::ErrorKind::InvalidPassword) and
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy), as [`Passwords::hash`](crate::Passwords::hash).
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn hash_password(&self, password: &str) -> Result<String, Error> {
        self.0.release().await?;
        self.0.manager().settings.passwords.hash(password).await
    }

    /// Logs `user` in, once the result is awaited: `auth.login(&user).remember(true).await?`.
    ///
    /// The session gets a new token; the one that the browser presented, whoever's it was, ends.
    pub fn login<'a>(&'a self, user: &'a U) -> Login<'a, U> {
        Login::new(&self.0, user)
    }

    /// Ends the browser's session, remembered or not. Without one, it does nothing.
    ///
    /// # Errors
    /// When the database fails; the session may then still stand.
    ///
    /// # Cancellation
    /// The session may have ended or not; the cookie stays and is worth nothing if it has.
    pub async fn logout(&self) -> Result<(), Error> {
        self.0.logout().await
    }

    /// Ends all other sessions of the user who is logged in, and returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// The sessions may have ended or not.
    pub async fn logout_others(&self) -> Result<u64, Error> {
        self.0.logout_others().await
    }

    /// Makes the session fresh, after the user gave the password again. False when nobody is logged in.
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
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn is_fresh(&self) -> Result<bool, Error> {
        let session = self.0.current().await?;
        Ok(session.is_some_and(|session| session.fresh))
    }

    /// The user who is logged in, also after a login or logout in this request.
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
        LoginContext::for_login(parts).map(Auth)
    }
}

impl<U: AuthUser> fmt::Debug for Auth<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}
