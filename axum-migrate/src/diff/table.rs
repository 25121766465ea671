//! The changes of one table.

use super::{Hints, Plan};
use crate::op::{Constraint, Op};
use crate::schema::{Auto, Check, Column, ForeignKey, Index, PrimaryKey, Table, Unique};

/// How closely constraints are compared.
#[derive(Clone, Copy)]
pub(super) struct Exactness {
    /// Whether another name is a difference.
    pub(super) names: bool,
    /// Whether the engine changes what it can of a constraint without making it anew.
    pub(super) in_place: bool,
}

pub(super) fn compare(
    current: &Table,
    desired: &Table,
    exact: Exactness,
    hints: &Hints,
    plan: &mut Plan,
) {
    let name = &desired.name;
    columns(current, desired, hints, plan);
    if current.options != desired.options {
        plan.columns.push(Op::AlterOptions {
            table: name.clone(),
            from: current.options.clone(),
            to: desired.options.clone(),
        });
    }
    let found = matched(&current.foreign_keys, &desired.foreign_keys, exact);
    plan.dropped_keys
        .extend(found.gone.into_iter().map(|key| Op::DropForeignKey {
            table: name.clone(),
            key,
        }));
    plan.added_keys
        .extend(found.new.into_iter().map(|key| Op::AddForeignKey {
            table: name.clone(),
            key,
        }));
    alter(name, found.both, exact, plan);

    indexes(current, desired, exact.in_place, plan);
    let found = matched(&current.uniques, &desired.uniques, exact);
    plan.removed
        .extend(found.gone.into_iter().map(|unique| Op::DropUnique {
            table: name.clone(),
            unique,
        }));
    let mut added: Vec<Op> = found
        .new
        .into_iter()
        .map(|unique| Op::AddUnique {
            table: name.clone(),
            unique,
        })
        .collect();
    alter(name, found.both, exact, plan);
    let found = matched(&current.checks, &desired.checks, exact);
    plan.removed
        .extend(found.gone.into_iter().map(|check| Op::DropCheck {
            table: name.clone(),
            check,
        }));
    added.extend(found.new.into_iter().map(|check| Op::AddCheck {
        table: name.clone(),
        check,
    }));
    alter(name, found.both, exact, plan);

    let keys = |table: &Table| -> Vec<PrimaryKey> { table.primary_key.iter().cloned().collect() };
    let found = matched(&keys(current), &keys(desired), exact);
    plan.removed
        .extend(found.gone.into_iter().map(|key| Op::DropPrimaryKey {
            table: name.clone(),
            key,
        }));
    plan.added
        .extend(found.new.into_iter().map(|key| Op::AddPrimaryKey {
            table: name.clone(),
            key,
        }));
    alter(name, found.both, exact, plan);
    plan.added.append(&mut added);
}

/// What differs between constraints that are the same, changed in place.
fn alter<T: Comparable>(table: &str, both: Vec<(T, T)>, exact: Exactness, plan: &mut Plan) {
    for (from, to) in both {
        let (from, mut to) = (from.constraint(), to.constraint());
        if !exact.names {
            to.set_name(from.name().map(str::to_owned));
        }
        if exact.in_place && from != to {
            plan.altered.push(Op::AlterConstraint {
                table: table.to_owned(),
                from,
                to,
            });
        }
    }
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

fn indexes(current: &Table, desired: &Table, can_alter: bool, plan: &mut Plan) {
    let table = &desired.name;
    let mut gone: Vec<Index> = current.indexes.clone();
    let mut new = Vec::new();
    for index in &desired.indexes {
        match gone.iter().position(|other| other == index) {
            Some(at) => {
                gone.remove(at);
            }
            None => new.push(index.clone()),
        }
    }
    for index in new {
        let is_same = |old: &Index| {
            let mut renamed = Index {
                name: old.name.clone(),
                ..index.clone()
            };
            if can_alter {
                renamed.comment.clone_from(&old.comment);
                renamed.storage.clone_from(&old.storage);
            }
            *old == renamed && !old.invalid
        };
        let is_free = |old: &Index| {
            !current.indexes.iter().any(|taken| taken.name == index.name)
                && !desired.indexes.iter().any(|taken| taken.name == old.name)
        };
        let renamed = gone
            .iter()
            .position(|old| is_same(old) && (old.name == index.name || is_free(old)));
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

/// What only one of two lists has, and what both have.
struct Matched<T> {
    gone: Vec<T>,
    new: Vec<T>,
    both: Vec<(T, T)>,
}

/// Finds for each constraint the one that it is, the one of its name first.
fn matched<T: Comparable>(current: &[T], desired: &[T], exact: Exactness) -> Matched<T> {
    let mut gone: Vec<T> = current.to_vec();
    let mut both = Vec::new();
    let mut left: Vec<T> = desired.to_vec();
    for by_name in [true, false] {
        let mut new = Vec::new();
        for item in left {
            let found = gone.iter().position(|other| {
                other.is_same(&item, exact.in_place)
                    && (!by_name || other.constraint().name() == item.constraint().name())
            });
            match found {
                Some(at) => both.push((gone.remove(at), item)),
                None => new.push(item),
            }
        }
        left = new;
    }
    Matched {
        gone,
        new: left,
        both,
    }
}

fn same_column(a: &Column, b: &Column) -> bool {
    let without_sequence = |column: &Column| {
        let mut column = column.clone();
        if let Some(Auto::Serial { sequence, .. }) = &mut column.auto {
            sequence.clear();
        }
        column
    };
    without_sequence(a) == without_sequence(b)
}

/// A constraint of one kind.
trait Comparable: Clone {
    /// Whether to make one of the other nothing has to be dropped.
    fn is_same(&self, other: &Self, in_place: bool) -> bool;
    fn constraint(&self) -> Constraint;
}

impl Comparable for PrimaryKey {
    fn is_same(&self, other: &Self, in_place: bool) -> bool {
        let hard = |key: &PrimaryKey| {
            let mut key = PrimaryKey {
                name: None,
                ..key.clone()
            };
            if in_place {
                (key.comment, key.storage) = (None, Vec::new());
            }
            key
        };
        hard(self) == hard(other)
    }

    fn constraint(&self) -> Constraint {
        Constraint::PrimaryKey(self.clone())
    }
}

impl Comparable for Unique {
    fn is_same(&self, other: &Self, in_place: bool) -> bool {
        let hard = |unique: &Unique| {
            let mut unique = Unique {
                name: None,
                ..unique.clone()
            };
            if in_place {
                (unique.comment, unique.storage) = (None, Vec::new());
            }
            unique
        };
        hard(self) == hard(other)
    }

    fn constraint(&self) -> Constraint {
        Constraint::Unique(self.clone())
    }
}

impl Comparable for Check {
    fn is_same(&self, other: &Self, in_place: bool) -> bool {
        let hard = |check: &Check| {
            let mut check = Check {
                name: None,
                ..check.clone()
            };
            if in_place {
                (check.comment, check.not_valid) = (None, false);
            }
            check
        };
        // What was checked cannot become unchecked.
        hard(self) == hard(other) && (self.not_valid || !other.not_valid)
    }

    fn constraint(&self) -> Constraint {
        Constraint::Check(self.clone())
    }
}

impl Comparable for ForeignKey {
    fn is_same(&self, other: &Self, in_place: bool) -> bool {
        let hard = |key: &ForeignKey| {
            let mut key = ForeignKey {
                name: None,
                implicit_index: None,
                ..key.clone()
            };
            if in_place {
                (key.comment, key.not_valid, key.deferrable) = (None, false, None);
            }
            key
        };
        hard(self) == hard(other) && (self.not_valid || !other.not_valid)
    }

    fn constraint(&self) -> Constraint {
        Constraint::ForeignKey(self.clone())
    }
}

pub(super) fn same_foreign_key(a: &ForeignKey, b: &ForeignKey) -> bool {
    a.is_same(b, false)
}
