//! A script as the runner sees it: statements, and what of them takes effect together.

use std::ops::Range;

use axum_db::Dialect;

use super::split::{Statement, split};

/// How a transaction begins that is going to write.
pub(crate) fn begin(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres | Dialect::Mysql => "START TRANSACTION",
    }
}

/// A script with what is known about its statements.
pub(super) struct Script<'a> {
    pub(super) statements: Vec<Statement<'a>>,
    pub(super) kinds: Vec<StatementKind>,
    /// SQLite's foreign keys are off while it runs, so nothing but a check at the end notices a broken one.
    pub(super) turns_foreign_keys_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementKind {
    Begin,
    Commit,
    Rollback,
    /// Changes the session and nothing that stays.
    Setting,
    /// Commits by itself, or cannot run within a transaction.
    Alone,
    /// MySQL's LOCK TABLES, after which only those tables can be used, and what ends it.
    LockTables,
    UnlockTables,
    /// Takes effect with the transaction it is in.
    Plain,
}

/// What takes effect together, or not at all as far as can be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    Setting(usize),
    /// Statements that commit by themselves, mostly one.
    Alone(Range<usize>),
    /// A transaction: the runner's, or the script's own with its BEGIN and COMMIT.
    Together {
        range: Range<usize>,
        own: bool,
    },
}

impl Unit {
    pub(super) fn stays(&self) -> bool {
        !matches!(self, Unit::Setting(_))
    }
}

impl<'a> Script<'a> {
    pub(super) fn new(sql: &'a str, dialect: Dialect) -> Self {
        let statements = split(sql, dialect);
        let words: Vec<Vec<String>> = statements
            .iter()
            .map(|statement| statement.words(dialect))
            .collect();
        let kinds = words.iter().map(|words| kind_of(words, dialect)).collect();
        let turns_foreign_keys_off = dialect == Dialect::Sqlite
            && words.iter().any(|words| {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                matches!(
                    words.as_slice(),
                    ["PRAGMA", "FOREIGN_KEYS", "OFF" | "0" | "FALSE" | "NO"]
                )
            });
        Self {
            statements,
            kinds,
            turns_foreign_keys_off,
        }
    }

    pub(super) fn has(&self, kind: StatementKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// What the session needs before the record: what pg_dump writes takes PostgreSQL's path away, and the next
    /// revision is to find what it expects.
    pub(super) fn restore(&self, dialect: Dialect) -> Option<String> {
        let moves = |statement: &Statement<'_>| {
            let sql = statement.sql.to_ascii_lowercase();
            sql.contains("search_path")
        };
        let restores = dialect == Dialect::Postgres && self.statements.iter().any(moves);
        restores.then(|| "RESET search_path".to_owned())
    }

    /// Whether the next revision would find another limit for locks than ours, as after what pg_dump writes.
    pub(super) fn sets_a_timeout(&self) -> bool {
        let sets = |(statement, kind): (&Statement<'_>, &StatementKind)| {
            *kind == StatementKind::Setting
                && statement.sql.to_ascii_lowercase().contains("_timeout")
        };
        self.statements.iter().zip(&self.kinds).any(sets)
    }

    /// Whether it begins and commits by itself.
    pub(super) fn has_transaction(&self) -> bool {
        self.has(StatementKind::Begin) && self.has(StatementKind::Commit)
    }

    /// What takes effect together; `wrapped` scripts run in a transaction of the runner's.
    pub(super) fn units(&self, dialect: Dialect, wrapped: bool) -> Vec<Unit> {
        let end = self.statements.len();
        let wrapped = wrapped && !self.has_transaction();
        if wrapped && dialect != Dialect::Mysql {
            let (range, own) = (0..end, false);
            return vec![Unit::Together { range, own }];
        }
        let mut units: Vec<Unit> = Vec::new();
        let mut at = 0;
        // Within MySQL's BEGIN … COMMIT whose transaction a change of the schema ends early.
        let mut split_up_to = 0;
        while at < end {
            let from = at;
            at += 1;
            match self.kinds[from] {
                StatementKind::Setting => units.push(Unit::Setting(from)),
                StatementKind::Alone | StatementKind::UnlockTables => {
                    units.push(Unit::Alone(from..at));
                }
                StatementKind::LockTables => {
                    while at < end && self.kinds[at - 1] != StatementKind::UnlockTables {
                        at += 1;
                    }
                    units.push(Unit::Alone(from..at));
                }
                StatementKind::Begin => {
                    let ends = |kind: &StatementKind| {
                        matches!(kind, StatementKind::Commit | StatementKind::Rollback)
                    };
                    let length = self.kinds[from..].iter().position(ends);
                    let stop = length.map_or(end, |length| from + length + 1);
                    let inside = &self.kinds[from..stop];
                    if inside.contains(&StatementKind::Alone) {
                        split_up_to = stop;
                    } else {
                        let range = from..stop;
                        at = stop;
                        units.push(if inside.ends_with(&[StatementKind::Commit]) {
                            Unit::Together { range, own: true }
                        } else {
                            Unit::Alone(range)
                        });
                    }
                }
                StatementKind::Commit | StatementKind::Rollback => {}
                StatementKind::Plain => {
                    let joins = wrapped || from < split_up_to;
                    match units.last_mut() {
                        Some(Unit::Together { range, own: false })
                            if joins && range.end == from =>
                        {
                            range.end = at;
                        }
                        _ => units.push(Unit::Together {
                            range: from..at,
                            own: false,
                        }),
                    }
                }
            }
        }
        units
    }
}

fn kind_of(words: &[String], dialect: Dialect) -> StatementKind {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mysql = dialect == Dialect::Mysql;
    match words.as_slice() {
        ["BEGIN", "NOT", ..] if mysql => StatementKind::Alone,
        ["BEGIN", ..] | ["START", "TRANSACTION", ..] => StatementKind::Begin,
        ["COMMIT", "PREPARED", ..] | ["ROLLBACK", "PREPARED", ..] => StatementKind::Alone,
        ["COMMIT", ..] | ["END", ..] => StatementKind::Commit,
        ["ROLLBACK", "TO", ..] => StatementKind::Plain,
        ["ROLLBACK", ..] | ["ABORT", ..] => StatementKind::Rollback,
        ["PRAGMA", ..] => StatementKind::Setting,
        ["SET", "PASSWORD" | "GLOBAL" | "PERSIST" | "STATEMENT", ..] => StatementKind::Alone,
        ["SET" | "RESET" | "USE", ..] => StatementKind::Setting,
        ["LOCK", "TABLES" | "TABLE", ..] if mysql => StatementKind::LockTables,
        ["UNLOCK", "TABLES" | "TABLE", ..] if mysql => StatementKind::UnlockTables,
        _ if commits_alone(&words, dialect) => StatementKind::Alone,
        _ => StatementKind::Plain,
    }
}

/// Whether a statement commits when it runs, or refuses to run within a transaction.
fn commits_alone(words: &[&str], dialect: Dialect) -> bool {
    match dialect {
        Dialect::Mysql => !matches!(
            words.first(),
            Some(
                &("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "DO" | "VALUES")
            )
        ),
        Dialect::Sqlite => matches!(words.first(), Some(&("VACUUM" | "ATTACH" | "DETACH"))),
        Dialect::Postgres => {
            is_concurrent(words)
                || matches!(
                    words,
                    ["VACUUM" | "CALL" | "DO" | "CLUSTER", ..]
                        | ["ALTER", "SYSTEM", ..]
                        | [
                            "CREATE" | "DROP",
                            "DATABASE" | "TABLESPACE" | "SUBSCRIPTION",
                            ..
                        ]
                        | ["REINDEX", "DATABASE" | "SYSTEM" | "SCHEMA", ..]
                )
        }
    }
}

/// PostgreSQL's CONCURRENTLY, which no transaction may hold, beside REFRESH, which it may.
fn is_concurrent(words: &[&str]) -> bool {
    let able = matches!(
        words.first(),
        Some(&("CREATE" | "DROP" | "REINDEX" | "ALTER"))
    );
    let body = words
        .iter()
        .any(|word| *word == "FUNCTION" || *word == "PROCEDURE");
    able && !body && words.contains(&"CONCURRENTLY")
}

impl Statement<'_> {
    pub(super) fn is_concurrent(&self, dialect: Dialect) -> bool {
        let words = self.words(dialect);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        dialect == Dialect::Postgres && is_concurrent(&words)
    }
}

/// The first lines of a statement, indented, and the beginning of long ones.
pub(super) fn excerpt(sql: &str) -> String {
    let mut lines: Vec<String> = sql
        .lines()
        .take(12)
        .map(|line| format!("    {}", beginning(line)))
        .collect();
    if sql.lines().count() > lines.len() {
        lines.push("    …".into());
    }
    lines.join("\n")
}

/// A line as it is, or the beginning of a long one: a script may have megabytes in one.
pub(super) fn beginning(line: &str) -> String {
    const SHOWN: usize = 200;
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
