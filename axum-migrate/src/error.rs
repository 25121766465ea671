//! The one error of the crate: what happened, and what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

/// What went wrong, and what to do about it.
///
/// `Display` is one paragraph for the developer who ran the command: what happened, and the next action.
/// `Debug` is the same text with its causes, so that `fn main() -> Result<ExitCode, axum_migrate::Error>`
/// prints something readable. Neither ever contains the password of a connection.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let column = Column { name: "title".into(), ty: "TEXT".into(), ..Column::default() };
/// let ops = [Op::AddColumn { table: "posts".into(), column, backfill: None }];
/// let error: Error = render(Dialect::Sqlite, &ops, &Schema::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NeedsInput);
/// assert!(error.to_string().contains("pass --backfill posts.title=EXPR"));
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`], for programs that react to it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let database = database::<Main>(&folder).await;
/// let migrate = Migrate::new(&database, Metadata::default()).directory("no such folder");
/// let advice = match migrate.upgrade_on_start().await {
///     Ok(_) => "up to date",
///     Err(error) if error.kind() == ErrorKind::Locked => "another one is at it: try again",
///     Err(error) if error.kind() == ErrorKind::Directory => "this program was shipped without its migrations",
///     Err(error) => return Err(error.into()),
/// };
/// assert_eq!(advice, "this program was shipped without its migrations");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The arguments make no sense together.
    Usage,
    /// The migrations folder is missing, or something in it is malformed.
    Directory,
    /// No revision has that name, or several have.
    Revision,
    /// The revisions do not form a history: a missing parent, a cycle, several heads, the wrong order.
    Graph,
    /// The database could not be reached, or refused a statement of the tool's own.
    Database,
    /// Another upgrade held the lock for longer than the deadline.
    Locked,
    /// A statement of a migration failed.
    Script,
    /// The database has revisions that the directory, or the program, does not have.
    DatabaseNewer,
    /// The database has a revision that is missing among those of the directory, which has later ones.
    Missing,
    /// A revision was edited after it was applied.
    Edited,
    /// A revision is not applied, and others that come after it are.
    OutOfOrder,
    /// A revision stopped between two of its statements, and nothing was said about how to go on.
    Interrupted,
    /// The directory has revisions that the database does not have yet.
    DatabaseBehind,
    /// The step would lose data and was not allowed to.
    DataLoss,
    /// A change needs an answer that a run without a terminal cannot ask for.
    NeedsInput,
    /// A change cannot be expressed for this database.
    Unsupported,
    /// A generated migration did not do on a scratch copy what it was generated for.
    Proof,
    /// It was stopped by Ctrl-C or a signal to end; the message says where.
    Stopped,
    /// A file could not be read or written.
    Io,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// A file operation that failed: `doing` is what was attempted, as in "write".
    pub(crate) fn io(doing: &str, path: &Path, error: std::io::Error) -> Self {
        let next = match error.kind() {
            std::io::ErrorKind::NotFound => "check that the path is right",
            std::io::ErrorKind::PermissionDenied => "check who owns it and its permissions",
            std::io::ErrorKind::InvalidData => "save it as UTF-8",
            std::io::ErrorKind::StorageFull => "make room on that disk",
            _ => "check the disk and the path",
        };
        Self::new(
            ErrorKind::Io,
            format!("could not {doing} {}: {error}; {next}", path.display()),
        )
    }

    /// A statement of the tool's own that the database refused: `doing` completes "could not".
    pub(crate) fn database(doing: &str, error: diesel::result::Error) -> Self {
        let next = what_it_needs(&error.to_string())
            .unwrap_or("check the database and the rights of its user");
        Self::new(
            ErrorKind::Database,
            format!("could not {doing}: {error}; {next}"),
        )
        .with_source(error)
    }

    /// What class of error this is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hints = Hints { renamed_tables: vec![("tag".into(), "tags".into())], ..Hints::default() };
    /// let error = diff(&Schema::default(), &Schema::default(), &hints).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Usage); // there is no such table
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

/// What to do where the answer of a database shows what is missing outside of the statement: a right, or room.
pub(crate) fn what_it_needs(answer: &str) -> Option<&'static str> {
    const ANSWERS: [(&str, &str); 9] = [
        (
            "permission denied for schema",
            "let the owner of the schema run GRANT USAGE, CREATE ON SCHEMA … TO its user",
        ),
        (
            "permission denied for database",
            "let the owner of the database run GRANT CREATE ON DATABASE … TO its user",
        ),
        (
            "permission denied",
            "let an administrator GRANT its user that right, or migrate as the owner of the tables",
        ),
        (
            "must be owner of",
            "migrate as that owner, or let the owner GRANT its role to this user",
        ),
        (
            "command denied to user",
            "let an administrator GRANT its user that command on the database",
        ),
        (
            "denied for user",
            "let an administrator GRANT its user the rights on the database",
        ),
        (
            "out of shared memory",
            "PostgreSQL holds a lock for all that one transaction makes, a thousand tables too: let an administrator \
             raise max_locks_per_transaction, to 256 say, and restart the server; or divide the script into several \
             BEGIN … COMMIT, with run_in_transaction = false in its metadata.toml. A scratch copy is divided by \
             itself where the user may CREATE in the database and the scripts touch nothing else in it",
        ),
        (
            "invalid utf-8 sequence",
            "a column's default may have bytes that are no text, which the server's own words of it lose: say it as \
             DEFAULT (unhex('ff')) instead",
        ),
        (
            "attempt to write a readonly database",
            "let this program write to the file and its folder, and open it without mode=ro",
        ),
    ];
    let found = ANSWERS.iter().find(|(says, _)| answer.contains(says));
    found.map(|(_, next)| *next)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
