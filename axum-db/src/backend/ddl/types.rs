//! The SQL types, as each dialect writes them.

use std::borrow::Cow;

use diesel::sql_types;

use crate::Dialect;
use crate::model::{ColumnType, EnumDef, TypeContext};
use crate::types;

/// Above this, four bytes a character no longer fit MySQL's longest row.
const MYSQL_MAX_VARCHAR: u32 = 16_383;

/// Types that are one word in each dialect: SQLite, PostgreSQL, MySQL.
macro_rules! plain_types {
    ($($(#[$attribute:meta])* $sql_type:ty: $sqlite:literal, $postgres:literal, $mysql:literal
        $(, now: $now:tt)?;)*) => {
        $(
            $(#[$attribute])*
            impl ColumnType for $sql_type {
                fn column_type(dialect: Dialect, _: &TypeContext) -> Cow<'static, str> {
                    Cow::Borrowed(match dialect {
                        Dialect::Sqlite => $sqlite,
                        Dialect::Postgres => $postgres,
                        Dialect::Mysql => $mysql,
                    })
                }
                $(plain_types!(@now $now);)?
            }
        )*
    };
    (@now ($sqlite:literal, $postgres:literal, $mysql:literal)) => {
        fn now(dialect: Dialect) -> Option<&'static str> {
            Some(match dialect {
                Dialect::Sqlite => $sqlite,
                Dialect::Postgres => $postgres,
                Dialect::Mysql => $mysql,
            })
        }
    };
}

plain_types! {
    sql_types::Bool: "BOOLEAN", "BOOLEAN", "BOOLEAN";
    sql_types::SmallInt: "SMALLINT", "SMALLINT", "SMALLINT";
    sql_types::Integer: "INTEGER", "INTEGER", "INTEGER";
    sql_types::BigInt: "BIGINT", "BIGINT", "BIGINT";
    sql_types::Float: "FLOAT", "REAL", "FLOAT";
    sql_types::Double: "DOUBLE", "DOUBLE PRECISION", "DOUBLE";
    sql_types::Json: "JSON", "JSON", "JSON";
    sql_types::Jsonb: "BLOB", "JSONB", "JSON";
    // Six digits: what PostgreSQL has, and what MySQL drops unless it is told.
    sql_types::Timestamp: "TIMESTAMP", "TIMESTAMP", "DATETIME(6)",
        now: ("CURRENT_TIMESTAMP", "(now() AT TIME ZONE 'utc')", "(UTC_TIMESTAMP(6))");
    sql_types::Date: "DATE", "DATE", "DATE",
        now: ("CURRENT_DATE", "((now() AT TIME ZONE 'utc')::date)", "(UTC_DATE())");
    sql_types::Time: "TIME", "TIME", "TIME(6)",
        now: ("CURRENT_TIME", "((now() AT TIME ZONE 'utc')::time)", "(UTC_TIME(6))");
    #[cfg(feature = "postgres")]
    sql_types::Timestamptz: "TIMESTAMP", "TIMESTAMPTZ", "DATETIME(6)",
        now: ("CURRENT_TIMESTAMP", "now()", "(UTC_TIMESTAMP(6))");
    #[cfg(feature = "postgres")]
    sql_types::Uuid: "BLOB", "UUID", "BINARY(16)";
    // Always six digits, so that the order of the texts is that of the times.
    types::UtcTime: "TIMESTAMP", "TIMESTAMPTZ", "DATETIME(6)",
        now: ("(strftime('%Y-%m-%d %H:%M:%f000', 'now'))", "now()", "(UTC_TIMESTAMP(6))");
    #[cfg(feature = "uuid")]
    types::Uuid: "BLOB", "UUID", "BINARY(16)";
    #[cfg(feature = "json")]
    types::JsonSql: "TEXT", "JSONB", "JSON";
}

impl ColumnType for sql_types::Numeric {
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        match (dialect, context.precision) {
            (Dialect::Sqlite, _) | (Dialect::Postgres, None) => "NUMERIC".into(),
            (Dialect::Mysql, None) => "DECIMAL(65, 30)".into(),
            (Dialect::Postgres, Some((precision, scale))) => {
                format!("NUMERIC({precision}, {scale})").into()
            }
            (Dialect::Mysql, Some((precision, scale))) => {
                format!("DECIMAL({precision}, {scale})").into()
            }
        }
    }
}

#[cfg(feature = "decimal")]
impl ColumnType for types::Decimal {
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        match (dialect, context.precision) {
            // SQLite has no exact numbers with a point.
            (Dialect::Sqlite, _) => "TEXT".into(),
            // What 29 digits with up to 28 behind the point need.
            (Dialect::Mysql, None) => "DECIMAL(57, 28)".into(),
            _ => sql_types::Numeric::column_type(dialect, context),
        }
    }
}

impl ColumnType for sql_types::Text {
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        match (dialect, context.length) {
            (Dialect::Mysql, Some(length)) if length > MYSQL_MAX_VARCHAR => {
                format!("TEXT({length})").into()
            }
            (_, Some(length)) => format!("VARCHAR({length})").into(),
            // MySQL can neither index a TEXT nor give it a default.
            (Dialect::Mysql, None) if context.bounded => "VARCHAR(255)".into(),
            (_, None) => "TEXT".into(),
        }
    }
}

impl ColumnType for sql_types::Binary {
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        match (dialect, context.length) {
            (Dialect::Sqlite, _) => "BLOB".into(),
            (Dialect::Postgres, _) => "BYTEA".into(),
            (Dialect::Mysql, Some(length)) if length > MYSQL_MAX_VARCHAR => {
                format!("BLOB({length})").into()
            }
            (Dialect::Mysql, Some(length)) => format!("VARBINARY({length})").into(),
            (Dialect::Mysql, None) if context.bounded => "VARBINARY(255)".into(),
            (Dialect::Mysql, None) => "BLOB".into(),
        }
    }
}

impl<T: ColumnType + sql_types::SqlType> ColumnType for sql_types::Nullable<T> {
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        T::column_type(dialect, context)
    }

    fn now(dialect: Dialect) -> Option<&'static str> {
        T::now(dialect)
    }

    fn enumeration() -> Option<EnumDef> {
        T::enumeration()
    }
}

/// Types that one engine has, in its own words; the others refuse them.
macro_rules! types_of_one {
    ($feature:literal: $($sql_type:ty => $sql:literal,)*) => {$(
        #[cfg(feature = $feature)]
        impl ColumnType for $sql_type {
            fn column_type(_: Dialect, _: &TypeContext) -> Cow<'static, str> {
                Cow::Borrowed($sql)
            }
        }
    )*};
}

types_of_one! { "postgres":
    sql_types::Inet => "INET",
    sql_types::Cidr => "CIDR",
    sql_types::MacAddr => "MACADDR",
    sql_types::MacAddr8 => "MACADDR8",
    sql_types::Money => "MONEY",
    sql_types::Citext => "CITEXT",
    sql_types::Oid => "OID",
    sql_types::PgLsn => "PG_LSN",
    sql_types::CChar => "\"char\"",
    sql_types::Int4range => "INT4RANGE",
    sql_types::Int8range => "INT8RANGE",
    sql_types::Numrange => "NUMRANGE",
    sql_types::Daterange => "DATERANGE",
    sql_types::Tsrange => "TSRANGE",
    sql_types::Tstzrange => "TSTZRANGE",
}

types_of_one! { "mysql":
    sql_types::TinyInt => "TINYINT",
    sql_types::Unsigned<sql_types::TinyInt> => "TINYINT UNSIGNED",
    sql_types::Unsigned<sql_types::SmallInt> => "SMALLINT UNSIGNED",
    sql_types::Unsigned<sql_types::Integer> => "INTEGER UNSIGNED",
    sql_types::Unsigned<sql_types::BigInt> => "BIGINT UNSIGNED",
    sql_types::Datetime => "DATETIME",
}

#[cfg(feature = "postgres")]
impl ColumnType for sql_types::Interval {
    fn column_type(_: Dialect, _: &TypeContext) -> Cow<'static, str> {
        Cow::Borrowed("INTERVAL")
    }
}

/// An array: of PostgreSQL only.
#[cfg(feature = "postgres")]
impl<T: ColumnType + sql_types::SqlType> ColumnType for sql_types::Array<T> {
    fn column_type(dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        format!("{}[]", T::column_type(dialect, context)).into()
    }

    fn enumeration() -> Option<EnumDef> {
        T::enumeration()
    }
}
