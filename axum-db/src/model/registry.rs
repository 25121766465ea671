//! The list of models that the linker puts together.

use std::borrow::Cow;

use super::{IndexDef, KeyTarget, Model, TableDef};

/// A model's entry.
#[derive(Debug)]
pub struct Registered(fn() -> TableDef);

impl Registered {
    /// The entry of `M`.
    #[must_use]
    pub const fn new<M: Model>() -> Self {
        Self(M::table_def)
    }

    pub(super) fn table_def(&self) -> TableDef {
        (self.0)()
    }
}

inventory::collect!(Registered);

/// The table and columns of the constraint called `name`, where it is a model's.
pub(crate) fn constraint_called(name: &str, table: Option<&str>) -> Option<(String, Vec<String>)> {
    let owned = |columns: &[Cow<'static, str>]| columns.iter().map(ToString::to_string).collect();
    inventory::iter::<Registered>()
        .map(Registered::table_def)
        .filter(|known| table.is_none_or(|table| known.name == table))
        .find_map(|known| {
            let unique = |rule: &super::UniqueDef| {
                (rule.name_in(&known.name) == name).then(|| owned(&rule.columns))
            };
            let key = |key: &super::ForeignKeyDef| {
                (key.name_in(&known.name) == name).then(|| owned(&key.columns))
            };
            let index = |index: &IndexDef| {
                let called = index.unique && index.name_in(&known.name) == name;
                called.then(|| columns_of(index)).flatten()
            };
            let columns = (known.uniques.iter().find_map(unique))
                .or_else(|| known.foreign_keys.iter().find_map(key))
                .or_else(|| known.indexes.iter().find_map(index))?;
            Some((known.name.to_string(), columns))
        })
}

/// The columns of an index that reads nothing else.
fn columns_of(index: &IndexDef) -> Option<Vec<String>> {
    let columns = index.keys.iter().map(|key| match &key.target {
        KeyTarget::Column(name) => Some(name.to_string()),
        KeyTarget::Expression(_) => None,
    });
    columns.collect()
}

/// Whether `columns`, in any order, are the primary key of a model's table.
pub(crate) fn is_primary_key(table: &str, columns: &[&str]) -> bool {
    inventory::iter::<Registered>()
        .map(Registered::table_def)
        .any(|known| {
            known.name == table
                && known.primary_key.len() == columns.len()
                && known
                    .primary_key
                    .iter()
                    .all(|key| columns.contains(&&**key))
        })
}
