//! An SQL type as a value.

use std::borrow::Cow;
use std::fmt;

use super::{ColumnType, EnumDef, TypeContext};
use crate::Dialect;

/// An SQL type as a value: a [`ColumnType`] whose Rust type is no longer known.
///
/// ```
/// use axum_db::{Dialect, model::{TypeContext, TypeDef}};
///
/// let integer = TypeDef::of::<diesel::sql_types::Integer>();
/// assert_eq!(integer.sql(Dialect::Sqlite, &TypeContext::default()), "INTEGER");
/// assert!(integer.enumeration().is_none());
/// ```
#[derive(Clone, Copy)]
pub struct TypeDef {
    name: &'static str,
    render: fn(Dialect, &TypeContext) -> Cow<'static, str>,
    now: fn(Dialect) -> Option<&'static str>,
    enumeration: Option<EnumDef>,
}

impl TypeDef {
    /// The value of `T`.
    ///
    /// ```
    /// # use axum_db::{Dialect, model::{TypeContext, TypeDef}};
    /// # use diesel::sql_types::{Nullable, Text};
    /// let types = [TypeDef::of::<Text>(), TypeDef::of::<Nullable<Text>>()]; // of one Rust type now
    /// let context = TypeContext::default();
    /// assert_eq!(types.map(|known| known.sql(Dialect::Sqlite, &context)), ["TEXT", "TEXT"]);
    /// ```
    #[must_use]
    pub fn of<T: ColumnType>() -> Self {
        Self {
            name: std::any::type_name::<T>(),
            render: T::column_type,
            now: T::now,
            enumeration: T::enumeration(),
        }
    }

    /// The type's name in the SQL of `dialect`.
    ///
    /// ```
    /// # use axum_db::{Dialect, model::{TypeContext, TypeDef}};
    /// # use diesel::sql_types::Double;
    /// let double = TypeDef::of::<Double>();
    /// assert_eq!(double.sql(Dialect::Postgres, &TypeContext::default()), "DOUBLE PRECISION");
    /// assert_eq!(double.sql(Dialect::Mysql, &TypeContext::default()), "DOUBLE");
    /// ```
    #[must_use]
    pub fn sql(&self, dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        (self.render)(dialect, context)
    }

    /// The values, where it is an enum's type.
    ///
    /// ```
    /// # use axum_db::{DbEnum, model::TypeDef};
    /// #[derive(DbEnum, Debug, Clone)]
    /// pub enum Status { Draft, Public }
    ///
    /// let status = TypeDef::of::<Status>().enumeration().expect("it is an enum");
    /// assert_eq!(status.labels, ["draft", "public"]);
    /// ```
    #[must_use]
    pub fn enumeration(&self) -> Option<EnumDef> {
        self.enumeration
    }

    pub(crate) fn now(&self, dialect: Dialect) -> Option<&'static str> {
        (self.now)(dialect)
    }
}

impl fmt::Debug for TypeDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
