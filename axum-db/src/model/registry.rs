//! The list of models that the linker puts together.

use super::{Model, TableDef};

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
