//! The rebuild: a new table, the rows copied, the old one dropped, and nothing lost.

use super::{SQLITE, Writer, ddl};
use crate::error::{Error, ErrorKind};
use crate::op::Op;
use crate::render::literal;
use crate::schema::{Auto, PrimaryKey, Table};
use crate::token::tokens;

/// Holds the highest id ever given out while its table is away.
const SEQUENCE: &str = "__axum_migrate_sequence";
/// A table whose one row must be zero.
const GUARD: &str = "__axum_migrate_guard";

impl Writer {
    pub(super) fn rebuild(
        &mut self,
        old: &Table,
        new: &Table,
        ops: &[&Op],
        all: &[Op],
    ) -> Result<(), Error> {
        let name = &new.name;
        let triggers: Vec<(String, String)> = self
            .state
            .unmanaged
            .iter()
            .filter(|object| object.kind == "trigger" && object.table.as_ref() == Some(name))
            .filter_map(|object| Some((object.name.clone(), object.sql.clone()?)))
            .collect();
        for (trigger, sql) in &triggers {
            self.refuse_stale(name, trigger, sql, all)?;
        }
        self.own_transaction = true;
        let temporary = format!("__new_{name}");
        let (table, temporary_table) = (SQLITE.quote(name), SQLITE.quote(&temporary));

        // What the file cannot recreate, because it appeared after the file was written, must not be lost.
        let columns = literals(old.columns.iter().map(|column| &column.name));
        let objects = literals(
            triggers
                .iter()
                .map(|(name, _)| name)
                .chain(old.indexes.iter().map(|index| &index.name)),
        );
        self.statements.extend(guard(
            &format!("{name} has a column, trigger or index that this migration does not know"),
            &format!(
                "SELECT (SELECT count(*) FROM pragma_table_xinfo({0}) WHERE name NOT IN ({columns})) \
                 + (SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL \
                 AND tbl_name = {0} COLLATE NOCASE AND name NOT IN ({objects}))",
                literal(SQLITE, name),
            ),
        ));
        self.push(ddl::create_table(new, &temporary));
        self.push(copy_rows(old, new, ops, &table, &temporary_table));
        let counts = |table: &Table| {
            table
                .columns
                .iter()
                .any(|column| column.auto == Some(Auto::Increment))
        };
        let keeps_count = counts(old) && counts(new);
        if keeps_count {
            self.push(format!(
                "CREATE TEMP TABLE {SEQUENCE} AS SELECT seq FROM sqlite_sequence WHERE name = {}",
                literal(SQLITE, name)
            ));
        }
        self.push(format!("DROP TABLE {table}"));
        self.push(format!("ALTER TABLE {temporary_table} RENAME TO {table}"));
        for index in &new.indexes {
            self.push(ddl::create_index(name, index));
        }
        for (_, sql) in triggers {
            self.push(sql);
        }
        if keeps_count {
            let name = literal(SQLITE, name);
            self.push(format!("DELETE FROM sqlite_sequence WHERE name = {name}"));
            self.push(format!(
                "INSERT INTO sqlite_sequence (name, seq) SELECT {name}, seq FROM temp.{SEQUENCE}"
            ));
            self.push(format!("DROP TABLE temp.{SEQUENCE}"));
        }
        Ok(())
    }
}

impl Writer {
    /// The saved text of a trigger has to speak of what is renamed by the name that this has by now.
    fn refuse_stale(&self, table: &str, trigger: &str, sql: &str, all: &[Op]) -> Result<(), Error> {
        let reads = |name: &String| {
            tokens(sql).iter().any(|token| {
                token
                    .identifier()
                    .is_some_and(|word| name.eq_ignore_ascii_case(&word))
            })
        };
        let is_stale = all.iter().any(|op| match op {
            Op::RenameTable { from, to } | Op::RenameColumn { from, to, .. } => {
                let is_done = self.renamed.contains(op);
                reads(if is_done { from } else { to })
            }
            _ => false,
        });
        if is_stale {
            Err(stale(table, trigger))
        } else {
            Ok(())
        }
    }
}

/// Whether renaming at another moment might do.
pub(super) fn is_stale(error: &Error) -> bool {
    error.kind() == ErrorKind::Unsupported
}

fn stale(table: &str, trigger: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "table {table} has to be rebuilt, and its trigger {trigger} names something that is renamed at the \
             same time; make the rename and the other change in two migrations"
        ),
    )
}

fn literals<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| literal(SQLITE, name)).collect();
    names.join(", ")
}

/// The name under which both tables show a rowid that no column of theirs is.
fn rowid(old: &Table, new: &Table) -> Option<&'static str> {
    let is_hidden = |table: &Table| {
        let is_key = |key: &PrimaryKey| {
            key.suffixes.is_empty()
                && key.columns.len() == 1
                && table
                    .column(&key.columns[0])
                    .is_some_and(|column| column.ty == "INTEGER")
        };
        !table.options.without_rowid && !table.primary_key.as_ref().is_some_and(is_key)
    };
    let is_free = |name: &&str| {
        let mut columns = old.columns.iter().chain(&new.columns);
        !columns.any(|column| column.name.eq_ignore_ascii_case(name))
    };
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(is_free)
        .filter(|_| is_hidden(old) && is_hidden(new))
}

fn copy_rows(old: &Table, new: &Table, ops: &[&Op], table: &str, temporary: &str) -> String {
    let mut columns = Vec::new();
    let mut values = Vec::new();
    for column in new
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
    {
        let backfill = ops.iter().find_map(|op| match op {
            Op::AddColumn {
                column: own,
                backfill,
                ..
            }
            | Op::AlterColumn {
                to: own, backfill, ..
            } if own.name == column.name => backfill.as_ref(),
            _ => None,
        });
        let quoted = SQLITE.quote(&column.name);
        let value = match (old.column(&column.name), backfill) {
            (Some(before), None) => match &column.default {
                Some(default) if before.nullable && !column.nullable => {
                    format!("coalesce({quoted}, ({default}))")
                }
                _ => quoted.clone(),
            },
            (Some(_), Some(expression)) => format!("coalesce({quoted}, ({expression}))"),
            (None, Some(expression)) => format!("({expression})"),
            // Its default fills it.
            (None, None) => continue,
        };
        columns.push(quoted);
        values.push(value);
    }
    if columns.is_empty()
        && let Some(column) = new.columns.iter().find(|column| column.generated.is_none())
    {
        // Nothing to copy, yet as many rows as before.
        columns.push(SQLITE.quote(&column.name));
        values.push(
            column
                .default
                .as_ref()
                .map_or("NULL".to_owned(), |it| format!("({it})")),
        );
    }
    // Others may know the rows by it: a full-text index, or a program.
    if let Some(rowid) = rowid(old, new) {
        columns.insert(0, rowid.to_owned());
        values.insert(0, rowid.to_owned());
    }
    format!(
        "INSERT INTO {temporary} ({})\nSELECT {}\nFROM {table}",
        columns.join(", "),
        values.join(", ")
    )
}

/// Statements that fail, and with them the whole migration, unless `count` gives zero.
pub(super) fn guard(claim: &str, count: &str) -> [String; 3] {
    [
        format!(
            "CREATE TEMP TABLE {GUARD} (found INTEGER CONSTRAINT {} CHECK (found = 0))",
            SQLITE.quote(claim)
        ),
        format!("INSERT INTO temp.{GUARD} {count}"),
        format!("DROP TABLE temp.{GUARD}"),
    ]
}
