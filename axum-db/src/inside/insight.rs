//! What one session knows of its statements.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::extract::MatchedPath;
use axum::http::{Extensions, Method};
use diesel::connection::{Instrumentation, InstrumentationEvent};
use tracing::dispatcher::{self, Dispatch};

use super::{Inside, RecordedQuery, Recording};

/// How many statements a session keeps; a job that runs for days does not fill the memory.
const MAX_KEPT: usize = 1_000;

/// The request that a session belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    method: Method,
    /// The route's template, never the path itself, which may hold secrets.
    route: Option<MatchedPath>,
}

impl Origin {
    pub(crate) fn of(method: &Method, extensions: &Extensions) -> Self {
        Self {
            method: method.clone(),
            route: extensions.get().cloned(),
        }
    }

    fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.method,
            self.route().unwrap_or("(no route)")
        )
    }
}

/// A session's place for a log, which is there only if somebody wants it.
#[derive(Debug, Default)]
pub(crate) struct Insight {
    pub(crate) origin: Option<Origin>,
    log: OnceLock<Arc<SessionLog>>,
}

impl Insight {
    pub(crate) fn new(origin: Option<Origin>) -> Self {
        Self {
            origin,
            log: OnceLock::new(),
        }
    }

    /// The session's log, if anybody wants to know.
    pub(crate) fn log(&self, inside: &Inside) -> Option<&Arc<SessionLog>> {
        if let Some(log) = self.log.get() {
            return Some(log);
        }
        let wanted = inside.record > Recording::Off
            || inside.echo
            || (inside.repeats > 0 && self.origin.is_some())
            || tracing::enabled!(target: "axum_db::query", tracing::Level::DEBUG);
        wanted.then(|| self.open(inside))
    }

    /// The session's log.
    pub(crate) fn open(&self, inside: &Inside) -> &Arc<SessionLog> {
        self.log
            .get_or_init(|| Arc::new(SessionLog::new(inside, self.origin.as_ref())))
    }

    /// The work is run again from its beginning: what the lost attempt repeated is no line's fault.
    pub(crate) fn run_again(&self) {
        if let Some((_, repeats)) = self.log.get().and_then(|log| log.repeats.as_ref()) {
            repeats
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
        }
    }

    /// What the session recorded so far.
    pub(crate) fn recorded(&self) -> Vec<RecordedQuery> {
        self.log
            .get()
            .map_or_else(Vec::new, |log| log.kept().iter().cloned().collect())
    }
}

/// The statements of one session.
pub(crate) struct SessionLog {
    recording: AtomicU8,
    kept: Mutex<VecDeque<RecordedQuery>>,
    /// How often which line ran which statement, where that is watched.
    repeats: Option<(u32, Mutex<Repeats>)>,
    /// A user's own observer.
    instrumentation: Mutex<Option<Box<dyn Instrumentation>>>,
    has_instrumentation: AtomicBool,
    system: &'static str,
    echo: bool,
    /// The unit of work, and where its events go: SQLite's statements end on a thread of their own.
    span: tracing::Span,
    dispatch: Dispatch,
}

type Repeats = HashMap<(&'static Location<'static>, String), u32>;

impl SessionLog {
    fn new(inside: &Inside, origin: Option<&Origin>) -> Self {
        macro_rules! span {
            ($level:ident) => {
                tracing::$level!(
                    target: "axum_db::query",
                    "unit_of_work",
                    db.system.name = inside.system,
                    http.request.method = origin.map(|origin| origin.method.as_str()),
                    http.route = origin.and_then(Origin::route),
                )
            };
        }
        let span = match inside.echo {
            true => span!(info_span),
            false => span!(debug_span),
        };
        let watches_repeats = inside.repeats > 0 && origin.is_some();
        Self {
            recording: AtomicU8::new(inside.record as u8),
            kept: Mutex::default(),
            repeats: watches_repeats.then(|| (inside.repeats, Mutex::default())),
            instrumentation: Mutex::default(),
            has_instrumentation: AtomicBool::new(false),
            system: inside.system,
            echo: inside.echo,
            span,
            dispatch: dispatcher::get_default(Clone::clone),
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<RecordedQuery>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn recording(&self) -> Recording {
        match self.recording.load(Ordering::Relaxed) {
            off if off == Recording::Off as u8 => Recording::Off,
            sql if sql == Recording::Sql as u8 => Recording::Sql,
            _ => Recording::SqlAndValues,
        }
    }

    /// Records at least that much.
    pub(crate) fn record(&self, recording: Recording) {
        self.recording.fetch_max(recording as u8, Ordering::Relaxed);
    }

    /// Has a user's own observer see the statements too.
    pub(crate) fn instrument(&self, instrumentation: Box<dyn Instrumentation>) {
        *self
            .instrumentation
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(instrumentation);
        self.has_instrumentation.store(true, Ordering::Release);
    }

    pub(super) fn forward(&self, event: InstrumentationEvent<'_>) {
        if self.has_instrumentation.load(Ordering::Acquire) {
            self.instrumentation
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .on_connection_event(event);
        }
    }

    /// A statement ended.
    pub(super) fn ended(&self, query: &RecordedQuery) {
        let recording = self.recording();
        if recording > Recording::Off {
            let mut kept = self.kept();
            if kept.len() == MAX_KEPT {
                kept.pop_front();
            }
            kept.push_back(query.kept_as(recording));
        }
        if let (Some((_, repeats)), Some(location)) = (&self.repeats, query.location)
            && !query.is_transaction_control()
        {
            let mut repeats = repeats.lock().unwrap_or_else(PoisonError::into_inner);
            *repeats.entry((location, query.sql.clone())).or_default() += 1;
        }
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    target: "axum_db::query",
                    parent: &self.span,
                    {
                        db.system.name = self.system,
                        db.query.text = %query.sql,
                        duration = ?query.duration,
                        code.file.path = query.location.map(Location::file),
                        code.line.number = query.location.map(Location::line),
                        error.type = query.error.map(tracing::field::debug),
                    },
                    "statement"
                )
            };
        }
        dispatcher::with_default(&self.dispatch, || match self.echo {
            true => tell!(info),
            false => tell!(debug),
        });
    }
}

impl Drop for SessionLog {
    /// Warns of lines that ran the same statement again and again.
    fn drop(&mut self) {
        let Self {
            repeats: Some((limit, repeats)),
            dispatch,
            span,
            ..
        } = self
        else {
            return;
        };
        let repeats = repeats.get_mut().unwrap_or_else(PoisonError::into_inner);
        for ((location, sql), count) in repeats.iter().filter(|(_, count)| **count > *limit) {
            dispatcher::with_default(dispatch, || {
                tracing::warn!(
                    target: "axum_db",
                    parent: &*span,
                    "{location} ran the same statement {count} times in one request; load related rows together with \
                     `preload`, or write many rows with one statement: {sql}"
                );
            });
        }
    }
}

impl fmt::Debug for SessionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLog").finish_non_exhaustive()
    }
}

/// Whether a line is outside of this crate: the application's, or another crate's.
pub(crate) fn is_outside(location: &Location<'_>) -> bool {
    // Asked for each statement: a comparison of bytes, no search.
    let sources = file!().len() - "inside/insight.rs".len();
    !location
        .file()
        .as_bytes()
        .starts_with(&file!().as_bytes()[..sources])
}
