//! The one error of the crate.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind};

mod constraint;
mod kind;

pub use constraint::{Constraint, Reference};
pub use kind::ErrorKind;

use crate::backend::answer;
use crate::types::Misfit;

/// Why a database operation did not do what it was asked to.
///
/// Its `Display` says what happened and what to do next; neither it nor `Debug` shows SQL values or the
/// database's own text, so both are safe to log. [`Error::database_error`] gives the original.
///
/// As a response it has the status of [`Error::status`] and a body that tells a visitor nothing of the
/// inside. The error itself travels in the response's extensions, for middleware that renders pages of its
/// own:
///
/// ```
/// use axum::{Router, http::StatusCode, middleware, response::{Html, IntoResponse, Response}, routing::get};
///
/// async fn error_pages(response: Response) -> Response {
///     match response.extensions().get::<axum_db::Error>() {
///         Some(error) => (error.status(), Html("<h1>Sorry</h1>")).into_response(),
///         None => response,
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # type Db = axum_db::Db<axum_db::Sqlite>;
/// # let database = Db::connect("sqlite://:memory:").await?;
/// let app = Router::new()
///     .route("/", get(async |_db: Db| axum_db::Error::not_found("There is no such post.")))
///     .layer(database.layer())
///     .layer(middleware::map_response(error_pages)); // outside of the session: it sees failed commits too
/// # use axum::{body::{Body, to_bytes}, http::Request};
/// # let response = tower::ServiceExt::oneshot(app, Request::new(Body::empty())).await?;
/// # assert_eq!(response.status(), StatusCode::NOT_FOUND);
/// # assert_eq!(&to_bytes(response.into_body(), 99).await?[..], b"<h1>Sorry</h1>");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    cause: Option<diesel::result::Error>,
    constraint: OnceLock<Option<Constraint>>,
    /// The text was written for visitors.
    for_visitors: bool,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            cause: None,
            constraint: OnceLock::new(),
            for_visitors: false,
        }))
    }

    /// A "not found" of your own, shown to the visitor with `description`.
    ///
    /// ```
    /// use axum_db::{Error, ErrorKind};
    ///
    /// let error = Error::not_found("There is no such post.");
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// assert_eq!(error.to_string(), "There is no such post.");
    /// assert!(error.database_error().is_none()); // no database said so
    /// ```
    #[must_use]
    pub fn not_found(description: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind: ErrorKind::NotFound,
            message: description.into(),
            cause: None,
            constraint: OnceLock::new(),
            for_visitors: true,
        }))
    }

    /// What went wrong.
    ///
    /// ```
    /// use axum_db::{Error, ErrorKind};
    ///
    /// fn advice(error: &Error) -> &'static str {
    ///     match error.kind() {
    ///         ErrorKind::NotFound => "look elsewhere",
    ///         ErrorKind::PoolTimeout | ErrorKind::Connection => "try again later",
    ///         _ => "tell us",
    ///     }
    /// }
    /// assert_eq!(advice(&Error::not_found("There is no such post.")), "look elsewhere");
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the error is of `kind`: `error.is(ErrorKind::UniqueViolation)`.
    ///
    /// ```
    /// # use axum_db::{ErrorKind, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(unique, length = 40)] pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// # let db = database.session();
    /// NewTag::new("rust").insert(&db).await?;
    /// let again = NewTag::new("rust").insert(&db).await;
    /// assert!(again.is_err_and(|error| error.is(ErrorKind::UniqueViolation)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is(&self, kind: ErrorKind) -> bool {
        self.0.kind == kind
    }

    /// The error as Diesel reported it, with the database's own text: for decisions, not for logs or
    /// responses, because it may quote values.
    ///
    /// ```
    /// # use axum_db::metadata;
    /// # use axum_db::prelude::*;
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(unique, length = 40)] pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// # let db = database.session();
    /// use diesel::result::Error::DatabaseError;
    ///
    /// NewTag::new("rust").insert(&db).await?;
    /// let error = NewTag::new("rust").insert(&db).await.err().expect("the name is taken");
    /// let Some(DatabaseError(_, information)) = error.database_error() else { unreachable!() };
    /// assert_eq!(information.message(), "UNIQUE constraint failed: tags.name"); // in SQLite's words
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn database_error(&self) -> Option<&diesel::result::Error> {
        self.0.cause.as_ref()
    }

    /// The constraint that refused the write; `None` for any other kind of error.
    ///
    /// What is known of it depends on the engine: see [`Constraint`].
    ///
    /// ```
    /// # use axum_db::{ErrorKind, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(unique, length = 40)] pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// # let db = database.session();
    /// NewTag::new("rust").insert(&db).await?;
    /// let error = NewTag::new("rust").insert(&db).await.err().expect("the name is taken");
    /// let constraint = error.constraint().expect("a constraint refused it");
    /// assert_eq!(constraint.table.as_deref(), Some("tags"));
    /// assert_eq!(constraint.columns, ["name"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn constraint(&self) -> Option<&Constraint> {
        let found = || self.told_constraint();
        self.0.constraint.get_or_init(found).as_ref()
    }

    /// The constraint as far as the error and the models tell.
    fn told_constraint(&self) -> Option<Constraint> {
        let (_, information) = database_answer(self.0.cause.as_ref()?)?;
        self.0
            .kind
            .is_violation()
            .then(|| answer::constraint(self.0.kind, information))
    }

    /// The table, if it is known, and name of the unique key that refused the write, where its columns are not.
    pub(crate) fn key_without_columns(&self) -> Option<(Option<String>, String)> {
        if !self.is(ErrorKind::UniqueViolation) {
            return None;
        }
        let told = self.told_constraint()?;
        told.name
            .filter(|_| told.columns.is_empty())
            .map(|name| (told.table, name))
    }

    /// What the key is over that refused the write.
    pub(crate) fn explain(&self, table: String, columns: Vec<String>) {
        let explained = self.told_constraint().map(|told| Constraint {
            table: Some(table),
            columns,
            ..told
        });
        // Nobody has asked before, or else they keep what they were told.
        let _ = self.0.constraint.set(explained);
    }

    /// Whether the write was refused because another row has the same values in `columns` of `table`.
    ///
    /// Two requests may find a name free and write it at the same time; the database refuses one of them,
    /// and this tells which column to name to the visitor. Where the engine tells only the constraint's
    /// name (MySQL and MariaDB), that is looked up among the models, and of a constraint that only a migration has
    /// made in the database: see [`Constraint`].
    ///
    /// ```
    /// # fn answer(error: axum_db::Error) -> &'static str {
    /// if error.violates_unique("users", &["username"]) { "That username is taken." } else { "…" }
    /// # }
    /// # assert_eq!(answer(axum_db::Error::not_found("no")), "…");
    /// ```
    #[must_use]
    pub fn violates_unique(&self, table: &str, columns: &[&str]) -> bool {
        self.is(ErrorKind::UniqueViolation)
            && self
                .constraint()
                .is_some_and(|constraint| constraint.is_unique_over(table, columns))
    }

    /// Whether the whole unit of work, run again from its first read, may succeed: it lost against a
    /// concurrent one ([`ErrorKind::Serialization`], [`ErrorKind::Deadlock`]).
    ///
    /// ```
    /// assert!(!axum_db::Error::not_found("There is no such post.").is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// The status of the error as a response: 404 where a row was not found, 409 where a unique constraint,
    /// foreign key or exclusion constraint refused the write, 422 where a CHECK, NOT NULL or a column's type
    /// refused its values, 503 (with `Retry-After`) where trying again
    /// later may help, 500 otherwise.
    ///
    /// ```
    /// use axum::http::StatusCode;
    ///
    /// assert_eq!(axum_db::Error::not_found("There is no such post.").status(), StatusCode::NOT_FOUND);
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.kind.status()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match self.constraint() {
            Some(constraint) if *constraint != Constraint::default() => write!(f, ": {constraint}"),
            _ => Ok(()),
        }
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
        use diesel::result::Error as E;
        let kind = kind_of(&cause);
        let message = match &cause {
            E::DeserializationError(error) | E::SerializationError(error) => {
                match Misfit::behind(&**error) {
                    Some(misfit) => misfit.to_string().into(),
                    None => "a value did not fit between the database and its Rust type; compare the model with the table (Error::database_error has the reason)".into(),
                }
            }
            _ => kind.describe().into(),
        };
        Self(Arc::new(Inner {
            kind,
            message,
            cause: Some(cause),
            constraint: OnceLock::new(),
            for_visitors: false,
        }))
    }
}

/// What the database itself said, if it said anything.
fn database_answer(
    error: &diesel::result::Error,
) -> Option<(
    &DatabaseErrorKind,
    &(dyn DatabaseErrorInformation + Send + Sync),
)> {
    use diesel::result::Error as E;
    match error {
        E::DatabaseError(kind, information) => Some((kind, &**information)),
        E::RollbackErrorOnCommit { commit_error, .. } => database_answer(commit_error),
        _ => None,
    }
}

pub(crate) fn kind_of(error: &diesel::result::Error) -> ErrorKind {
    use diesel::result::Error as E;
    if let Some((kind, information)) = database_answer(error) {
        return match kind {
            DatabaseErrorKind::UniqueViolation => ErrorKind::UniqueViolation,
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
                ErrorKind::ForeignKeyViolation
            }
            DatabaseErrorKind::ExclusionViolation => ErrorKind::ExclusionViolation,
            DatabaseErrorKind::NotNullViolation => ErrorKind::NotNullViolation,
            DatabaseErrorKind::CheckViolation => ErrorKind::CheckViolation,
            DatabaseErrorKind::SerializationFailure => ErrorKind::Serialization,
            DatabaseErrorKind::ReadOnlyTransaction => ErrorKind::ReadOnly,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                ErrorKind::Connection
            }
            _ => answer::kind(information.message()).unwrap_or(ErrorKind::Query),
        };
    }
    match error {
        E::NotFound => ErrorKind::NotFound,
        E::BrokenTransactionManager => ErrorKind::Aborted,
        E::AlreadyInTransaction | E::NotInTransaction => ErrorKind::Usage,
        E::SerializationError(_) => ErrorKind::InvalidValue,
        _ => ErrorKind::Query,
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if self.is_retryable() {
            // Nobody's fault, and perhaps run again before anybody sees it.
            tracing::warn!(target: "axum_db", kind = ?self.kind(), "{self}");
        } else if status.is_server_error() {
            tracing::error!(target: "axum_db", kind = ?self.kind(), "{self}");
        } else {
            tracing::debug!(target: "axum_db", kind = ?self.kind(), "{self}");
        }
        let body = if self.0.for_visitors {
            self.0.message.clone().into_owned()
        } else {
            status.canonical_reason().unwrap_or("Error").to_owned()
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
