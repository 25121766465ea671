//! One step: a script run statement by statement, and its version recorded in the same transaction.

use axum_db::Dialect;
use diesel::result::Error as DieselError;
use diesel_async::SimpleAsyncConnection as _;

use super::script::{Script, StatementKind, begin};
use super::split::Statement;
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
}

/// Runs one revision in one direction; `false` where another process had done it meanwhile.
pub(super) async fn run<B: Engine>(
    conn: &mut B::Connection,
    revision: &Revision,
    direction: Direction,
) -> Result<bool, Error> {
    let sql = match direction {
        Direction::Up => &revision.up,
        Direction::Down => revision.down.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Directory,
                format!(
                    "{} has no down.sql; write one to go back past it",
                    revision.name
                ),
            )
        })?,
    };
    let script = Script::new(sql, B::DIALECT);
    let mut step = Step {
        revision,
        direction,
        script: &script,
        in_transaction: false,
        kept: 0,
    };
    let outcome = if revision.run_in_transaction && !script.has_transaction() {
        step.run_wrapped::<B>(conn).await
    } else {
        step.run_bare::<B>(conn).await
    };
    if outcome.is_err() && step.in_transaction {
        // The connection is dropped after a failure, which rolls back as well.
        let _ = conn.batch_execute("ROLLBACK").await;
    }
    outcome.map_err(|failure| step.explain(B::DIALECT, failure))
}

/// Where a step stopped: at a statement of the script, or in the runner's own bookkeeping.
pub(super) enum Failure {
    Statement(usize, DieselError),
    Bookkeeping(&'static str, DieselError),
    ForeignKeys(Vec<String>),
}

pub(super) struct Step<'s> {
    pub(super) revision: &'s Revision,
    pub(super) direction: Direction,
    pub(super) script: &'s Script<'s>,
    in_transaction: bool,
    /// How many statements cannot be rolled back any more.
    pub(super) kept: usize,
}

impl Step<'_> {
    /// In a transaction of the runner's.
    async fn run_wrapped<B: Engine>(&mut self, conn: &mut B::Connection) -> Result<bool, Failure> {
        conn.batch_execute(begin(B::DIALECT))
            .await
            .map_err(|error| Failure::Bookkeeping("begin the transaction", error))?;
        self.in_transaction = true;
        if self.is_done::<B>(conn).await? {
            self.finish(conn, "ROLLBACK").await?;
            return Ok(false);
        }
        for (at, statement) in self.script.statements.iter().enumerate() {
            conn.batch_execute(statement.sql)
                .await
                .map_err(|error| Failure::Statement(at, error))?;
            if B::DIALECT == Dialect::Mysql && commits_by_itself(statement) {
                self.kept = at + 1;
            }
        }
        self.record::<B>(conn).await?;
        self.finish(conn, "COMMIT").await?;
        Ok(true)
    }

    /// As the script stands, with the version recorded in its own last transaction where it has one.
    async fn run_bare<B: Engine>(&mut self, conn: &mut B::Connection) -> Result<bool, Failure> {
        let script = self.script;
        let mut skip_to_commit = false;
        let mut done = false;
        for (at, statement) in script.statements.iter().enumerate() {
            let kind = script.kinds[at];
            if skip_to_commit {
                skip_to_commit = kind != StatementKind::Commit;
                continue;
            }
            if Some(at) == script.records_before && self.in_transaction {
                self.check_foreign_keys::<B>(conn).await?;
                self.record::<B>(conn).await?;
            }
            conn.batch_execute(statement.sql)
                .await
                .map_err(|error| Failure::Statement(at, error))?;
            match kind {
                StatementKind::Begin => {
                    self.in_transaction = true;
                    if self.is_done::<B>(conn).await? {
                        self.finish(conn, "ROLLBACK").await?;
                        skip_to_commit = true;
                        done = true;
                    }
                }
                StatementKind::Commit | StatementKind::Rollback => {
                    self.in_transaction = false;
                    self.kept = at + 1;
                }
                StatementKind::ForeignKeysOff | StatementKind::Other => {
                    if !self.in_transaction {
                        self.kept = at + 1;
                    }
                }
            }
        }
        if done {
            return Ok(false);
        }
        if !script.has_transaction() {
            self.record::<B>(conn).await?;
        }
        Ok(true)
    }

    /// Whether another process did this step: where the lock file does not reach, SQLite's own lock does.
    async fn is_done<B: Engine>(&mut self, conn: &mut B::Connection) -> Result<bool, Failure> {
        if B::DIALECT != Dialect::Sqlite {
            return Ok(false);
        }
        let applied = versions::is_applied::<B>(conn, &self.revision.version)
            .await
            .map_err(|error| Failure::Bookkeeping("read the version", error))?;
        Ok(applied == (self.direction == Direction::Up))
    }

    async fn record<B: Engine>(&mut self, conn: &mut B::Connection) -> Result<(), Failure> {
        let version = &self.revision.version;
        let statements = match self.direction {
            Direction::Up => versions::record(B::DIALECT, version, &self.revision.checksum()),
            Direction::Down => versions::forget(B::DIALECT, version),
        };
        conn.batch_execute(&statements.join(";\n"))
            .await
            .map_err(|error| Failure::Bookkeeping("record the version", error))
    }

    /// A script that turned SQLite's foreign keys off must leave none broken.
    async fn check_foreign_keys<B: Engine>(&self, conn: &mut B::Connection) -> Result<(), Failure> {
        if B::DIALECT != Dialect::Sqlite
            || !self.script.kinds.contains(&StatementKind::ForeignKeysOff)
        {
            return Ok(());
        }
        let broken = B::query_texts(
            conn,
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

    async fn finish<C: diesel_async::AsyncConnection>(
        &mut self,
        conn: &mut C,
        sql: &'static str,
    ) -> Result<(), Failure> {
        conn.batch_execute(sql)
            .await
            .map_err(|error| Failure::Bookkeeping("end the transaction", error))?;
        self.in_transaction = false;
        Ok(())
    }
}

/// Whether MySQL commits when it runs this.
fn commits_by_itself(statement: &Statement<'_>) -> bool {
    let words = statement.words(Dialect::Mysql);
    !matches!(
        words.first().map(String::as_str),
        Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "SET" | "WITH" | "DO")
    )
}
