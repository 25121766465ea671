//! The rebuild: a new table, the rows copied, the old one dropped, and nothing lost.

use super::{SQLITE, Writer, ddl};
use crate::error::{Error, ErrorKind};
use crate::op::Op;
use crate::render::literal;
use crate::schema::{Auto, Table};
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
            refuse_rename(name, trigger, sql, all)?;
        }
        self.own_transaction = true;
        let temporary = format!("__new_{name}");
        let (table, temporary_table) = (SQLITE.quote(name), SQLITE.quote(&temporary));

        // What the file cannot recreate, because it appeared after the file was written, must not be lost.
        let known: Vec<String> = triggers
            .iter()
            .map(|(name, _)| name)
            .chain(old.indexes.iter().map(|index| &index.name))
            .map(|name| literal(SQLITE, name))
            .collect();
        self.statements.extend(guard(
            &format!("{name} has a trigger or index that this migration does not know"),
            &format!(
                "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL \
                 AND tbl_name = {} COLLATE NOCASE AND name NOT IN ({})",
                literal(SQLITE, name),
                known.join(", ")
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

/// The text of a trigger cannot be saved while a rename is about to change it.
fn refuse_rename(table: &str, trigger: &str, sql: &str, all: &[Op]) -> Result<(), Error> {
    let names: Vec<&String> = all
        .iter()
        .flat_map(|op| match op {
            Op::RenameTable { from, to } | Op::RenameColumn { from, to, .. } => vec![from, to],
            _ => Vec::new(),
        })
        .collect();
    let reads_renamed = tokens(sql).iter().any(|token| {
        token
            .identifier()
            .is_some_and(|word| names.iter().any(|name| name.eq_ignore_ascii_case(&word)))
    });
    if !reads_renamed {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!(
            "table {table} has to be rebuilt, and its trigger {trigger} names something that is renamed at the \
             same time; make the rename and the other change in two migrations"
        ),
    ))
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
