//! Names of constraints that are taken.

use std::collections::BTreeSet;

use super::Plan;
use crate::op::Op;
use crate::schema::{ForeignKey, Table};

/// The names of constraints and indexes that stay where they are, each with the schema it is in.
pub(super) struct Taken(BTreeSet<(String, String)>);

/// The schema of a table, where it is not the default one.
fn schema_of(table: &str) -> String {
    let schema = table.split_once('.').map(|(schema, _)| schema);
    schema.unwrap_or_default().to_owned()
}

impl Taken {
    pub(super) fn of(base: &crate::Schema, plan: &Plan) -> Self {
        let mut names = BTreeSet::new();
        let kept = base
            .tables
            .values()
            .filter(|table| !plan.dropped.contains(&table.name));
        for table in kept {
            let indexes = table.indexes.iter().map(|index| &index.name);
            let all = constraint_names(table).chain(indexes);
            names.extend(all.map(|name| (schema_of(&table.name), name.clone())));
        }
        for op in plan.removed.iter().chain(&plan.dropped_keys) {
            let name = match op {
                Op::DropUnique { unique, .. } => unique.name.as_ref(),
                Op::DropCheck { check, .. } => check.name.as_ref(),
                Op::DropPrimaryKey { key, .. } => key.name.as_ref(),
                Op::DropForeignKey { key, .. } => key.name.as_ref(),
                Op::DropIndex { index, .. } | Op::RenameIndex { from: index, .. } => {
                    Some(&index.name)
                }
                _ => None,
            };
            if let Some(name) = name {
                names.remove(&(schema_of(op.table()), name.clone()));
            }
        }
        for op in &plan.altered {
            if let Op::AlterConstraint { table, from, to } = op {
                let place = |name: &str| (schema_of(table), name.to_owned());
                from.name().map(|name| names.remove(&place(name)));
                names.extend(to.name().map(place));
            }
        }
        Self(names)
    }

    /// Gives an added constraint another name where the one it would have is taken (after a rename, say).
    pub(super) fn avoid(&mut self, op: &mut Op) {
        let schema = schema_of(op.table());
        let name = match op {
            Op::AddUnique { unique, .. } => &mut unique.name,
            Op::AddCheck { check, .. } => &mut check.name,
            Op::AddPrimaryKey { key, .. } => &mut key.name,
            Op::AddForeignKey { key, .. } => {
                self.free(&schema, &mut key.name);
                return follow(key);
            }
            _ => return,
        };
        self.free(&schema, name);
    }

    /// Does so for all constraints of a table that is to be made.
    pub(super) fn avoid_in(&mut self, table: &mut Table) {
        let schema = schema_of(&table.name);
        let primary = table.primary_key.iter_mut().map(|key| &mut key.name);
        let uniques = table.uniques.iter_mut().map(|unique| &mut unique.name);
        let keys = table.foreign_keys.iter_mut().map(|key| &mut key.name);
        let checks = table.checks.iter_mut().map(|check| &mut check.name);
        let names = primary.chain(uniques).chain(keys).chain(checks);
        names.for_each(|name| self.free(&schema, name));
    }

    fn free(&mut self, schema: &str, name: &mut Option<String>) {
        /// The shortest limit of the engines, in bytes.
        const LIMIT: usize = 63;
        // MySQL calls every primary key that, and it is no name to collide with.
        let Some(wanted) = name.as_mut().filter(|name| *name != "PRIMARY") else {
            return;
        };
        let mut free = (schema.to_owned(), wanted.clone());
        let mut number = 1;
        while self.0.contains(&free) {
            let suffix = format!("_{number}");
            let mut length = wanted.len().min(LIMIT - suffix.len());
            while !wanted.is_char_boundary(length) {
                length -= 1;
            }
            free.1 = format!("{}{suffix}", &wanted[..length]);
            number += 1;
        }
        wanted.clone_from(&free.1);
        self.0.insert(free);
    }
}

fn constraint_names(table: &Table) -> impl Iterator<Item = &String> {
    let keys = table
        .foreign_keys
        .iter()
        .filter_map(|key| key.name.as_ref());
    let uniques = table
        .uniques
        .iter()
        .filter_map(|unique| unique.name.as_ref());
    let checks = table.checks.iter().filter_map(|check| check.name.as_ref());
    keys.chain(uniques)
        .chain(checks)
        .chain(table.primary_key.iter().filter_map(|key| key.name.as_ref()))
}

/// An index that the server makes for a key is called like the key.
fn follow(key: &mut ForeignKey) {
    if key.implicit_index.is_some() {
        key.implicit_index.clone_from(&key.name);
    }
}
