//! What happens to logins, for those who want to know.

use std::fmt;
use std::net::IpAddr;

use crate::session::SessionId;
use crate::user::AuthUser;

/// Something that happened to a login; given to the functions of
/// [`LoginManagerBuilder::on_event`](crate::LoginManagerBuilder::on_event) and written to the log by `tracing`.
///
/// What is written to the database is told after its COMMIT: a login that is rolled back did not happen. The function
/// runs within the request and should be quick; it may spawn what takes long.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let guesses = Arc::new(Mutex::new(Vec::new()));
/// let seen = Arc::clone(&guesses);
/// let login = manager()
///     .on_event(move |event| {
///         if event.kind == LoginEventKind::LoginFailed {
///             seen.lock().unwrap().push((event.user_id, event.user_agent.clone()));
///         }
///     })
///     .build()?;
/// let check = async |auth: Auth<User>| auth.verify_password(Some(ada()), "a guess").await.map(drop);
/// let visitor = stranger(&login, Router::new().route("/login", post(check)));
/// visitor.post("/login").header("user-agent", "curl").await.assert_status(200);
/// assert_eq!(*guesses.lock().unwrap(), [(Some(1), Some("curl".to_owned()))]);
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub struct LoginEvent<U: AuthUser> {
    /// What happened.
    pub kind: LoginEventKind,
    /// Whose login it is, where that is known.
    pub user_id: Option<U::Id>,
    /// Which session it concerns, where it concerns one.
    pub session: Option<SessionId>,
    /// Where the request came from, where that is known: see [`Auth::ip`](crate::Auth::ip).
    pub ip: Option<IpAddr>,
    /// The request's `User-Agent`.
    pub user_agent: Option<String>,
}

/// The kinds of [`LoginEvent`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let kinds = Arc::new(Mutex::new(Vec::new()));
/// let seen = Arc::clone(&kinds);
/// let login = manager().on_event(move |event| seen.lock().unwrap().push(event.kind)).build()?;
/// let log_out = async |auth: Auth<User>| auth.logout().await;
/// let account = async |user: CurrentUser<User>| user.email.clone();
/// let ada = browser(&login, Router::new().route("/logout", post(log_out)).route("/account", get(account))).await;
/// ada.post("/logout").await.assert_status(200);
/// ada.get("/account").await.assert_status(401);
/// assert_eq!(*kinds.lock().unwrap(), [LoginEventKind::LoggedOut, LoginEventKind::Unauthorized]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginEventKind {
    /// A session began.
    LoggedIn,
    /// A password was wrong, or its user does not exist.
    LoginFailed,
    /// A password was not looked at, because there were too many wrong ones before.
    LockedOut,
    /// A mail was asked for and not sent, because there were too many before.
    MailWithheld,
    /// A session ended because its user said so.
    LoggedOut,
    /// A remembered session was taken up again, in a new browser session.
    Remembered,
    /// A user gave the password again.
    Confirmed,
    /// A session came from another client than it began with.
    Protected,
    /// A password was hashed anew at login.
    Rehashed,
    /// Sessions were ended from another place.
    Revoked,
    /// Somebody who is not logged in was turned away.
    Unauthorized,
    /// Somebody who has to give the password again was turned away.
    FreshLoginRequired,
    /// Somebody who is logged in lacks a permission.
    Forbidden,
}

impl LoginEventKind {
    /// Writes it to the log.
    pub(crate) fn log<I: fmt::Debug>(self, realm: &str, user_id: Option<&I>) {
        let user = user_id.map(tracing::field::debug);
        match self {
            LoginEventKind::LoggedIn => tracing::info!(realm, user, "logged in"),
            LoginEventKind::LoginFailed => tracing::info!(realm, user, "a login failed"),
            LoginEventKind::LockedOut => tracing::warn!(realm, user, "locked out"),
            LoginEventKind::MailWithheld => tracing::warn!(realm, user, "a mail was withheld"),
            LoginEventKind::LoggedOut => tracing::info!(realm, user, "logged out"),
            LoginEventKind::Remembered => tracing::debug!(realm, user, "remembered"),
            LoginEventKind::Confirmed => tracing::info!(realm, user, "confirmed the password"),
            LoginEventKind::Protected => {
                tracing::warn!(realm, user, "a session came from another client");
            }
            LoginEventKind::Rehashed => tracing::debug!(realm, user, "a password was rehashed"),
            LoginEventKind::Revoked => tracing::info!(realm, user, "sessions were revoked"),
            LoginEventKind::Unauthorized => tracing::debug!(realm, "a login is missing"),
            LoginEventKind::FreshLoginRequired => {
                tracing::debug!(realm, user, "a fresh login is missing");
            }
            LoginEventKind::Forbidden => tracing::info!(realm, user, "a permission is missing"),
        }
    }
}

impl<U: AuthUser> Clone for LoginEvent<U> {
    fn clone(&self) -> Self {
        LoginEvent {
            kind: self.kind,
            user_id: self.user_id.clone(),
            session: self.session.clone(),
            ip: self.ip,
            user_agent: self.user_agent.clone(),
        }
    }
}

impl<U: AuthUser> fmt::Debug for LoginEvent<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginEvent")
            .field("kind", &self.kind)
            .field("user_id", &self.user_id)
            .field("session", &self.session)
            .field("ip", &self.ip)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}
