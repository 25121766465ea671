//! CREATE and DROP for the tables of [`Metadata`](crate::Metadata), in each dialect: the only place of the
//! crate that knows how they differ.

use std::borrow::Cow;
use std::fmt::Write as _;

use diesel::{QueryResult, QueryableByName, sql_types};
use diesel_async::RunQueryDsl;

use super::{Backend, Dialect};
use crate::model::{
    Action, CheckDef, ColumnDef, ColumnType, DefaultValue, EnumDef, ForeignKeyDef, TableDef,
    TypeContext, foreign_key_name, names_of_checks, primary_key_name,
};
use crate::types;

/// Above this, four bytes a character no longer fit MySQL's longest row.
const MYSQL_MAX_VARCHAR: u32 = 16_383;

/// The statements that create `tables` (sorted), each with the table it completes.
pub(crate) fn create(tables: &[TableDef], dialect: Dialect) -> Vec<(&str, String)> {
    let mut statements = Vec::new();
    let mut later = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let (inline, split): (Vec<_>, Vec<_>) = table
            .foreign_keys
            .iter()
            .partition(|key| dialect == Dialect::Sqlite || !is_split(tables, at, key));
        statements.push((&*table.name, create_table(table, &inline, dialect)));
        statements.extend(table.indexes.iter().map(|index| {
            let name = dialect.quote(&index.name_in(&table.name));
            let (on, columns) = (dialect.quote(&table.name), list(&index.columns, dialect));
            (
                &*table.name,
                format!("CREATE INDEX {name} ON {on} ({columns})"),
            )
        }));
        later.extend(split.into_iter().map(|key| {
            let (on, constraint) = (dialect.quote(&table.name), foreign_key(table, key, dialect));
            (&*table.name, format!("ALTER TABLE {on} ADD {constraint}"))
        }));
    }
    statements.append(&mut later);
    statements
}

/// The statements that drop `tables` (sorted).
pub(crate) fn drop(tables: &[TableDef], dialect: Dialect) -> Vec<String> {
    let mut statements = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for key in table
            .foreign_keys
            .iter()
            .filter(|key| is_split(tables, at, key))
        {
            let name = dialect.quote(&foreign_key_name(&table.name, &key.columns));
            let on = dialect.quote(&table.name);
            match dialect {
                // Rows that refer to each other: count the broken references at COMMIT, when none is left.
                Dialect::Sqlite if statements.is_empty() => {
                    statements.push("PRAGMA defer_foreign_keys = ON".to_owned());
                }
                Dialect::Sqlite => {}
                Dialect::Postgres => {
                    statements.push(format!("ALTER TABLE {on} DROP CONSTRAINT {name}"))
                }
                Dialect::Mysql => {
                    statements.push(format!("ALTER TABLE {on} DROP FOREIGN KEY {name}"))
                }
            }
        }
    }
    let tables = tables.iter().rev();
    statements.extend(tables.map(|table| format!("DROP TABLE {}", dialect.quote(&table.name))));
    statements
}

/// The statements that create the types of `enums`, each with the type's name: none where an enum is
/// spelled out in its column.
pub(crate) fn create_types(enums: &[EnumDef], dialect: Dialect) -> Vec<(&'static str, String)> {
    let create = |own: &EnumDef| {
        let (name, labels) = (dialect.quote(own.name), labels(own, dialect));
        (own.name, format!("CREATE TYPE {name} AS ENUM ({labels})"))
    };
    match dialect {
        Dialect::Postgres => enums.iter().map(create).collect(),
        Dialect::Sqlite | Dialect::Mysql => Vec::new(),
    }
}

/// The statements that drop those types, each with the type's name.
pub(crate) fn drop_types(enums: &[EnumDef], dialect: Dialect) -> Vec<(&'static str, String)> {
    let drop = |own: &EnumDef| {
        let name = dialect.quote(own.name);
        (own.name, format!("DROP TYPE {name}"))
    };
    match dialect {
        Dialect::Postgres => enums.iter().map(drop).collect(),
        Dialect::Sqlite | Dialect::Mysql => Vec::new(),
    }
}

/// The type of a column that holds an enum.
pub(crate) fn enum_type(own: &EnumDef, dialect: Dialect) -> Cow<'static, str> {
    match dialect {
        Dialect::Sqlite => "TEXT".into(),
        Dialect::Postgres => dialect.quote(own.name).into(),
        Dialect::Mysql => format!("ENUM({})", labels(own, dialect)).into(),
    }
}

fn labels(own: &EnumDef, dialect: Dialect) -> String {
    let quoted: Vec<String> = own
        .labels
        .iter()
        .map(|label| quote_text(label, dialect))
        .collect();
    quoted.join(", ")
}

/// What a database's catalog is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Objects {
    /// The tables.
    Tables,
    /// The types of enums, on the engines where they are things of their own.
    Types,
    /// Those of them that no column has.
    UnusedTypes,
}

/// What `create_all` and `drop_all` ask of an engine; not for users.
#[doc(hidden)]
pub trait Catalog: Sized {
    /// The names of the objects that exist.
    fn names(
        objects: Objects,
        connection: &mut <Self as Backend>::Connection,
    ) -> impl Future<Output = QueryResult<Vec<String>>> + Send
    where
        Self: Backend;
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

macro_rules! catalog {
    ($feature:literal, $backend:ident, $tables:literal $(, $types:literal, $unused:literal)?) => {
        #[cfg(feature = $feature)]
        impl Catalog for super::$backend {
            async fn names(
                objects: Objects,
                connection: &mut <Self as Backend>::Connection,
            ) -> QueryResult<Vec<String>> {
                let sql = match objects {
                    Objects::Tables => $tables,
                    $(Objects::Types => $types,
                    Objects::UnusedTypes => concat!($types, " AND ", $unused),)?
                    #[allow(unreachable_patterns)]
                    Objects::Types | Objects::UnusedTypes => return Ok(Vec::new()),
                };
                let objects: Vec<Named> = diesel::sql_query(sql).load(connection).await?;
                Ok(objects.into_iter().map(|object| object.name).collect())
            }
        }
    };
}

catalog!(
    "sqlite",
    Sqlite,
    "SELECT name FROM sqlite_master WHERE type = 'table'"
);
catalog!(
    "postgres",
    Postgres,
    "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()",
    "SELECT t.typname::text AS name FROM pg_type t WHERE t.typtype = 'e' \
     AND t.typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_type'::regclass \
     AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n')"
);
catalog!(
    "mysql",
    Mysql,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()"
);

/// Whether the foreign key closes a cycle: its table is created after the one at `at`.
fn is_split(tables: &[TableDef], at: usize, key: &ForeignKeyDef) -> bool {
    tables[at + 1..].iter().any(|table| table.name == key.table)
}

fn create_table(table: &TableDef, keys: &[&ForeignKeyDef], dialect: Dialect) -> String {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| create_column(table, column, dialect))
        .collect();
    let has_inline_key =
        dialect == Dialect::Sqlite && table.columns.iter().any(|column| column.auto_increment);
    if !has_inline_key && !table.primary_key.is_empty() {
        let name = dialect.quote(&primary_key_name(&table.name));
        lines.push(format!(
            "CONSTRAINT {name} PRIMARY KEY ({})",
            list(&table.primary_key, dialect)
        ));
    }
    lines.extend(table.uniques.iter().map(|rule| {
        let name = dialect.quote(&rule.name_in(&table.name));
        format!(
            "CONSTRAINT {name} UNIQUE ({})",
            list(&rule.columns, dialect)
        )
    }));
    let checks = checks(table, dialect);
    let names = names_of_checks(table, &checks);
    lines.extend(checks.iter().zip(names).map(|(check, name)| {
        format!(
            "CONSTRAINT {} CHECK ({})",
            dialect.quote(&name),
            check.expression
        )
    }));
    lines.extend(keys.iter().map(|key| foreign_key(table, key, dialect)));
    format!(
        "CREATE TABLE {} (\n    {}\n)",
        dialect.quote(&table.name),
        lines.join(",\n    ")
    )
}

/// The conditions of the table, and where an enum is but a text those that confine it.
fn checks(table: &TableDef, dialect: Dialect) -> Vec<CheckDef> {
    let confine = |column: &ColumnDef| {
        let labels = labels(&column.sql_type.enumeration()?, dialect);
        let expression = format!("{} IN ({labels})", dialect.quote(&column.name));
        Some(CheckDef::new(expression).column(column.name.clone()))
    };
    let enums = table.columns.iter().filter_map(confine);
    let mut checks: Vec<CheckDef> = match dialect {
        Dialect::Sqlite => enums.collect(),
        Dialect::Postgres | Dialect::Mysql => Vec::new(),
    };
    checks.extend(table.checks.iter().cloned());
    checks
}

fn create_column(table: &TableDef, column: &ColumnDef, dialect: Dialect) -> String {
    let name = dialect.quote(&column.name);
    if column.auto_increment && dialect == Dialect::Sqlite {
        // AUTOINCREMENT wants the word INTEGER, which there holds 64 bits; it never reuses a key.
        return format!("{name} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL");
    }
    let context = TypeContext {
        length: column.length,
        precision: column.precision,
        bounded: column.default.is_some() || table.is_keyed(&column.name),
    };
    let mut sql = format!("{name} {}", column.sql_type.sql(dialect, &context));
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    if column.auto_increment {
        sql.push_str(match dialect {
            Dialect::Mysql => " AUTO_INCREMENT",
            _ => " GENERATED BY DEFAULT AS IDENTITY",
        });
    }
    if let Some(value) = column
        .default
        .as_ref()
        .and_then(|value| default_value(value, column, dialect))
    {
        let _ = write!(sql, " DEFAULT {value}");
    }
    sql
}

fn default_value(
    value: &DefaultValue,
    column: &ColumnDef,
    dialect: Dialect,
) -> Option<Cow<'static, str>> {
    Some(match value {
        DefaultValue::Now => column.sql_type.now(dialect)?.into(),
        DefaultValue::Text(text) => quote_text(text, dialect).into(),
        DefaultValue::Integer(number) => number.to_string().into(),
        DefaultValue::Float(number) => format!("{number:?}").into(),
        DefaultValue::Decimal(digits, scale) => {
            let text = decimal(*digits, *scale);
            match dialect {
                Dialect::Sqlite => quote_text(&text, dialect).into(),
                Dialect::Postgres | Dialect::Mysql => text.into(),
            }
        }
        DefaultValue::Bool(true) => "TRUE".into(),
        DefaultValue::Bool(false) => "FALSE".into(),
    })
}

fn decimal(digits: i64, scale: u32) -> String {
    let scale = scale as usize;
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

fn quote_text(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\'', "''");
    match dialect {
        Dialect::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
        _ => format!("'{text}'"),
    }
}

fn foreign_key(table: &TableDef, key: &ForeignKeyDef, dialect: Dialect) -> String {
    let mut sql = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        dialect.quote(&foreign_key_name(&table.name, &key.columns)),
        list(&key.columns, dialect),
        dialect.quote(&key.table),
        list(&key.references, dialect),
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            Action::NoAction => continue,
            Action::Restrict => "RESTRICT",
            Action::Cascade => "CASCADE",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
        };
        let _ = write!(sql, " ON {event} {action}");
    }
    sql
}

fn list(columns: &[Cow<'static, str>], dialect: Dialect) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| dialect.quote(column)).collect();
    quoted.join(", ")
}

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
