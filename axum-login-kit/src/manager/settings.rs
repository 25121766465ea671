//! What a manager is set up with.

use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;

use crate::client::SessionProtection;
use crate::clock::{Clock, SystemClock};
use crate::cookie_config::{CookieConfig, RememberConfig};
use crate::cookies::SecureCookies;
use crate::error::Error;
use crate::events::LoginEvent;
use crate::guard::Grants;
use crate::lockout::{Lockout, MailLimit};
use crate::mail::Mailer;
use crate::password::Passwords;
use crate::tokens::TokenDurations;
use crate::unauthorized::OwnAnswer;
use crate::user::AuthUser;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How old `last_seen` becomes before it is written again.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// The settings of a manager, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) realm: String,
    pub(crate) login_url: Option<String>,
    pub(crate) login_message: Option<(String, String)>,
    pub(crate) refresh_url: Option<String>,
    pub(crate) refresh_message: Option<(String, String)>,
    pub(crate) secure_cookies: SecureCookies,
    pub(crate) session_cookie: CookieConfig,
    pub(crate) remember: RememberConfig,
    pub(crate) passwords: Passwords,
    pub(crate) session_duration: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) protection: SessionProtection,
    pub(crate) proxies: usize,
    pub(crate) clear_site_data: bool,
    pub(crate) check_streams_every: Duration,
    pub(crate) lockout: Option<Lockout>,
    pub(crate) mail_limit: MailLimit,
    pub(crate) tokens: TokenDurations,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            realm: "user".to_owned(),
            login_url: None,
            login_message: None,
            refresh_url: None,
            refresh_message: None,
            secure_cookies: SecureCookies::UnlessLocal,
            session_cookie: CookieConfig::default(),
            remember: RememberConfig::default(),
            passwords: Passwords::default(),
            session_duration: 14 * DAY,
            idle_timeout: DAY,
            protection: SessionProtection::default(),
            proxies: 0,
            clear_site_data: false,
            check_streams_every: Duration::from_secs(30),
            lockout: None,
            mail_limit: MailLimit::default(),
            tokens: TokenDurations::default(),
        }
    }
}

impl Settings {
    /// How old `last_seen` becomes before it is written again: never so old that a session in use is taken for idle.
    pub(crate) fn seen_every(&self) -> TimeDelta {
        TimeDelta::from_std(self.idle_timeout / 4).map_or(SEEN_EVERY, |part| part.min(SEEN_EVERY))
    }
}

/// The application's own functions.
pub(crate) struct Hooks<U: AuthUser> {
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) listeners: Vec<Listener<U>>,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) request_loader: Option<RequestLoader<U>>,
    pub(crate) permissions: Option<PermissionLoader<U>>,
    pub(crate) localize: Option<Localize>,
    pub(crate) on_unauthorized: Option<OwnAnswer>,
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
}

type Listener<U> = Box<dyn Fn(&LoginEvent<U>) + Send + Sync>;
type Localize = Box<dyn Fn(&str, &Parts) -> String + Send + Sync>;
type PermissionLoader<U> =
    Box<dyn Fn(Arc<U>, Parts) -> BoxFuture<'static, Result<Grants, Error>> + Send + Sync>;
type Fingerprint = Box<dyn Fn(&Parts) -> String + Send + Sync>;
type RequestLoader<U> =
    Box<dyn Fn(Parts) -> BoxFuture<'static, Result<RequestUser<U>, Error>> + Send + Sync>;

impl<U: AuthUser> Default for Hooks<U> {
    fn default() -> Self {
        Hooks {
            clock: Box::new(SystemClock),
            listeners: Vec::new(),
            fingerprint: None,
            request_loader: None,
            permissions: None,
            localize: None,
            on_unauthorized: None,
            mailer: None,
        }
    }
}

/// Whom a request's own credentials name: what the function of
/// [`LoginManagerBuilder::request_loader`](crate::LoginManagerBuilder::request_loader) gives.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager()
///     .request_loader(async |parts| {
///         Ok(match parts.headers.get("x-api-key") {
///             None => RequestUser::NoCredentials, // the session counts
///             Some(key) if key == "ada's key" => RequestUser::User(ada()),
///             Some(_) => RequestUser::Refused,
///         })
///     })
///     .build()?;
/// let ada_s = browser(&login, Router::new()).await;
/// ada_s.get("/").await.assert_text("ada@example.com");
/// ada_s.get("/").header("x-api-key", "a guess").await.assert_text("nobody");
/// let program = ada_s.another();
/// program.get("/").header("x-api-key", "ada's key").await.assert_text("ada@example.com");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub enum RequestUser<U> {
    /// This user, for this request, whatever session it presents.
    User(U),
    /// Nobody: there are credentials, and they are wrong. The request is anonymous, whatever session it presents,
    /// and gets 401 where a login is missing, also where browsers are sent to the login page.
    Refused,
    /// There are no credentials; the session counts.
    NoCredentials,
}
