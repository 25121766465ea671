//! How a manager is set up.

use std::fmt;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::response::Response;
use axum_db::{Bind, Database};
use futures_util::future::BoxFuture;

use super::ended::Waiting;
use super::hints::Hints;
use super::{Hooks, LoginManager, Manager, RequestUser, Settings};
use crate::clock::Clock;
use crate::error::{ConfigError, Error};
use crate::events::LoginEvent;
use crate::guard::Grants;
use crate::keys::{Keys, SealingKeys};
use crate::lockout::MailCounter;
use crate::mail::Mailer;
use crate::next_url::NextUrl;
use crate::session::{DbSessions, DbUsers, LoginBackend, SessionBackend, SessionSpecs, UserLoader};
use crate::unauthorized::Denial;
use crate::user::AuthUser;

/// The settings of a [`LoginManager`], until [`build`](Self::build) checks them.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let builder: LoginManagerBuilder<User> = manager().login_url("/login").realm("Members only!");
/// let error = builder.build().unwrap_err();
/// assert_eq!(error, ConfigError::Realm { realm: "Members only!".into() });
/// # Ok(())
/// # }
/// ```
#[must_use = "a manager begins with `build()`"]
pub struct LoginManagerBuilder<U: AuthUser> {
    secret: zeroize::Zeroizing<Vec<u8>>,
    older_secrets: Vec<zeroize::Zeroizing<Vec<u8>>>,
    sessions: Box<dyn SessionBackend<U>>,
    users: Arc<dyn UserLoader<U>>,
    pub(super) settings: Settings,
    hooks: Hooks<U>,
}

impl<U: AuthUser> LoginManager<U> {
    /// Begins a manager whose sessions live in the table `auth_sessions` of `database`, beside the users.
    ///
    /// `secret_key` is at least 32 bytes that nobody can guess; keys for cookies and sessions are derived
    /// from it. Another one ends all sessions.
    ///
    /// ```
    /// use axum_login_kit::{ConfigError, LoginManager};
    /// # use axum_db::prelude::*;
    /// # use axum_login_kit::AuthUser;
    /// # #[model]
    /// # #[derive(Debug, Clone, AuthUser)]
    /// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///
    /// let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let secret_key = b"at least 32 bytes that nobody can guess";
    /// let login = LoginManager::<User>::new(&database, secret_key)
    ///     .login_url("/login")
    ///     .login_message("Please log in to access this page.", "info")
    ///     .build()?;
    ///
    /// let error = LoginManager::<User>::new(&database, b"a password").build().unwrap_err();
    /// assert_eq!(error, ConfigError::SecretTooShort { bytes: 10 });
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
    /// use axum::{Router, routing::get};
    /// use axum_db::testing::Client;
    /// use axum_login_kit::{AuthUser, CurrentUser, Error, LoginManager, MemorySessions, UserLoader, testing::login_as};
    ///
    /// #[derive(AuthUser)]
    /// #[auth(no_password)]
    /// struct Account {
    ///     #[auth(id)]
    ///     name: String,
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let secret_key = b"at least 32 bytes that nobody can guess";
    /// let login = LoginManager::over(MemorySessions::new(), Directory, secret_key).build()?;
    /// let home = async |user: CurrentUser<Account>| user.name.clone();
    /// let app = Router::new().route("/", get(home)).layer(login.layer());
    /// let ada = Client::new(app).with_cookies(login_as(&login, &Account { name: "ada".into() }).await?);
    /// ada.get("/").await.assert_text("ada");
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = MemorySessions::new();
    /// let login = manager().sessions(sessions.clone()).build()?;
    /// login_as(&login, &ada()).await?;
    /// assert_eq!(sessions.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sessions(mut self, backend: impl SessionBackend<U>) -> Self {
        self.sessions = Box::new(backend);
        self
    }

    /// A secret key that was in use before: sessions and cookies made with it stay good, and nothing new is made with
    /// it. Drop it when the longest session has ended. May be called several times.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = MemorySessions::new();
    /// let before = manager().sessions(sessions.clone()).build()?;
    /// let cookie = login_as(&before, &ada()).await?;
    ///
    /// let renewed = |older: &[&str]| {
    ///     let builder = manager_with("the new secret key, just as long").sessions(sessions.clone());
    ///     older.iter().fold(builder, |builder, older| builder.older_secret_key(older)).build()
    /// };
    /// let with_it = renewed(&["at least 32 bytes that nobody can guess"])?;
    /// stranger(&with_it, Router::new()).with_cookies(&cookie).get("/").await.assert_text("ada@example.com");
    /// stranger(&renewed(&[])?, Router::new()).with_cookies(&cookie).get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn older_secret_key(mut self, secret_key: impl AsRef<[u8]>) -> Self {
        let secret = secret_key.as_ref().to_vec();
        self.older_secrets.push(zeroize::Zeroizing::new(secret));
        self
    }

    /// Who tells the time. Default: the system.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let login = manager().clock(clock.clone()).build()?;
    /// let ada = browser(&login, Router::new()).await;
    /// clock.advance(Duration::from_secs(365 * 24 * 60 * 60));
    /// ada.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.hooks.clock = Box::new(clock);
        self
    }

    /// A function that is told what happens to logins, beside the log. May be called several times.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let kinds = Arc::new(Mutex::new(Vec::new()));
    /// let seen = Arc::clone(&kinds);
    /// let login = manager().on_event(move |event| seen.lock().unwrap().push(event.kind)).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// stranger(&login, Router::new().route("/login", post(log_in))).post("/login").await.assert_status(200);
    /// assert_eq!(*kinds.lock().unwrap(), [LoginEventKind::LoggedIn]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_event(mut self, listener: impl Fn(&LoginEvent<U>) + Send + Sync + 'static) -> Self {
        self.hooks.listeners.push(Box::new(listener));
        self
    }

    /// A function that finds the user of a request by other means than a session, such as an API key in a header.
    ///
    /// It is asked at most once a request, when somebody asks for the user. The user it names counts for this request
    /// and overrides its session; nothing is stored, and no cookie is set. It must not ask for the
    /// [`CurrentUser`](crate::CurrentUser) itself, and decides by itself whether the user is
    /// [active](crate::AuthUser::is_active). A key should be stored as its SHA-256 only.
    ///
    /// ```
    /// use axum::{Router, http::request::Parts, routing::get};
    /// use axum_db::{metadata, prelude::*, testing::Client};
    /// use axum_login_kit::{AuthUser, CurrentUser, LoginManager, RequestUser};
    ///
    /// # fn sha256(key: &str) -> Vec<u8> { key.bytes().collect() }
    /// # type Db = axum_db::Db<axum_db::Sqlite>;
    /// #[model]
    /// #[derive(Debug, Clone, AuthUser)]
    /// pub struct User {
    ///     #[model(primary_key)]
    ///     pub id: i32,
    ///     pub password_hash: String,
    ///     pub key_hash: Vec<u8>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![User].with(axum_login_kit::tables::<User>())).await?;
    /// # let db = database.session();
    /// # NewUser::new("-", sha256("swordfish")).insert(&db).await?;
    /// # db.commit().await?;
    /// # drop(db);
    /// # let secret_key = b"at least 32 bytes that nobody can guess";
    /// let login = LoginManager::<User>::new(&database, secret_key)
    ///     .request_loader(async |parts: Parts| {
    ///         let Some(key) = parts.headers.get("x-api-key").and_then(|key| key.to_str().ok()) else {
    ///             return Ok(RequestUser::NoCredentials);
    ///         };
    ///         let db = parts.extensions.get::<Db>().expect("the database's layer");
    ///         let user = User::query().filter(users::key_hash.eq(sha256(key))).one_or_none(db).await?;
    ///         Ok(user.map_or(RequestUser::Refused, RequestUser::User))
    ///     })
    ///     .build()?;
    /// let who = async |user: CurrentUser<User>| format!("user {}", user.id);
    /// let app = Router::new().route("/", get(who)).layer(login.layer()).layer(database.layer());
    /// let program = Client::new(app);
    /// program.get("/").header("x-api-key", "swordfish").await.assert_text("user 1");
    /// program.get("/").header("x-api-key", "a guess").await.assert_status(401);
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
    /// use axum::{Router, http::request::Parts, routing::get};
    /// use axum_db::{metadata, prelude::*, testing::Client};
    /// use axum_login_kit::{AuthUser, Grants, LoginManager, Permission, Require, testing::login_as};
    /// # #[model]
    /// # #[derive(Debug, Clone, AuthUser)]
    /// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct Role { #[model(primary_key)] pub id: i32, pub user_id: i32, #[model(length = 40)] pub name: String }
    /// # type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// struct EditPosts;
    ///
    /// impl Permission for EditPosts {
    ///     type User = User;
    ///     const NAME: &'static str = "posts.edit";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![User, Role].with(axum_login_kit::tables::<User>())).await?;
    /// # let db = database.session();
    /// # let ada = NewUser::new("-").insert(&db).await?;
    /// # NewRole::new(ada.id, "posts.edit").insert(&db).await?;
    /// # db.commit().await?;
    /// # drop(db);
    /// # let secret_key = b"at least 32 bytes that nobody can guess";
    /// let login = LoginManager::<User>::new(&database, secret_key)
    ///     .permissions(async |user: Arc<User>, parts: Parts| {
    ///         let db = parts.extensions.get::<Db>().expect("the database's layer");
    ///         let roles = Role::query().filter(roles::user_id.eq(user.id)).all(db).await?;
    ///         Ok(Grants::from_iter(roles.into_iter().map(|role| role.name)))
    ///     })
    ///     .build()?;
    /// let edit = async |_: Require<EditPosts>| "the editor";
    /// let app = Router::new().route("/edit", get(edit)).layer(login.layer()).layer(database.layer());
    /// let ada = Client::new(app).with_cookies(login_as(&login, &ada).await?);
    /// ada.get("/edit").await.assert_text("the editor");
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
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager()
    ///     .login_url("/login")
    ///     .login_message("Please log in.", "info")
    ///     .localize(|message, parts| {
    ///         let language = parts.headers.get("accept-language").map_or(&b""[..], |value| value.as_bytes());
    ///         match message {
    ///             "Please log in." if language.starts_with(b"de") => "Bitte melden Sie sich an.".to_owned(),
    ///             message => message.to_owned(),
    ///         }
    ///     })
    ///     .build()?;
    /// let account = async |user: CurrentUser<User>| user.email.clone();
    /// let form = async |flash: Flash| flash.take().into_iter().map(|message| message.text).collect::<String>();
    /// let visitor = stranger(&login, Router::new().route("/account", get(account)).route("/login", get(form)));
    /// let page = visitor.get("/account").header("accept-language", "de-AT").follow().await;
    /// page.assert_text("Bitte melden Sie sich an.");
    /// # Ok(())
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
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{http::StatusCode, response::IntoResponse};
    /// # struct Administer;
    /// # impl Permission for Administer {
    /// #     type User = User;
    /// #     const NAME: &'static str = "administer";
    /// # }
    ///
    /// let login = manager()
    ///     .on_unauthorized(|denial| {
    ///         // Whoever lacks a permission shall not learn that there is something.
    ///         (denial.reason == DenialReason::Forbidden).then(|| StatusCode::NOT_FOUND.into_response())
    ///     })
    ///     .build()?;
    /// let office = async |_: Require<Administer>| "the back office";
    /// let ada = browser(&login, Router::new().route("/office", get(office))).await;
    /// ada.get("/office").await.assert_status(404);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_unauthorized(
        mut self,
        answer: impl Fn(&Denial) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_unauthorized = Some(Arc::new(answer));
        self
    }

    /// What tells clients apart for the [`SessionProtection`](crate::SessionProtection). Default: the `User-Agent`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager()
    ///     .session_protection(SessionProtection::Strong)
    ///     .fingerprint(|parts| {
    ///         let device = parts.headers.get("x-device").and_then(|device| device.to_str().ok());
    ///         device.unwrap_or_default().to_owned()
    ///     })
    ///     .build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").header("x-device", "1").await.assert_status(200);
    /// visitor.get("/").header("x-device", "1").await.assert_text("ada@example.com");
    /// visitor.get("/").header("x-device", "2").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fingerprint(mut self, of: impl Fn(&Parts) -> String + Send + Sync + 'static) -> Self {
        self.hooks.fingerprint = Some(Box::new(of));
        self
    }

    /// Who sends the mails of [`Auth::mail_password_reset`](crate::Auth::mail_password_reset) and its kind. Default:
    /// nobody, and they are errors.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = Outbox::default(); // in earnest: LogMailer while developing, SmtpMailer
    /// let login = manager().mailer(outbox.clone()).build()?;
    /// let forgot = async |auth: Auth<User>| auth.mail_password_reset(Some(ada()), |_, token| Mail::new("Hello", token));
    /// stranger(&login, Router::new().route("/forgot", post(forgot))).post("/forgot").await.assert_status(200);
    /// assert_eq!(outbox.next().await.subject, "Hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn mailer(mut self, mailer: impl Mailer) -> Self {
        self.hooks.mailer = Some(Arc::new(mailer));
        self
    }

    /// The manager.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(manager().login_url("/login").build().is_ok());
    /// let error = manager().login_url("https://evil.example/login").build().unwrap_err();
    /// assert!(matches!(error, ConfigError::LoginUrl { .. }));
    /// # Ok(())
    /// # }
    /// ```
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
        settings.passwords.check()?;
        let remember = &settings.remember;
        remember.over(session).check(settings.secure_cookies)?;
        for (setting, duration) in [
            ("session_duration", settings.session_duration),
            ("idle_timeout", settings.idle_timeout),
            ("RememberConfig::duration", remember.duration),
        ] {
            if duration.is_zero() {
                return Err(ConfigError::ZeroDuration { setting });
            }
        }
        let cookies = [false, true]
            .map(|secure| SessionSpecs::new(&settings.realm, session, remember, secure));
        for (specs, secure) in cookies.iter().zip([false, true]) {
            specs.check(secure)?;
        }
        let cookies = cookies.map(Arc::new);
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
            hints: Hints::new(),
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
