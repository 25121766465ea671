//! The list of models that the linker puts together.

use std::borrow::Cow;

use super::{Model, TableDef, foreign_key_name};

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
            let keys = known.foreign_keys.iter().map(|key| &key.columns);
            let columns = known
                .uniques
                .iter()
                .find(|rule| rule.name_in(&known.name) == name)
                .map(|rule| &rule.columns)
                .or_else(|| {
                    keys.into_iter()
                        .find(|columns| foreign_key_name(&known.name, columns) == name)
                })?;
            Some((known.name.to_string(), owned(columns)))
        })
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
