//! How the session's cookies are called, and where browsers send them.

use std::time::Duration;

use crate::cookies::{CookieSpec, SecureCookies};
use crate::error::ConfigError;

/// As long as browsers keep a cookie at most.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which requests from other sites carry a cookie.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut cookie = CookieConfig::default();
/// assert_eq!(cookie.same_site, SameSite::Lax);
/// cookie.same_site = SameSite::Strict;
/// let login = manager().session_cookie(cookie).build()?;
/// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
/// let answer = stranger(&login, Router::new().route("/login", post(log_in))).post("/login").await;
/// assert!(answer.header("set-cookie").unwrap().contains("SameSite=Strict"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameSite {
    /// None at all: who follows a link to the application arrives logged out.
    Strict,
    /// Links, and nothing that writes. The default.
    #[default]
    Lax,
    /// All, for pages in frames of other sites; the cookie must be secure. Protect every form by tokens of your own.
    None,
}

/// The cookie of a session.
///
/// ```
/// use axum_login_kit::{CookieConfig, SameSite};
///
/// let mut cookie = CookieConfig::default();
/// assert_eq!((cookie.name.as_str(), cookie.path.as_str()), ("session", "/"));
/// cookie.same_site = SameSite::Strict;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CookieConfig {
    /// Its name, without the prefix `__Host-`. Default: `session`. A realm other than `user` is appended.
    pub name: String,
    /// The domain whose hosts all get it. Default: none, and only this host gets it. A domain, or a path of its own,
    /// drops the prefix `__Host-`: then any host of the domain can plant a cookie, too.
    pub domain: Option<String>,
    /// The path below which it is sent. Default: `/`.
    pub path: String,
    /// Whether it is bound to HTTPS. Default: as
    /// [`secure_cookies`](crate::LoginManagerBuilder::secure_cookies) says.
    pub secure: Option<bool>,
    /// Whether scripts of the page cannot read it. Default: `true`.
    pub http_only: bool,
    /// Which requests from other sites carry it. Default: [`SameSite::Lax`].
    pub same_site: SameSite,
}

/// The cookie of a session that is remembered, and how long that lasts.
///
/// Everything that is left out is as for the [`CookieConfig`]; with nothing set it is the same cookie, which outlasts
/// the browser.
///
/// ```
/// use std::time::Duration;
/// use axum_login_kit::RememberConfig;
///
/// let mut remember = RememberConfig::default();
/// assert_eq!(remember.duration, Duration::from_secs(30 * 24 * 60 * 60));
/// remember.name = Some("remember_token".into());
/// remember.refresh_each_request = true;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RememberConfig {
    /// A name of its own. Default: the session cookie's, or `remember` where a domain or path is set here.
    pub name: Option<String>,
    /// The domain whose hosts all get it. Default: the session cookie's.
    pub domain: Option<String>,
    /// The path below which it is sent. Default: the session cookie's.
    pub path: Option<String>,
    /// Whether it is bound to HTTPS. Default: as the session cookie.
    pub secure: Option<bool>,
    /// Whether scripts of the page cannot read it. Default: as the session cookie.
    pub http_only: Option<bool>,
    /// Which requests from other sites carry it. Default: as the session cookie.
    pub same_site: Option<SameSite>,
    /// How long such a session lasts, in the browser and on the server. Default: 30 days.
    pub duration: Duration,
    /// Whether that time begins anew whenever the session is used. Default: `false`. The server notes it when the last
    /// note is minutes old. The cookie is set once, for the 400 days that browsers keep one at most, and the server alone
    /// says when the session ends: set again with each answer, a slow one would bring back the cookie of a session that has
    /// ended meanwhile.
    pub refresh_each_request: bool,
}

impl Default for CookieConfig {
    fn default() -> Self {
        CookieConfig {
            name: "session".to_owned(),
            domain: None,
            path: "/".to_owned(),
            secure: None,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }
}

impl Default for RememberConfig {
    fn default() -> Self {
        RememberConfig {
            name: None,
            domain: None,
            path: None,
            secure: None,
            http_only: None,
            same_site: None,
            duration: 30 * DAY,
            refresh_each_request: false,
        }
    }
}

impl CookieConfig {
    /// The cookie where `secure` is what the rule over hosts says.
    pub(crate) fn spec(&self, suffix: &str, secure: bool) -> CookieSpec {
        // Browsers take the cookie from no other site otherwise, and many take it so from this machine.
        let secure = self
            .secure
            .unwrap_or(secure || self.same_site == SameSite::None);
        CookieSpec::new(
            &format!("{}{suffix}", self.name),
            self.domain.clone(),
            self.path.clone(),
            secure,
            self.http_only,
            self.same_site,
        )
    }

    pub(crate) fn check(&self, secure: SecureCookies) -> Result<(), ConfigError> {
        let refused = |problem: &str| {
            Err(ConfigError::Cookie {
                name: self.name.clone(),
                problem: problem.to_owned(),
            })
        };
        let is_name =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '!' | '~');
        let in_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let in_path = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | ',');
        if self.name.is_empty() || !self.name.chars().all(is_name) {
            return refused("a name has letters, digits and any of - _ . ! ~");
        }
        if self.name.starts_with("__") {
            return refused("the prefix `__Host-` is added by itself where it applies");
        }
        if self
            .domain
            .as_ref()
            .is_some_and(|domain| domain.is_empty() || !domain.chars().all(in_domain))
        {
            return refused("a domain is a host's name, such as example.com");
        }
        if !self.path.starts_with('/') || !self.path.chars().all(in_path) {
            return refused("a path begins with / and has no spaces, commas or semicolons");
        }
        let insecure = self.secure == Some(false)
            || (self.secure.is_none() && secure == SecureCookies::Fixed(false));
        if self.same_site == SameSite::None && insecure {
            return refused("browsers take SameSite=None from secure cookies only");
        }
        Ok(())
    }
}

impl RememberConfig {
    /// How long browsers keep the cookie of a session that lasts as long as `duration`.
    pub(crate) fn max_age(&self, duration: Duration) -> Duration {
        if self.refresh_each_request {
            duration.max(LONGEST)
        } else {
            duration
        }
    }

    /// The cookie with what is left out filled in.
    pub(crate) fn over(&self, session: &CookieConfig) -> CookieConfig {
        let is_separate = self.name.is_some() || self.domain.is_some() || self.path.is_some();
        let name = match &self.name {
            Some(name) => name,
            None if is_separate => "remember",
            None => &session.name,
        };
        CookieConfig {
            name: name.to_owned(),
            domain: self.domain.clone().or_else(|| session.domain.clone()),
            path: self.path.clone().unwrap_or_else(|| session.path.clone()),
            secure: self.secure.or(session.secure),
            http_only: self.http_only.unwrap_or(session.http_only),
            same_site: self.same_site.unwrap_or(session.same_site),
        }
    }
}
