//! What one connection runs, and for whom.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use diesel::connection::InstrumentationEvent;

use super::{Inside, RecordedQuery, Recording, SessionLog};
use crate::error::{ErrorKind, kind_of};

/// Follows the statements of a connection.
#[derive(Debug)]
pub(crate) struct Trail {
    inside: Arc<Inside>,
    /// Whether the session wants to know.
    attached: AtomicBool,
    /// How many statements were begun whose end is to be told.
    running: AtomicUsize,
    in_transaction: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    log: Option<Arc<SessionLog>>,
    caller: Option<&'static Location<'static>>,
    /// What has no answer yet; PostgreSQL may have several on their way.
    running: VecDeque<Running>,
    /// Whether a lease is under way, whose end tells how its last statement went.
    leased: bool,
    /// The lease's statement, answered as far as Diesel tells: a query's rows are still to come.
    answered: Option<Answered>,
}

struct Answered {
    query: RecordedQuery,
    since: Instant,
    log: Option<Arc<SessionLog>>,
}

struct Running {
    sql: String,
    values: Option<String>,
    since: Instant,
    caller: Option<&'static Location<'static>>,
    log: Option<Arc<SessionLog>>,
}

impl Running {
    fn ended(self, error: Option<ErrorKind>) -> Answered {
        Answered {
            query: RecordedQuery {
                sql: self.sql,
                values: self.values,
                duration: self.since.elapsed(),
                location: self.caller,
                error,
            },
            since: self.since,
            log: self.log,
        }
    }
}

impl Trail {
    pub(crate) fn new(inside: Arc<Inside>) -> Arc<Self> {
        Arc::new(Self {
            inside,
            attached: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            in_transaction: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statements that follow are those of `caller`, in the session of `log`.
    pub(crate) fn attach(
        &self,
        log: Option<&Arc<SessionLog>>,
        caller: Option<&'static Location<'static>>,
    ) {
        if log.is_none() && !self.inside.is_recording() {
            return;
        }
        let mut state = self.state();
        state.caller = caller;
        state.log = log.cloned();
        self.attached.store(log.is_some(), Ordering::Relaxed);
    }

    /// The session is done with the connection.
    pub(crate) fn detach(&self) {
        if self.attached.swap(false, Ordering::Relaxed) || self.inside.is_recording() {
            let mut state = self.state();
            state.caller = None;
            state.log = None;
            state.leased = false;
            let answered = state.answered.take();
            drop(state);
            self.tell(answered);
        }
    }

    fn is_wanted(&self) -> bool {
        self.attached.load(Ordering::Relaxed) || self.inside.is_recording()
    }

    /// A lease begins: what it runs ends with it.
    pub(crate) fn lease(&self) {
        if self.is_wanted() {
            self.state().leased = true;
        }
    }

    /// The lease ends, and its last statement with all its rows.
    pub(crate) fn lease_ended(&self, error: Option<ErrorKind>) {
        if !self.is_wanted() {
            return;
        }
        let mut state = self.state();
        state.leased = false;
        let mut answered = state.answered.take();
        drop(state);
        if let Some(Answered { query, since, .. }) = &mut answered {
            query.duration = since.elapsed();
            query.error = error;
        }
        self.tell(answered);
    }

    fn tell(&self, answered: Option<Answered>) {
        let Some(Answered { query, log, .. }) = answered else {
            return;
        };
        if let Some(log) = log {
            log.ended(&query);
        }
        self.inside.record(&query);
    }

    /// Nothing is running any more: what was, was cut off.
    pub(crate) fn settle(&self) {
        if self.running.swap(0, Ordering::Relaxed) > 0 {
            let cut_off = std::mem::take(&mut self.state().running);
            for running in cut_off {
                self.tell(Some(running.ended(Some(ErrorKind::Cancelled))));
            }
        }
    }

    pub(crate) fn set_in_transaction(&self, open: bool) {
        self.in_transaction.store(open, Ordering::Relaxed);
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.in_transaction.load(Ordering::Relaxed)
    }

    /// Takes note of what happens on the connection.
    pub(crate) fn on(&self, event: InstrumentationEvent<'_>) {
        match &event {
            InstrumentationEvent::StartQuery { query, .. } if self.is_wanted() => {
                self.started(&query.to_string());
            }
            InstrumentationEvent::FinishQuery { query, error, .. }
                if self.running.load(Ordering::Relaxed) > 0 =>
            {
                self.ended(&query.to_string(), *error);
            }
            _ => {}
        }
        if self.attached.load(Ordering::Relaxed) {
            let log = self.state().log.clone();
            if let Some(log) = log {
                log.forward(event);
            }
        }
    }

    fn started(&self, shown: &str) {
        let mut state = self.state();
        // Diesel shows the values behind the SQL; the first mark is the one that no value can have written.
        let (sql, values) = match shown.split_once(" -- binds: ") {
            Some((sql, values)) => (sql, Some(values)),
            None => (shown, None),
        };
        let wanted = state
            .log
            .as_ref()
            .map_or(Recording::Off, |log| log.recording());
        let wanted = wanted.max(self.inside.recorded_by_all());
        let running = Running {
            sql: sql.to_owned(),
            values: values
                .filter(|_| wanted == Recording::SqlAndValues)
                .map(str::to_owned),
            caller: state.caller,
            log: state.log.clone(),
            since: Instant::now(),
        };
        state.running.push_back(running);
        self.running.fetch_add(1, Ordering::Relaxed);
        let answered = state.answered.take();
        drop(state);
        self.tell(answered);
    }

    fn ended(&self, shown: &str, error: Option<&diesel::result::Error>) {
        let mut state = self.state();
        // Not simply the first: that may have been cut off, and is followed by the clean-up's own.
        let found = state
            .running
            .iter()
            .position(|running| shown.starts_with(&running.sql));
        let Some(running) = found.and_then(|at| state.running.remove(at)) else {
            return;
        };
        self.running.fetch_sub(1, Ordering::Relaxed);
        let answered = running.ended(error.map(kind_of));
        let earlier = if state.leased && error.is_none() {
            state.answered.replace(answered)
        } else {
            Some(answered)
        };
        drop(state);
        self.tell(earlier);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}
