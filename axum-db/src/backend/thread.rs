//! A thread of its own for each SQLite connection.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc;

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::future::BoxFuture;

type Job = Box<dyn FnOnce() + Send>;

/// The thread on which a SQLite connection runs its statements, one after the other.
///
/// A statement whose future is dropped ends by itself here; whatever is sent later runs after it. No
/// worker of the runtime ever waits.
#[derive(Debug)]
pub struct ConnectionThread {
    jobs: Option<mpsc::Sender<Job>>,
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
        let job: Job = Box::new(move || {
            // A panic drops the sender, which the waiting side sees, and spares the thread.
            if let Ok(outcome) = std::panic::catch_unwind(AssertUnwindSafe(task)) {
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
        }
    }
}
