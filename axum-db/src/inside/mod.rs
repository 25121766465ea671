//! Seeing inside: which statements ran, from which lines, how long they took, and who holds the connections.
//!
//! Diesel's instrumentation sees each statement ([`Trail`]); the session tells which line asked for it. What
//! comes out goes to whoever wants it: the session's own list and its warnings ([`SessionLog`]), the recorders of
//! the whole database, and `tracing`. Where nobody does, a statement costs a look at a flag or two.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

mod holders;
mod insight;
mod recorded;
mod recorder;
mod trail;

pub(crate) use holders::{Hold, Holders};
pub(crate) use insight::{Insight, Origin, SessionLog, is_outside};
#[cfg(feature = "postgres")]
pub(crate) use recorded::PROBE;
pub use recorded::{RecordedQuery, Recording};
pub use recorder::Recorder;
pub(crate) use trail::Trail;

use crate::config::Config;
use recorder::List;

/// What one database knows of its sessions and connections.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    /// OpenTelemetry's name of the engine.
    system: &'static str,
    /// What every session records.
    record: Recording,
    /// Whether statements are in the log at INFO.
    echo: bool,
    /// How often a line may run the same statement in a request; 0 for any number.
    repeats: u32,
    pub(crate) holders: Holders,
    /// How many recorders there are.
    recording: AtomicUsize,
    recorders: Mutex<Vec<Weak<List>>>,
}

impl Inside {
    pub(crate) fn new(system: &'static str, config: &Config) -> Arc<Self> {
        Arc::new(Self {
            system,
            record: config.record_queries,
            echo: config.echo,
            repeats: config.repeated_queries,
            ..Self::default()
        })
    }

    /// Whether somebody records the statements of all sessions.
    pub(crate) fn is_recording(&self) -> bool {
        self.recording.load(Ordering::Relaxed) > 0
    }

    fn recorders(&self) -> MutexGuard<'_, Vec<Weak<List>>> {
        self.recorders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
