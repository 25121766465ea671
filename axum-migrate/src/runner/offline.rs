//! What an upgrade or a downgrade would do, as a script for the database's own client.

use std::fmt::Write as _;

use axum_db::Dialect;

use super::script::{Script, StatementKind, begin};
use super::step::Direction;
use super::{losses, versions};
use crate::revision::Revision;
use crate::{Error, ErrorKind};

/// The script of some steps, complete: what the runner sets on its connection, the tables of versions, and each step
/// with the record of its version in its transaction.
///
/// # Errors
/// When a step back has no script.
pub(crate) fn offline(
    dialect: Dialect,
    steps: &[&Revision],
    direction: Direction,
) -> Result<String, Error> {
    let mut text = preamble(dialect);
    for revision in steps {
        text.push('\n');
        step(&mut text, dialect, revision, direction)?;
    }
    Ok(text)
}

/// The script that records versions, or forgets them, and runs nothing.
pub(crate) fn offline_stamp(
    dialect: Dialect,
    added: &[&Revision],
    removed: &[&Revision],
) -> String {
    let mut text = preamble(dialect);
    text.push('\n');
    let mut statements = Vec::new();
    for revision in removed {
        statements.extend(versions::forget(dialect, &revision.version));
    }
    for revision in added {
        statements.extend(versions::record(dialect, revision));
    }
    in_transaction(&mut text, dialect, &statements);
    text
}

fn preamble(dialect: Dialect) -> String {
    let (program, settings): (_, &[&str]) = match dialect {
        Dialect::Sqlite => ("sqlite3 -bail FILE < THIS", &["PRAGMA foreign_keys = ON"]),
        Dialect::Postgres => (
            "psql -v ON_ERROR_STOP=1 -f THIS",
            &[
                "SET client_encoding = 'UTF8'",
                "SET client_min_messages = warning",
            ],
        ),
        Dialect::Mysql => (
            "mariadb DATABASE < THIS",
            &[
                "SET NAMES utf8mb4",
                "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
            ],
        ),
    };
    let mut text = format!(
        "-- Written by axum-migrate for {dialect}. Run it so that it stops at the first error:\n--   {program}\n"
    );
    for sql in settings {
        push(&mut text, dialect, sql);
    }
    for (_, sql) in versions::create_tables() {
        push(&mut text, dialect, &sql);
    }
    text
}

fn step(
    text: &mut String,
    dialect: Dialect,
    revision: &Revision,
    direction: Direction,
) -> Result<(), Error> {
    let (sign, sql) = match direction {
        Direction::Up => ('+', &revision.up),
        Direction::Down => (
            '-',
            revision.down.as_ref().ok_or_else(|| {
                Error::new(
                    ErrorKind::Directory,
                    format!(
                        "{} has no down.sql; write one to go back past it",
                        revision.name
                    ),
                )
            })?,
        ),
    };
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(
        text,
        "-- {sign} {}  {}",
        revision.id,
        one_line(&revision.message)
    );
    if direction == Direction::Down {
        for loss in losses(revision, dialect) {
            let _ = writeln!(text, "--   loses: {}", one_line(&loss));
        }
    }
    let records = match direction {
        Direction::Up => versions::record(dialect, revision),
        Direction::Down => versions::forget(dialect, &revision.version),
    };
    let script = Script::new(sql, dialect);
    let records: Vec<String> = script.restore(dialect).into_iter().chain(records).collect();
    if revision.run_in_transaction && !script.has_transaction() {
        let mut statements: Vec<String> = script
            .statements
            .iter()
            .map(|statement| statement.sql.to_owned())
            .collect();
        statements.extend(records);
        in_transaction(text, dialect, &statements);
        return Ok(());
    }
    let last_commit = script
        .kinds
        .iter()
        .rposition(|kind| *kind == StatementKind::Commit)
        .filter(|_| script.has_transaction());
    for (at, statement) in script.statements.iter().enumerate() {
        if Some(at) == last_commit {
            if dialect == Dialect::Sqlite && script.turns_foreign_keys_off {
                push_all(text, dialect, &FOREIGN_KEYS_HOLD);
            }
            push_all(text, dialect, &records);
        }
        push(text, dialect, statement.sql);
    }
    if last_commit.is_none() {
        in_transaction(text, dialect, &records);
    }
    Ok(())
}

/// Fails where a foreign key points nowhere, as the runner does after a script that had turned them off.
const FOREIGN_KEYS_HOLD: [&str; 3] = [
    "CREATE TEMPORARY TABLE axum_migrate_foreign_keys (point_nowhere INTEGER CHECK (point_nowhere = 0))",
    "INSERT INTO temp.axum_migrate_foreign_keys SELECT count(*) FROM pragma_foreign_key_check",
    "DROP TABLE temp.axum_migrate_foreign_keys",
];

fn in_transaction(text: &mut String, dialect: Dialect, statements: &[impl AsRef<str>]) {
    push(text, dialect, begin(dialect));
    push_all(text, dialect, statements);
    push(text, dialect, "COMMIT");
}

fn push_all(text: &mut String, dialect: Dialect, statements: &[impl AsRef<str>]) {
    for sql in statements {
        push(text, dialect, sql.as_ref());
    }
}

/// Adds a statement with its end.
fn push(text: &mut String, dialect: Dialect, sql: &str) {
    // MySQL's client ends a statement at each semicolon, within a trigger too.
    if dialect == Dialect::Mysql && sql.contains(';') {
        let mut end = "//".to_owned();
        while sql.contains(&end) {
            end.push('/');
        }
        let _ = writeln!(text, "DELIMITER {end}\n{sql}\n{end}\nDELIMITER ;");
        return;
    }
    // A comment at the end would hide the semicolon.
    let last = sql.lines().last().unwrap_or_default();
    let apart = if last.contains("--") || last.contains('#') {
        "\n"
    } else {
        ""
    };
    let _ = writeln!(text, "{sql}{apart};");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dialect: Dialect, sql: &str) -> String {
        let mut text = String::new();
        push(&mut text, dialect, sql);
        text
    }

    #[test]
    fn a_statement_ends_where_the_client_sees_it() {
        assert_eq!(written(Dialect::Sqlite, "SELECT 1"), "SELECT 1;\n");
        assert_eq!(
            written(Dialect::Postgres, "SELECT 1 -- one"),
            "SELECT 1 -- one\n;\n"
        );
        assert_eq!(
            written(Dialect::Mysql, "CREATE TRIGGER t // ; END"),
            "DELIMITER ///\nCREATE TRIGGER t // ; END\n///\nDELIMITER ;\n"
        );
    }
}
