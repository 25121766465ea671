//! A change in one line, for a person.

use std::fmt;

use super::{Constraint, Op};
use crate::schema::{Column, ForeignKey};

/// One line for a person: `+ table posts`, `~ column users.email: VARCHAR(80) → VARCHAR(120)`.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::RenameTable { from, to } => write!(f, "~ table {from} → {to}"),
            Op::RenameColumn { table, from, to } => write!(f, "~ column {table}.{from} → {to}"),
            Op::CreateTable(table) => write!(
                f,
                "+ table {} ({} columns)",
                table.name,
                table.columns.len()
            ),
            Op::DropTable(table) => write!(f, "- table {}", table.name),
            Op::AddColumn { table, column, .. } => {
                write!(f, "+ column {table}.{}: {}", column.name, describe(column))
            }
            Op::DropColumn { table, column } => write!(f, "- column {table}.{}", column.name),
            Op::AlterColumn {
                table, from, to, ..
            } => {
                let (before, after) = (describe(from), describe(to));
                if before != after {
                    write!(f, "~ column {table}.{}: {before} → {after}", to.name)
                } else {
                    write!(f, "~ column {table}.{}: {after} (", to.name)?;
                    let what = if from.comment != to.comment {
                        "comment)"
                    } else if from.auto != to.auto {
                        "how it counts)"
                    } else {
                        "other properties)"
                    };
                    f.write_str(what)
                }
            }
            Op::AddPrimaryKey { table, key } => {
                write!(f, "+ primary key {table} ({})", key.columns.join(", "))
            }
            Op::DropPrimaryKey { table, key } => {
                write!(f, "- primary key {table} ({})", key.columns.join(", "))
            }
            Op::AddUnique { table, unique } => {
                write!(f, "+ unique {table} ({})", unique.columns.join(", "))
            }
            Op::DropUnique { table, unique } => {
                write!(f, "- unique {table} ({})", unique.columns.join(", "))
            }
            Op::AddCheck { table, check } => write!(f, "+ check {table}: {}", check.expression),
            Op::DropCheck { table, check } => write!(f, "- check {table}: {}", check.expression),
            Op::AddIndex { table, index } => write!(f, "+ index {table}.{}", index.name),
            Op::DropIndex { table, index } if index.invalid => write!(
                f,
                "- index {table}.{} (left invalid by CREATE INDEX CONCURRENTLY)",
                index.name
            ),
            Op::DropIndex { table, index } => write!(f, "- index {table}.{}", index.name),
            Op::RenameIndex { table, from, to } if from.name == to.name => {
                let what = if from.comment == to.comment {
                    "storage parameters"
                } else {
                    "comment"
                };
                write!(f, "~ index {table}.{} ({what})", to.name)
            }
            Op::RenameIndex { table, from, to } => {
                write!(f, "~ index {table}.{} → {}", from.name, to.name)
            }
            Op::AlterConstraint { table, from, to } => {
                let named = |constraint: &Constraint| constraint.name().unwrap_or("?").to_owned();
                write!(f, "~ constraint {table}.{}", named(from))?;
                if from.name() != to.name() {
                    write!(f, " → {}", named(to))?;
                }
                for (differs, what) in [
                    (from.not_valid() && !to.not_valid(), "validated"),
                    (from.deferrable() != to.deferrable(), "when it is checked"),
                    (from.storage() != to.storage(), "storage parameters"),
                    (from.comment() != to.comment(), "comment"),
                ] {
                    if differs {
                        write!(f, " ({what})")?;
                    }
                }
                Ok(())
            }
            Op::RenameEnum { from, to } => write!(f, "~ enum {} → {}", from.name, to.name),
            Op::RenameEnumValue { name, from, to } => write!(f, "~ enum {name}: {from} → {to}"),
            Op::AddForeignKey { table, key } => {
                write!(f, "+ foreign key {table} {}", describe_key(key))
            }
            Op::DropForeignKey { table, key } => {
                write!(f, "- foreign key {table} {}", describe_key(key))
            }
            Op::CreateEnum(own) => {
                write!(f, "+ enum {} ({})", own.name, own.values.join(", "))
            }
            Op::DropEnum(own) => write!(f, "- enum {}", own.name),
            Op::AlterEnum { from, to } if from.values == to.values => {
                write!(f, "~ enum {} (comment)", to.name)
            }
            Op::AlterEnum { from, to } => write!(
                f,
                "~ enum {}: {} → {}",
                to.name,
                from.values.join(", "),
                to.values.join(", ")
            ),
            Op::AlterOptions { table, .. } => write!(f, "~ options of table {table}"),
        }
    }
}

fn describe(column: &Column) -> String {
    let mut text = column.ty.clone();
    if let Some(collation) = &column.collation {
        text.push_str(" COLLATE ");
        text.push_str(collation);
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.push_str(" DEFAULT ");
        text.push_str(default);
    }
    match &column.auto {
        None => {}
        Some(crate::schema::Auto::Increment) => text.push_str(" AUTOINCREMENT"),
        Some(crate::schema::Auto::Serial { .. }) => text.push_str(" (serial)"),
        Some(crate::schema::Auto::Identity { always: true, .. }) => {
            text.push_str(" (identity always)")
        }
        Some(crate::schema::Auto::Identity { always: false, .. }) => text.push_str(" (identity)"),
    }
    if let Some(generated) = &column.generated {
        text.push_str(" AS ");
        text.push_str(&generated.expression);
    }
    text
}

fn describe_key(key: &ForeignKey) -> String {
    format!(
        "({}) → {} ({})",
        key.columns.join(", "),
        key.table,
        key.referenced.join(", ")
    )
}
