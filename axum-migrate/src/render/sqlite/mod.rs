//! SQLite: what ALTER TABLE can do, and a rebuild of the table for the rest.

mod ddl;
mod native;
mod rebuild;

use std::collections::BTreeSet;

use axum_db::Dialect;

use super::{Script, unknown_table};
use crate::diff::{Hints, diff};
use crate::error::Error;
use crate::op::Op;
use crate::schema::Schema;
use crate::token::rename_identifier;

const SQLITE: Dialect = Dialect::Sqlite;

/// Settings that only work outside of a transaction, hence a transaction of the script's own.
const BEFORE: [&str; 3] = [
    "PRAGMA foreign_keys = OFF",
    "PRAGMA legacy_alter_table = ON",
    "BEGIN IMMEDIATE",
];
const AFTER: [&str; 3] = [
    "COMMIT",
    "PRAGMA legacy_alter_table = OFF",
    "PRAGMA foreign_keys = ON",
];

pub(super) fn render(ops: &[Op], from: &Schema) -> Result<Script, Error> {
    write(ops, from).or_else(|error| {
        if rebuild::is_stale(&error)
            && let Some(ops) = reordered(ops, from)?
        {
            write(&ops, from)
        } else {
            Err(error)
        }
    })
}

fn is_rename(op: &Op) -> bool {
    matches!(op, Op::RenameTable { .. } | Op::RenameColumn { .. })
}

/// The same changes with the renames after the others rather than before, or the other way round.
fn reordered(ops: &[Op], from: &Schema) -> Result<Option<Vec<Op>>, Error> {
    let (renames, changes): (Vec<Op>, Vec<Op>) = ops.iter().cloned().partition(is_rename);
    if renames.is_empty() {
        return Ok(None);
    }
    let renames_first = ops.first().is_some_and(is_rename);
    let mut target = from.clone();
    ops.iter().for_each(|op| target.apply(op));
    let mut start = from.clone();
    // What the names of the changes go through.
    let way: Vec<Op> = if renames_first {
        renames.iter().rev().map(Op::inverse).collect()
    } else {
        renames.clone()
    };
    let moved = if renames_first {
        &mut target
    } else {
        &mut start
    };
    way.iter().for_each(|rename| moved.apply(rename));

    let mut hints = Hints {
        exact: true,
        dropped_tables: start.table_names(),
        ..Hints::default()
    };
    for op in &changes {
        let (Op::AddColumn {
            column, backfill, ..
        }
        | Op::AlterColumn {
            to: column,
            backfill,
            ..
        }) = op
        else {
            continue;
        };
        let Some(expression) = backfill else { continue };
        let (mut table, mut name, mut expression) = (
            op.table().to_owned(),
            column.name.clone(),
            expression.clone(),
        );
        for rename in &way {
            match rename {
                Op::RenameTable { from, to } if *from == table => table.clone_from(to),
                Op::RenameColumn {
                    table: of,
                    from,
                    to,
                } if *of == table => {
                    expression = rename_identifier(&expression, from, to);
                    if name == *from {
                        name.clone_from(to);
                    }
                }
                _ => {}
            }
        }
        hints.backfills.insert((table, name), expression);
    }
    let changes = diff(&start, &target, &hints)?.ops;
    Ok(Some(if renames_first {
        changes.into_iter().chain(renames).collect()
    } else {
        renames.into_iter().chain(changes).collect()
    }))
}

fn write(ops: &[Op], from: &Schema) -> Result<Script, Error> {
    let mut writer = Writer {
        state: from.clone(),
        ..Writer::default()
    };
    for run in ops.chunk_by(|a, b| is_rename(a) == is_rename(b)) {
        if is_rename(&run[0]) {
            run.iter().for_each(|op| writer.rename(op));
        } else {
            writer.change(run, ops)?;
        }
    }
    Ok(writer.finish())
}

#[derive(Default)]
struct Writer {
    state: Schema,
    statements: Vec<String>,
    /// Whether the script needs its own transaction, with foreign keys off around it.
    own_transaction: bool,
    /// Which statements are renames that must reach what names the renamed thing.
    renames: BTreeSet<usize>,
    /// The renames that are done.
    renamed: Vec<Op>,
}

impl Writer {
    fn push(&mut self, statement: String) {
        self.statements.push(statement);
    }

    fn rename(&mut self, op: &Op) {
        self.state.apply(op);
        self.renamed.push(op.clone());
        self.renames.insert(self.statements.len());
        match op {
            Op::RenameTable { from, to } => {
                let mut from = from.clone();
                if from.to_lowercase() == to.to_lowercase() {
                    // To SQLite both are one name, which it takes to be in use.
                    let between = format!("{to}__renamed");
                    self.push(format!(
                        "ALTER TABLE {} RENAME TO {}",
                        SQLITE.quote(&from),
                        SQLITE.quote(&between)
                    ));
                    self.renames.insert(self.statements.len());
                    from = between;
                }
                self.push(format!(
                    "ALTER TABLE {} RENAME TO {}",
                    SQLITE.quote(&from),
                    SQLITE.quote(to)
                ));
            }
            Op::RenameColumn { table, from, to } => self.push(format!(
                "ALTER TABLE {} RENAME COLUMN {} TO {}",
                SQLITE.quote(table),
                SQLITE.quote(from),
                SQLITE.quote(to)
            )),
            _ => {}
        }
    }

    /// Writes a run of changes between which nothing is renamed, a table at a time.
    fn change(&mut self, run: &[Op], all: &[Op]) -> Result<(), Error> {
        let before = self.state.clone();
        let mut after = before.clone();
        run.iter().for_each(|op| after.apply(op));

        for op in run {
            match op {
                Op::DropIndex { table, index }
                | Op::RenameIndex {
                    table, from: index, ..
                } if after.tables.contains_key(table) => {
                    self.push(format!("DROP INDEX {}", SQLITE.quote(&index.name)));
                }
                _ => {}
            }
        }
        // The name of a table that goes, or of an index of it, may be wanted already.
        let made = run.iter().flat_map(|op| match op {
            Op::AddIndex { index, .. } | Op::RenameIndex { to: index, .. } => {
                std::slice::from_ref(index)
            }
            Op::CreateTable(table) => &table.indexes,
            _ => &[],
        });
        let made: BTreeSet<String> = made.map(|index| index.name.to_ascii_lowercase()).collect();
        let mut gone = BTreeSet::new();
        for op in run {
            let Op::DropTable(table) = op else { continue };
            if made.contains(&table.name.to_ascii_lowercase()) {
                self.push(format!("DROP TABLE {}", SQLITE.quote(&table.name)));
                self.own_transaction = true;
                gone.insert(table.name.as_str());
                continue;
            }
            for index in &table.indexes {
                if made.contains(&index.name.to_ascii_lowercase()) {
                    self.push(format!("DROP INDEX {}", SQLITE.quote(&index.name)));
                }
            }
        }
        let mut made = BTreeSet::new();
        for op in run {
            let name = op.table();
            let (old, new) = (before.tables.get(name), after.tables.get(name));
            if !made.insert(name) {
                continue;
            }
            match (old, new) {
                (None, Some(table)) => {
                    self.push(ddl::create_table(table, name));
                    for index in &table.indexes {
                        self.push(ddl::create_index(name, index));
                    }
                }
                (Some(old), Some(new)) => {
                    let ops: Vec<&Op> = run.iter().filter(|op| op.table() == name).collect();
                    self.alter(old, new, &ops, all)?;
                }
                (None, None) if !matches!(op, Op::DropTable(_)) => {
                    return Err(unknown_table(name));
                }
                (_, None) => {}
            }
        }
        let dropped: Vec<&str> = run
            .iter()
            .filter_map(|op| match op {
                Op::DropTable(table)
                    if before.tables.contains_key(&table.name)
                        && !gone.contains(table.name.as_str()) =>
                {
                    Some(table.name.as_str())
                }
                _ => None,
            })
            .collect();
        for (at, name) in dropped.iter().enumerate() {
            // DROP TABLE deletes the rows first, which foreign keys to them would notice.
            let still_there = |table: &str| !dropped[..at].contains(&table);
            self.own_transaction |= before
                .tables
                .values()
                .filter(|table| still_there(&table.name))
                .any(|table| table.foreign_keys.iter().any(|key| key.table == *name));
            self.push(format!("DROP TABLE {}", SQLITE.quote(name)));
        }
        self.state = after;
        Ok(())
    }

    fn finish(self) -> Script {
        if !self.own_transaction {
            return Script {
                statements: self.statements,
                run_in_transaction: true,
            };
        }
        let mut statements: Vec<String> = BEFORE.map(str::to_owned).to_vec();
        for (at, statement) in self.statements.into_iter().enumerate() {
            if self.renames.contains(&at) {
                // A rename for its own sake has to reach foreign keys, triggers and views.
                statements.push("PRAGMA legacy_alter_table = OFF".to_owned());
                statements.push(statement);
                statements.push("PRAGMA legacy_alter_table = ON".to_owned());
            } else {
                statements.push(statement);
            }
        }
        statements.extend(rebuild::guard(
            "a foreign key is violated",
            "SELECT count(*) FROM pragma_foreign_key_check",
        ));
        statements.extend(AFTER.map(str::to_owned));
        Script {
            statements,
            run_in_transaction: false,
        }
    }
}
