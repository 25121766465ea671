//! A script as the runner sees it: statements, and which of them begin and end transactions.

use axum_db::Dialect;
use diesel_async::SimpleAsyncConnection as _;

use super::split::{Statement, split};
use crate::{Engine, Error, ErrorKind};

/// How a transaction begins that is going to write.
pub(crate) fn begin(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres | Dialect::Mysql => "START TRANSACTION",
    }
}

/// A script with what is known about its transactions.
pub(super) struct Script<'a> {
    pub(super) statements: Vec<Statement<'a>>,
    pub(super) kinds: Vec<StatementKind>,
    /// Before which statement the version is recorded: the script's last COMMIT.
    pub(super) records_before: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementKind {
    Begin,
    Commit,
    Rollback,
    ForeignKeysOff,
    Other,
}

impl<'a> Script<'a> {
    pub(super) fn new(sql: &'a str, dialect: Dialect) -> Self {
        let statements = split(sql, dialect);
        let kinds: Vec<StatementKind> = statements
            .iter()
            .map(|statement| kind_of(statement, dialect))
            .collect();
        let records_before = kinds
            .iter()
            .rposition(|kind| *kind == StatementKind::Commit);
        Self {
            statements,
            kinds,
            records_before,
        }
    }

    /// Whether it begins and commits by itself.
    pub(super) fn has_transaction(&self) -> bool {
        self.kinds.contains(&StatementKind::Begin) && self.records_before.is_some()
    }
}

fn kind_of(statement: &Statement<'_>, dialect: Dialect) -> StatementKind {
    let words = statement.words(dialect);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["BEGIN", "NOT", ..] if dialect == Dialect::Mysql => StatementKind::Other,
        ["BEGIN", ..] | ["START", "TRANSACTION", ..] => StatementKind::Begin,
        ["COMMIT", ..] | ["END", ..] => StatementKind::Commit,
        ["ROLLBACK", "TO", ..] => StatementKind::Other,
        ["ROLLBACK", ..] => StatementKind::Rollback,
        ["PRAGMA", "FOREIGN_KEYS", "OFF" | "0" | "FALSE" | "NO"] => StatementKind::ForeignKeysOff,
        _ => StatementKind::Other,
    }
}

/// The first lines of a statement, indented.
pub(super) fn excerpt(sql: &str) -> String {
    let mut lines: Vec<String> = sql
        .lines()
        .take(12)
        .map(|line| format!("    {line}"))
        .collect();
    if sql.lines().count() > lines.len() {
        lines.push("    …".into());
    }
    lines.join("\n")
}

/// Runs a script on a scratch place: nothing is recorded.
///
/// PostgreSQL's scratch place is a transaction, which the script must neither end nor need to be without.
pub(crate) async fn rehearse<B: Engine>(
    conn: &mut B::Connection,
    sql: &str,
    file: &str,
) -> Result<(), Error> {
    let script = Script::new(sql, B::DIALECT);
    let in_transaction = B::DIALECT == Dialect::Postgres;
    for (at, statement) in script.statements.iter().enumerate() {
        let ends_transaction = matches!(
            script.kinds[at],
            StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback
        );
        if in_transaction && ends_transaction {
            continue;
        }
        let sql = if in_transaction {
            statement.without_word("CONCURRENTLY", B::DIALECT)
        } else {
            statement.sql.to_owned()
        };
        conn.batch_execute(&sql).await.map_err(|error| {
            Error::new(
                ErrorKind::Script,
                format!(
                    "{file}, statement {} of {} (line {}) failed on a scratch copy: {error}\n\n{}\n",
                    at + 1,
                    script.statements.len(),
                    statement.line,
                    excerpt(statement.sql)
                ),
            )
            .with_source(error)
        })?;
    }
    Ok(())
}
