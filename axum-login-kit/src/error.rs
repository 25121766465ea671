//! What can go wrong, while running and while building.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// An error of this crate, which a handler can return as its answer.
///
/// [`kind`](Error::kind) tells the cases apart, and [`refused`](Error::refused) says why a login was refused.
/// The answer it makes is short and says nothing about the database or a user: 503 with `Retry-After` when
/// hashing is busy, 429 after too many wrong passwords, 403 for a refused login, 422 for a password that cannot be hashed, what
/// [`axum_db::Error`] answers for the database, and 500 otherwise.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let refused = async || Error::from(LoginRefused::Inactive);
/// let failed = async || Error::backend("the store at 10.0.0.7 does not answer");
/// let app = Client::new(Router::new().route("/refused", get(refused)).route("/failed", get(failed)));
/// app.get("/refused").await.assert_status(403).assert_text("this account is not active");
/// app.get("/failed").await.assert_status(500).assert_text(""); // the log has it
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Error(Repr);

#[derive(Debug)]
enum Repr {
    Database(axum_db::Error),
    MissingTable(String, axum_db::Error),
    Refused(LoginRefused),
    Busy,
    LockedOut(u64),
    InvalidPassword(&'static str),
    MissingLayer(String),
    SharedRealm(String),
    Backend(Box<dyn std::error::Error + Send + Sync>),
    Unsupported(&'static str),
    TooLarge { bytes: usize, limit: usize },
    Internal(&'static str),
}

/// The kinds of [`Error`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().sessions(CookieSessions::new()).build()?;
/// let devices = async |auth: Auth<User>| match auth.sessions().await {
///     Ok(sessions) => Ok(format!("{} devices", sessions.len())),
///     Err(error) if error.kind() == ErrorKind::Unsupported => Ok("no list of devices".to_owned()),
///     Err(error) => Err(error),
/// };
/// let ada = browser(&login, Router::new().route("/devices", get(devices))).await;
/// ada.get("/devices").await.assert_text("no list of devices");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The database failed, or its layer is missing; [`source`](std::error::Error::source) has the
    /// [`axum_db::Error`].
    Database,
    /// The login was refused; [`Error::refused`] says why.
    Refused,
    /// Too many passwords are being hashed: the request may be repeated.
    Busy,
    /// Too many wrong passwords were given before: see [`Lockout`](crate::Lockout) and
    /// [`Error::retry_after`].
    LockedOut,
    /// The password cannot be hashed: it is too long, or has a NUL byte.
    InvalidPassword,
    /// A layer is missing from the router.
    MissingLayer,
    /// Two managers of one router have the same realm: see
    /// [`realm`](crate::LoginManagerBuilder::realm).
    SharedRealm,
    /// A [`SessionBackend`](crate::SessionBackend) or [`UserLoader`](crate::UserLoader) of the application's own failed;
    /// [`source`](std::error::Error::source) has its error.
    Backend,
    /// The place where sessions are kept cannot do this, as [`CookieSessions`](crate::CookieSessions) cannot list.
    Unsupported,
    /// What is kept for a visitor or in a session does not fit into its cookie: 422 as a response.
    TooLarge,
    /// Something outside this program's control failed, such as the system's randomness.
    Internal,
}

/// Why a login was refused.
///
/// ```
/// use axum_login_kit::{Error, LoginRefused};
///
/// fn flash(error: &Error) -> &'static str {
///     match error.refused() {
///         Some(LoginRefused::Inactive) => "Your account is blocked. Please write to us.",
///         _ => "That did not work. Please try again later.",
///     }
/// }
///
/// assert_eq!(flash(&LoginRefused::Inactive.into()), "Your account is blocked. Please write to us.");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LoginRefused {
    /// [`AuthUser::is_active`](crate::AuthUser::is_active) is false.
    #[error("this account is not active")]
    Inactive,
}

impl Error {
    /// Which kind of error this is.
    ///
    /// ```
    /// use axum_login_kit::{Bcrypt, ErrorKind};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let error = Bcrypt::with_cost(4)?.hash("with a \0").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidPassword);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::Database(_) | Repr::MissingTable(..) => ErrorKind::Database,
            Repr::Refused(_) => ErrorKind::Refused,
            Repr::Busy => ErrorKind::Busy,
            Repr::LockedOut(_) => ErrorKind::LockedOut,
            Repr::InvalidPassword(_) => ErrorKind::InvalidPassword,
            Repr::MissingLayer(_) => ErrorKind::MissingLayer,
            Repr::SharedRealm(_) => ErrorKind::SharedRealm,
            Repr::Backend(_) => ErrorKind::Backend,
            Repr::Unsupported(_) => ErrorKind::Unsupported,
            Repr::TooLarge { .. } => ErrorKind::TooLarge,
            Repr::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Why the login was refused; `None` for every other error.
    ///
    /// ```
    /// use axum_login_kit::{Error, LoginRefused};
    ///
    /// let error = Error::from(LoginRefused::Inactive);
    /// assert_eq!(error.refused(), Some(LoginRefused::Inactive));
    /// assert_eq!(error.to_string(), "this account is not active");
    /// ```
    #[must_use]
    pub fn refused(&self) -> Option<LoginRefused> {
        match self.0 {
            Repr::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    /// The failure of a [`SessionBackend`](crate::SessionBackend) or [`UserLoader`](crate::UserLoader) of the
    /// application's own. Its response is a 500 that says nothing of it; the log has it.
    ///
    /// ```
    /// use axum_login_kit::{Error, ErrorKind};
    ///
    /// let error = Error::backend("the store is not there");
    /// assert_eq!(error.kind(), ErrorKind::Backend);
    /// ```
    pub fn backend(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error(Repr::Backend(source.into()))
    }

    pub(crate) fn unsupported(message: &'static str) -> Self {
        Error(Repr::Unsupported(message))
    }

    pub(crate) fn too_large(bytes: usize, limit: usize) -> Self {
        Error(Repr::TooLarge { bytes, limit })
    }

    /// When the request may be repeated, where it was one too many: for a page of your own that says so.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().lockout(Lockout::in_memory().account(1)).build()?;
    /// let check = async |auth: Auth<User>| {
    ///     let verified = auth.verify_password(None, "a guess").account("ada@example.com").await;
    ///     format!("{:?}", verified.err().and_then(|error| error.retry_after()))
    /// };
    /// let visitor = stranger(&login, Router::new().route("/login", post(check)));
    /// visitor.post("/login").await.assert_text("None");
    /// visitor.post("/login").await.assert_text("Some(30s)");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.0 {
            Repr::Busy => Some(crate::password::MAX_WAIT),
            Repr::LockedOut(seconds) => Some(Duration::from_secs(seconds)),
            _ => None,
        }
    }

    pub(crate) fn locked_out(seconds: i64) -> Self {
        Error(Repr::LockedOut(seconds.unsigned_abs()))
    }

    pub(crate) fn busy() -> Self {
        Error(Repr::Busy)
    }

    pub(crate) fn invalid_password(message: &'static str) -> Self {
        Error(Repr::InvalidPassword(message))
    }

    pub(crate) fn missing_layer(message: String) -> Self {
        Error(Repr::MissingLayer(message))
    }

    pub(crate) fn shared_realm(message: String) -> Self {
        Error(Repr::SharedRealm(message))
    }

    pub(crate) fn internal(message: &'static str) -> Self {
        Error(Repr::Internal(message))
    }

    /// What failed over a table of the kit's own, which is in the metadata only where `added` is called.
    pub(crate) fn of_table(table: &str, added: &str, error: axum_db::Error) -> Self {
        if error.kind() != axum_db::ErrorKind::MissingTable {
            return error.into();
        }
        let message = format!(
            "the database has no table {table:?}, or lacks columns: add `{added}` to the metadata, if it is not \
             there, and create or migrate the tables"
        );
        Error(Repr::MissingTable(message, error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Database(error) => error.fmt(f),
            Repr::Refused(reason) => reason.fmt(f),
            Repr::Busy => f.write_str(
                "too many passwords are being checked at this moment: try again in a few seconds",
            ),
            Repr::LockedOut(seconds) => write!(
                f,
                "too many wrong passwords were given: try again in {seconds} seconds"
            ),
            Repr::InvalidPassword(message)
            | Repr::Unsupported(message)
            | Repr::Internal(message) => f.write_str(message),
            Repr::Backend(_) => f.write_str(
                "sessions or users could not be read or written: see the cause, and whether their store is reachable",
            ),
            Repr::TooLarge { bytes, limit } => write!(
                f,
                "the cookie would take {bytes} bytes and browsers keep {limit} of it: keep less in it, or in a table"
            ),
            Repr::MissingLayer(message)
            | Repr::SharedRealm(message)
            | Repr::MissingTable(message, _) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Repr::Database(error) | Repr::MissingTable(_, error) => Some(error),
            Repr::Refused(reason) => Some(reason),
            Repr::Backend(source) => Some(&**source),
            _ => None,
        }
    }
}

impl From<axum_db::Error> for Error {
    fn from(error: axum_db::Error) -> Self {
        Error(Repr::Database(error))
    }
}

impl From<LoginRefused> for Error {
    fn from(reason: LoginRefused) -> Self {
        Error(Repr::Refused(reason))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self.0 {
            Repr::Database(error) => return error.into_response(),
            Repr::MissingTable(message, error) => {
                tracing::error!("{message}");
                return error.into_response();
            }
            Repr::LockedOut(seconds) => {
                let headers = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
                let status = StatusCode::TOO_MANY_REQUESTS;
                return (status, headers, self.to_string()).into_response();
            }
            Repr::Busy => {
                let seconds = HeaderValue::from(crate::password::MAX_WAIT.as_secs());
                let headers = [(header::RETRY_AFTER, seconds)];
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return (status, headers, self.to_string()).into_response();
            }
            Repr::Refused(_) => StatusCode::FORBIDDEN,
            Repr::InvalidPassword(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Repr::Backend(cause) => {
                tracing::error!(%cause, "sessions or users could not be read or written");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            // Visitors fill their cookies as they like, and can do nothing about the limit.
            Repr::TooLarge { .. } => {
                tracing::warn!(error = %self, "data of a visitor was not kept");
                return StatusCode::UNPROCESSABLE_ENTITY.into_response();
            }
            Repr::Unsupported(_) | Repr::Internal(_) => {
                tracing::error!(error = %self, "the login kit cannot answer");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            // Every request shows it, from the first one that its programmer makes.
            Repr::MissingLayer(_) | Repr::SharedRealm(_) => {
                tracing::error!(error = %self, "the login kit cannot answer");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, self.to_string()).into_response()
    }
}

/// A setting that [`build`](crate::LoginManagerBuilder::build) refuses.
///
/// ```
/// use axum_login_kit::{Bcrypt, ConfigError};
///
/// let error = Bcrypt::with_cost(40).unwrap_err();
/// assert_eq!(error, ConfigError::BcryptCost { cost: 40 });
/// assert_eq!(error.to_string(), "bcrypt has no cost 40: choose one from 4 (for tests) to 31; 12 is the default");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The secret key is too short to be secret.
    #[error(
        "the secret key has {bytes} bytes and needs at least 32: make one with `openssl rand -base64 48` \
         and hand it to the program, for example in SECRET_KEY"
    )]
    SecretTooShort {
        /// What it has.
        bytes: usize,
    },
    /// The login URL is not a path of this application.
    #[error(
        "the login URL {url:?} is not a path of this application: write it from the root, such as \"/login\""
    )]
    LoginUrl {
        /// What was given.
        url: String,
    },
    /// The realm is not a plain name.
    #[error(
        "the realm {realm:?} is not a plain name: use 1 to 32 of the characters a-z, 0-9 and _, such as \"admin\""
    )]
    Realm {
        /// What was given.
        realm: String,
    },
    /// Browsers would not take the cookie, or send it nowhere.
    #[error("the cookie {name:?} cannot work: {problem}")]
    Cookie {
        /// Its name.
        name: String,
        /// What is wrong with it, and what is right.
        problem: String,
    },
    /// A session would have ended before it is used.
    #[error(
        "{setting} is zero, so that no session would ever stand: give it a time, or leave it out"
    )]
    ZeroDuration {
        /// Which setting.
        setting: &'static str,
    },
    /// A pepper that everybody knows.
    #[error(
        "a pepper is empty: hand the program the secret, for example in PASSWORD_PEPPER, or leave `pepper` out"
    )]
    EmptyPepper,
    /// Bcrypt has no such cost.
    #[error("bcrypt has no cost {cost}: choose one from 4 (for tests) to 31; 12 is the default")]
    BcryptCost {
        /// What was given.
        cost: u32,
    },
    /// Argon2 has no such cost, or this crate does not let it take so much.
    #[error(
        "Argon2 cannot take {memory} KiB, {passes} passes and {lanes} lanes: give it 8 KiB a lane to 1 GiB, at \
         least one pass, 1 to 16 lanes, and 4 GiB in all passes together; 19456 KiB, 2 and 1 are the default"
    )]
    Argon2 {
        /// What was given, in KiB.
        memory: u32,
        /// What was given.
        passes: u32,
        /// What was given.
        lanes: u32,
    },
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse;

    use super::{Error, LoginRefused};

    #[test]
    fn errors_answer_with_their_status() {
        for (error, status) in [
            (Error::busy(), StatusCode::SERVICE_UNAVAILABLE),
            (Error::locked_out(7), StatusCode::TOO_MANY_REQUESTS),
            (LoginRefused::Inactive.into(), StatusCode::FORBIDDEN),
            (
                Error::invalid_password("no"),
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                Error::missing_layer("no".into()),
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
            (
                Error::shared_realm("no".into()),
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
            (Error::internal("no"), StatusCode::INTERNAL_SERVER_ERROR),
            (Error::backend("no"), StatusCode::INTERNAL_SERVER_ERROR),
            (Error::unsupported("no"), StatusCode::INTERNAL_SERVER_ERROR),
            (Error::too_large(2, 1), StatusCode::UNPROCESSABLE_ENTITY),
            (
                axum_db::Error::not_found("no").into(),
                StatusCode::NOT_FOUND,
            ),
        ] {
            assert_eq!(error.into_response().status(), status);
        }
    }

    #[test]
    fn who_is_told_to_come_back_is_told_when() {
        let response = Error::busy().into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(Error::busy().retry_after().unwrap().as_secs(), 2);
        let response = Error::locked_out(7).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        assert_eq!(Error::locked_out(7).retry_after().unwrap().as_secs(), 7);
        assert!(Error::internal("no").retry_after().is_none());
    }
}
