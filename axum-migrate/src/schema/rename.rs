//! Renames carried through everything that names the renamed thing.

use super::{KeyTarget, Schema, Table};
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
        if let Some(table) = self.tables.get_mut(table) {
            table.rename_column(from, to);
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
        }
        for unique in &mut self.uniques {
            rename_in(&mut unique.columns, from, to);
            rename_in(&mut unique.include, from, to);
        }
        for key in &mut self.foreign_keys {
            rename_in(&mut key.columns, from, to);
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
