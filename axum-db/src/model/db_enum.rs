//! Enums as columns.

use std::borrow::Cow;
use std::fmt;

use super::table::qualified;
use crate::Dialect;
use crate::backend::ddl;

/// An enum without fields that is the type of a column; see [`macro@crate::DbEnum`], which implements it.
///
/// ```
/// use axum_db::{metadata, prelude::*};
///
/// #[derive(DbEnum, Debug, Clone, Copy, PartialEq)]
/// pub enum Status {
///     Draft,
///     #[db_enum(name = "public")]
///     Published,
/// }
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Essay {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(db_enum, default = Status::Draft)]
///     pub status: Status,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Essay]).await?;
/// # let db = database.session();
/// NewEssay::new().status(Status::Published).insert(&db).await?;
/// let published = Essay::query().filter(essays::status.eq(Status::Published));
/// assert_eq!(published.row_count(&db).await?, 1);
///
/// assert_eq!(Status::Published.label(), "public");
/// assert_eq!(Status::from_label("draft"), Some(Status::Draft));
/// assert_eq!(Status::from_label("gone"), None);
/// assert_eq!(Status::ALL.len(), 2); // the options of a form
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an enum that a column can have",
    label = "not a `DbEnum`",
    note = "write `#[derive(axum_db::DbEnum, Debug, Clone)]` above `enum {Self}`"
)]
pub trait DbEnum: fmt::Debug + Clone + Send + Sync + 'static {
    /// The names it has in the database.
    ///
    /// ```
    /// # use axum_db::DbEnum;
    /// #[derive(DbEnum, Debug, Clone)]
    /// pub enum Status { Draft, InReview }
    ///
    /// assert_eq!(Status::DEFINITION.name, "status");
    /// assert_eq!(Status::DEFINITION.labels, ["draft", "in_review"]);
    /// ```
    const DEFINITION: EnumDef;
    /// The variants, in the order of their declaration.
    ///
    /// ```
    /// # use axum_db::DbEnum;
    /// #[derive(DbEnum, Debug, Clone)]
    /// pub enum Status { Draft, InReview }
    ///
    /// let options: Vec<_> = Status::ALL.iter().map(DbEnum::label).collect();
    /// assert_eq!(options, ["draft", "in_review"]);
    /// ```
    const ALL: &'static [Self];

    /// The value as the database has it.
    ///
    /// ```
    /// # use axum_db::DbEnum;
    /// #[derive(DbEnum, Debug, Clone)]
    /// pub enum Status {
    ///     InReview,
    ///     #[db_enum(name = "public")]
    ///     Published,
    /// }
    ///
    /// assert_eq!(Status::InReview.label(), "in_review");
    /// assert_eq!(Status::Published.label(), "public");
    /// ```
    fn label(&self) -> &'static str;

    /// The variant that the database calls `label`.
    ///
    /// ```
    /// # use axum_db::DbEnum;
    /// #[derive(DbEnum, Debug, Clone, PartialEq)]
    /// pub enum Status { Draft, InReview }
    ///
    /// assert_eq!(Status::from_label("in_review"), Some(Status::InReview)); // as it comes from a form
    /// assert_eq!(Status::from_label("InReview"), None);
    /// ```
    #[must_use]
    fn from_label(label: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|variant| variant.label() == label)
            .cloned()
    }
}

/// What an enum is called in the database, and its values: [`DbEnum::DEFINITION`].
///
/// ```
/// use axum_db::{Dialect, model::EnumDef};
///
/// const STATUS: EnumDef = EnumDef::new("status", &["draft", "public"]);
/// assert!(STATUS.column_type(Dialect::Mysql).contains("'draft'"));
/// assert!(STATUS.column_type(Dialect::Postgres).contains("status"));
///
/// const LEVEL: EnumDef = EnumDef::new("level", &["info", "error"]).in_schema("audit");
/// assert_eq!(LEVEL.column_type(Dialect::Postgres), r#""audit"."level""#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumDef {
    /// The name of the type, on the engines where it has one.
    pub name: &'static str,
    /// The schema of the type (PostgreSQL); `None` for the connection's.
    pub schema: Option<&'static str>,
    /// The values, in order.
    pub labels: &'static [&'static str],
}

impl EnumDef {
    /// An enum of these values.
    ///
    /// ```
    /// # use axum_db::model::EnumDef;
    /// const STATUS: EnumDef = EnumDef::new("status", &["draft", "public"]);
    /// assert_eq!((STATUS.name, STATUS.schema), ("status", None));
    /// assert_eq!(STATUS.labels, ["draft", "public"]);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, labels: &'static [&'static str]) -> Self {
        Self {
            name,
            schema: None,
            labels,
        }
    }

    /// The same in a schema of PostgreSQL's; the other engines have no types to put there.
    ///
    /// ```
    /// # use axum_db::{Dialect, model::EnumDef};
    /// const LEVEL: EnumDef = EnumDef::new("level", &["info", "error"]).in_schema("audit");
    /// assert_eq!(LEVEL.column_type(Dialect::Postgres), "\"audit\".\"level\"");
    /// assert_eq!(LEVEL.column_type(Dialect::Mysql), "ENUM('info', 'error')");
    /// ```
    #[must_use]
    pub const fn in_schema(mut self, schema: &'static str) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The name, with the schema's before it where there is one: `audit.level`.
    pub(crate) fn qualified_name(&self) -> Cow<'static, str> {
        qualified(self.schema, self.name)
    }

    /// The type of a column, as `dialect` writes it.
    ///
    /// ```
    /// # use axum_db::{Dialect, model::EnumDef};
    /// const STATUS: EnumDef = EnumDef::new("status", &["draft", "public"]);
    /// assert_eq!(STATUS.column_type(Dialect::Sqlite), "TEXT"); // with a CHECK beside it
    /// assert_eq!(STATUS.column_type(Dialect::Postgres), "\"status\"");
    /// assert_eq!(STATUS.column_type(Dialect::Mysql), "ENUM('draft', 'public')");
    /// ```
    #[must_use]
    pub fn column_type(&self, dialect: Dialect) -> Cow<'static, str> {
        ddl::enum_type(self, dialect)
    }
}

/// Diesel's traits for an enum. It is its own SQL type, so that `#[model]` needs to know one name only.
#[doc(hidden)]
#[macro_export]
macro_rules! __db_enum {
    ($enum:ident, $name:literal, $schema:expr) => {
        impl $crate::__private::sql::SqlType for $enum {
            type IsNull = $crate::__private::sql::NotNull;
        }

        impl $crate::__private::sql::SingleValue for $enum {}

        impl $crate::__private::sql::SqlOrd for $enum {}

        impl $crate::__private::sql::QueryId for $enum {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl $crate::model::ColumnType for $enum {
            fn column_type(
                dialect: $crate::Dialect,
                _: &$crate::model::TypeContext,
            ) -> ::std::borrow::Cow<'static, str> {
                <Self as $crate::model::DbEnum>::DEFINITION.column_type(dialect)
            }

            fn enumeration() -> ::core::option::Option<$crate::model::EnumDef> {
                ::core::option::Option::Some(<Self as $crate::model::DbEnum>::DEFINITION)
            }
        }

        impl<DB> $crate::__private::sql::ToSql<$enum, DB> for $enum
        where
            DB: $crate::__private::sql::Backend,
            str: $crate::__private::sql::ToSql<$crate::__private::sql::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::__private::sql::Output<'b, '_, DB>,
            ) -> $crate::__private::sql::Written {
                <str as $crate::__private::sql::ToSql<$crate::__private::sql::Text, DB>>::to_sql(
                    $crate::model::DbEnum::label(self),
                    out,
                )
            }
        }

        impl<DB> $crate::__private::sql::FromSql<$enum, DB> for $enum
        where
            DB: $crate::__private::sql::Backend,
            ::std::string::String:
                $crate::__private::sql::FromSql<$crate::__private::sql::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> $crate::__private::sql::Read<Self> {
                $crate::__private::sql::variant::<Self, DB>(value)
            }
        }

        $crate::__own_sql_type!($enum, $enum);
        $crate::__enum_on_sqlite!($enum);
        $crate::__enum_on_postgres!($enum, $name, $schema);
        $crate::__enum_on_mysql!($enum);
    };
}

/// What follows from `ToSql` and `FromSql`, for a value of one SQL type.
#[doc(hidden)]
#[macro_export]
macro_rules! __own_sql_type {
    ($type:ty, $sql_type:ty $(, $generic:ident)?) => {
        impl<$($generic,)? DB> $crate::__private::sql::ToSql<$crate::__private::sql::Nullable<$sql_type>, DB>
            for $type
        where
            DB: $crate::__private::sql::Backend,
            Self: $crate::__private::sql::ToSql<$sql_type, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::__private::sql::Output<'b, '_, DB>,
            ) -> $crate::__private::sql::Written {
                <Self as $crate::__private::sql::ToSql<$sql_type, DB>>::to_sql(self, out)
            }
        }

        impl<$($generic,)? ST, DB> $crate::__private::sql::Queryable<ST, DB> for $type
        where
            DB: $crate::__private::sql::Backend,
            ST: $crate::__private::sql::SingleValue,
            Self: $crate::__private::sql::FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> $crate::__private::sql::Read<Self> {
                ::core::result::Result::Ok(row)
            }
        }

        $crate::__as_expression!($type, $sql_type $(, $generic)?);
        $crate::__as_expression!($type, $crate::__private::sql::Nullable<$sql_type> $(, $generic)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __as_expression {
    ($type:ty, $sql_type:ty $(, $generic:ident)?) => {
        impl<$($generic)?> $crate::__private::sql::AsExpression<$sql_type> for $type {
            type Expression = $crate::__private::sql::Bound<$sql_type, Self>;

            fn as_expression(self) -> Self::Expression {
                $crate::__private::sql::Bound::new(self)
            }
        }

        impl<'a, $($generic)?> $crate::__private::sql::AsExpression<$sql_type> for &'a $type {
            type Expression = $crate::__private::sql::Bound<$sql_type, Self>;

            fn as_expression(self) -> Self::Expression {
                $crate::__private::sql::Bound::new(self)
            }
        }

        impl<'a, 'b, $($generic)?> $crate::__private::sql::AsExpression<$sql_type> for &'b &'a $type {
            type Expression = $crate::__private::sql::Bound<$sql_type, Self>;

            fn as_expression(self) -> Self::Expression {
                $crate::__private::sql::Bound::new(self)
            }
        }
    };
}
