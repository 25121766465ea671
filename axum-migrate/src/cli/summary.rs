//! What a generated revision does, in words.

use super::args::Rename;
use super::output::{Output, Tone};
use crate::diff::Diff;
use crate::op::Op;

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
pub(super) fn notes(diff: &Diff, renamed: &[Rename]) -> Vec<String> {
    let mut notes: Vec<String> = renamed.iter().map(Rename::note).collect();
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
    if !diff.kept.is_empty() {
        notes.push(format!(
            "Left alone, because no model can say it: {}; `revision` makes a migration to drop it by hand",
            diff.kept.join(", ")
        ));
    }
    notes
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
