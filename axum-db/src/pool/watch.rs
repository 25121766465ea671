//! What a pooled connection is doing, seen from inside it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};

use crate::backend::Backend;

/// Counts the statements in flight on a connection and remembers failures.
///
/// It is fed by Diesel's instrumentation, so it sees every statement however a user reaches the connection.
#[derive(Debug, Default)]
pub struct Watch {
    in_flight: AtomicUsize,
    /// How deep the connection is in transactions and savepoints: 0 outside, 1 in a transaction.
    depth: AtomicU32,
    /// The least depth at which a statement failed that no rollback undid since; 0 for none.
    failed_at: AtomicU32,
    /// Set while, and after, a user has the connection itself.
    in_hand: AtomicBool,
    /// Set when only closing the connection helps.
    altered: AtomicBool,
    /// Set while a statement is allowed to write outside of a transaction, on a connection that refuses it.
    writes_alone: AtomicBool,
    /// The database would be gone with its connection.
    permanent: bool,
}

impl Watch {
    pub(crate) fn new(permanent: bool) -> Arc<Self> {
        Arc::new(Self {
            permanent,
            ..Self::default()
        })
    }

    /// Whether the database would be gone with the connection.
    pub(crate) fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// The observer to set on the connection.
    pub(crate) fn observer<B: Backend>(self: &Arc<Self>) -> Observer<B> {
        Observer {
            watch: self.clone(),
            backend: PhantomData,
        }
    }

    /// Whether a statement was sent whose end was not seen: its future was dropped, or still lives.
    pub(crate) fn in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) > 0
    }

    /// Whether a statement of the open transaction failed that no rollback undid, to a savepoint or whole.
    pub(crate) fn failed(&self) -> bool {
        self.failed_at.load(Ordering::Acquire) > 0
    }

    pub(crate) fn take_in_hand(&self) {
        self.in_hand.store(true, Ordering::Release);
    }

    pub(crate) fn was_in_hand(&self) -> bool {
        self.in_hand.load(Ordering::Acquire)
    }

    /// Whether the connection broke, or a user's statement altered its session in a way that only closing
    /// it undoes.
    pub(crate) fn altered(&self) -> bool {
        self.altered.load(Ordering::Acquire)
    }

    /// Only closing the connection helps now; where the database would go with it, nothing does.
    pub(crate) fn spoil(&self) {
        self.altered.store(!self.permanent, Ordering::Release);
    }

    pub(crate) fn set_writes_alone(&self, allowed: bool) {
        self.writes_alone.store(allowed, Ordering::Release);
    }

    /// Whether a statement was allowed to write outside of a transaction and that was not taken back.
    pub(crate) fn writes_alone(&self) -> bool {
        self.writes_alone.load(Ordering::Acquire)
    }

    /// Nothing is in flight any more.
    pub(crate) fn settle(&self) {
        self.in_flight.store(0, Ordering::Release);
        self.entered(0);
        self.failed_at.store(0, Ordering::Release);
    }

    fn entered(&self, depth: u32) {
        self.depth.store(depth, Ordering::Release);
    }

    fn statement_failed(&self) {
        let depth = self.depth.load(Ordering::Acquire);
        let earlier = self.failed_at.load(Ordering::Acquire);
        if earlier == 0 || depth < earlier {
            self.failed_at.store(depth, Ordering::Release);
        }
    }

    /// The transaction or savepoint of `depth` ended.
    fn left(&self, depth: u32, undone: bool) {
        self.entered(depth - 1);
        if self.failed_at.load(Ordering::Acquire) >= depth {
            self.failed_at
                .store(if undone { 0 } else { depth - 1 }, Ordering::Release);
        }
    }

    /// The connection is as it was when it was opened.
    pub(crate) fn reset(&self) {
        self.settle();
        self.in_hand.store(false, Ordering::Release);
        self.writes_alone.store(false, Ordering::Release);
        self.altered.store(false, Ordering::Release);
    }
}

fn is_broken(error: &diesel::result::Error) -> bool {
    crate::error::kind_of(error) == crate::error::ErrorKind::Connection
}

/// Diesel's view of a [`Watch`].
pub(crate) struct Observer<B> {
    watch: Arc<Watch>,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend> Instrumentation for Observer<B> {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                self.watch.in_flight.fetch_add(1, Ordering::AcqRel);
                if self.watch.was_in_hand()
                    && !self.watch.permanent
                    && B::leaves_state(&query.to_string())
                {
                    self.watch.spoil();
                }
            }
            InstrumentationEvent::FinishQuery { error, .. } => {
                let _ = self.watch.in_flight.fetch_update(
                    Ordering::AcqRel,
                    Ordering::Acquire,
                    |count| count.checked_sub(1),
                );
                if let Some(error) = error {
                    self.watch.statement_failed();
                    if is_broken(error) {
                        self.watch.spoil();
                    }
                }
            }
            InstrumentationEvent::BeginTransaction { depth, .. } => self.watch.entered(depth.get()),
            InstrumentationEvent::CommitTransaction { depth, .. } => {
                self.watch.left(depth.get(), false);
            }
            InstrumentationEvent::RollbackTransaction { depth, .. } => {
                self.watch.left(depth.get(), true);
            }
            _ => {}
        }
    }
}
