//! The user who gave the password in this browser session.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::events::LoginEventKind;
use crate::manager::LoginContext;
use crate::unauthorized::LoginRejection;
use crate::user::AuthUser;

/// The user who is logged in freshly: like [`CurrentUser`](crate::CurrentUser), and closed to a session that
/// was only remembered from an earlier visit.
///
/// Whoever is remembered is sent to the [`refresh_url`](crate::LoginManagerBuilder::refresh_url) (the login
/// page, unless it is set), where a login or [`Auth::confirm`](crate::Auth::confirm) makes the session fresh.
///
/// ```
/// use axum_login_kit::{AuthUser, FreshUser};
///
/// # pub struct User { id: i32, password_hash: String }
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// #[axum::debug_handler]
/// async fn delete_account(user: FreshUser<User>) -> String {
///     format!("Account {} is gone.", user.id)
/// }
/// ```
#[derive(Debug)]
pub struct FreshUser<U: AuthUser>(pub Arc<U>);

impl<U: AuthUser> FreshUser<U> {
    /// The user as an owned value, for changing it.
    #[must_use]
    pub fn into_inner(self) -> U
    where
        U: Clone,
    {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<U: AuthUser> Clone for FreshUser<U> {
    fn clone(&self) -> Self {
        FreshUser(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> Deref for FreshUser<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}

impl<S: Send + Sync, U: AuthUser> FromRequestParts<S> for FreshUser<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let context = LoginContext::<U>::of(parts)?;
        let session = context.current().await?;
        let settings = &context.manager().settings;
        let (login_url, login_message) = (&settings.login_url, &settings.login_message);
        let user_id = session.as_ref().map(|session| session.user.id());
        let (url, message) = match session {
            Some(session) if session.fresh => return Ok(FreshUser(Arc::clone(&session.user))),
            Some(_) => (
                settings.refresh_url.as_ref().or(login_url.as_ref()),
                settings.refresh_message.as_ref().or(login_message.as_ref()),
            ),
            None => (login_url.as_ref(), login_message.as_ref()),
        };
        context.state().mark_private();
        context.emit(LoginEventKind::Unauthorized, user_id, None);
        let flash = context.flash(parts);
        let url = url.map(String::as_str);
        Err(LoginRejection::login_required(parts, flash, url, message))
    }
}
