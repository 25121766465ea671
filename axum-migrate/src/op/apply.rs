//! Changes carried out on the description of a schema.

use super::{Constraint, Op};
use crate::schema::{Column, Schema, Table};

impl Schema {
    /// Carries `op` out; what names a table or object that is not there changes nothing.
    pub(crate) fn apply(&mut self, op: &Op) {
        match op {
            Op::RenameTable { from, to } => self.rename_table(from, to),
            Op::RenameColumn { table, from, to } => self.rename_column(table, from, to),
            Op::CreateTable(table) => {
                self.tables.insert(table.name.clone(), table.clone());
            }
            Op::CreateEnum(own) | Op::AlterEnum { to: own, .. } => {
                self.enums.insert(own.name.clone(), own.clone());
            }
            Op::DropEnum(own) => {
                self.enums.remove(&own.name);
            }
            Op::RenameEnum { from, to } => self.rename_enum(from, to),
            Op::RenameEnumValue { name, from, to } => self.rename_value(name, from, to),
            Op::DropTable(table) => {
                self.tables.remove(&table.name);
                self.unmanaged
                    .retain(|object| object.table.as_ref() != Some(&table.name));
            }
            _ => {
                if let Some(table) = self.tables.get_mut(op.table()) {
                    table.apply(op);
                }
            }
        }
    }
}

impl Table {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::AddColumn { column, .. } => self.columns.push(column.clone()),
            Op::DropColumn { column, .. } => self.columns.retain(|own| own.name != column.name),
            Op::AlterColumn { from, to, .. } => {
                if let Some(own) = self.column_mut(&from.name) {
                    own.clone_from(to);
                }
            }
            Op::AddPrimaryKey { key, .. } => self.primary_key = Some(key.clone()),
            Op::DropPrimaryKey { .. } => self.primary_key = None,
            Op::AddUnique { unique, .. } => self.uniques.push(unique.clone()),
            Op::DropUnique { unique, .. } => remove_one(&mut self.uniques, unique),
            Op::AddCheck { check, .. } => self.checks.push(check.clone()),
            Op::DropCheck { check, .. } => remove_one(&mut self.checks, check),
            Op::AddIndex { index, .. } => self.indexes.push(index.clone()),
            Op::DropIndex { index, .. } => self.indexes.retain(|own| own.name != index.name),
            Op::RenameIndex { from, to, .. } => {
                for own in self.indexes.iter_mut().filter(|own| own.name == from.name) {
                    own.clone_from(to);
                }
            }
            Op::AddForeignKey { key, .. } => self.foreign_keys.push(key.clone()),
            Op::DropForeignKey { key, .. } => remove_one(&mut self.foreign_keys, key),
            Op::AlterOptions { to, .. } => self.options.clone_from(to),
            Op::AlterConstraint { from, to, .. } => self.alter_constraint(from, to),
            Op::CreateTable(_)
            | Op::DropTable(_)
            | Op::CreateEnum(_)
            | Op::DropEnum(_)
            | Op::AlterEnum { .. }
            | Op::RenameEnum { .. }
            | Op::RenameEnumValue { .. }
            | Op::RenameTable { .. }
            | Op::RenameColumn { .. } => {}
        }
    }

    fn alter_constraint(&mut self, from: &Constraint, to: &Constraint) {
        match (from, to) {
            (Constraint::PrimaryKey(_), Constraint::PrimaryKey(to)) => {
                self.primary_key = Some(to.clone());
            }
            (Constraint::Unique(from), Constraint::Unique(to)) => {
                replace_one(&mut self.uniques, from, to);
            }
            (Constraint::Check(from), Constraint::Check(to)) => {
                replace_one(&mut self.checks, from, to);
            }
            (Constraint::ForeignKey(from), Constraint::ForeignKey(to)) => {
                replace_one(&mut self.foreign_keys, from, to);
            }
            _ => {}
        }
    }

    fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

fn replace_one<T: PartialEq + Clone>(list: &mut [T], from: &T, to: &T) {
    if let Some(own) = list.iter_mut().find(|own| *own == from) {
        own.clone_from(to);
    }
}

fn remove_one<T: PartialEq>(list: &mut Vec<T>, item: &T) {
    if let Some(at) = list.iter().position(|own| own == item) {
        list.remove(at);
    }
}
