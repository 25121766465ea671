//! Counting statements.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Backend, Bind, Database, RecordedQuery, Recorder, Recording};

/// Asserts how many statements a recorder has heard, and forgets them. BEGIN, COMMIT and the like do not count.
///
/// ```
/// use axum_db::{Recording, metadata, prelude::*, testing::assert_queries};
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Tag]).await?;
/// let (db, recorder) = (database.session(), database.record(Recording::Sql));
/// NewTag::new("rust").insert(&db).await?;
/// db.commit().await?;
/// assert_queries(&recorder, 1);
/// Tag::query().all(&db).await?;
/// assert_queries(&recorder, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// When there were more or fewer; the message lists them with the lines that ran them.
#[track_caller]
pub fn assert_queries(recorder: &Recorder, count: usize) {
    let queries = counted(recorder.take());
    if queries.len() != count {
        panic!("{}", listed(&queries, count));
    }
}

/// What of the statements counts.
fn counted(queries: Vec<RecordedQuery>) -> Vec<RecordedQuery> {
    let counts = |query: &RecordedQuery| !query.is_transaction_control();
    queries.into_iter().filter(counts).collect()
}

/// What a failed assertion says.
pub(super) fn listed(queries: &[RecordedQuery], expected: usize) -> String {
    let mut text = format!("expected {expected} statements, got {}:", queries.len());
    for query in queries {
        text.push_str(&format!("\n  {query}"));
    }
    text
}

/// The recorders of a test's databases.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorders(Arc<Mutex<Vec<Recorder>>>);

impl Recorders {
    pub(super) fn add<B: Backend, K: Bind>(&self, database: &Database<B, K>) {
        let mut recorders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorders.push(database.record(Recording::Sql));
    }

    /// What counts of what they have heard, which they forget.
    pub(super) fn take(&self) -> Vec<RecordedQuery> {
        let recorders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorders
            .iter()
            .map(Recorder::take)
            .flat_map(counted)
            .collect()
    }
}
