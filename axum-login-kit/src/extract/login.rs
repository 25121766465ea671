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
            options: LoginOptions {
                remember: false,
                fresh: true,
                duration: None,
            },
        }
    }

    /// Whether the session outlasts the browser's. Default: `false`.
    pub fn remember(mut self, remember: bool) -> Self {
        self.options.remember = remember;
        self
    }

    /// How long the session lasts at most. Default: as the manager is set, 30 days for a remembered one and 14
    /// days for another.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.options.duration = Some(duration);
        self
    }

    /// Whether the user gave a password just now. Default: `true`; say `false` for a login by other means.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.options.fresh = fresh;
        self
    }

    /// Logs in a user who is not active, too.
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
