//! What can go wrong, and the status each kind is answered with.

use axum::http::StatusCode;

/// What went wrong, as far as a program can act on it: [`Error::kind`](crate::Error::kind).
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(unique, length = 40)] pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Tag]).await?;
/// use axum_db::ErrorKind;
///
/// # let db = database.session();
/// let error = Tag::find(7).first_or_404(&db).await.err().expect("there is none");
/// match error.kind() {
///     ErrorKind::NotFound => assert_eq!(error.status(), 404),
///     kind if error.is_retryable() => println!("run it again: {kind:?}"),
///     kind => println!("a 500, or a 503: {kind:?}"),
/// }
/// # Ok(())
/// # }
/// ```
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
    /// An exclusion constraint refused the write (PostgreSQL).
    ExclusionViolation,
    /// A NOT NULL column was left empty.
    NotNullViolation,
    /// A CHECK constraint refused the write.
    CheckViolation,
    /// A value does not fit its column's type: too long, out of range, or of another form.
    InvalidValue,
    /// The transaction saw what a concurrent one has changed since; the whole unit of work may be tried again.
    Serialization,
    /// The transaction was the victim of a deadlock; the whole unit of work may be tried again.
    Deadlock,
    /// The database did not get a lock in the time it was given.
    LockTimeout,
    /// The database did not finish a statement in the time it was given.
    Timeout,
    /// The statement was ended by somebody from outside.
    Cancelled,
    /// The request's deadline passed; see [`SessionLayer::with_deadline`](crate::SessionLayer::with_deadline).
    Deadline,
    /// No pooled connection became free in time.
    PoolTimeout,
    /// The database could not be reached, or the connection broke.
    Connection,
    /// The transaction had failed before, so its writes are gone; see [`Db::commit`](crate::Db::commit).
    Aborted,
    /// The connection broke while COMMIT was under way: the writes may or may not be there.
    UnknownOutcome,
    /// A write was tried where [`TransactionMode::ReadOnly`](crate::TransactionMode::ReadOnly) is set, or in a
    /// database that only reads.
    ReadOnly,
    /// The database's user may not do this.
    PermissionDenied,
    /// A table or column that the statement names does not exist: migrations are missing.
    MissingTable,
    /// The disk of the database is full.
    StorageFull,
    /// The session's connection is held by a guard that is still alive.
    Held,
    /// A session method was called where it makes no sense.
    Usage,
    /// The database URL or another setting cannot be used.
    Configuration,
    /// Any other refusal by the database, or a row that did not fit its Rust type.
    Query,
}

impl ErrorKind {
    /// The status of the response that an error of this kind becomes.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::UniqueViolation | Self::ForeignKeyViolation | Self::ExclusionViolation => {
                StatusCode::CONFLICT
            }
            Self::NotNullViolation | Self::CheckViolation | Self::InvalidValue => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Serialization
            | Self::Deadlock
            | Self::LockTimeout
            | Self::Timeout
            | Self::Cancelled
            | Self::Deadline
            | Self::PoolTimeout
            | Self::Connection
            | Self::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the unit of work lost against a concurrent one.
    pub(crate) fn is_retryable(self) -> bool {
        matches!(self, Self::Serialization | Self::Deadlock)
    }

    /// Whether a constraint refused the write.
    pub(super) fn is_violation(self) -> bool {
        matches!(
            self,
            Self::UniqueViolation
                | Self::ForeignKeyViolation
                | Self::ExclusionViolation
                | Self::NotNullViolation
                | Self::CheckViolation
        )
    }

    /// What happened, and what to do next.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::NotFound => {
                "no row was found; check the key, or use a query that may return none"
            }
            Self::UniqueViolation => {
                "another row has the same value in a unique column; choose another value (Error::violates_unique tells which)"
            }
            Self::ForeignKeyViolation => {
                "a foreign key refused the write; write the referenced row first, or delete the referencing ones"
            }
            Self::ExclusionViolation => {
                "an exclusion constraint refused the write: it overlaps with another row; choose another value"
            }
            Self::NotNullViolation => "a column that may not be NULL got no value; give it one",
            Self::CheckViolation => "a CHECK constraint refused the write; correct the value",
            Self::InvalidValue => {
                "a value does not fit its column (too long, out of range, or of another form); check it before it is written"
            }
            Self::Serialization => {
                "a concurrent transaction changed what this one had read; run the whole unit of work again"
            }
            Self::Deadlock => {
                "this transaction and another waited for each other; run the whole unit of work again, and lock rows in one order everywhere"
            }
            Self::LockTimeout => {
                "the database did not get a lock in time; try again, or look for a transaction that stays open too long"
            }
            Self::Timeout => {
                "the database did not finish the statement in time; make it faster (an index?), or raise the time limit"
            }
            Self::Cancelled => "the statement was ended from outside; try again",
            Self::Deadline => "the request's deadline passed; try again, or raise the deadline",
            Self::Connection => {
                "the connection to the database broke, or is older than what it uses (a migration, a pooler); it will be opened anew, so try again"
            }
            Self::Aborted => {
                "a statement of this transaction failed before, so the database takes no other; roll it back, or put the statement that may fail into a savepoint"
            }
            Self::ReadOnly => {
                "a write was tried where only reads are allowed; serve this route under TransactionMode::Explicit or OnSuccess, call db.begin() before a SELECT that writes, and check that the database itself may be written"
            }
            Self::PermissionDenied => {
                "the database's user may not do this; grant it the right, or connect as another user"
            }
            Self::MissingTable => {
                "a table or column that the statement names does not exist in the database; run the migrations (`db upgrade`), or Database::create_all in a test"
            }
            Self::StorageFull => "the disk of the database is full; make room on it",
            Self::Usage => {
                "a transaction was begun or ended where none could be; leave transactions to db.begin(), db.commit() and db.savepoint()"
            }
            _ => "the database refused the statement; Error::database_error has the reason",
        }
    }
}
