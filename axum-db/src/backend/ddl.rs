//! CREATE and DROP for the tables of [`Metadata`](crate::Metadata), in each dialect: the only place of the
//! crate that knows how they differ.

mod catalog;
mod column;
mod index;
mod types;

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Dialect;
use crate::model::{
    Action, CheckDef, ColumnDef, Deferrable, EnumDef, ForeignKeyDef, TableDef, UniqueDef,
    names_of_checks, primary_key_name,
};

pub(crate) use catalog::{Catalog, Objects};

/// The statements that create `tables` (sorted), each with the qualified name of the table it completes.
pub(crate) fn create(tables: &[TableDef], dialect: Dialect) -> Vec<(String, String)> {
    let tables = on(tables, dialect);
    let mut statements = Vec::new();
    let mut later = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let (inline, split): (Vec<_>, Vec<_>) = table
            .foreign_keys
            .iter()
            .partition(|key| dialect == Dialect::Sqlite || !is_split(&tables, at, key));
        let mut add = |sql| statements.push((table.qualified_name().into_owned(), sql));
        add(create_table(table, &inline, dialect));
        table
            .indexes
            .iter()
            .for_each(|own| add(index::create(table, own, dialect)));
        comments(table, dialect).into_iter().for_each(add);
        later.extend(split.into_iter().map(|key| {
            let (on, constraint) = (place(table, dialect), foreign_key(table, key, dialect));
            let sql = format!("ALTER TABLE {on} ADD {constraint}");
            (table.qualified_name().into_owned(), sql)
        }));
    }
    statements.append(&mut later);
    statements
}

/// The statements that drop `tables` (sorted).
pub(crate) fn drop(tables: &[TableDef], dialect: Dialect) -> Vec<String> {
    let tables = on(tables, dialect);
    let mut statements = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for key in table
            .foreign_keys
            .iter()
            .filter(|key| is_split(&tables, at, key))
        {
            let name = dialect.quote(&key.name_in(&table.name));
            let on = place(table, dialect);
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
    statements.extend(tables.map(|table| format!("DROP TABLE {}", place(table, dialect))));
    statements
}

fn on(tables: &[TableDef], dialect: Dialect) -> Vec<TableDef> {
    let tables = tables.iter();
    tables.map(|table| table.for_dialect(dialect)).collect()
}

/// The statements that create the schemas, each with the schema's name.
pub(crate) fn create_schemas<'a>(schemas: &[&'a str], dialect: Dialect) -> Vec<(&'a str, String)> {
    let create = |name: &&'a str| {
        let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", dialect.quote(name));
        (*name, sql)
    };
    match dialect {
        Dialect::Postgres => schemas.iter().map(create).collect(),
        Dialect::Sqlite | Dialect::Mysql => Vec::new(),
    }
}

/// The statements that create the types of `enums`, each with the type's name: none where an enum is
/// spelled out in its column.
pub(crate) fn create_types(
    enums: &[EnumDef],
    dialect: Dialect,
) -> Vec<(Cow<'static, str>, String)> {
    let create = |own: &EnumDef| {
        let (name, labels) = (type_name(own, dialect), labels(own, dialect));
        let sql = format!("CREATE TYPE {name} AS ENUM ({labels})");
        (own.qualified_name(), sql)
    };
    match dialect {
        Dialect::Postgres => enums.iter().map(create).collect(),
        Dialect::Sqlite | Dialect::Mysql => Vec::new(),
    }
}

/// The statements that drop those types, each with the type's name.
pub(crate) fn drop_types(enums: &[EnumDef], dialect: Dialect) -> Vec<(Cow<'static, str>, String)> {
    let drop = |own: &EnumDef| {
        let name = type_name(own, dialect);
        (own.qualified_name(), format!("DROP TYPE {name}"))
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
        Dialect::Postgres => type_name(own, dialect).into(),
        Dialect::Mysql => format!("ENUM({})", labels(own, dialect)).into(),
    }
}

fn type_name(own: &EnumDef, dialect: Dialect) -> String {
    let name = dialect.quote(own.name);
    match own.schema {
        Some(schema) => format!("{}.{name}", dialect.quote(schema)),
        None => name,
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

/// Whether the foreign key closes a cycle: its table is created after the one at `at`.
fn is_split(tables: &[TableDef], at: usize, key: &ForeignKeyDef) -> bool {
    tables[at + 1..]
        .iter()
        .any(|table| table.name == key.table && table.schema == key.schema)
}

/// The table's name as statements have it.
fn place(table: &TableDef, dialect: Dialect) -> String {
    qualified(table.schema.as_deref(), &table.name, dialect)
}

fn qualified(schema: Option<&str>, name: &str, dialect: Dialect) -> String {
    match schema {
        Some(schema) => format!("{}.{}", dialect.quote(schema), dialect.quote(name)),
        None => dialect.quote(name),
    }
}

fn create_table(table: &TableDef, keys: &[&ForeignKeyDef], dialect: Dialect) -> String {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| column::create(table, column, dialect))
        .collect();
    let has_inline_key =
        dialect == Dialect::Sqlite && table.columns.iter().any(ColumnDef::is_numbered);
    if !has_inline_key && !table.primary_key.is_empty() {
        let name = match &table.primary_key_name {
            Some(name) => dialect.quote(name),
            None => dialect.quote(&primary_key_name(&table.name)),
        };
        lines.push(format!(
            "CONSTRAINT {name} PRIMARY KEY ({})",
            primary_key(table, dialect)
        ));
    }
    lines.extend(
        table
            .uniques
            .iter()
            .map(|rule| unique(table, rule, dialect)),
    );
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
        "CREATE TABLE {} (\n    {}\n){}",
        place(table, dialect),
        lines.join(",\n    "),
        options(table, dialect)
    )
}

/// What stands behind the columns.
fn options(table: &TableDef, dialect: Dialect) -> String {
    let options = &table.options;
    match dialect {
        Dialect::Postgres => String::new(),
        Dialect::Sqlite => match (options.strict, options.without_rowid) {
            (false, false) => String::new(),
            (true, false) => " STRICT".to_owned(),
            (false, true) => " WITHOUT ROWID".to_owned(),
            (true, true) => " STRICT, WITHOUT ROWID".to_owned(),
        },
        Dialect::Mysql => {
            let mut sql = String::new();
            if let Some(engine) = &options.engine {
                let _ = write!(sql, " ENGINE = {}", dialect.quote(engine));
            }
            if let Some(collation) = &options.collation {
                let _ = write!(sql, " COLLATE = {}", dialect.quote(collation));
            }
            if let Some(comment) = &table.comment {
                let _ = write!(sql, " COMMENT = {}", quote_text(comment, dialect));
            }
            sql
        }
    }
}

/// The statements for comments, where those stand alone.
fn comments(table: &TableDef, dialect: Dialect) -> Vec<String> {
    if dialect != Dialect::Postgres {
        return Vec::new();
    }
    let on = place(table, dialect);
    let own = table.comment.iter().map(|text| {
        let text = quote_text(text, dialect);
        format!("COMMENT ON TABLE {on} IS {text}")
    });
    let columns = table.columns.iter().filter_map(|column| {
        let text = quote_text(column.comment.as_deref()?, dialect);
        let name = dialect.quote(&column.name);
        Some(format!("COMMENT ON COLUMN {on}.{name} IS {text}"))
    });
    own.chain(columns).collect()
}

fn unique(table: &TableDef, rule: &UniqueDef, dialect: Dialect) -> String {
    let name = dialect.quote(&rule.name_in(&table.name));
    let nulls = if rule.nulls_not_distinct {
        " NULLS NOT DISTINCT"
    } else {
        ""
    };
    let mut sql = format!(
        "CONSTRAINT {name} UNIQUE{nulls} ({})",
        list(&rule.columns, dialect)
    );
    if !rule.include.is_empty() {
        let _ = write!(sql, " INCLUDE ({})", list(&rule.include, dialect));
    }
    sql.push_str(deferrable(rule.deferrable));
    sql
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
        dialect.quote(&key.name_in(&table.name)),
        list(&key.columns, dialect),
        qualified(key.schema.as_deref(), &key.table, dialect),
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
    sql.push_str(deferrable(key.deferrable));
    sql
}

fn deferrable(deferrable: Option<Deferrable>) -> &'static str {
    match deferrable {
        None => "",
        Some(Deferrable::InitiallyImmediate) => " DEFERRABLE",
        Some(Deferrable::InitiallyDeferred) => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn primary_key(table: &TableDef, dialect: Dialect) -> String {
    let columns: Vec<String> = table
        .primary_key
        .iter()
        .map(|column| {
            let quoted = dialect.quote(column);
            let mut lengths = table.primary_key_lengths.iter();
            match lengths.find(|(name, _)| name == column) {
                Some((_, length)) => format!("{quoted}({length})"),
                None => quoted,
            }
        })
        .collect();
    columns.join(", ")
}

fn list(columns: &[Cow<'static, str>], dialect: Dialect) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| dialect.quote(column)).collect();
    quoted.join(", ")
}
