//! How an SQL type is written in CREATE TABLE.

use std::borrow::Cow;

use super::EnumDef;
use crate::Dialect;

/// An SQL type (of Diesel's, or a marker of your own) that can be the type of a column.
///
/// axum-db implements it for the types it maps Rust types to, and for the other common ones in
/// [`diesel::sql_types`]. Implement it for an SQL type of your own, then name that type at the field with
/// `#[model(sql_type = …)]`:
///
/// ```
/// use std::borrow::Cow;
/// use axum_db::Dialect;
/// use axum_db::model::{ColumnType, TypeContext, TypeDef};
///
/// #[derive(diesel::sql_types::SqlType)]
/// #[diesel(postgres_type(name = "citext"), sqlite_type(name = "Text"), mysql_type(name = "String"))]
/// pub struct CaseInsensitive;
///
/// impl ColumnType for CaseInsensitive {
///     fn column_type(dialect: Dialect, _: &TypeContext) -> Cow<'static, str> {
///         match dialect {
///             Dialect::Sqlite => "TEXT COLLATE NOCASE".into(),
///             Dialect::Postgres => "CITEXT".into(),
///             _ => "VARCHAR(255)".into(),
///         }
///     }
/// }
///
/// let column = TypeDef::of::<CaseInsensitive>();
/// assert_eq!(column.sql(Dialect::Postgres, &TypeContext::default()), "CITEXT");
/// ```
#[diagnostic::on_unimplemented(
    message = "axum-db does not know how to write the SQL type `{Self}` in CREATE TABLE",
    label = "no column type",
    note = "name a type of `diesel::sql_types` in `#[model(sql_type = …)]`, or implement `axum_db::model::ColumnType` for your own"
)]
pub trait ColumnType: 'static {
    /// The type as `dialect` writes it, without NOT NULL or DEFAULT.
    ///
    /// ```
    /// use axum_db::{Dialect, model::{ColumnType, TypeContext}};
    /// use diesel::sql_types::{Binary, Timestamp};
    ///
    /// let context = TypeContext::default();
    /// assert_eq!(Timestamp::column_type(Dialect::Mysql, &context), "DATETIME(6)");
    /// assert_eq!(Binary::column_type(Dialect::Postgres, &context), "BYTEA");
    /// ```
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str>;

    /// The expression that gives the current time in UTC as this type. Default: none, and
    /// `#[model(default = now)]` has no effect in the database.
    ///
    /// ```
    /// use axum_db::{Dialect, model::ColumnType};
    /// use diesel::sql_types::{Text, Timestamp};
    ///
    /// assert_eq!(Timestamp::now(Dialect::Sqlite), Some("CURRENT_TIMESTAMP")); // that is UTC there
    /// assert_eq!(Timestamp::now(Dialect::Mysql), Some("(UTC_TIMESTAMP(6))"));
    /// assert_eq!(Text::now(Dialect::Sqlite), None);
    /// ```
    #[must_use]
    fn now(_dialect: Dialect) -> Option<&'static str> {
        None
    }

    /// The values, where the type is an enum's. Default: none.
    ///
    /// ```
    /// use axum_db::{DbEnum, model::ColumnType};
    /// use diesel::sql_types::{Integer, Nullable};
    ///
    /// #[derive(DbEnum, Debug, Clone)]
    /// pub enum Status { Draft, Public }
    ///
    /// assert_eq!(Nullable::<Status>::enumeration(), Some(Status::DEFINITION));
    /// assert_eq!(Integer::enumeration(), None);
    /// ```
    #[must_use]
    fn enumeration() -> Option<EnumDef> {
        None
    }
}

/// What a [`ColumnType`] may depend on.
///
/// ```
/// use axum_db::{Dialect, model::{ColumnType, TypeContext}};
/// use diesel::sql_types::Text;
///
/// let mut context = TypeContext::default();
/// assert_eq!(Text::column_type(Dialect::Mysql, &context), "TEXT");
/// context.bounded = true; // say, because the column is unique
/// assert_eq!(Text::column_type(Dialect::Mysql, &context), "VARCHAR(255)");
/// context.length = Some(40);
/// assert_eq!(Text::column_type(Dialect::Mysql, &context), "VARCHAR(40)");
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TypeContext {
    /// The length in characters (text) or bytes (binary).
    pub length: Option<u32>,
    /// How many digits a decimal number has, and how many of them behind the point.
    pub precision: Option<(u32, u32)>,
    /// Whether the column is part of a key, a unique constraint or an index, or has a default: MySQL
    /// wants a type of bounded length there.
    pub bounded: bool,
}
