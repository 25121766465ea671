//! Changes of a table that SQLite makes in place.

use super::{SQLITE, Writer, ddl};
use crate::error::Error;
use crate::op::Op;
use crate::schema::{Column, ForeignKey, KeyTarget, Schema, Table};
use crate::token::tokens;

impl Writer {
    /// Brings a table from `old` to `new`; indexes that go are gone already.
    pub(super) fn alter(
        &mut self,
        old: &Table,
        new: &Table,
        ops: &[&Op],
        all: &[Op],
    ) -> Result<(), Error> {
        if old.is_same_as(new) {
            return Ok(());
        }
        match in_place(old, new, ops, &self.state) {
            Some(statements) => self.statements.extend(statements),
            None => self.rebuild(old, new, ops, all)?,
        }
        Ok(())
    }
}

/// The statements, if ALTER TABLE can do it all.
fn in_place(old: &Table, new: &Table, ops: &[&Op], state: &Schema) -> Option<Vec<String>> {
    let table = SQLITE.quote(&new.name);
    let mut statements = Vec::new();
    let mut indexes = Vec::new();
    for op in ops {
        match op {
            Op::AddColumn {
                column,
                backfill: None,
                ..
            } => {
                let key = only_key(new, column);
                if !can_be_added(column, key, new) {
                    return None;
                }
                statements.push(format!(
                    "ALTER TABLE {table} ADD COLUMN {}",
                    ddl::added_column(column, key)
                ));
            }
            // Written with its column.
            Op::AddForeignKey { key, .. } => {
                let added = ops.iter().any(|op| {
                    matches!(op, Op::AddColumn { column, .. } if only_key(new, column) == Some(key))
                });
                if !added {
                    return None;
                }
            }
            Op::DropColumn { column, .. } => {
                if !can_be_dropped(column, old, new, state) {
                    return None;
                }
                statements.push(format!(
                    "ALTER TABLE {table} DROP COLUMN {}",
                    SQLITE.quote(&column.name)
                ));
            }
            Op::AddIndex { index, .. } | Op::RenameIndex { to: index, .. } => {
                indexes.push(ddl::create_index(&new.name, index));
            }
            Op::DropIndex { .. } => {}
            _ => return None,
        }
    }
    statements.append(&mut indexes);
    Some(statements)
}

/// The foreign key that is this column's alone.
fn only_key<'a>(table: &'a Table, column: &Column) -> Option<&'a ForeignKey> {
    let mut keys = table
        .foreign_keys
        .iter()
        .filter(|key| key.columns.contains(&column.name));
    match (keys.next(), keys.next()) {
        (Some(key), None) if key.columns.len() == 1 => Some(key),
        _ => None,
    }
}

fn can_be_added(column: &Column, key: Option<&ForeignKey>, table: &Table) -> bool {
    let default_fits = match &column.default {
        None => column.nullable || column.generated.is_some(),
        Some(default) => ddl::is_constant(default),
    };
    default_fits
        && column.auto.is_none()
        // A NULL would have to be the only value that is there.
        && (key.is_none() || column.default.is_none())
        && !table.foreign_keys.iter().any(|other| other.columns.contains(&column.name) && Some(other) != key)
        && !table.uniques.iter().any(|unique| unique.columns.contains(&column.name))
        && !column.generated.as_ref().is_some_and(|generated| generated.stored)
        && (column.generated.is_none() || column.nullable)
}

fn can_be_dropped(column: &Column, old: &Table, new: &Table, state: &Schema) -> bool {
    let name = &column.name;
    let reads = |sql: &str| {
        tokens(sql).iter().any(|token| {
            token
                .identifier()
                .is_some_and(|word| word.eq_ignore_ascii_case(name))
        })
    };
    let in_key = old
        .primary_key
        .as_ref()
        .is_some_and(|key| key.columns.contains(name))
        || old
            .uniques
            .iter()
            .any(|unique| unique.columns.contains(name))
        || old
            .foreign_keys
            .iter()
            .any(|key| key.columns.contains(name));
    let referenced = state
        .tables
        .values()
        .flat_map(|table| &table.foreign_keys)
        .any(|key| key.table == old.name && key.referenced.contains(name));
    let in_text = old.checks.iter().any(|check| reads(&check.expression))
        || old
            .columns
            .iter()
            .filter_map(|own| own.generated.as_ref())
            .any(|it| reads(&it.expression))
        || state
            .unmanaged
            .iter()
            .filter_map(|object| object.sql.as_deref())
            .any(reads);
    let in_index = new.indexes.iter().any(|index| {
        index.columns().any(|own| own == name)
            || index.predicate.as_deref().is_some_and(reads)
            || index
                .keys
                .iter()
                .any(|key| matches!(&key.target, KeyTarget::Expression(sql) if reads(sql)))
    });
    !(in_key || referenced || in_text || in_index)
}
