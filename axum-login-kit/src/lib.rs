#![doc = include_str!("../docs/crate.md")]
#![deny(missing_docs)]

// The documentation's examples name the crate as a user does.
extern crate self as axum_login_kit;

mod client;
mod clock;
mod cookie_config;
mod cookies;
mod error;
mod events;
mod extract;
mod flash;
mod guard;
mod keys;
mod lockout;
mod mail;
mod manager;
mod next_url;
mod password;
mod session;
pub mod testing;
mod tokens;
mod unauthorized;
mod user;
mod write;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// Implements [`trait@AuthUser`] by the fields of a struct.
///
/// A field called as a method of the trait (`id`, `password_hash`, `email`, `is_email_confirmed`, `is_active`,
/// `session_epoch`) is what the method returns; `#[auth(…)]` says it of a field of another name.
///
/// ```
/// use axum_login_kit::AuthUser;
///
/// #[derive(AuthUser)]
/// #[auth(session_table = "admin_sessions")]
/// struct Admin {
///     #[auth(id)]
///     name: String,
///     #[auth(password_hash, column = "password")]
///     password: Option<String>,
///     is_active: bool,
/// }
///
/// let root = Admin { name: "root".into(), password: None, is_active: true };
/// assert_eq!(root.id(), "root");
/// assert_eq!(root.password_hash(), None);
/// assert!(root.is_active());
/// assert_eq!((Admin::SESSION_TABLE, Admin::PASSWORD_COLUMN), ("admin_sessions", "password"));
/// ```
///
pub use axum_login_kit_macros::AuthUser;
pub use client::SessionProtection;
pub use clock::{Clock, SystemClock};
pub use cookie_config::{CookieConfig, RememberConfig, SameSite};
pub use error::{ConfigError, Error, ErrorKind, LoginRefused};
pub use events::{LoginEvent, LoginEventKind};
pub use extract::{Auth, CurrentUser, FreshUser, Login, VerifyPassword};
pub use flash::{Flash, FlashMessage};
pub use guard::{
    Grants, GuardedRouter, LoginRequired, LoginRequiredService, Permission, Require, RouteAudit,
    login_required,
};
pub use keys::SealingKeys;
pub use lockout::{Lockout, LockoutBackend, MailLimit, lockout_table};
#[cfg(feature = "lettre")]
pub use mail::SmtpMailer;
pub use mail::{LogMailer, Mail, MailError, Mailer};
pub use manager::{
    LoginFuture, LoginLayer, LoginManager, LoginManagerBuilder, LoginService, RequestUser,
    SessionData, SessionEnded, SessionInfo,
};
pub use next_url::NextUrl;
#[cfg(feature = "argon2")]
pub use password::Argon2id;
pub use password::{Bcrypt, Password, Passwords, Verified, hash_password};
pub use session::{
    CommitHook, CookieSessions, DataChange, DbSessions, FinishHook, InvalidSessionId, LoginBackend,
    MemorySessions, Presented, Session, SessionBackend, SessionChange, SessionId, UserLoader,
    Written, tables,
};
pub use tokens::{TokenFor, Tokens};
pub use unauthorized::{Denial, DenialReason, LoginRejection};
pub use user::AuthUser;
