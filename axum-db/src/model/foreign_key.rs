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
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let key = ForeignKeyDef::new(["user_id"], "users", ["id"]);
    /// let posts = TableDef::new("posts").column(ColumnDef::new::<Integer>("user_id")).foreign_key(key);
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains(
    ///     "CONSTRAINT \"posts_user_id_fkey\" FOREIGN KEY (\"user_id\") REFERENCES \"users\" (\"id\")"
    /// ));
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{Action, ColumnDef, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let key = ForeignKeyDef::new(["user_id"], "users", ["id"]).on_delete(Action::Cascade);
    /// let posts = TableDef::new("posts").column(ColumnDef::new::<Integer>("user_id")).foreign_key(key);
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("REFERENCES \"users\" (\"id\") ON DELETE CASCADE"));
    /// ```
    #[must_use]
    pub fn on_delete(mut self, action: Action) -> Self {
        self.on_delete = action;
        self
    }

    /// Sets what happens to the row when the referenced key changes.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{Action, ColumnDef, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let key = ForeignKeyDef::new(["country"], "countries", ["code"]).on_update(Action::Cascade);
    /// let cities = TableDef::new("cities").column(ColumnDef::new::<Text>("country")).foreign_key(key);
    /// let sql = Metadata::new([cities]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("REFERENCES \"countries\" (\"code\") ON UPDATE CASCADE"));
    /// ```
    #[must_use]
    pub fn on_update(mut self, action: Action) -> Self {
        self.on_update = action;
        self
    }

    /// Sets the PostgreSQL schema of the referenced table.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let key = ForeignKeyDef::new(["user_id"], "users", ["id"]).schema(Some("auth"));
    /// let posts = TableDef::new("posts").column(ColumnDef::new::<Integer>("user_id")).foreign_key(key);
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("REFERENCES \"auth\".\"users\" (\"id\")"));
    /// ```
    #[must_use]
    pub fn schema(mut self, schema: Option<impl Into<Name>>) -> Self {
        self.schema = schema.map(Into::into);
        self
    }

    /// Gives the constraint a name of its own.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let key = ForeignKeyDef::new(["user_id"], "users", ["id"]).name("posts_author");
    /// let posts = TableDef::new("posts").column(ColumnDef::new::<Integer>("user_id")).foreign_key(key);
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"posts_author\" FOREIGN KEY (\"user_id\")"));
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets a transaction put the check off to its end: MySQL cannot.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, Deferrable, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let key = ForeignKeyDef::new(["boss"], "people", ["id"]).deferrable(Deferrable::InitiallyDeferred);
    /// let people = TableDef::new("people").column(ColumnDef::new::<Integer>("boss")).foreign_key(key);
    /// let sql = Metadata::new([people]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("REFERENCES \"people\" (\"id\") DEFERRABLE INITIALLY DEFERRED"));
    /// ```
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
///
/// ```
/// use axum_db::{Dialect, Metadata, model::{Action, ColumnDef, ForeignKeyDef, TableDef}};
/// use diesel::sql_types::Integer;
///
/// let key = ForeignKeyDef::new(["user_id"], "users", ["id"]);
/// assert_eq!((key.on_delete, key.on_update), (Action::NoAction, Action::NoAction));
/// let key = key.on_delete(Action::SetNull).on_update(Action::Cascade);
/// let author = ColumnDef::new::<Integer>("user_id").nullable();
/// let posts = TableDef::new("posts").column(author).foreign_key(key);
/// let sql = Metadata::new([posts]).create_statements(Dialect::Mysql).remove(0);
/// assert!(sql.contains("REFERENCES `users` (`id`) ON DELETE SET NULL ON UPDATE CASCADE"));
/// ```
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
///
/// ```
/// use axum_db::{Dialect, Metadata, model::{ColumnDef, Deferrable, TableDef, UniqueDef}};
/// use diesel::sql_types::Integer;
///
/// // Places are swapped by SET CONSTRAINTS ALL DEFERRED and two UPDATEs.
/// let place = UniqueDef::new(["place"]).deferrable(Deferrable::InitiallyImmediate);
/// let songs = TableDef::new("songs").column(ColumnDef::new::<Integer>("place")).unique(place);
/// let sql = Metadata::new([songs]).create_statements(Dialect::Postgres).remove(0);
/// assert!(sql.contains("UNIQUE (\"place\") DEFERRABLE"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deferrable {
    /// With each statement, unless the transaction says otherwise: DEFERRABLE INITIALLY IMMEDIATE.
    InitiallyImmediate,
    /// At the end of the transaction: DEFERRABLE INITIALLY DEFERRED.
    InitiallyDeferred,
}
