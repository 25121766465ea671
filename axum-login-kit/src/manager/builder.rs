//! How a manager is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_db::{Bind, Database};

use super::{LoginManager, Manager, Settings};
use crate::cookies::SecureCookies;
use crate::error::ConfigError;
use crate::keys::Keys;
use crate::next_url::NextUrl;
use crate::password::Passwords;
use crate::session::{DbSessions, LoginBackend, SessionBackend};
use crate::user::AuthUser;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings of a [`LoginManager`], until [`build`](Self::build) checks them.
#[must_use = "a manager begins with `build()`"]
pub struct LoginManagerBuilder<U: AuthUser> {
    secret: zeroize::Zeroizing<Vec<u8>>,
    sessions: Box<dyn SessionBackend<U>>,
    settings: Settings,
}

impl<U: AuthUser> LoginManager<U> {
    /// Begins a manager whose sessions live in the table `auth_sessions` of `database`, beside the users.
    ///
    /// `secret_key` is at least 32 bytes that nobody can guess; keys for cookies and sessions are derived
    /// from it. Another one ends all sessions.
    ///
    /// ```
    /// use axum_login_kit::LoginManager;
    /// # use axum_db::prelude::*;
    /// # use axum_login_kit::AuthUser;
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
    ///
    /// let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let secret_key = b"at least 32 bytes that nobody can guess";
    /// let login = LoginManager::<User>::new(&database, secret_key)
    ///     .login_url("/login")
    ///     .login_message("Please log in to access this page.", "info")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(
        clippy::new_ret_no_self,
        reason = "the database is all that has no default"
    )]
    pub fn new<B, K>(
        database: &Database<B, K>,
        secret_key: impl AsRef<[u8]>,
    ) -> LoginManagerBuilder<U>
    where
        B: LoginBackend<U>,
        K: Bind,
    {
        LoginManagerBuilder {
            secret: zeroize::Zeroizing::new(secret_key.as_ref().to_vec()),
            sessions: Box::new(DbSessions::new(database.clone())),
            settings: Settings {
                realm: "user".to_owned(),
                login_url: None,
                login_message: None,
                refresh_url: None,
                refresh_message: None,
                secure_cookies: SecureCookies::UnlessLocal,
                passwords: Passwords::default(),
                session_duration: 14 * DAY,
                remember_duration: 30 * DAY,
                idle_timeout: DAY,
            },
        }
    }
}

impl<U: AuthUser> LoginManagerBuilder<U> {
    /// Where a login happens: a path from the root, such as `/login`. Default: none, and whoever is not
    /// logged in gets a bare 401.
    pub fn login_url(mut self, path: impl Into<String>) -> Self {
        self.settings.login_url = Some(path.into());
        self
    }

    /// The flash message for someone who is sent to the login page, and its category. Default: none.
    pub fn login_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.settings.login_message = Some((text.into(), category.into()));
        self
    }

    /// Where someone who was remembered types the password again for a [`FreshUser`](crate::FreshUser).
    /// Default: the login URL.
    pub fn refresh_url(mut self, path: impl Into<String>) -> Self {
        self.settings.refresh_url = Some(path.into());
        self
    }

    /// The flash message for someone who is sent to the refresh URL, and its category. Default: the login
    /// message.
    pub fn refresh_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.settings.refresh_message = Some((text.into(), category.into()));
        self
    }

    /// Tells this manager's sessions and cookies from those of other managers in the same application, such
    /// as one for administrators: each needs a realm of its own. Default: `user`.
    pub fn realm(mut self, name: impl Into<String>) -> Self {
        self.settings.realm = name.into();
        self
    }

    /// How passwords are hashed: a [`Bcrypt`](crate::Bcrypt) with its cost, [`Passwords`] with a pepper, and so on.
    /// Default: bcrypt with cost 12.
    pub fn passwords(mut self, passwords: impl Into<Passwords>) -> Self {
        self.settings.passwords = passwords.into();
        self
    }

    /// How long a session lasts at most that is not remembered. Default: 14 days.
    pub fn session_duration(mut self, duration: Duration) -> Self {
        self.settings.session_duration = duration;
        self
    }

    /// How long a session may go unused that is not remembered, to within 5 minutes. Default: 1 day.
    pub fn idle_timeout(mut self, duration: Duration) -> Self {
        self.settings.idle_timeout = duration;
        self
    }

    /// How long a remembered session lasts. Default: 30 days.
    pub fn remember_duration(mut self, duration: Duration) -> Self {
        self.settings.remember_duration = duration;
        self
    }

    /// Whether cookies are bound to HTTPS (`Secure`, with names that begin with `__Host-`). Default: yes,
    /// unless the request's host is `localhost`, `127.0.0.1` or `[::1]`.
    ///
    /// Say `true` behind a proxy that replaces the `Host` header by such an address.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.settings.secure_cookies = SecureCookies::Fixed(secure);
        self
    }

    /// The manager.
    ///
    /// # Errors
    /// A [`ConfigError`] for a secret of less than 32 bytes, a login URL that is not a path, or a realm that is
    /// not a plain name.
    pub fn build(self) -> Result<LoginManager<U>, ConfigError> {
        let settings = self.settings;
        for url in [&settings.login_url, &settings.refresh_url]
            .into_iter()
            .flatten()
        {
            if NextUrl::parse(url).as_str() != Some(url) {
                return Err(ConfigError::LoginUrl { url: url.clone() });
            }
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&settings.realm.len()) || !settings.realm.chars().all(plain) {
            return Err(ConfigError::Realm {
                realm: settings.realm,
            });
        }
        Ok(LoginManager(Arc::new(Manager {
            keys: Arc::new(Keys::derive(&self.secret)?),
            sessions: self.sessions,
            settings,
        })))
    }
}

impl<U: AuthUser> fmt::Debug for LoginManagerBuilder<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginManagerBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
