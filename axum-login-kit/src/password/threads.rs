//! Threads that hash, so that the runtime never does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::error::Error;

/// How long a hash waits for a thread before it is refused.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(2);

type Job = Box<dyn FnOnce() + Send>;

/// A fixed set of threads, each hashing one password at a time.
///
/// A permit stands for a thread. Callers queue for permits in their order of arrival and for at most
/// [`MAX_WAIT`]: under a storm of logins the ones that wait longest are told to come back, instead of all of
/// them finishing after their clients have gone.
#[derive(Debug)]
pub(crate) struct HashThreads {
    permits: Arc<Semaphore>,
    jobs: Sender<Job>,
}

impl HashThreads {
    /// The threads of this process, one for each core, started by the first hash.
    pub(crate) fn global() -> &'static HashThreads {
        static GLOBAL: OnceLock<HashThreads> = OnceLock::new();
        GLOBAL.get_or_init(|| {
            HashThreads::start(std::thread::available_parallelism().map_or(1, usize::from))
        })
    }

    pub(crate) fn start(count: usize) -> Self {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let started = (0..count)
            .filter(|index| {
                let queue = Arc::clone(&queue);
                std::thread::Builder::new()
                    .name(format!("password-hash-{index}"))
                    .spawn(move || serve(&queue))
                    .inspect_err(|error| tracing::error!(%error, "no thread for hashing passwords"))
                    .is_ok()
            })
            .count();
        HashThreads {
            permits: Arc::new(Semaphore::new(started)),
            jobs,
        }
    }

    /// Runs `work` on one of the threads.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy) when no thread became free within [`MAX_WAIT`].
    ///
    /// # Cancellation
    /// Dropped while it waits, it leaves the queue; later, the hash under way ends and is thrown away.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Error> {
        let permit = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Error::busy())?
            .map_err(|_| Error::busy())?;
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _permit = permit;
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        self.jobs.send(job).map_err(|_| Error::busy())?;
        result.await.map_err(|_| Error::busy())
    }
}

fn serve(queue: &Mutex<Receiver<Job>>) {
    lower_priority();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

/// Linux counts niceness for each thread; elsewhere `nice` would slow the whole process.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn lower_priority() {
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "the hashing threads keep their priority");
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, mpsc};
    use std::task::{Context, Waker};

    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::HashThreads;
    use crate::ErrorKind;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_thread_in_time_is_told_to_come_back() {
        let threads = HashThreads::start(1);
        let (finish, wait) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let first = threads.run(move || {
            let _ = started.send(());
            wait.recv()
        });
        let second = async {
            running.await.unwrap();
            // The clock is paused: it jumps to the end of the wait as soon as nothing else can happen.
            let error = threads.run(|| ()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Busy);
            finish.send(()).unwrap();
        };
        let (first, ()) = tokio::join!(first, second);
        first.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_caller_that_went_away_costs_no_hash_and_no_thread() {
        let threads = HashThreads::start(1);
        let (finish, wait) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let abandoned = async {
            tokio::select! {
                _ = threads.run(move || {
                    let _ = started.send(());
                    wait.recv()
                }) => unreachable!("it waits for a message"),
                _ = running => {}
            }
        };
        abandoned.await;
        finish.send(()).unwrap();
        assert_eq!(threads.run(|| 7).await.unwrap(), 7);
    }

    /// Asks the future once.
    fn waits(future: Pin<&mut impl Future>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        future.poll(&mut context).is_pending()
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_in_the_queue_costs_no_hash_and_leaves_its_place_to_the_next() {
        let threads = HashThreads::start(1);
        let hashed = Arc::new(AtomicU32::new(0));
        let hash = || {
            let hashed = Arc::clone(&hashed);
            move || hashed.fetch_add(1, Ordering::SeqCst)
        };
        let (finish, wait) = mpsc::channel::<()>();
        let busy = threads.run(move || wait.recv());
        let mut impatient: Vec<_> = (0..20).map(|_| Box::pin(threads.run(hash()))).collect();
        let mut patient = pin!(threads.run(hash()));
        let mut busy = pin!(busy);
        assert!(waits(busy.as_mut()));
        assert!(impatient.iter_mut().all(|caller| waits(caller.as_mut())));
        assert!(waits(patient.as_mut()));
        drop(impatient);
        finish.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert_eq!(patient.await.unwrap(), 0, "nobody else was hashed for");
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_before_its_thread_begins_costs_no_hash() {
        let threads = HashThreads::start(1);
        let (finish, wait) = mpsc::channel::<()>();
        // The thread is late: it works on something that holds no permit.
        let late = Box::new(move || wait.recv().unwrap());
        threads.jobs.send(late).unwrap();
        let hashed = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&hashed);
        let mut abandoned = Box::pin(threads.run(move || counted.fetch_add(1, Ordering::SeqCst)));
        assert!(waits(abandoned.as_mut()));
        assert_eq!(
            threads.permits.available_permits(),
            0,
            "it is the next one's turn"
        );
        drop(abandoned);
        finish.send(()).unwrap();
        assert_eq!(threads.run(|| 7).await.unwrap(), 7);
        assert_eq!(hashed.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn two_hundred_logins_in_the_queue_keep_no_other_request_waiting() {
        let threads = HashThreads::start(1);
        let (finish, wait) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let busy = threads.run(move || {
            let _ = started.send(());
            wait.recv()
        });
        let logins = futures_util::future::join_all((0..200).map(|number| {
            // All threads are at work: this waits.
            threads.run(move || number)
        }));
        let others = async {
            running.await.unwrap();
            let app = Router::new().route(
                "/plain",
                get(async || {
                    tokio::task::yield_now().await;
                    "plain"
                }),
            );
            for _ in 0..200 {
                let request = Request::get("/plain").body(Body::empty()).unwrap();
                let response = app.clone().oneshot(request).await.unwrap();
                assert_eq!(response.status(), 200);
            }
            finish.send(()).unwrap();
        };
        let (first, logins, ()) = tokio::join!(busy, logins, others);
        first.unwrap().unwrap();
        let done: Result<Vec<i32>, _> = logins.into_iter().collect();
        assert!(done.unwrap().into_iter().eq(0..200));
    }

    #[tokio::test]
    async fn a_panic_takes_no_thread_away() {
        let threads = HashThreads::start(1);
        let panicking = threads.run(|| panic!("on purpose"));
        assert_eq!(panicking.await.unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(threads.run(|| 7).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_threads_are_nicer_than_the_runtime() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let hashing = HashThreads::start(1).run(nice).await.unwrap();
        assert_eq!(hashing, (before + 10).min(19));
        assert_eq!(nice(), before);
    }
}
