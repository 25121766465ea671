//! The one error of the crate.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use diesel::result::DatabaseErrorKind;

/// What went wrong, as far as a program can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No row where one was asked for.
    NotFound,
    /// Several rows where at most one was expected.
    MultipleRows,
    /// A unique constraint or index refused the write.
    UniqueViolation,
    /// A foreign key refused the write.
    ForeignKeyViolation,
    /// A NOT NULL column was left empty.
    NotNullViolation,
    /// A CHECK constraint refused the write.
    CheckViolation,
    /// The transaction lost against a concurrent one (serialization failure or deadlock); the whole unit
    /// of work may be tried again.
    Conflict,
    /// The database did not get a lock, or finish a statement, in the time it was given.
    Timeout,
    /// No pooled connection became free in time.
    PoolTimeout,
    /// The database could not be reached, or the connection broke.
    Connection,
    /// The transaction had failed before, so its writes are gone; see [`Db::commit`](crate::Db::commit).
    Aborted,
    /// The connection broke while COMMIT was under way: the writes may or may not be there.
    UnknownOutcome,
    /// A write was tried where [`TransactionMode::ReadOnly`](crate::TransactionMode::ReadOnly) is set.
    ReadOnly,
    /// The session's connection is held by a guard that is still alive.
    Held,
    /// A session method was called where it makes no sense.
    Usage,
    /// The database URL or another setting cannot be used.
    Configuration,
    /// Any other refusal by the database, or a row that did not fit its Rust type.
    Query,
}

/// Why a database operation did not do what it was asked to.
///
/// Its `Display` says what happened and what to do next; neither it nor `Debug` shows SQL values or the
/// database's own text, so both are safe to log. [`Error::database_error`] gives the original.
///
/// As a response it is 404 for [`ErrorKind::NotFound`], 503 with `Retry-After` where trying again may
/// help, 500 otherwise, with a body that tells a visitor nothing of the inside. The error itself travels
/// in the response's extensions, for middleware that renders pages of its own.
///
/// ```
/// use axum::{http::StatusCode, response::IntoResponse};
///
/// let error = axum_db::Error::not_found("There is no such post.");
/// assert_eq!(error.kind(), axum_db::ErrorKind::NotFound);
/// assert_eq!(error.into_response().status(), StatusCode::NOT_FOUND);
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    cause: Option<diesel::result::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            cause: None,
        }))
    }

    /// A "not found" of your own, shown to the visitor with `description`.
    #[must_use]
    pub fn not_found(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, description)
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the error is of `kind`: `error.is(ErrorKind::UniqueViolation)`.
    #[must_use]
    pub fn is(&self, kind: ErrorKind) -> bool {
        self.0.kind == kind
    }

    /// The error as Diesel reported it, with the database's own text: for decisions, not for logs or
    /// responses, because it may quote values.
    #[must_use]
    pub fn database_error(&self) -> Option<&diesel::result::Error> {
        self.0.cause.as_ref()
    }

    /// Whether the write was refused because another row has the same value in `columns` of `table`.
    ///
    /// ```
    /// # fn answer(error: axum_db::Error) -> &'static str {
    /// if error.violates_unique("users", &["username"]) { "That username is taken." } else { "…" }
    /// # }
    /// # assert_eq!(answer(axum_db::Error::not_found("no")), "…");
    /// ```
    #[must_use]
    pub fn violates_unique(&self, table: &str, columns: &[&str]) -> bool {
        let Some(diesel::result::Error::DatabaseError(
            DatabaseErrorKind::UniqueViolation,
            information,
        )) = self.database_error()
        else {
            return false;
        };
        match information.constraint_name() {
            Some(name) => crate::backend::names_unique(name, table, columns),
            None => crate::backend::message_names_unique(information.message(), table, columns),
        }
    }

    fn status(&self) -> StatusCode {
        match self.0.kind {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::PoolTimeout
            | ErrorKind::Timeout
            | ErrorKind::Conflict
            | ErrorKind::Connection => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `main` prints when it returns the error.
        write!(f, "{self} [{:?}]", self.0.kind)
    }
}

impl std::error::Error for Error {}

impl From<diesel::result::Error> for Error {
    fn from(cause: diesel::result::Error) -> Self {
        let kind = kind_of(&cause);
        Self(Arc::new(Inner {
            kind,
            message: describe(kind).into(),
            cause: Some(cause),
        }))
    }
}

pub(crate) fn kind_of(error: &diesel::result::Error) -> ErrorKind {
    use diesel::result::Error as E;
    match error {
        E::NotFound => ErrorKind::NotFound,
        E::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::UniqueViolation => ErrorKind::UniqueViolation,
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
                ErrorKind::ForeignKeyViolation
            }
            DatabaseErrorKind::NotNullViolation => ErrorKind::NotNullViolation,
            DatabaseErrorKind::CheckViolation => ErrorKind::CheckViolation,
            DatabaseErrorKind::SerializationFailure => ErrorKind::Conflict,
            DatabaseErrorKind::ReadOnlyTransaction => ErrorKind::ReadOnly,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                ErrorKind::Connection
            }
            _ => crate::backend::kind_of_message(information.message()),
        },
        E::RollbackErrorOnCommit { commit_error, .. } => kind_of(commit_error),
        _ => ErrorKind::Query,
    }
}

fn describe(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => {
            "no row was found; check the key, or use a query that may return none"
        }
        ErrorKind::UniqueViolation => {
            "another row has the same value in a unique column; choose another value (Error::violates_unique tells which)"
        }
        ErrorKind::ForeignKeyViolation => {
            "a foreign key refused the write; write the referenced row first, or delete the referencing ones"
        }
        ErrorKind::NotNullViolation => "a column that may not be NULL got no value; give it one",
        ErrorKind::CheckViolation => "a CHECK constraint refused the write; correct the value",
        ErrorKind::Conflict => {
            "a concurrent transaction won (serialization failure or deadlock); run the whole unit of work again"
        }
        ErrorKind::Timeout => {
            "the database did not get a lock or finish the statement in time; try again, or look for a long transaction"
        }
        ErrorKind::Connection => {
            "the connection to the database broke; it will be opened anew, so try again"
        }
        ErrorKind::ReadOnly => {
            "a write was tried in a read-only transaction; serve this route under TransactionMode::Explicit or OnSuccess"
        }
        _ => {
            "the database refused the statement, or a row did not fit its Rust type; Error::database_error has the reason"
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(target: "axum_db", kind = ?self.kind(), "{self}");
        }
        // Only an error made by `Error::not_found` has a text that was written for visitors.
        let body = match (&self.0.cause, self.0.kind) {
            (None, ErrorKind::NotFound) => self.0.message.clone().into_owned(),
            _ => status.canonical_reason().unwrap_or("Error").to_owned(),
        };
        let mut response = (status, body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
