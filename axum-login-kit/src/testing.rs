//! Sessions for the tests of an application.

use axum::http::HeaderValue;

use crate::error::Error;
use crate::manager::LoginManager;
use crate::user::AuthUser;

/// Begins a real session for `user` and returns the `Cookie` header of its browser, good for every host: a
/// test logs in without a password and without hashing one.
///
/// # Errors
/// When the database fails.
///
/// # Cancellation
/// The session may have begun; nobody knows its token.
pub async fn login_as<U: AuthUser>(
    login: &LoginManager<U>,
    user: &U,
) -> Result<HeaderValue, Error> {
    login.begin_session(user).await
}
