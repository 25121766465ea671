//! The changes of one table.

use super::{Hints, Plan};
use crate::op::Op;
use crate::schema::{Auto, Check, Column, ForeignKey, Index, PrimaryKey, Table, Unique};

pub(super) fn compare(current: &Table, desired: &Table, hints: &Hints, plan: &mut Plan) {
    let name = &desired.name;
    columns(current, desired, hints, plan);
    if current.options != desired.options {
        plan.columns.push(Op::AlterOptions {
            table: name.clone(),
            from: current.options.clone(),
            to: desired.options.clone(),
        });
    }
    let (gone, new) = unmatched(
        &current.foreign_keys,
        &desired.foreign_keys,
        same_foreign_key,
    );
    plan.dropped_keys
        .extend(gone.into_iter().map(|key| Op::DropForeignKey {
            table: name.clone(),
            key,
        }));
    plan.added_keys
        .extend(new.into_iter().map(|key| Op::AddForeignKey {
            table: name.clone(),
            key,
        }));

    indexes(current, desired, plan);
    let (gone, new) = unmatched(&current.uniques, &desired.uniques, same_unique);
    plan.removed
        .extend(gone.into_iter().map(|unique| Op::DropUnique {
            table: name.clone(),
            unique,
        }));
    let mut added: Vec<Op> = new
        .into_iter()
        .map(|unique| Op::AddUnique {
            table: name.clone(),
            unique,
        })
        .collect();
    let (gone, new) = unmatched(&current.checks, &desired.checks, same_check);
    plan.removed
        .extend(gone.into_iter().map(|check| Op::DropCheck {
            table: name.clone(),
            check,
        }));
    added.extend(new.into_iter().map(|check| Op::AddCheck {
        table: name.clone(),
        check,
    }));

    let keys = (current.primary_key.as_ref(), desired.primary_key.as_ref());
    if !matches!(keys, (Some(a), Some(b)) if same_primary_key(a, b)) {
        let table = || name.clone();
        plan.removed.extend(keys.0.map(|key| Op::DropPrimaryKey {
            table: table(),
            key: key.clone(),
        }));
        plan.added.extend(keys.1.map(|key| Op::AddPrimaryKey {
            table: table(),
            key: key.clone(),
        }));
    }
    plan.added.append(&mut added);
}

fn columns(current: &Table, desired: &Table, hints: &Hints, plan: &mut Plan) {
    let table = &desired.name;
    let backfill = |column: &Column| {
        hints
            .backfills
            .get(&(table.clone(), column.name.clone()))
            .cloned()
    };
    let mut computed = Vec::new();
    for column in &desired.columns {
        match current.column(&column.name) {
            None => {
                let op = Op::AddColumn {
                    table: table.clone(),
                    column: column.clone(),
                    backfill: backfill(column),
                };
                // A computed column may read the other new ones.
                if column.generated.is_some() {
                    computed.push(op)
                } else {
                    plan.columns.push(op)
                }
            }
            Some(before) if !same_column(before, column) => plan.columns.push(Op::AlterColumn {
                table: table.clone(),
                from: before.clone(),
                to: column.clone(),
                backfill: (before.nullable && !column.nullable)
                    .then(|| backfill(column))
                    .flatten(),
            }),
            Some(_) => {}
        }
    }
    plan.columns.append(&mut computed);
    let mut gone: Vec<&Column> = current
        .columns
        .iter()
        .filter(|column| desired.column(&column.name).is_none())
        .collect();
    gone.sort_by_key(|column| column.generated.is_none());
    plan.dropped_columns
        .extend(gone.into_iter().map(|column| Op::DropColumn {
            table: table.clone(),
            column: column.clone(),
        }));
}

fn indexes(current: &Table, desired: &Table, plan: &mut Plan) {
    let table = &desired.name;
    let (mut gone, new) = unmatched(&current.indexes, &desired.indexes, PartialEq::eq);
    for index in new {
        let renamed = gone.iter().position(|old| {
            *old == Index {
                name: old.name.clone(),
                ..index.clone()
            } && !current.indexes.iter().any(|taken| taken.name == index.name)
                && !desired.indexes.iter().any(|taken| taken.name == old.name)
        });
        match renamed {
            Some(at) => {
                let from = gone.remove(at);
                plan.removed.push(Op::RenameIndex {
                    table: table.clone(),
                    from,
                    to: index,
                });
            }
            None => plan.added.push(Op::AddIndex {
                table: table.clone(),
                index,
            }),
        }
    }
    plan.removed
        .extend(gone.into_iter().map(|index| Op::DropIndex {
            table: table.clone(),
            index,
        }));
}

/// What only the first list has, and what only the second has.
fn unmatched<T: Clone>(
    current: &[T],
    desired: &[T],
    same: impl Fn(&T, &T) -> bool,
) -> (Vec<T>, Vec<T>) {
    let mut gone: Vec<T> = current.to_vec();
    let mut new = Vec::new();
    for item in desired {
        match gone.iter().position(|other| same(other, item)) {
            Some(at) => {
                gone.remove(at);
            }
            None => new.push(item.clone()),
        }
    }
    (gone, new)
}

fn same_column(a: &Column, b: &Column) -> bool {
    let without_sequence = |column: &Column| {
        let mut column = column.clone();
        if let Some(Auto::Serial { sequence }) = &mut column.auto {
            sequence.clear();
        }
        column
    };
    without_sequence(a) == without_sequence(b)
}

fn same_primary_key(a: &PrimaryKey, b: &PrimaryKey) -> bool {
    PrimaryKey {
        name: None,
        ..a.clone()
    } == PrimaryKey {
        name: None,
        ..b.clone()
    }
}

fn same_unique(a: &Unique, b: &Unique) -> bool {
    Unique {
        name: None,
        ..a.clone()
    } == Unique {
        name: None,
        ..b.clone()
    }
}

fn same_check(a: &Check, b: &Check) -> bool {
    a.expression == b.expression
}

pub(super) fn same_foreign_key(a: &ForeignKey, b: &ForeignKey) -> bool {
    let nameless = |key: &ForeignKey| ForeignKey {
        name: None,
        implicit_index: None,
        ..key.clone()
    };
    nameless(a) == nameless(b)
}
