//! One step: a script carried out, and its version recorded with its last effect.
//!
//! What the engine can take back is one transaction with the record. Where it cannot, a journal beside the versions
//! says before each statement that it begins, so that whoever comes after a killed program knows where it stopped.

use std::ops::Range;

use axum_db::Dialect;
use diesel::result::Error as DieselError;

use super::journal::Progress;
use super::queries::Stopped;
use super::resume;
use super::script::{Script, StatementKind, Unit, begin};
use super::session::{Patience, Session, is_contention, is_elsewhere};
use super::versions;
use crate::revision::Revision;
use crate::{Engine, Error, ErrorKind};

/// Which of the two scripts runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

impl Direction {
    pub(super) fn file(self) -> &'static str {
        match self {
            Direction::Up => "up.sql",
            Direction::Down => "down.sql",
        }
    }

    pub(crate) fn command(self) -> &'static str {
        match self {
            Direction::Up => "upgrade",
            Direction::Down => "downgrade",
        }
    }

    /// The script of a revision.
    pub(super) fn sql(self, revision: &Revision) -> Result<&str, Error> {
        match self {
            Direction::Up => Ok(&revision.up),
            Direction::Down => revision.down.as_deref().ok_or_else(|| {
                Error::new(
                    ErrorKind::Directory,
                    format!(
                        "{} has no down.sql; write one to go back past it",
                        revision.name
                    ),
                )
            }),
        }
    }
}

/// Runs one revision in one direction, from a statement on; `false` where another process had done it meanwhile.
pub(super) async fn run<B: Engine>(
    session: &mut Session<'_, B>,
    revision: &Revision,
    direction: Direction,
    resumed: Option<usize>,
) -> Result<bool, Error> {
    let from = resumed.unwrap_or(0);
    let script = Script::new(direction.sql(revision)?, B::DIALECT);
    let units = script.units(B::DIALECT, revision.run_in_transaction);
    let mut step = Step {
        revision,
        direction,
        script: &script,
        kept: from,
        in_doubt: false,
        journaled: resumed.is_some(),
        resumed: resumed.is_some(),
        tries: 1,
        ended: false,
        recorded: false,
    };
    let outcome = step.run_units(session, &units, from).await;
    match outcome {
        Ok(done) => Ok(done),
        Err(failure) => {
            let blockers = match &failure {
                Failure::Statement(_, error) | Failure::Bookkeeping(_, error)
                    if is_contention(error) =>
                {
                    session.blockers().await
                }
                _ => Vec::new(),
            };
            Err(step.explain(B::DIALECT, failure, &blockers))
        }
    }
}

/// Where a step stopped: at a statement of the script, or in the runner's own bookkeeping.
pub(super) enum Failure {
    Statement(usize, DieselError),
    Bookkeeping(&'static str, DieselError),
    ForeignKeys(Vec<String>),
}

impl Failure {
    /// Whether it is only that somebody else held a lock.
    fn is_contention(&self) -> bool {
        match self {
            Failure::Statement(_, error) | Failure::Bookkeeping(_, error) => is_contention(error),
            Failure::ForeignKeys(_) => false,
        }
    }
}

pub(super) struct Step<'s> {
    pub(super) revision: &'s Revision,
    pub(super) direction: Direction,
    pub(super) script: &'s Script<'s>,
    /// How many statements cannot be rolled back any more.
    pub(super) kept: usize,
    /// Whether the statement after those may have taken effect.
    pub(super) in_doubt: bool,
    /// Whether the database holds how far this came.
    pub(super) journaled: bool,
    pub(super) tries: usize,
    /// Whether an earlier run of it was interrupted.
    resumed: bool,
    /// Whether the journal still says of a statement that it was begun, which has since ended.
    ended: bool,
    recorded: bool,
}

impl Step<'_> {
    async fn run_units<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
        units: &[Unit],
        from: usize,
    ) -> Result<bool, Failure> {
        let last = units.iter().rposition(Unit::stays);
        let mut done_elsewhere = false;
        for (number, unit) in units.iter().enumerate() {
            match unit {
                // Also those of what ran before an interruption: the session is another.
                Unit::Setting(at) => {
                    let sql = self.script.statements[*at].sql;
                    if let Err(error) = session.run_one(sql).await {
                        self.note_the_end(session).await?;
                        return Err(Failure::Statement(*at, error));
                    }
                }
                Unit::Alone(range) if range.end > from && !done_elsewhere => {
                    let range = range.start.max(from)..range.end;
                    self.run_alone(session, range).await?;
                }
                Unit::Together { range, own } if range.end > from || range.is_empty() => {
                    let own = *own && range.start >= from;
                    let range = range.start.max(from)..range.end;
                    let records = Some(number) == last;
                    if !done_elsewhere {
                        done_elsewhere = !self.run_together(session, range, own, records).await?;
                    }
                }
                Unit::Alone(_) | Unit::Together { .. } => {}
            }
        }
        if done_elsewhere {
            return Ok(false);
        }
        if !self.recorded {
            let end = self.script.statements.len();
            return self.run_together(session, end..end, false, true).await;
        }
        Ok(true)
    }

    /// Statements that commit by themselves, each of which may be the last that this program lives to see.
    async fn run_alone<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
        range: Range<usize>,
    ) -> Result<(), Failure> {
        let statements = &self.script.statements;
        self.note(
            session,
            &Progress::begun(self.direction, range.start, statements),
        )
        .await?;
        let concurrent = statements[range.start].is_concurrent(B::DIALECT);
        let mut patience = Patience::new(session.options.wait);
        let mut clean_up = self.resumed;
        let mut at = range.start;
        while at < range.end {
            let outcome = async {
                if concurrent {
                    session.limit_locks(false).await?;
                }
                if concurrent && clean_up {
                    resume::drop_invalid::<B>(session, &statements[at]).await?;
                }
                session.run_one(statements[at].sql).await?;
                if concurrent {
                    session.limit_locks(true).await?;
                }
                Ok(())
            };
            match outcome.await {
                Ok(()) => at += 1,
                Err(error) if is_contention(&error) && patience.again().await => clean_up = true,
                Err(error) => {
                    self.tries = patience.tries;
                    self.stopped_at(session, at, concurrent).await;
                    return Err(Failure::Statement(at, error));
                }
            }
        }
        self.kept = range.end;
        self.ended = true;
        Ok(())
    }

    /// A statement that commits by itself was refused: it has done nothing, those before it have.
    async fn stopped_at<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
        at: usize,
        leaves_remains: bool,
    ) {
        if B::DIALECT == Dialect::Mysql && self.script.has(StatementKind::LockTables) {
            let _ = session.run_one("UNLOCK TABLES").await;
        }
        self.kept = at;
        let nothing = !leaves_remains && self.kept_nothing();
        let noted = if nothing {
            let sql = versions::forget_progress(B::DIALECT, &self.revision.version);
            session.run_one(&sql.join(";\n")).await.is_ok()
        } else {
            let before = Progress::before(self.direction, at, &self.script.statements);
            self.note(session, &before).await.is_ok()
        };
        self.journaled = !nothing;
        // The journal still says that the statement was begun.
        self.in_doubt = !noted;
    }

    /// Whether the statements so far only changed the session.
    pub(super) fn kept_nothing(&self) -> bool {
        let kinds = &self.script.kinds;
        kinds[..self.kept.min(kinds.len())]
            .iter()
            .all(|kind| *kind == StatementKind::Setting)
    }

    /// Statements in one transaction with the note that they ran, or with the record of the version; `false` where
    /// another process had done that meanwhile.
    async fn run_together<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
        range: Range<usize>,
        own: bool,
        records: bool,
    ) -> Result<bool, Failure> {
        if !range.is_empty() {
            // The statements may take long, and that the one before them ended is known.
            self.note_the_end(session).await?;
        }
        let mut patience = Patience::new(session.options.wait);
        loop {
            let outcome = self.try_together(session, &range, own, records).await;
            let Err(failure) = outcome else {
                self.kept = range.end;
                return outcome;
            };
            session.roll_back().await;
            if B::DIALECT == Dialect::Sqlite
                && records
                && self.direction == Direction::Up
                && versions::is_applied::<B>(&mut session.conn, &self.revision.version)
                    .await
                    .unwrap_or(false)
            {
                // Where the lock file does not reach, SQLite's own lock and the key of the versions do.
                return Ok(false);
            }
            if !failure.is_contention() || !patience.again().await {
                self.tries = patience.tries;
                return Err(failure);
            }
        }
    }

    async fn try_together<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
        range: &Range<usize>,
        own: bool,
        records: bool,
    ) -> Result<bool, Failure> {
        let statements = &self.script.statements;
        let (first, commit) = if own {
            (statements[range.start].sql, statements[range.end - 1].sql)
        } else {
            (begin(B::DIALECT), "COMMIT")
        };
        let inside: Vec<usize> = range
            .clone()
            .filter(|at| {
                !matches!(
                    self.script.kinds[*at],
                    StatementKind::Begin | StatementKind::Commit
                )
            })
            .collect();
        let end = if records {
            self.record(session)
        } else {
            let after = Progress::before(self.direction, range.end, statements);
            vec![versions::set_progress(B::DIALECT, self.revision, &after)]
        };
        if B::DIALECT == Dialect::Mysql && inside.is_empty() {
            // Several statements are one message, whose rest is left out after one that fails.
            let all = [vec![first.to_owned()], end, vec![commit.to_owned()]].concat();
            let ran = session.run_one(&all.join(";\n")).await;
            ran.map_err(|error| Failure::Bookkeeping(RECORD, error))?;
            self.recorded = records;
            return Ok(true);
        }
        let mut commit = Some(commit);
        // On SQLite one visit to the connection's thread runs everything. Elsewhere the beginning is waited for, because
        // nothing may run outside of a transaction that did not begin, and so is what comes before the COMMIT.
        let mut batch = vec![session.begin(first)];
        let checks_first = B::DIALECT == Dialect::Sqlite
            && records
            && (self.direction == Direction::Down || self.script.turns_foreign_keys_off);
        if B::DIALECT != Dialect::Sqlite || checks_first {
            let begun = session.run(std::mem::take(&mut batch)).await;
            begun
                .map_err(|stopped| Failure::Bookkeeping("begin the transaction", stopped.error))?;
        }
        if checks_first && self.direction == Direction::Down {
            let applied =
                versions::is_applied::<B>(&mut session.conn, &self.revision.version).await;
            if !applied.map_err(|error| Failure::Bookkeeping("read the version", error))? {
                session.roll_back().await;
                return Ok(false);
            }
        }
        let before = batch.len();
        batch.extend(inside.iter().map(|at| statements[*at].sql.to_owned()));
        let check_keys = checks_first && self.script.turns_foreign_keys_off;
        if check_keys {
            let ran = session.run(std::mem::take(&mut batch)).await;
            ran.map_err(|stopped| failure_at(stopped.at, before, &inside, stopped.error))?;
            self.check_foreign_keys::<B>(session).await?;
            let recorded = session.run(end).await;
            recorded.map_err(|stopped| Failure::Bookkeeping(RECORD, stopped.error))?;
        } else {
            if B::DIALECT == Dialect::Mysql {
                batch.push(end.join(";\n"));
            } else {
                batch.extend(end);
            }
            let commit_at = batch.len();
            let along = commit.take_if(|_| B::DIALECT == Dialect::Sqlite);
            batch.extend(along.map(str::to_owned));
            let ran = session.run(batch).await;
            ran.map_err(|Stopped { at, error }| match at {
                _ if at == commit_at => Failure::Bookkeeping(COMMIT, error),
                _ => failure_at(at, before, &inside, error),
            })?;
        }
        if let Some(commit) = commit {
            let committed = session.run_one(commit).await;
            committed.map_err(|error| Failure::Bookkeeping(COMMIT, error))?;
        }
        self.recorded = records;
        self.journaled |= !records;
        Ok(true)
    }

    /// What is left to write when the script has run.
    fn record<B: Engine>(&self, session: &Session<'_, B>) -> Vec<String> {
        let statements = match self.direction {
            Direction::Up => versions::record(B::DIALECT, self.revision),
            Direction::Down => versions::forget(B::DIALECT, &self.revision.version),
        };
        let restore = self.script.restore(B::DIALECT);
        let limits = session.limits().filter(|_| self.script.sets_a_timeout());
        restore
            .into_iter()
            .chain(limits)
            .chain(statements)
            .collect()
    }

    /// Notes that the statement ended of which the journal says that it was begun.
    async fn note_the_end<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
    ) -> Result<(), Failure> {
        if !std::mem::take(&mut self.ended) {
            return Ok(());
        }
        let before = Progress::before(self.direction, self.kept, &self.script.statements);
        self.note(session, &before).await
    }

    async fn note<B: Engine>(
        &mut self,
        session: &mut Session<'_, B>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        self.journaled = true;
        let sql = versions::set_progress(B::DIALECT, self.revision, progress);
        let noted = session.run_one(&sql).await;
        noted.map_err(|error| Failure::Bookkeeping("note how far it came", error))
    }

    /// A script that turned SQLite's foreign keys off must leave none broken.
    async fn check_foreign_keys<B: Engine>(
        &self,
        session: &mut Session<'_, B>,
    ) -> Result<(), Failure> {
        let broken = B::query_texts(
            &mut session.conn,
            "SELECT count(*) || ' of ' || \"table\" || ' to ' || parent AS value \
             FROM pragma_foreign_key_check GROUP BY \"table\", parent",
        )
        .await
        .map_err(|error| Failure::Bookkeeping("check the foreign keys", error))?;
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Failure::ForeignKeys(broken))
        }
    }
}

const RECORD: &str = "record the version";
const COMMIT: &str = "commit";

/// What failed, by its place in a batch of `before` statements of the runner's, those of the script, and the record.
fn failure_at(at: usize, before: usize, inside: &[usize], error: DieselError) -> Failure {
    match at.checked_sub(before) {
        None => Failure::Bookkeeping("begin the transaction", error),
        Some(at) => match inside.get(at) {
            Some(statement) => Failure::Statement(*statement, error),
            None => Failure::Bookkeeping(RECORD, error),
        },
    }
}

/// Whether what failed shows that the connection leads to more than one process of the server.
pub(super) fn shows_pooler(dialect: Dialect, failure: &Failure) -> bool {
    matches!(failure, Failure::Bookkeeping("begin the transaction", error) if is_elsewhere(dialect, error))
}
