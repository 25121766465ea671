//! Models: the trait that `#[model]` implements, and the description of tables.

use diesel::Table;
use diesel::associations::HasTable;

mod column;
mod create;
mod db_enum;
mod foreign_key;
mod index;
pub(crate) mod key;
mod lacks;
mod metadata;
mod metadata_error;
mod names;
mod reflect;
pub(crate) mod registry;
mod rules;
mod sql_type;
mod table;
pub(crate) mod table_id;
mod type_def;

pub use column::{ColumnDef, DefaultValue, GeneratedDef, Identity};
pub use db_enum::{DbEnum, EnumDef};
pub use foreign_key::{Action, Deferrable, ForeignKeyDef};
pub use index::{IndexDef, KeyDef, KeyTarget};
pub use metadata::Metadata;
pub use metadata_error::MetadataError;
pub use reflect::{ReflectedColumn, ReflectedForeignKey, ReflectedTable};
pub use rules::{CheckDef, UniqueDef};
pub use sql_type::{ColumnType, TypeContext};
pub use table::{TableDef, TableOptions};
pub use type_def::TypeDef;

pub(crate) use names::{primary_key_name, unique_name};
pub(crate) use rules::names_of_checks;

/// A struct that is a row of a table, declared with [`#[model]`](macro@crate::model).
///
/// Generic code takes models by this trait: [`Model::table_def`] describes the table,
/// [`FindById`](crate::query::FindById) loads a row by its key, and as every model is [`Selectable`], a
/// query of your own can select it beside other columns.
///
/// ```
/// use axum_db::model::Model;
/// # use axum_db::prelude::*;
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(length = 40)] pub name: String,
/// # }
///
/// fn key_of<M: Model>(row: &M) -> (&'static str, &'static [&'static str], M::Id) {
///     (M::TABLE, M::PRIMARY_KEY, row.id())
/// }
///
/// let tag = Tag { id: 7, name: "rust".into() };
/// assert_eq!(key_of(&tag), ("tags", &["id"][..], 7));
/// assert_eq!(Tag::table_def().columns[1].length, Some(40));
/// ```
/// [`Selectable`]: diesel::Selectable
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "write `#[model]` above `struct {Self}` and mark its key with `#[model(primary_key)]`"
)]
pub trait Model:
    HasTable<Table: Table + Default + Send + 'static> + Send + Sized + 'static
{
    /// The type of the primary key; a tuple where it has several columns.
    type Id: Clone + Send + Sync + 'static;
    /// The database the model belongs to.
    type Bind: crate::Bind;
    /// The table's name in the database.
    const TABLE: &'static str;
    /// The PostgreSQL schema of the table. Default: that of the connection.
    const SCHEMA: Option<&'static str> = None;
    /// The names of the primary key's columns.
    const PRIMARY_KEY: &'static [&'static str];
    /// The column of the key that the database numbers.
    #[doc(hidden)]
    const NUMBERED: Option<&'static str> = None;

    /// The row's primary key.
    ///
    /// ```
    /// # use axum_db::{model::Model, prelude::*};
    /// #[model]
    /// pub struct Vote {
    ///     #[model(primary_key)] pub user_id: i32,
    ///     #[model(primary_key)] pub post_id: i32,
    /// }
    ///
    /// assert_eq!(Vote { user_id: 7, post_id: 3 }.id(), (7, 3));
    /// ```
    fn id(&self) -> Self::Id;

    /// The description of the table.
    ///
    /// ```
    /// # use axum_db::{model::Model, prelude::*};
    /// #[model]
    /// pub struct Tag {
    ///     #[model(primary_key)] pub id: i32,
    ///     #[model(unique, length = 40)] pub name: String,
    /// }
    ///
    /// let tags = Tag::table_def();
    /// assert_eq!((&*tags.name, tags.columns.len()), ("tags", 2));
    /// assert_eq!(tags.uniques[0].columns, ["name"]);
    /// ```
    fn table_def() -> TableDef;
}
