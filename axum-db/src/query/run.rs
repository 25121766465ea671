//! `.run(&db)`: statements that give no rows.

use std::panic::Location;

use diesel::query_builder::{QueryFragment, QueryId};
use diesel_async::RunQueryDsl;

use super::text::{Text, Written};
use crate::{Backend, Bind, Db, Error};

/// Runs INSERT, UPDATE, DELETE and hand-written statements through a session. The prelude brings it.
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Tag]).await?;
/// # let db = database.session();
/// let written = diesel::insert_into(tags::table).values(tags::name.eq("rust")).run(&db).await?;
/// assert_eq!(written, 1);
/// let gone = diesel::delete(tags::table.filter(tags::name.eq("go"))).run(&db).await?;
/// assert_eq!(gone, 0);
/// # Ok(())
/// # }
/// ```
pub trait Run: Sized {
    /// Runs the statement in the session's transaction, which it opens, and gives the number of rows it
    /// wrote. `db.commit()` makes them last.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let renamed = diesel::update(users::table.filter(users::id.gt(1))).set(users::name.eq("x"));
    /// let error = renamed.run(&db).await.unwrap_err(); // the name is unique
    /// assert_eq!(error.kind(), axum_db::ErrorKind::UniqueViolation);
    /// db.rollback().await?;
    /// let gone = diesel::delete(users::table.filter(users::id.gt(1))).run(&db).await?;
    /// assert_eq!(gone, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the statement is ended and the session's transaction rolled back.
    #[track_caller]
    fn run<'q, B, K>(self, db: &'q Db<B, K>) -> impl Future<Output = Result<usize, Error>> + Send
    where
        B: Backend,
        K: Bind,
        Self: QueryFragment<B::Diesel> + QueryId + Send + 'q,
    {
        let here = Location::caller();
        Box::pin(async move {
            let text = Text::of::<B, Self>(&self)?;
            let mut lease = db.lease_for(here, text.purpose_of_run::<B, Self>()).await?;
            let (connection, deadline) = lease.parts();
            let statement = Written { query: self, text };
            let outcome = deadline
                .cover(RunQueryDsl::execute(statement, connection))
                .await;
            lease.end(outcome).await
        })
    }
}

// Diesel's own trait marks what can be run; its parameter, a connection, is of no interest here.
impl<S: diesel::RunQueryDsl<()>> Run for S {}
