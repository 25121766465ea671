//! What a pooled connection is doing, seen from inside it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};

use crate::backend::Backend;
use crate::error::ErrorKind;
use crate::inside::Trail;

/// Counts the statements in flight on a connection and remembers failures.
///
/// It is fed by Diesel's instrumentation, so it sees every statement however a user reaches the connection.
#[derive(Debug)]
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
    /// A transaction lost against a concurrent one, and the session has not heard of it yet.
    conflict: AtomicBool,
    /// The next statement is BEGIN, COMMIT, ROLLBACK or a savepoint's, sent by Diesel itself.
    controlling: AtomicBool,
    /// A user's own SQL began or ended a transaction.
    taken_over: AtomicBool,
    /// The depth at which the engine's guard of a transaction in hand stands; 0 for none.
    guard: AtomicU32,
    /// Set while what such a guard needs is set on the connection.
    guarded: AtomicBool,
    /// A user's own statement wrote in the open transaction.
    wrote: AtomicBool,
    /// The database would be gone with its connection.
    permanent: bool,
    /// Who wants to know what runs.
    trail: Arc<Trail>,
}

impl Watch {
    pub(crate) fn new(permanent: bool, trail: Arc<Trail>) -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            depth: AtomicU32::new(0),
            failed_at: AtomicU32::new(0),
            in_hand: AtomicBool::new(false),
            altered: AtomicBool::new(false),
            writes_alone: AtomicBool::new(false),
            conflict: AtomicBool::new(false),
            controlling: AtomicBool::new(false),
            taken_over: AtomicBool::new(false),
            guard: AtomicU32::new(0),
            guarded: AtomicBool::new(false),
            wrote: AtomicBool::new(false),
            permanent,
            trail,
        })
    }

    pub(crate) fn trail(&self) -> &Arc<Trail> {
        &self.trail
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

    /// Whether no statement is under way, and none needs looking after: what reads leave behind.
    pub(crate) fn is_untouched(&self) -> bool {
        !(self.in_flight()
            || self.failed()
            || self.was_in_hand()
            || self.taken_over()
            || self.conflict.load(Ordering::Acquire))
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
    #[cfg(feature = "postgres")]
    pub(crate) fn writes_alone(&self) -> bool {
        self.writes_alone.load(Ordering::Acquire)
    }

    /// Whether a transaction lost against a concurrent one since this was asked last.
    pub(crate) fn take_conflict(&self) -> bool {
        self.conflict.swap(false, Ordering::AcqRel)
    }

    /// Whether a user's own SQL began or ended a transaction.
    pub(crate) fn taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Acquire)
    }

    /// Whether a user's own statement wrote in the open transaction.
    pub(crate) fn has_written(&self) -> bool {
        self.wrote.load(Ordering::Acquire)
    }

    /// The next statement is our own, though the connection was in hand.
    #[cfg(feature = "mysql")]
    pub(crate) fn control(&self) {
        self.controlling.store(true, Ordering::Release);
    }

    /// The engine's guard of the transaction in hand stands.
    #[cfg(feature = "mysql")]
    pub(crate) fn set_guarded(&self) {
        self.guarded.store(true, Ordering::Release);
        let depth = self.depth.load(Ordering::Acquire);
        self.guard.store(depth, Ordering::Release);
    }

    /// Nothing of the guard is left on the connection.
    #[cfg(feature = "mysql")]
    pub(crate) fn set_unguarded(&self) {
        self.guard_ended();
        self.guarded.store(false, Ordering::Release);
    }

    /// Whether something of a guard may still be set on the connection.
    #[cfg(feature = "mysql")]
    pub(crate) fn was_guarded(&self) -> bool {
        self.guarded.load(Ordering::Acquire)
    }

    /// Whether the guard stands.
    #[cfg(feature = "mysql")]
    pub(crate) fn is_guarded(&self) -> bool {
        self.guard.load(Ordering::Acquire) > 0
    }

    /// The guard stands no more.
    pub(crate) fn guard_ended(&self) {
        self.guard.store(0, Ordering::Release);
    }

    /// Whether a savepoint is open.
    #[cfg(feature = "mysql")]
    pub(crate) fn is_in_savepoint(&self) -> bool {
        self.depth.load(Ordering::Acquire) > 1
    }

    /// Whether the transaction itself failed, which no savepoint's rollback undoes.
    pub(crate) fn failed_whole(&self) -> bool {
        self.failed_at.load(Ordering::Acquire) == 1
    }

    /// The future of a statement was dropped, so that nobody saw its end.
    pub(crate) fn cut_off(&self) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    /// A value of the statement could not be written, so that nothing of it is under way.
    pub(crate) fn was_not_sent(&self) {
        self.in_flight.store(0, Ordering::Release);
    }

    /// A statement failed. Errors that rows brought later than Diesel's own report come here too.
    pub(crate) fn failed_with<B: Backend>(&self, error: &diesel::result::Error) {
        let kind = crate::error::kind_of(error);
        if kind.is_retryable() {
            self.conflict.store(true, Ordering::Release);
        }
        let depth = self.depth.load(Ordering::Acquire);
        if kind.is_retryable() || B::ends_transaction(error) {
            // Some engines have rolled the whole transaction back, and all advise to.
            self.statement_failed(depth.min(1));
        } else {
            self.statement_failed(depth);
        }
        if kind == ErrorKind::Connection {
            self.spoil();
        }
    }

    /// Nothing is in flight any more.
    pub(crate) fn settle(&self) {
        self.in_flight.store(0, Ordering::Release);
        self.entered(0);
        self.guard_ended();
        self.failed_at.store(0, Ordering::Release);
        self.trail.settle();
    }

    fn entered(&self, depth: u32) {
        self.trail.set_in_transaction(depth > 0);
        if depth == 0 {
            self.wrote.store(false, Ordering::Release);
        }
        self.depth.store(depth, Ordering::Release);
    }

    fn statement_failed(&self, depth: u32) {
        let earlier = self.failed_at.load(Ordering::Acquire);
        if earlier == 0 || depth < earlier {
            self.failed_at.store(depth, Ordering::Release);
        }
    }

    /// The transaction or savepoint of `depth` ended.
    fn left(&self, depth: u32, undone: bool) {
        self.entered(depth - 1);
        if self.guard.load(Ordering::Acquire) >= depth {
            self.guard_ended();
        }
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
        self.conflict.store(false, Ordering::Release);
        self.controlling.store(false, Ordering::Release);
        self.taken_over.store(false, Ordering::Release);
        self.guarded.store(false, Ordering::Release);
    }

    /// A user's own statement is about to run.
    fn inspect<B: Backend>(&self, query: &str) {
        // Diesel appends the values, which are not the statement's text.
        let sql = query.split(" -- binds: ").next().unwrap_or_default();
        let plain = plain(sql);
        if !only_reads(&plain) {
            self.wrote.store(true, Ordering::Release);
        }
        // A mark of a comment may stand within a value, where it hides nothing.
        for sql in [in_one_line(sql), plain] {
            if begins_or_ends_transactions(&sql) {
                self.taken_over.store(true, Ordering::Release);
            }
            if B::leaves_state(&sql) {
                self.spoil();
            }
            if B::commits(&sql) {
                self.guard_ended();
            }
        }
    }
}

/// Whether a statement, which has no comments, asks for something and writes nothing, unless a function does.
pub(crate) fn only_reads(sql: &str) -> bool {
    const WRITING: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"];
    let mut words = sql
        .split(|character: char| !character.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some(
            "SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "PRAGMA" | "SET",
        ) => true,
        Some("WITH") => words.all(|word| !WRITING.contains(&word.as_str())),
        _ => false,
    }
}

/// The SQL without comments, in one line.
pub(crate) fn plain(sql: &str) -> String {
    in_one_line(&without_comments(sql))
}

fn in_one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The SQL with a space for each comment. What MySQL runs although it stands in one, `/*! … */`, stays.
fn without_comments(sql: &str) -> String {
    let mut plain = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(next) = rest.chars().next() {
        let after = if rest.starts_with("--") || next == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*!") || rest.starts_with("/*M!") {
            // And the version it is for.
            let condition =
                |character: char| "/*M!".contains(character) || character.is_ascii_digit();
            rest.find(|character| !condition(character))
                .unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else {
            0
        };
        plain.push(if after > 0 { ' ' } else { next });
        rest = &rest[after.max(next.len_utf8())..];
    }
    plain
}

/// Whether one of the statements begins or ends a transaction.
fn begins_or_ends_transactions(sql: &str) -> bool {
    // What follows the beginning of a routine's body is that routine's.
    let upper = sql.to_ascii_uppercase();
    let body = ["DO $", " TRIGGER ", " PROCEDURE ", " FUNCTION ", " EVENT "]
        .iter()
        .filter_map(|start| upper.find(start))
        .min()
        .unwrap_or(upper.len());
    let (before, _) = upper.split_at(body);
    before.split(';').any(|statement| {
        // One that begins with a comment is looked at without it.
        let first = statement.trim_start().chars().next();
        if !first.is_some_and(|first| first.is_ascii_alphabetic()) {
            return false;
        }
        let mut words = statement
            .split(|character: char| !character.is_ascii_alphabetic())
            .filter(|word| !word.is_empty());
        match words.next() {
            Some("BEGIN" | "COMMIT" | "END" | "ABORT" | "XA") => true,
            Some("START") => words.next() == Some("TRANSACTION"),
            // ROLLBACK TO a savepoint stays within the transaction.
            Some("ROLLBACK") => words.all(|word| word != "TO"),
            _ => false,
        }
    })
}

/// Diesel's view of a [`Watch`].
pub(crate) struct Observer<B> {
    watch: Arc<Watch>,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend> Instrumentation for Observer<B> {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match &event {
            InstrumentationEvent::StartQuery { query, .. } => {
                self.watch.in_flight.fetch_add(1, Ordering::AcqRel);
                let own = self.watch.controlling.swap(false, Ordering::AcqRel);
                if !own && self.watch.was_in_hand() {
                    self.watch.inspect::<B>(&query.to_string());
                }
            }
            InstrumentationEvent::FinishQuery { error, .. } => {
                let _ = self.watch.in_flight.fetch_update(
                    Ordering::AcqRel,
                    Ordering::Acquire,
                    |count| count.checked_sub(1),
                );
                if let Some(error) = *error {
                    self.watch.failed_with::<B>(error);
                }
            }
            InstrumentationEvent::BeginTransaction { depth, .. } => {
                self.watch.controlling.store(true, Ordering::Release);
                self.watch.entered(depth.get());
            }
            InstrumentationEvent::CommitTransaction { depth, .. } => {
                self.watch.controlling.store(true, Ordering::Release);
                self.watch.left(depth.get(), false);
            }
            InstrumentationEvent::RollbackTransaction { depth, .. } => {
                self.watch.controlling.store(true, Ordering::Release);
                self.watch.left(depth.get(), true);
            }
            _ => {}
        }
        self.watch.trail.on(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_over(sql: &str) -> bool {
        [in_one_line(sql), plain(sql)]
            .iter()
            .any(|sql| begins_or_ends_transactions(sql))
    }

    #[test]
    fn transactions_are_found_wherever_they_hide() {
        for sql in [
            "COMMIT",
            " begin immediate",
            "/* all; done */ COMMIT",
            "-- it's done\nCOMMIT",
            "# done\nROLLBACK",
            "SELECT '$5'; COMMIT; BEGIN",
            "UPDATE t SET n = '/*'; COMMIT; SELECT '*/'",
            "/*!50000 COMMIT */",
            "START /* a */ TRANSACTION",
            "xa start 'x'",
        ] {
            assert!(takes_over(sql), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "/* COMMIT */ SELECT 1",
            "-- COMMIT\nSELECT 1",
            "ROLLBACK TO SAVEPOINT a",
            "ROLLBACK /* to */ TO a",
            "SAVEPOINT a; RELEASE SAVEPOINT a",
            "START SLAVE",
            "CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql",
            "DO\n$$ BEGIN PERFORM 1; END $$",
            "CREATE TRIGGER t AFTER INSERT ON n BEGIN SELECT 1; END",
            "INSERT INTO t VALUES ('COMMIT')",
        ] {
            assert!(!takes_over(sql), "{sql}");
        }
    }

    #[test]
    fn comments_are_a_space() {
        for (sql, expected) in [
            ("/* a */ SET\n\tx", "SET x"),
            ("CREATE /**/ TEMP TABLE t", "CREATE TEMP TABLE t"),
            ("/*!40101 SET x */", "SET x */"),
            ("SELECT 1 -- ü", "SELECT 1"),
            ("SELECT '/* ü", "SELECT '"),
        ] {
            assert_eq!(plain(sql), expected);
        }
    }
}
