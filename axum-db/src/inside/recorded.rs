//! A statement that ran.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::error::ErrorKind;

/// What is recorded of statements; a greater one has what a smaller one has.
///
/// ```
/// use axum_db::Recording;
///
/// assert!(Recording::Off < Recording::Sql && Recording::Sql < Recording::SqlAndValues);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum Recording {
    /// Nothing.
    #[default]
    Off,
    /// The SQL with placeholders, how long it took, and the line that ran it.
    Sql,
    /// The values for the placeholders too: passwords' hashes and whatever else visitors send.
    SqlAndValues,
}

/// Asks whether the transaction still stands, after the connection was in hand.
pub(crate) const PROBE: &str = "SELECT 1 /* does the transaction stand? */";

/// A statement that a session ran: see [`Db::recorded`](crate::Db::recorded) and [`Recorder`](crate::Recorder).
///
/// ```
/// use axum_db::{Config, Database, Recording, Sqlite, prelude::*};
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// let mut config = Config::new("sqlite://:memory:");
/// config.record_queries = Recording::SqlAndValues;
/// let database: Database<Sqlite> = Database::with_config(config)?;
/// # database.create_all(&axum_db::metadata![Tag]).await?;
/// let db = database.session();
/// Tag::query().filter(tags::name.eq("rust")).all(&db).await?;
/// let recorded = db.recorded();
/// assert!(recorded[0].sql().starts_with("SELECT `tags`.`id`"));
/// assert!(recorded[0].values().is_some_and(|values| values.contains("rust")));
/// assert!(!recorded[0].is_transaction_control());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RecordedQuery {
    pub(super) sql: String,
    pub(super) values: Option<String>,
    pub(super) duration: Duration,
    pub(super) location: Option<&'static Location<'static>>,
    pub(super) error: Option<ErrorKind>,
}

impl RecordedQuery {
    /// The SQL, with placeholders for values. What was written into the text of a statement by hand is there.
    ///
    /// ```
    /// # use axum_db::{Recording, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let recorder = database.record(Recording::Sql);
    /// Tag::find(7).one_or_none(&database.session()).await?;
    /// let sql = recorder.queries()[0].sql().to_owned();
    /// assert!(sql.starts_with("SELECT ") && sql.contains("WHERE (`tags`.`id` = ?)"), "{sql}");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values for the placeholders as Diesel prints them, where [`Recording::SqlAndValues`] was asked for.
    ///
    /// ```
    /// # use axum_db::{Recording, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let (with, without) = (database.record(Recording::SqlAndValues), database.record(Recording::Sql));
    /// Tag::query().filter(tags::name.eq("rust")).all(&database.session()).await?;
    /// assert!(with.queries()[0].values().is_some_and(|values| values.contains("rust")));
    /// assert_eq!(without.queries()[0].values(), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn values(&self) -> Option<&str> {
        self.values.as_deref()
    }

    /// How long it took, from being sent until its rows were read; on the connection in hand
    /// ([`Db::conn`](crate::Db::conn)), until the database began to answer.
    ///
    /// ```
    /// # use axum_db::{Recording, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// use std::time::Duration;
    ///
    /// let recorder = database.record(Recording::Sql);
    /// Tag::query().all(&database.session()).await?;
    /// let slowest = recorder.queries().iter().map(|query| query.duration()).max();
    /// assert!(slowest.is_some_and(|time| time > Duration::ZERO));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The line that ran it; `None` for what the end of a request or a clean-up runs.
    ///
    /// ```
    /// # use axum_db::{Recording, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let recorder = database.record(Recording::Sql);
    /// let db = database.session();
    /// Tag::query().all(&db).await?;
    /// let line = line!() - 1;
    /// assert!(recorder.queries()[0].location().is_some_and(|place| place.line() == line));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// How it failed, if it did; [`ErrorKind::Cancelled`] where nobody waited for its answer any more.
    ///
    /// ```
    /// # use axum_db::{ErrorKind, Recording, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let recorder = database.record(Recording::Sql);
    /// assert!(Tag::query().all(&database.session()).await.is_err()); // no create_all, no migration
    /// assert_eq!(recorder.queries()[0].error(), Some(ErrorKind::MissingTable));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<ErrorKind> {
        self.error
    }

    /// Whether it begins or ends a transaction or savepoint: BEGIN, COMMIT, ROLLBACK and the like.
    ///
    /// ```
    /// # use axum_db::{Recording, metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let recorder = database.record(Recording::Sql);
    /// let db = database.session();
    /// NewTag::new("rust").insert(&db).await?;
    /// db.commit().await?;
    /// let control: Vec<bool> = recorder.queries().iter().map(|query| query.is_transaction_control()).collect();
    /// assert_eq!(control, [true, false, true]); // BEGIN, INSERT, COMMIT
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_transaction_control(&self) -> bool {
        const WORDS: [&str; 10] = [
            "BEGIN",
            "START TRANSACTION",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT",
            "RELEASE",
            // MySQL's level goes before its BEGIN.
            "SET TRANSACTION",
            // Ours, around a connection in hand.
            "SET autocommit",
            "SET default_transaction_read_only",
            PROBE,
        ];
        WORDS.iter().any(|word| self.sql.starts_with(word))
    }
}

impl fmt::Display for RecordedQuery {
    /// `SELECT … (0.4 ms, src/posts.rs:12)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:.1?}", self.sql, self.duration)?;
        if let Some(location) = self.location {
            write!(f, ", {}:{}", location.file(), location.line())?;
        }
        f.write_str(")")
    }
}
