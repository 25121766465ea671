//! A thread of its own for each SQLite connection.

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak, mpsc};

use diesel::QueryResult;
use diesel_async::AsyncConnectionCore;
use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::future::BoxFuture;

use super::{Backend, Sqlite};
use crate::pool::Watch;

type Job = Box<dyn FnOnce() + Send>;

/// What the thread gives for a query: all its rows, or why one of them could not be had.
type Loaded = QueryResult<Vec<QueryResult<Row>>>;
type Row = <<Sqlite as Backend>::Connection as AsyncConnectionCore>::Row<'static, 'static>;

/// The thread on which a SQLite connection runs its statements, one after the other.
///
/// A statement whose future is dropped ends by itself here; whatever is sent later runs after it. No
/// worker of the runtime ever waits.
///
/// ```
/// use diesel::{RunQueryDsl, SqliteConnection, dsl::sql, sql_types::Text};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// let mut connection = database.connect_dedicated().await?;
/// // Whatever is written for Diesel's own connection runs there too.
/// let ask = |inner: &mut SqliteConnection| {
///     let thread = std::thread::current().name().map(str::to_owned);
///     diesel::select(sql::<Text>("'hello'")).get_result(inner).map(|hello: String| (hello, thread))
/// };
/// let (hello, thread) = connection.spawn_blocking(ask).await?;
/// assert_eq!((hello.as_str(), thread.as_deref()), ("hello", Some("axum-db-sqlite")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ConnectionThread {
    jobs: Option<mpsc::Sender<Job>>,
    /// Not a holder of the watch, by which the pool sees that nobody replaced the observer.
    watch: Weak<Watch>,
}

impl ConnectionThread {
    /// A thread that tells of queries which fail while their rows are read: Diesel's observers hear that they went well.
    pub(super) fn watched(watch: &Arc<Watch>) -> Self {
        Self {
            watch: Arc::downgrade(watch),
            ..Self::get_runtime()
        }
    }
}

/// Tells the watch of a query that failed.
fn look_at(outcome: &dyn Any, watch: &Weak<Watch>) {
    if let Some(Err(error @ diesel::result::Error::DatabaseError(..))) =
        outcome.downcast_ref::<Loaded>()
        && let Some(watch) = watch.upgrade()
    {
        watch.failed_with::<Sqlite>(error);
    }
}

impl SpawnBlocking for ConnectionThread {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let watch = self.watch.clone();
        let job: Job = Box::new(move || {
            // A panic drops the sender, which the waiting side sees, and spares the thread.
            if let Ok(outcome) = std::panic::catch_unwind(AssertUnwindSafe(task)) {
                look_at(&outcome, &watch);
                let _ = sender.send(outcome);
            }
        });
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        Box::pin(async move {
            if !sent {
                return Err("no thread could be started for the SQLite connection".into());
            }
            receiver
                .await
                .map_err(|_| "the statement panicked on the SQLite connection's thread".into())
        })
    }

    fn get_runtime() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let started = std::thread::Builder::new()
            .name("axum-db-sqlite".into())
            .spawn(move || {
                while let Ok(job) = queue.recv() {
                    job();
                }
            });
        Self {
            jobs: started.is_ok().then_some(jobs),
            watch: Weak::new(),
        }
    }
}
