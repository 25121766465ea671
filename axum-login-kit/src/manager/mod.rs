//! The manager: settings, keys and sessions of one kind of user.

mod act;
mod begin;
mod builder;
mod data;
mod deny;
mod devices;
mod ended;
mod hints;
mod layer;
mod passwords;
mod realms;
mod request;
mod settings;
mod state;
mod values;

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDateTime;

pub(crate) use self::begin::LoginOptions;
pub use self::builder::LoginManagerBuilder;
pub use self::data::SessionData;
pub use self::devices::SessionInfo;
pub use self::ended::SessionEnded;
use self::ended::Waiting;
use self::hints::Hints;
pub use self::layer::{LoginFuture, LoginLayer, LoginService};
pub(crate) use self::request::LoginContext;
pub use self::settings::RequestUser;
pub(crate) use self::settings::{Hooks, Settings};
pub(crate) use self::state::RequestState;

use crate::clock;
use crate::error::Error;
use crate::events::{LoginEvent, LoginEventKind};
use crate::keys::Keys;
use crate::lockout::MailCounter;
use crate::session::{SessionBackend, SessionSpecs, UserLoader};
use crate::user::AuthUser;

/// How many sessions are deleted at once.
const BATCH: u32 = 1_000;

/// Logs users of the type `U` in and out: what Flask-Login's `LoginManager` is there.
///
/// [`LoginManager::new`] begins one, [`layer`](Self::layer) puts it around a router. The layer stands
/// inside the database's, so it is added before it:
///
/// ```text
/// Router::new().route(…).layer(login.layer()).layer(database.layer())
/// ```
///
/// A clone is the same manager.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().login_url("/login").build()?;
/// let account = async |user: CurrentUser<User>| user.email.clone();
/// let app = Client::new(Router::new().route("/account", get(account)).layer(login.layer()));
/// app.get("/account").await.assert_redirect("/login?next=%2Faccount");
/// let ada = app.another().with_cookies(login_as(&login, &ada()).await?);
/// ada.get("/account").await.assert_text("ada@example.com");
/// # Ok(())
/// # }
/// ```
pub struct LoginManager<U: AuthUser>(pub(crate) Arc<Manager<U>>);

/// What all requests share.
pub(crate) struct Manager<U: AuthUser> {
    pub(crate) settings: Settings,
    pub(crate) hooks: Hooks<U>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) sessions: Arc<dyn SessionBackend<U>>,
    pub(crate) users: Arc<dyn UserLoader<U>>,
    pub(crate) waiting: Waiting<U::Id>,
    pub(crate) mails: MailCounter,
    hints: Hints,
    /// The cookies of plain HTTP, and those of HTTPS.
    cookies: [Arc<SessionSpecs>; 2],
}

impl<U: AuthUser> Manager<U> {
    /// The time in UTC, in whole seconds.
    pub(crate) fn now(&self) -> NaiveDateTime {
        clock::whole_seconds(self.hooks.clock.now())
    }

    pub(crate) fn realm(&self) -> &str {
        &self.settings.realm
    }

    pub(crate) fn cookie_specs(&self, secure: bool) -> &Arc<SessionSpecs> {
        &self.cookies[usize::from(secure)]
    }

    /// Tells those who listen.
    pub(crate) fn emit(&self, event: &LoginEvent<U>) {
        event.kind.log(self.realm(), event.user_id.as_ref());
        for listener in &self.hooks.listeners {
            listener(event);
        }
    }
}

impl<U: AuthUser> LoginManager<U> {
    /// The layer that makes the extractors work in the routes before it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let who = async |user: Option<CurrentUser<User>>| user.is_some().to_string();
    /// let app = Router::new().route("/", get(who));
    /// Client::new(app.clone().layer(login.layer())).get("/").await.assert_text("false");
    /// Client::new(app).get("/").await.assert_status(500); // without it the log says where it goes
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "a layer does nothing unless it is added to a router"]
    pub fn layer(&self) -> LoginLayer<U> {
        LoginLayer(Arc::clone(&self.0))
    }

    /// Deletes the sessions whose time is up, a thousand at once, and returns how many there were. What a
    /// [`Lockout`](crate::Lockout) and the [`MailLimit`](crate::MailLimit) have forgotten is deleted, too.
    ///
    /// They let nobody in whether they are deleted or not: this keeps the table small. Call it when the
    /// program starts, or now and then.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (clock, sessions) = (FakeClock::new(), MemorySessions::new());
    /// let login = manager().clock(clock.clone()).sessions(sessions.clone()).build()?;
    /// login_as(&login, &ada()).await?;
    /// assert_eq!(login.delete_expired().await?, 0);
    /// clock.advance(Duration::from_secs(14 * 24 * 60 * 60));
    /// assert_eq!(login.delete_expired().await?, 1);
    /// assert!(sessions.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails; batches before that are deleted.
    ///
    /// # Cancellation
    /// Dropping the future leaves the rest of the sessions where they are.
    pub async fn delete_expired(&self) -> Result<u64, Error> {
        let manager = &*self.0;
        let now = manager.now();
        let mut deleted = 0;
        loop {
            let batch = manager
                .sessions
                .delete_expired(manager.realm(), now, BATCH)
                .await?;
            deleted += batch;
            if batch < BATCH.into() {
                break;
            }
        }
        let lockout = manager.settings.lockout.as_ref();
        let now = now.and_utc().timestamp();
        manager.mails.sweep(lockout, now).await?;
        Ok(deleted)
    }

    /// Ends all sessions of a user from outside of a request, and returns how many there were. It takes a database session
    /// of its own, so within a request call [`Auth::end_sessions_of`](crate::Auth::end_sessions_of), which works in the
    /// request's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let ada_s = browser(&login, Router::new()).await;
    /// assert_eq!(login.end_sessions_of(&ada().id).await?, 1);
    /// ada_s.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails, and with [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for sessions that
    /// are kept in cookies.
    ///
    /// # Cancellation
    /// The sessions may have ended or not.
    pub async fn end_sessions_of(&self, user_id: &U::Id) -> Result<u64, Error> {
        let manager = &*self.0;
        let sessions = &manager.sessions;
        let ended = sessions.delete_all(manager.realm(), user_id, None).await?;
        manager.waiting.wake_all(user_id);
        manager.emit(&LoginEvent {
            kind: LoginEventKind::Revoked,
            user_id: Some(user_id.clone()),
            session: None,
            ip: None,
            user_agent: None,
        });
        Ok(ended)
    }
}

impl<U: AuthUser> Clone for LoginManager<U> {
    fn clone(&self) -> Self {
        LoginManager(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> fmt::Debug for LoginManager<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginManager")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
