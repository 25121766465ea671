//! While a run of steps is under way: Ctrl-C ends it after the step, and a terminal shows how long that takes.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use crate::revision::Revision;
use crate::{Error, ErrorKind};

/// What is running, known to the run and to whoever attends it.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    step: Option<Step>,
    stop: bool,
    /// Whether the last line on the terminal is one of ours, to be replaced.
    shown: bool,
}

#[derive(Debug)]
struct Step {
    text: String,
    since: Instant,
}

impl Progress {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step begins, unless the run is to end.
    pub(super) fn begins(&self, revision: &Revision, step: usize, of: usize) -> bool {
        let mut state = self.state();
        if state.stop {
            return false;
        }
        state.step = Some(Step {
            text: format!("[{step}/{of}] {}  {}", revision.id, revision.message),
            since: Instant::now(),
        });
        true
    }

    /// A step ended: what was shown of it goes.
    pub(super) fn finished(&self) {
        let mut state = self.state();
        state.step = None;
        clear(&mut state);
    }

    /// Shows for how long a step has been running.
    fn show(&self) {
        let mut state = self.state();
        let Some(step) = &state.step else {
            return;
        };
        let seconds = step.since.elapsed().as_secs();
        if seconds > 0 {
            eprint!("\r\x1b[2K{} … {seconds} s", step.text);
            let _ = std::io::stderr().flush();
            state.shown = true;
        }
    }

    fn stop(&self) {
        let mut state = self.state();
        clear(&mut state);
        state.stop = true;
        let under_way = match &state.step {
            Some(step) => step.text.clone(),
            None => "what is under way".to_owned(),
        };
        eprintln!("Stopping after {under_way}; Ctrl-C once more breaks it off.");
    }
}

fn clear(state: &mut State) {
    if std::mem::take(&mut state.shown) {
        eprint!("\r\x1b[2K");
        let _ = std::io::stderr().flush();
    }
}

/// Sees a run through: the first Ctrl-C, or signal to end, lets the step under way finish, the second breaks it off.
pub(super) async fn attend<T>(
    progress: &Progress,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut run = std::pin::pin!(run);
    let mut signals = Signals::new()?;
    let mut asked = false;
    loop {
        let pause = async {
            if std::io::stderr().is_terminal() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        let (signal, pause) = (std::pin::pin!(signals.next()), std::pin::pin!(pause));
        match select(&mut run, select(signal, pause)).await {
            Either::Left((outcome, _)) => {
                progress.finished();
                return outcome;
            }
            Either::Right((Either::Left(_), _)) if asked => {
                progress.finished();
                return Err(Error::new(
                    ErrorKind::Stopped,
                    "broken off in the middle of a step: its transaction is rolled back; what a statement commits by \
                     itself stays (MySQL's changes of the schema, scripts with run_in_transaction = false). `current` \
                     says where the database is",
                ));
            }
            Either::Right((Either::Left(_), _)) => {
                asked = true;
                progress.stop();
            }
            Either::Right((Either::Right(_), _)) => progress.show(),
        }
    }
}

/// Ctrl-C, and what service managers send.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(cannot_listen);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        select(
            std::pin::pin!(self.interrupt.recv()),
            std::pin::pin!(self.terminate.recv()),
        )
        .await;
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self, Error> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
fn cannot_listen(error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Io,
        format!("could not listen for Ctrl-C: {error}; run it where signals are allowed"),
    )
}
