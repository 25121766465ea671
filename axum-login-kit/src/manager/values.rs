//! The settings that are values; those that are functions are with the builder.

use std::time::Duration;

use super::LoginManagerBuilder;
use crate::client::SessionProtection;
use crate::cookie_config::{CookieConfig, RememberConfig};
use crate::cookies::SecureCookies;
use crate::lockout::{Lockout, MailLimit};
use crate::password::Passwords;
use crate::user::AuthUser;

impl<U: AuthUser> LoginManagerBuilder<U> {
    /// What is done with a session that comes from another client. Default: [`SessionProtection::Basic`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().session_protection(SessionProtection::Strong).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").header("user-agent", "one browser").await.assert_status(200);
    /// visitor.get("/").header("user-agent", "one browser").await.assert_text("ada@example.com");
    /// visitor.get("/").header("user-agent", "another").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.settings.protection = protection;
        self
    }

    /// How many proxies of your own stand before the program, each of which appends the address it sees to
    /// `X-Forwarded-For`: then the client's address is read from there. Default: 0, and only the connection's own
    /// address counts, since anybody can send that header.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().behind_proxies(1).build()?;
    /// let ip = async |auth: Auth<User>| format!("{:?}", auth.ip());
    /// let visitor = stranger(&login, Router::new().route("/ip", get(ip)));
    /// // The proxy has added the last one; what stands before it is the visitor's invention.
    /// let answer = visitor.get("/ip").header("x-forwarded-for", "198.51.100.1, 192.0.2.7").await;
    /// answer.assert_text("Some(192.0.2.7)");
    /// # Ok(())
    /// # }
    /// ```
    pub fn behind_proxies(mut self, proxies: usize) -> Self {
        self.settings.proxies = proxies;
        self
    }

    /// The session's cookie: name, domain, path and so on.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut cookie = CookieConfig::default();
    /// cookie.name = "sid".into();
    /// cookie.same_site = SameSite::Strict;
    /// let login = manager().session_cookie(cookie).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// let answer = stranger(&login, Router::new().route("/login", post(log_in))).post("/login").await;
    /// let set = answer.header("set-cookie").unwrap();
    /// assert!(set.starts_with("sid=") && set.contains("SameSite=Strict"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn session_cookie(mut self, config: CookieConfig) -> Self {
        self.settings.session_cookie = config;
        self
    }

    /// Remembered sessions: their cookie, and how long they last.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut remember = RememberConfig::default();
    /// remember.name = Some("remember_token".into());
    /// remember.duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// let login = manager().remember(remember).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).remember(true).await;
    /// let answer = stranger(&login, Router::new().route("/login", post(log_in))).post("/login").await;
    /// let set = answer.header("set-cookie").unwrap();
    /// assert!(set.starts_with("remember_token=") && set.contains("Max-Age=604800"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn remember(mut self, config: RememberConfig) -> Self {
        self.settings.remember = config;
        self
    }

    /// How often a stream that waits for [`Auth::ended`](crate::Auth::ended) looks whether its session still stands, for
    /// what other processes did. Default: 30 seconds, at one query each.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().check_streams_every(Duration::from_secs(5)).build()?;
    /// let stream = async |auth: Auth<User>| -> Result<String, Error> {
    ///     auth.ended().await?.await; // an event stream takes until then
    ///     Ok("it has ended".to_owned())
    /// };
    /// let ada_s = browser(&login, Router::new().route("/stream", get(stream))).await;
    /// let end = async {
    ///     tokio::task::yield_now().await;
    ///     login.end_sessions_of(&ada().id).await
    /// };
    /// let (answer, ended) = tokio::join!(async { ada_s.get("/stream").await }, end);
    /// assert_eq!(ended?, 1);
    /// answer.assert_text("it has ended"); // at once, as it was done in this process
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_streams_every(mut self, period: Duration) -> Self {
        self.settings.check_streams_every = period;
        self
    }

    /// Whether the answer to a logout has the browser clear its cache and storage of this site (`Clear-Site-Data`).
    /// Default: `false`; it takes browsers a moment.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().clear_site_data(true).build()?;
    /// let log_out = async |auth: Auth<User>| auth.logout().await;
    /// let ada = browser(&login, Router::new().route("/logout", post(log_out))).await;
    /// let answer = ada.post("/logout").await;
    /// assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""));
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_site_data(mut self, clear: bool) -> Self {
        self.settings.clear_site_data = clear;
        self
    }

    /// Where a login happens: a path from the root, such as `/login`. Default: none, and whoever is not
    /// logged in gets a bare 401.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().login_url("/login").build()?;
    /// let account = async |user: CurrentUser<User>| user.email.clone();
    /// let visitor = stranger(&login, Router::new().route("/account", get(account)));
    /// visitor.get("/account").await.assert_redirect("/login?next=%2Faccount");
    ///
    /// let without = manager().build()?;
    /// let visitor = stranger(&without, Router::new().route("/account", get(account)));
    /// visitor.get("/account").await.assert_status(401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn login_url(mut self, path: impl Into<String>) -> Self {
        self.settings.login_url = Some(path.into());
        self
    }

    /// The flash message for someone who is sent to the login page, and its category. Default: none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().login_url("/login").login_message("Please log in.", "info").build()?;
    /// let account = async |user: CurrentUser<User>| user.email.clone();
    /// let form = async |flash: Flash| flash.take().iter().map(|message| message.text.clone()).collect::<String>();
    /// let routes = Router::new().route("/account", get(account)).route("/login", get(form));
    /// stranger(&login, routes).get("/account").follow().await.assert_text("Please log in.");
    /// # Ok(())
    /// # }
    /// ```
    pub fn login_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.settings.login_message = Some((text.into(), category.into()));
        self
    }

    /// Where someone who was remembered types the password again for a [`FreshUser`](crate::FreshUser).
    /// Default: the login URL.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().login_url("/login").refresh_url("/confirm").build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).fresh(false).await;
    /// let danger = async |user: FreshUser<User>| user.email.clone();
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)).route("/danger", get(danger)));
    /// visitor.get("/danger").await.assert_redirect("/login?next=%2Fdanger");
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/danger").await.assert_redirect("/confirm?next=%2Fdanger");
    /// # Ok(())
    /// # }
    /// ```
    pub fn refresh_url(mut self, path: impl Into<String>) -> Self {
        self.settings.refresh_url = Some(path.into());
        self
    }

    /// The flash message for someone who is sent to the refresh URL, and its category. Default: the login
    /// message.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().refresh_url("/confirm").refresh_message("Your password, please.", "info").build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).fresh(false).await;
    /// let danger = async |user: FreshUser<User>| user.email.clone();
    /// let form = async |flash: Flash| flash.take().iter().map(|message| message.text.clone()).collect::<String>();
    /// let routes = Router::new()
    ///     .route("/login", post(log_in))
    ///     .route("/danger", get(danger))
    ///     .route("/confirm", get(form));
    /// let visitor = stranger(&login, routes);
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.get("/danger").follow().await.assert_text("Your password, please.");
    /// # Ok(())
    /// # }
    /// ```
    pub fn refresh_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.settings.refresh_message = Some((text.into(), category.into()));
        self
    }

    /// Tells this manager's sessions and cookies from those of other managers in the same application, such
    /// as one for administrators: each needs a realm of its own. Default: `user`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().realm("admin").build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// let answer = stranger(&login, Router::new().route("/login", post(log_in))).post("/login").await;
    /// assert!(answer.header("set-cookie").unwrap().starts_with("session-admin="));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The managers of different users around one router need different realms; where two are the same, every
    /// extractor of theirs is an error, a 500 as a response, that names both.
    pub fn realm(mut self, name: impl Into<String>) -> Self {
        self.settings.realm = name.into();
        self
    }

    /// How passwords are hashed: a [`Bcrypt`](crate::Bcrypt) with its cost, [`Passwords`] with a pepper, and so on.
    /// Default: bcrypt with cost 12.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().passwords(Passwords::from(Bcrypt::with_cost(4)?).pepper("not in the database")).build()?;
    /// let hash = async |auth: Auth<User>| auth.hash_password("correct horse").await;
    /// let hash = stranger(&login, Router::new().route("/hash", post(hash))).post("/hash").await.text();
    /// assert!(hash.starts_with("$bcrypt-sha384-"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn passwords(mut self, passwords: impl Into<Passwords>) -> Self {
        self.settings.passwords = passwords.into();
        self
    }

    /// How long a session lasts at most that is not remembered. Default: 14 days.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let hour = Duration::from_secs(60 * 60);
    /// let login = manager().clock(clock.clone()).session_duration(hour).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_status(200);
    /// clock.advance(hour / 2);
    /// visitor.get("/").await.assert_text("ada@example.com");
    /// clock.advance(hour);
    /// visitor.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn session_duration(mut self, duration: Duration) -> Self {
        self.settings.session_duration = duration;
        self
    }

    /// How long a session may go unused that is not remembered, to within 5 minutes. Default: 1 day.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let hour = Duration::from_secs(60 * 60);
    /// let login = manager().clock(clock.clone()).idle_timeout(hour).build()?;
    /// let ada = browser(&login, Router::new()).await;
    /// clock.advance(hour + Duration::from_secs(1));
    /// ada.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn idle_timeout(mut self, duration: Duration) -> Self {
        self.settings.idle_timeout = duration;
        self
    }

    /// How long a remembered session lasts. Default: 30 days. [`remember`](Self::remember) sets it, too: what is said last
    /// counts.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let hour = Duration::from_secs(60 * 60);
    /// let login = manager().clock(clock.clone()).remember_duration(hour).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).remember(true).await;
    /// let visitor = stranger(&login, Router::new().route("/login", post(log_in)));
    /// visitor.post("/login").await.assert_status(200);
    /// clock.advance(hour / 2);
    /// visitor.get("/").await.assert_text("ada@example.com");
    /// clock.advance(hour);
    /// visitor.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    pub fn remember_duration(mut self, duration: Duration) -> Self {
        self.settings.remember.duration = duration;
        self
    }

    /// Whether cookies are bound to HTTPS (`Secure`, with names that begin with `__Host-`). Default: yes,
    /// unless the request's host is `localhost`, `127.0.0.1` or `[::1]`.
    ///
    /// Say `true` behind a proxy that replaces the `Host` header by such an address.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().secure_cookies(true).build()?;
    /// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
    /// let answer = stranger(&login, Router::new().route("/login", post(log_in))).post("/login").await;
    /// let set = answer.header("set-cookie").unwrap();
    /// assert!(set.starts_with("__Host-session=") && set.contains("; Secure"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.settings.secure_cookies = SecureCookies::Fixed(secure);
        self
    }

    /// Makes whoever guesses passwords wait: see [`Lockout`]. Default: nobody waits.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().lockout(Lockout::in_memory().account(2)).build()?;
    /// let check = async |auth: Auth<User>| -> Result<(), Error> {
    ///     auth.verify_password(Some(ada()), "a guess").account("ada@example.com").await?;
    ///     Ok(())
    /// };
    /// let visitor = stranger(&login, Router::new().route("/login", post(check)));
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.post("/login").await.assert_status(200);
    /// visitor.post("/login").await.assert_status(429);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lockout(mut self, lockout: Lockout) -> Self {
        self.settings.lockout = Some(lockout);
        self
    }

    /// How many mails are sent to a mailbox, about a user, and because of one address. Default: 5 to a mailbox
    /// for one purpose and 20 because of an address, then fewer: see [`MailLimit`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (outbox, withheld) = (Outbox::default(), Arc::new(tokio::sync::Notify::new()));
    /// let told = Arc::clone(&withheld);
    /// let login = manager()
    ///     .mailer(outbox.clone())
    ///     .mail_limit(MailLimit::default().mailbox(1))
    ///     .on_event(move |event| {
    ///         if event.kind == LoginEventKind::MailWithheld {
    ///             told.notify_one();
    ///         }
    ///     })
    ///     .build()?;
    /// let forgot = async |auth: Auth<User>| auth.mail_password_reset(Some(ada()), |_, token| Mail::new("Hello", token));
    /// let visitor = stranger(&login, Router::new().route("/forgot", post(forgot)));
    /// visitor.post("/forgot").await.assert_status(200);
    /// outbox.next().await;
    /// visitor.post("/forgot").await.assert_status(200); // the same answer
    /// withheld.notified().await;
    /// assert_eq!(outbox.waiting(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mail_limit(mut self, limit: MailLimit) -> Self {
        self.settings.mail_limit = limit;
        self
    }

    /// How long a token for a new password is good. Default: 1 hour.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let minute = Duration::from_secs(60);
    /// let login = manager().clock(clock.clone()).password_reset_duration(minute).build()?;
    /// let token = login.tokens().password_reset(&ada());
    /// assert!(login.tokens().read_password_reset(&token).is_some());
    /// clock.advance(minute);
    /// assert!(login.tokens().read_password_reset(&token).is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn password_reset_duration(mut self, duration: Duration) -> Self {
        self.settings.tokens.password_reset = duration;
        self
    }

    /// How long a token is good that confirms an e-mail address. Default: 3 days.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let minute = Duration::from_secs(60);
    /// let login = manager().clock(clock.clone()).email_confirmation_duration(minute).build()?;
    /// let token = login.tokens().email_confirmation(&ada());
    /// assert!(login.tokens().read_email_confirmation(&token).is_some());
    /// clock.advance(minute);
    /// assert!(login.tokens().read_email_confirmation(&token).is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn email_confirmation_duration(mut self, duration: Duration) -> Self {
        self.settings.tokens.email_confirmation = duration;
        self
    }

    /// How long a token is good that changes an e-mail address. Default: 1 day.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let minute = Duration::from_secs(60);
    /// let login = manager().clock(clock.clone()).email_change_duration(minute).build()?;
    /// let token = login.tokens().email_change(&ada(), "ada@example.org");
    /// assert!(login.tokens().read_email_change(&token).is_some());
    /// clock.advance(minute);
    /// assert!(login.tokens().read_email_change(&token).is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn email_change_duration(mut self, duration: Duration) -> Self {
        self.settings.tokens.email_change = duration;
        self
    }
}
