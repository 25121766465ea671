//! How a manager is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use axum::response::Response;
use axum_db::{Bind, Database};
use futures_util::future::BoxFuture;

use super::ended::Waiting;
use super::{Hooks, LoginManager, Manager, RequestUser, Settings};
use crate::client::SessionProtection;
use crate::clock::Clock;
use crate::cookie_config::{CookieConfig, RememberConfig};
use crate::cookies::SecureCookies;
use crate::error::{ConfigError, Error};
use crate::events::LoginEvent;
use crate::guard::Grants;
use crate::keys::{Keys, SealingKeys};
use crate::lockout::{Lockout, MailCounter, MailLimit};
use crate::mail::Mailer;
use crate::next_url::NextUrl;
use crate::password::Passwords;
use crate::session::{DbSessions, DbUsers, LoginBackend, SessionBackend, SessionSpecs, UserLoader};
use crate::unauthorized::Denial;
use crate::user::AuthUser;

/// The settings of a [`LoginManager`], until [`build`](Self::build) checks them.
#[must_use = "a manager begins with `build()`"]
pub struct LoginManagerBuilder<U: AuthUser> {
    secret: zeroize::Zeroizing<Vec<u8>>,
    older_secrets: Vec<zeroize::Zeroizing<Vec<u8>>>,
    sessions: Box<dyn SessionBackend<U>>,
    users: Arc<dyn UserLoader<U>>,
    settings: Settings,
    hooks: Hooks<U>,
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
        LoginManagerBuilder::begin(
            Box::new(DbSessions::new(database)),
            Arc::new(DbUsers::new(database)),
            secret_key.as_ref(),
        )
    }

    /// Begins a manager over sessions and users from anywhere, such as a directory service and a store of keys and
    /// values: nothing of it needs a database.
    ///
    /// ```
    /// use axum_login_kit::{AuthUser, Error, LoginManager, MemorySessions, UserLoader};
    ///
    /// struct Account { name: String }
    ///
    /// impl AuthUser for Account {
    ///     type Id = String;
    ///     fn id(&self) -> String { self.name.clone() }
    ///     fn password_hash(&self) -> Option<&str> { None }
    /// }
    ///
    /// struct Directory;
    ///
    /// #[async_trait::async_trait]
    /// impl UserLoader<Account> for Directory {
    ///     async fn load(&self, name: &String) -> Result<Option<Account>, Error> {
    ///         Ok(Some(Account { name: name.clone() }))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let secret_key = b"at least 32 bytes that nobody can guess";
    /// let login = LoginManager::over(MemorySessions::new(), Directory, secret_key).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn over(
        sessions: impl SessionBackend<U>,
        users: impl UserLoader<U>,
        secret_key: impl AsRef<[u8]>,
    ) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::begin(Box::new(sessions), Arc::new(users), secret_key.as_ref())
    }
}

impl<U: AuthUser> LoginManagerBuilder<U> {
    fn begin(
        sessions: Box<dyn SessionBackend<U>>,
        users: Arc<dyn UserLoader<U>>,
        secret: &[u8],
    ) -> Self {
        LoginManagerBuilder {
            secret: zeroize::Zeroizing::new(secret.to_vec()),
            older_secrets: Vec::new(),
            sessions,
            users,
            settings: Settings::default(),
            hooks: Hooks::default(),
        }
    }

    /// Where sessions are kept. Default: [`DbSessions`], in the table `auth_sessions`.
    pub fn sessions(mut self, backend: impl SessionBackend<U>) -> Self {
        self.sessions = Box::new(backend);
        self
    }

    /// A secret key that was in use before: sessions and cookies made with it stay good, and nothing new is made with
    /// it. Drop it when the longest session has ended. May be called several times.
    pub fn older_secret_key(mut self, secret_key: impl AsRef<[u8]>) -> Self {
        let secret = secret_key.as_ref().to_vec();
        self.older_secrets.push(zeroize::Zeroizing::new(secret));
        self
    }

    /// Who tells the time. Default: the system.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.hooks.clock = Box::new(clock);
        self
    }

    /// A function that is told what happens to logins, beside the log. May be called several times.
    pub fn on_event(mut self, listener: impl Fn(&LoginEvent<U>) + Send + Sync + 'static) -> Self {
        self.hooks.listeners.push(Box::new(listener));
        self
    }

    /// A function that finds the user of a request by other means than a session, such as an API key in a header.
    ///
    /// It is asked at most once a request, when somebody asks for the user. The user it names counts for this request
    /// and overrides its session; nothing is stored, and no cookie is set. It must not ask for the
    /// [`CurrentUser`](crate::CurrentUser) itself.
    ///
    /// ```
    /// use axum::http::request::Parts;
    /// use axum_login_kit::{LoginManager, RequestUser};
    /// # use axum_db::prelude::*;
    /// # use axum_login_kit::AuthUser;
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String, pub api_key: String }
    /// # impl AuthUser for User {
    /// #     type Id = i32;
    /// #     fn id(&self) -> i32 { self.id }
    /// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
    /// # }
    /// # type Db = axum_db::Db<axum_db::Sqlite>;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # let secret_key = b"at least 32 bytes that nobody can guess";
    ///
    /// let login = LoginManager::<User>::new(&database, secret_key)
    ///     .request_loader(async |parts: Parts| {
    ///         let Some(key) = parts.headers.get("x-api-key").and_then(|key| key.to_str().ok()) else {
    ///             return Ok(RequestUser::NoCredentials);
    ///         };
    ///         let db = parts.extensions.get::<Db>().expect("the database's layer");
    ///         let user = User::query().filter(users::api_key.eq(key)).one_or_none(db).await?;
    ///         Ok(user.map_or(RequestUser::Refused, RequestUser::User))
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request_loader<F, Fut>(mut self, load: F) -> Self
    where
        F: Fn(Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RequestUser<U>, Error>> + Send + 'static,
    {
        self.hooks.request_loader = Some(Box::new(move |parts| Box::pin(load(parts))));
        self
    }

    /// A function that loads what a user is granted, for [`Require`](crate::Require) and
    /// [`LoginRequired::permission`](crate::LoginRequired::permission): asked at most once a request, however many
    /// permissions are asked for. It gets the user and the request, whose extensions have the database session.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use axum::http::request::Parts;
    /// use axum_login_kit::{Grants, LoginManager};
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
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct Role { #[model(primary_key)] pub id: i32, pub user_id: i32, #[model(length = 40)] pub name: String }
    /// # type Db = axum_db::Db<axum_db::Sqlite>;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # let secret_key = b"at least 32 bytes that nobody can guess";
    ///
    /// let login = LoginManager::<User>::new(&database, secret_key)
    ///     .permissions(async |user: Arc<User>, parts: Parts| {
    ///         let db = parts.extensions.get::<Db>().expect("the database's layer");
    ///         let roles = Role::query().filter(roles::user_id.eq(user.id)).all(db).await?;
    ///         Ok(Grants::from_iter(roles.into_iter().map(|role| role.name)))
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn permissions<F, Fut>(mut self, load: F) -> Self
    where
        F: Fn(Arc<U>, Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Grants, Error>> + Send + 'static,
    {
        let load = move |user, parts| -> BoxFuture<'static, _> { Box::pin(load(user, parts)) };
        self.hooks.permissions = Some(Box::new(load));
        self
    }

    /// A function that puts the messages of this manager into the language of the request.
    ///
    /// ```
    /// # use axum_login_kit::{AuthUser, Error, LoginManagerBuilder};
    /// # fn with<U: AuthUser>(builder: LoginManagerBuilder<U>) -> LoginManagerBuilder<U> {
    /// builder.localize(|message, parts| {
    ///     let language = parts.headers.get("accept-language").map_or(&b""[..], |value| value.as_bytes());
    ///     match message {
    ///         "Please log in." if language.starts_with(b"de") => "Bitte melden Sie sich an.".to_owned(),
    ///         message => message.to_owned(),
    ///     }
    /// })
    /// # }
    /// ```
    pub fn localize(
        mut self,
        localize: impl Fn(&str, &Parts) -> String + Send + Sync + 'static,
    ) -> Self {
        self.hooks.localize = Some(Box::new(localize));
        self
    }

    /// A function that answers whoever is turned away, in the place of the answers that
    /// [`LoginRejection`](crate::LoginRejection) describes; `None` leaves a request to those.
    ///
    /// ```
    /// # use axum_login_kit::{AuthUser, DenialReason, LoginManagerBuilder};
    /// use axum::{http::StatusCode, response::IntoResponse};
    ///
    /// # fn with<U: AuthUser>(builder: LoginManagerBuilder<U>) -> LoginManagerBuilder<U> {
    /// builder.on_unauthorized(|denial| {
    ///     // Whoever lacks a permission shall not learn that there is something.
    ///     (denial.reason == DenialReason::Forbidden).then(|| StatusCode::NOT_FOUND.into_response())
    /// })
    /// # }
    /// ```
    pub fn on_unauthorized(
        mut self,
        answer: impl Fn(&Denial) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_unauthorized = Some(Arc::new(answer));
        self
    }

    /// What is done with a session that comes from another client. Default: [`SessionProtection::Basic`].
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.settings.protection = protection;
        self
    }

    /// What tells clients apart for the [`SessionProtection`]. Default: the `User-Agent`.
    pub fn fingerprint(mut self, of: impl Fn(&Parts) -> String + Send + Sync + 'static) -> Self {
        self.hooks.fingerprint = Some(Box::new(of));
        self
    }

    /// How many proxies of your own stand before the program, each of which appends the address it sees to
    /// `X-Forwarded-For`: then the client's address is read from there. Default: 0, and only the connection's own
    /// address counts, since anybody can send that header.
    pub fn behind_proxies(mut self, proxies: usize) -> Self {
        self.settings.proxies = proxies;
        self
    }

    /// The session's cookie: name, domain, path and so on.
    pub fn session_cookie(mut self, config: CookieConfig) -> Self {
        self.settings.session_cookie = config;
        self
    }

    /// Remembered sessions: their cookie, and how long they last.
    pub fn remember(mut self, config: RememberConfig) -> Self {
        self.settings.remember = config;
        self
    }

    /// How often a stream that waits for [`Auth::ended`](crate::Auth::ended) looks whether its session still stands, for
    /// what other processes did. Default: 30 seconds, at one query each.
    pub fn check_streams_every(mut self, period: Duration) -> Self {
        self.settings.check_streams_every = period;
        self
    }

    /// Whether the answer to a logout has the browser clear its cache and storage of this site (`Clear-Site-Data`).
    /// Default: `false`; it takes browsers a moment.
    pub fn clear_site_data(mut self, clear: bool) -> Self {
        self.settings.clear_site_data = clear;
        self
    }

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
        self.settings.remember.duration = duration;
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

    /// Makes whoever guesses passwords wait: see [`Lockout`]. Default: nobody waits.
    pub fn lockout(mut self, lockout: Lockout) -> Self {
        self.settings.lockout = Some(lockout);
        self
    }

    /// Who sends the mails of [`Auth::mail_password_reset`](crate::Auth::mail_password_reset) and its kind. Default:
    /// nobody, and they are errors.
    pub fn mailer(mut self, mailer: impl Mailer) -> Self {
        self.hooks.mailer = Some(Arc::new(mailer));
        self
    }

    /// How many mails are sent to a mailbox, about a user, and because of one address. Default: 5 to a mailbox
    /// for one purpose and 20 because of an address, then fewer: see [`MailLimit`].
    pub fn mail_limit(mut self, limit: MailLimit) -> Self {
        self.settings.mail_limit = limit;
        self
    }

    /// How long a token for a new password is good. Default: 1 hour.
    pub fn password_reset_duration(mut self, duration: Duration) -> Self {
        self.settings.tokens.password_reset = duration;
        self
    }

    /// How long a token is good that confirms an e-mail address. Default: 3 days.
    pub fn email_confirmation_duration(mut self, duration: Duration) -> Self {
        self.settings.tokens.email_confirmation = duration;
        self
    }

    /// How long a token is good that changes an e-mail address. Default: 1 day.
    pub fn email_change_duration(mut self, duration: Duration) -> Self {
        self.settings.tokens.email_change = duration;
        self
    }

    /// The manager.
    ///
    /// # Errors
    /// A [`ConfigError`] for a secret of less than 32 bytes, a login URL that is not a path, a realm that is
    /// not a plain name, or a cookie that browsers would not take.
    pub fn build(mut self) -> Result<LoginManager<U>, ConfigError> {
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
        let session = &settings.session_cookie;
        session.check(settings.secure_cookies)?;
        let (remembered, _) = settings.remember.over(session);
        remembered.check(settings.secure_cookies)?;
        let cookies = [false, true].map(|secure| {
            let specs = SessionSpecs::new(&settings.realm, session, &settings.remember, secure);
            Arc::new(specs)
        });
        let mut keys = Keys::derive(&self.secret)?;
        for secret in &self.older_secrets {
            keys = keys.and_older(secret)?;
        }
        let keys = Arc::new(keys);
        self.sessions.set_up(SealingKeys::new(Arc::clone(&keys)));
        Ok(LoginManager(Arc::new(Manager {
            keys,
            sessions: self.sessions.into(),
            users: self.users,
            waiting: Waiting::new(),
            mails: MailCounter::new(&settings.mail_limit, settings.lockout.as_ref()),
            settings,
            hooks: self.hooks,
            cookies,
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
