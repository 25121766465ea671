//! Recording all statements of a database.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Inside, RecordedQuery, Recording};

/// Records the statements of all sessions of a database, for as long as it lives: what tests count. Made by
/// [`Database::record`](crate::Database::record).
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
/// let statements = recorder.take();
/// assert_eq!(statements.len(), 3); // BEGIN, INSERT, COMMIT
/// assert_eq!(statements.iter().filter(|query| !query.is_transaction_control()).count(), 1);
/// assert!(recorder.queries().is_empty());
/// # Ok(())
/// # }
/// ```
#[must_use = "it records for as long as it lives"]
pub struct Recorder {
    inside: Arc<Inside>,
    list: Arc<List>,
}

/// What a recorder has heard.
#[derive(Debug)]
pub(crate) struct List {
    recording: Recording,
    queries: Mutex<Vec<RecordedQuery>>,
}

impl List {
    fn queries(&self) -> MutexGuard<'_, Vec<RecordedQuery>> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder {
    pub(crate) fn new(inside: Arc<Inside>, recording: Recording) -> Self {
        let list = Arc::new(List {
            recording,
            queries: Mutex::default(),
        });
        inside.recorders().push(Arc::downgrade(&list));
        inside.recording.fetch_add(1, Ordering::Relaxed);
        Self { inside, list }
    }

    /// The statements so far, in the order in which they ended.
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
    /// assert_eq!(recorder.queries().len(), 1);
    /// Tag::query().all(&db).await?;
    /// assert_eq!(recorder.queries().len(), 2); // it forgets nothing
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queries(&self) -> Vec<RecordedQuery> {
        self.list.queries().clone()
    }

    /// The statements so far, and forgets them.
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
    /// assert_eq!(recorder.take().len(), 1);
    /// Tag::query().all(&db).await?;
    /// assert_eq!(recorder.take().len(), 1); // of the second alone
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn take(&self) -> Vec<RecordedQuery> {
        std::mem::take(&mut *self.list.queries())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.inside
            .recorders()
            .retain(|list| !std::ptr::eq(list.as_ptr(), Arc::as_ptr(&self.list)));
        self.inside.recording.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("queries", &self.list.queries().len())
            .finish_non_exhaustive()
    }
}

impl Inside {
    /// The most that any recorder wants to know.
    pub(super) fn recorded_by_all(&self) -> Recording {
        if !self.is_recording() {
            return Recording::Off;
        }
        let recorders = self.recorders();
        let wanted = recorders.iter().filter_map(|list| list.upgrade());
        wanted.map(|list| list.recording).max().unwrap_or_default()
    }

    /// Gives a statement to every recorder.
    pub(super) fn record(&self, query: &RecordedQuery) {
        if !self.is_recording() {
            return;
        }
        for list in self.recorders().iter().filter_map(std::sync::Weak::upgrade) {
            list.queries().push(query.kept_as(list.recording));
        }
    }
}

impl RecordedQuery {
    /// A copy with as much as `recording` allows.
    pub(super) fn kept_as(&self, recording: Recording) -> Self {
        let mut copy = self.clone();
        if recording < Recording::SqlAndValues {
            copy.values = None;
        }
        copy
    }
}
