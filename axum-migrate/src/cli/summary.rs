//! What a generated revision does, in words.

use super::args::Rename;
use super::output::{Output, Tone};
use crate::diff::Diff;
use crate::op::Op;
use crate::schema::Table;

/// The changes as lines, as a diff shows them.
pub(super) fn lines(ops: &[Op], out: &Output<'_>) -> Vec<String> {
    ops.iter()
        .map(|op| {
            let text = op.to_string();
            let tone = match text.chars().next() {
                Some('+') => Tone::Added,
                Some('-') => Tone::Removed,
                _ => Tone::Changed,
            };
            let mut line = format!("  {}", out.paint(tone, text));
            if op.loses_data() {
                line += "   ";
                line += &out.paint(Tone::Warning, "(loses what is stored there)");
            }
            line
        })
        .collect()
}

/// What a person may want to know besides the changes.
pub(super) fn notes(diff: &Diff) -> Vec<String> {
    let mut notes: Vec<String> = looks_renamed(&diff.ops).iter().map(Rename::note).collect();
    for table in &diff.orphaned {
        notes.push(format!(
            "The table {table} has no model any more and stays; to drop it, say --drop {table}"
        ));
    }
    if !diff.unmanaged.is_empty() {
        notes.push(format!(
            "Left alone, because no model describes it and no revision made it: {}",
            diff.unmanaged.join(", ")
        ));
    }
    notes
}

/// A column gone and one of its type come in the same table, or a table gone and one of its columns come.
pub(super) fn looks_renamed(ops: &[Op]) -> Vec<Rename> {
    let mut renames = Vec::new();
    for op in ops {
        match op {
            Op::DropColumn { table, column } => {
                let mut added = ops.iter().filter_map(|other| match other {
                    Op::AddColumn {
                        table: to,
                        column: new,
                        ..
                    } if to == table && new.ty == column.ty => Some(new),
                    _ => None,
                });
                if let (Some(new), None) = (added.next(), added.next()) {
                    renames.push(Rename::Column {
                        table: table.clone(),
                        from: column.name.clone(),
                        to: new.name.clone(),
                    });
                }
            }
            Op::DropTable(table) => {
                let names = |table: &Table| -> Vec<String> {
                    table
                        .columns
                        .iter()
                        .map(|column| column.name.clone())
                        .collect()
                };
                for other in ops {
                    if let Op::CreateTable(new) = other
                        && names(new) == names(table)
                    {
                        renames.push(Rename::Table {
                            from: table.name.clone(),
                            to: new.name.clone(),
                        });
                    }
                }
            }
            _ => {}
        }
    }
    renames
}

/// A message for a revision that was given none.
pub(super) fn message(ops: &[Op]) -> String {
    let first = match ops.first() {
        Some(Op::CreateTable(table)) => format!("create {}", table.name),
        Some(Op::DropTable(table)) => format!("drop {}", table.name),
        Some(Op::CreateEnum(own)) => format!("create {}", own.name),
        Some(Op::DropEnum(own)) => format!("drop {}", own.name),
        Some(Op::RenameTable { from, to }) => format!("rename {from} to {to}"),
        Some(Op::AddColumn { table, column, .. }) => format!("add {} to {table}", column.name),
        Some(Op::DropColumn { table, column }) => format!("drop {} from {table}", column.name),
        Some(op) => format!("change {}", op.table()),
        None => "nothing".to_owned(),
    };
    let tables: std::collections::BTreeSet<&str> = ops.iter().map(Op::table).collect();
    match tables.len() {
        0 | 1 => first,
        2 => format!("{first} and one more"),
        several => format!("{first} and {} more", several - 1),
    }
}
