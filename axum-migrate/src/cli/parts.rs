//! What `migrate` writes: one revision, or several where indexes are made while others write to their tables.

use axum_db::Dialect;

use crate::diff::Diff;
use crate::op::{Op, inverse};
use crate::render::{concurrently, render};
use crate::runner;
use crate::schema::{Index, Schema};
use crate::{Engine, Error, ErrorKind};

/// A revision to write.
pub(super) struct Part {
    /// What it is for, where that is not what the whole is for.
    pub(super) what: Option<String>,
    pub(super) up: String,
    pub(super) down: String,
    pub(super) run_in_transaction: bool,
    /// What going back loses.
    pub(super) loses: Vec<String>,
}

/// The revisions, in the order in which to run them.
pub(super) fn parts<B: Engine>(
    compared: &Diff,
    from: &Schema,
    apart: bool,
) -> Result<Vec<Part>, Error> {
    if apart && B::DIALECT != Dialect::Postgres {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "--concurrently is PostgreSQL's; {} makes an index in a statement as any other, so leave it out",
                B::DIALECT.name()
            ),
        ));
    }
    let (mut start, mut target) = (from.clone(), compared.target.clone());
    let (mut first, mut last, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for op in &compared.ops {
        match op {
            Op::DropIndex { table, index } if apart && is_dropped_first(compared, index) => {
                first.push(alone(
                    op,
                    format!("drop index {}", index.name),
                    table,
                    index,
                ));
                start.apply(op);
            }
            Op::AddIndex { table, index }
                if apart && is_made_last(compared, from, table, index) =>
            {
                last.push(alone(
                    op,
                    format!("create index {}", index.name),
                    table,
                    index,
                ));
                target.apply(&op.inverse());
            }
            op => rest.push(op.clone()),
        }
    }
    let mut parts = first;
    if !rest.is_empty() {
        parts.push(whole::<B>(&rest, &start, &target)?);
    }
    parts.append(&mut last);
    Ok(parts)
}

/// Dropped before everything else, which nothing else may depend on. A unique one may be what a foreign key points at,
/// and one made again by the way back would not find the names that it has now.
fn is_dropped_first(compared: &Diff, index: &Index) -> bool {
    let renames = |op: &Op| matches!(op, Op::RenameTable { .. } | Op::RenameColumn { .. });
    !index.unique && index.comment.is_none() && !compared.ops.iter().any(renames)
}

/// Made after everything else, where the table has rows to be made over, and no foreign key needs it before.
fn is_made_last(compared: &Diff, from: &Schema, table: &str, index: &Index) -> bool {
    let is_new = |op: &Op| matches!(op, Op::RenameTable { to, .. } if to == table);
    let is_needed =
        |op: &Op| index.unique && matches!(op, Op::AddForeignKey { key, .. } if key.table == table);
    let exists = from.tables.contains_key(table) || compared.ops.iter().any(is_new);
    exists && index.comment.is_none() && !compared.ops.iter().any(is_needed)
}

/// One statement, outside of any transaction.
fn alone(op: &Op, what: String, table: &str, index: &Index) -> Part {
    let (make, drop) = concurrently(table, index);
    let (up, down) = match op {
        Op::DropIndex { .. } => (drop, make),
        _ => (make, drop),
    };
    Part {
        what: Some(what),
        up: format!("{up};\n"),
        down: format!("{down};\n"),
        run_in_transaction: false,
        loses: Vec::new(),
    }
}

fn whole<B: Engine>(ops: &[Op], from: &Schema, target: &Schema) -> Result<Part, Error> {
    let back = inverse(ops);
    let up = render(B::DIALECT, ops, from)?;
    let down = render(B::DIALECT, &back, target)?;
    let losses = back.iter().filter(|op| op.loses_data());
    let both = [up, down].map(|script| (script.to_sql(), script.run_in_transaction));
    let ([up, down], run_in_transaction) = files(B::DIALECT, both);
    Ok(Part {
        what: None,
        up,
        down,
        run_in_transaction,
        loses: losses.map(Op::to_string).collect(),
    })
}

/// The files of a revision, each given as its statements and whether they are to be one transaction; and what its
/// metadata.toml says of both.
pub(super) fn files(dialect: Dialect, scripts: [(String, bool); 2]) -> ([String; 2], bool) {
    let scripts = scripts.map(|(sql, is_one)| match runner::in_pieces(&sql) {
        Some(pieces) if is_one && dialect == Dialect::Postgres => (pieces, false),
        _ => (sql, is_one),
    });
    let run_in_transaction = scripts.iter().all(|(_, is_one)| *is_one);
    let texts = scripts.map(|(sql, wants_one)| {
        // Where the runner gives it no transaction although it wants one, it brings its own.
        if wants_one && !run_in_transaction {
            format!("{};\n{sql}COMMIT;\n", runner::begin(dialect))
        } else {
            sql
        }
    });
    (texts, run_in_transaction)
}
