//! Computed columns that become plain.

use crate::op::Op;
use crate::schema::Column;

/// The operations, with columns that are computed no more becoming plain first of all, with the values that they
/// have: what they read may go, or become something else, before their turn comes.
pub(super) fn plain_first(ops: &[Op]) -> Vec<Op> {
    let mut sorted: Vec<Op> = Vec::with_capacity(ops.len());
    for op in ops {
        let mut op = op.clone();
        if let Some((plain, step)) = becoming_plain(&op) {
            let place = sorted
                .iter()
                .rposition(|op| is_before(op, step.table(), &plain.name))
                .map_or(0, |last| last + 1);
            sorted.insert(place, step);
            if let Op::AlterColumn { from, .. } = &mut op {
                *from = plain;
            }
        }
        sorted.push(op);
    }
    sorted
}

/// The column as it is but plain, and the operation that makes it so.
fn becoming_plain(op: &Op) -> Option<(Column, Op)> {
    let Op::AlterColumn {
        table, from, to, ..
    } = op
    else {
        return None;
    };
    if from.generated.is_none() || to.generated.is_some() {
        return None;
    }
    let plain = Column {
        generated: None,
        ..from.clone()
    };
    let step = Op::AlterColumn {
        table: table.clone(),
        from: from.clone(),
        to: plain.clone(),
        backfill: None,
    };
    Some((plain, step))
}

/// Whether the column is there, and called so, only after the operation.
fn is_before(op: &Op, own: &str, name: &str) -> bool {
    match op {
        Op::RenameTable { .. } | Op::RenameColumn { .. } | Op::RenameEnum { .. } => true,
        Op::CreateTable(table) => table.name == own,
        Op::AddColumn { table, column, .. } => table == own && column.name == name,
        Op::AlterColumn { table, to, .. } => table == own && to.name == name,
        _ => false,
    }
}
