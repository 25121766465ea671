//! The description of a foreign key.

use std::borrow::Cow;

use super::names::foreign_key_name;
use super::rules::names;
use super::table::qualified;

type Name = Cow<'static, str>;

/// A foreign key of a [`TableDef`](super::TableDef).
///
/// ```
/// use axum_db::model::{Action, Deferrable, ForeignKeyDef};
///
/// let key = ForeignKeyDef::new(["org_id", "number"], "invoices", ["org_id", "number"])
///     .on_delete(Action::Cascade)
///     .deferrable(Deferrable::InitiallyDeferred);
/// assert_eq!(key.references, ["org_id", "number"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignKeyDef {
    /// The referencing columns.
    pub columns: Vec<Name>,
    /// The referenced table.
    pub table: Name,
    /// The referenced columns, as many as `columns`.
    pub references: Vec<Name>,
    /// What happens to the row when the referenced one is deleted. Default: [`Action::NoAction`].
    pub on_delete: Action,
    /// What happens to the row when the referenced key changes. Default: [`Action::NoAction`].
    pub on_update: Action,
    /// The PostgreSQL schema of the referenced table. Default: that of the connection.
    pub schema: Option<Name>,
    /// The constraint's name. Default: of the table and the columns, ending in `_fkey`.
    pub name: Option<Name>,
    /// Whether and when its check may be put off. Default: it is made with each statement.
    pub deferrable: Option<Deferrable>,
}

impl ForeignKeyDef {
    /// A foreign key without actions.
    #[must_use]
    pub fn new<C: Into<Name>, R: Into<Name>>(
        columns: impl IntoIterator<Item = C>,
        table: impl Into<Name>,
        references: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            columns: names(columns),
            table: table.into(),
            references: names(references),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
            schema: None,
            name: None,
            deferrable: None,
        }
    }

    /// Sets what happens to the row when the referenced one is deleted.
    #[must_use]
    pub fn on_delete(mut self, action: Action) -> Self {
        self.on_delete = action;
        self
    }

    /// Sets what happens to the row when the referenced key changes.
    #[must_use]
    pub fn on_update(mut self, action: Action) -> Self {
        self.on_update = action;
        self
    }

    /// Sets the PostgreSQL schema of the referenced table.
    #[must_use]
    pub fn schema(mut self, schema: Option<impl Into<Name>>) -> Self {
        self.schema = schema.map(Into::into);
        self
    }

    /// Gives the constraint a name of its own.
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets a transaction put the check off to its end: MySQL cannot.
    #[must_use]
    pub fn deferrable(mut self, deferrable: Deferrable) -> Self {
        self.deferrable = Some(deferrable);
        self
    }

    /// The referenced table with its schema, where one is named.
    pub(crate) fn qualified_table(&self) -> Cow<'_, str> {
        qualified(self.schema.as_deref(), &self.table)
    }

    pub(crate) fn name_in(&self, table: &str) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => foreign_key_name(table, &self.columns),
        }
    }
}

/// What a foreign key does to the referencing row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Refuse the change of the referenced row, at the end of the statement or transaction.
    NoAction,
    /// Refuse the change of the referenced row at once.
    Restrict,
    /// Delete or change the referencing row too.
    Cascade,
    /// Set the referencing columns to NULL.
    SetNull,
    /// Set the referencing columns to their defaults (not on MySQL's InnoDB).
    SetDefault,
}

/// When the check of a constraint that can be put off is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deferrable {
    /// With each statement, unless the transaction says otherwise: DEFERRABLE INITIALLY IMMEDIATE.
    InitiallyImmediate,
    /// At the end of the transaction: DEFERRABLE INITIALLY DEFERRED.
    InitiallyDeferred,
}
