//! Changes carried out on the description of a schema.

use super::Op;
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
            Op::CreateTable(_)
            | Op::DropTable(_)
            | Op::CreateEnum(_)
            | Op::DropEnum(_)
            | Op::AlterEnum { .. }
            | Op::RenameTable { .. }
            | Op::RenameColumn { .. } => {}
        }
    }

    fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

fn remove_one<T: PartialEq>(list: &mut Vec<T>, item: &T) {
    if let Some(at) = list.iter().position(|own| own == item) {
        list.remove(at);
    }
}
