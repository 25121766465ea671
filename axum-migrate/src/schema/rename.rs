//! Renames carried through everything that names the renamed thing.

use super::{EnumType, KeyTarget, Reads, Schema, Table, Unmanaged};
use crate::token::rename_identifier;

impl Schema {
    /// Renames a table, here and in the foreign keys that point at it.
    pub(crate) fn rename_table(&mut self, from: &str, to: &str) {
        if let Some(mut table) = self.tables.remove(from) {
            to.clone_into(&mut table.name);
            self.tables.insert(to.to_owned(), table);
        }
        for key in self
            .tables
            .values_mut()
            .flat_map(|table| &mut table.foreign_keys)
        {
            if key.table == from {
                to.clone_into(&mut key.table);
            }
        }
        for object in &mut self.unmanaged {
            if object.table.as_deref() == Some(from) {
                object.table = Some(to.to_owned());
            }
            object.rename_read(|read| {
                let renamed = read.object == from;
                if renamed {
                    to.clone_into(&mut read.object);
                }
                renamed
            });
        }
    }

    /// Renames a column, here and in the foreign keys that point at it.
    pub(crate) fn rename_column(&mut self, table: &str, from: &str, to: &str) {
        for other in self.tables.values_mut() {
            for key in &mut other.foreign_keys {
                if key.table == table {
                    rename_in(&mut key.referenced, from, to);
                }
            }
        }
        for object in &mut self.unmanaged {
            object.rename_read(|read| {
                let renamed = read.object == table && read.column.as_deref() == Some(from);
                if renamed {
                    read.column = Some(to.to_owned());
                }
                renamed
            });
        }
        if let Some(table) = self.tables.get_mut(table) {
            table.rename_column(from, to);
        }
    }
}

impl Schema {
    /// Renames an enum, here and in the columns and expressions that have it.
    pub(crate) fn rename_enum(&mut self, from: &EnumType, to: &EnumType) {
        if self.enums.remove(&from.name).is_some() {
            self.enums.insert(to.name.clone(), to.clone());
        }
        let cast = |text: &mut String| {
            *text = text.replace(&format!("::{}", from.ty), &format!("::{}", to.ty));
        };
        for table in self.tables.values_mut() {
            for column in &mut table.columns {
                if column.ty == from.ty {
                    column.ty.clone_from(&to.ty);
                } else if column.ty.strip_suffix("[]") == Some(&from.ty) {
                    column.ty = format!("{}[]", to.ty);
                }
            }
            table.expressions_mut().for_each(cast);
        }
    }

    /// Renames a value of an enum, here and in the expressions that name it.
    pub(crate) fn rename_value(&mut self, name: &str, from: &str, to: &str) {
        let Some(own) = self.enums.get_mut(name) else {
            return;
        };
        rename_in(&mut own.values, from, to);
        let literal = |value: &str, ty: &str| format!("'{}'::{ty}", value.replace('\'', "''"));
        let (before, after) = (literal(from, &own.ty), literal(to, &own.ty));
        for table in self.tables.values_mut() {
            table
                .expressions_mut()
                .for_each(|text| *text = text.replace(&before, &after));
        }
    }
}

impl Table {
    /// Every SQL expression of the table.
    fn expressions_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let of_columns = self.columns.iter_mut().flat_map(|column| {
            let generated = column.generated.as_mut().map(|it| &mut it.expression);
            column.default.iter_mut().chain(generated)
        });
        let of_checks = self.checks.iter_mut().map(|check| &mut check.expression);
        let of_indexes = self.indexes.iter_mut().flat_map(|index| {
            let keys = index
                .keys
                .iter_mut()
                .filter_map(|key| match &mut key.target {
                    KeyTarget::Expression(text) => Some(text),
                    KeyTarget::Column(_) => None,
                });
            keys.chain(index.predicate.as_mut())
        });
        of_columns.chain(of_checks).chain(of_indexes)
    }
}

impl Unmanaged {
    /// The server rewrites what reads a renamed thing, so its text is not known any more.
    fn rename_read(&mut self, mut rename: impl FnMut(&mut Reads) -> bool) {
        let mut renamed = false;
        for read in &mut self.reads {
            renamed |= rename(read);
        }
        if renamed {
            self.sql = None;
        }
    }
}

impl Table {
    fn rename_column(&mut self, from: &str, to: &str) {
        for column in &mut self.columns {
            if column.name == from {
                to.clone_into(&mut column.name);
            }
            let texts = column.check.iter_mut();
            for text in texts.chain(column.generated.iter_mut().map(|it| &mut it.expression)) {
                *text = rename_identifier(text, from, to);
            }
        }
        if let Some(key) = &mut self.primary_key {
            rename_in(&mut key.columns, from, to);
            rename_in(&mut key.include, from, to);
        }
        for unique in &mut self.uniques {
            rename_in(&mut unique.columns, from, to);
            rename_in(&mut unique.include, from, to);
        }
        for key in &mut self.foreign_keys {
            rename_in(&mut key.columns, from, to);
            rename_in(&mut key.set_columns, from, to);
        }
        for check in &mut self.checks {
            check.expression = rename_identifier(&check.expression, from, to);
        }
        for index in &mut self.indexes {
            rename_in(&mut index.include, from, to);
            if let Some(text) = &mut index.predicate {
                *text = rename_identifier(text, from, to);
            }
            for key in &mut index.keys {
                match &mut key.target {
                    KeyTarget::Column(name) if name == from => to.clone_into(name),
                    KeyTarget::Column(_) => {}
                    KeyTarget::Expression(text) => *text = rename_identifier(text, from, to),
                }
            }
        }
    }
}

fn rename_in(names: &mut [String], from: &str, to: &str) {
    for name in names.iter_mut().filter(|name| *name == from) {
        to.clone_into(name);
    }
}
