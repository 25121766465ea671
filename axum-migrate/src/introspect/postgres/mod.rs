//! PostgreSQL: the catalog of the default schema, and of others that are asked for.

mod expression;
mod queries;
mod rows;

use std::collections::BTreeSet;

use diesel::sql_query;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde::de::DeserializeOwned;

use self::expression::settled;
pub(crate) use self::queries::LOOKED;
use self::queries::{COLUMNS, CONSTRAINTS, ENUMS, INDEXES, OBJECTS};
use self::rows::{
    ColumnRow, ConstraintRow, CounterJson, EnumRow, IndexRow, KeyJson, ObjectRow, ReadsJson,
};
use super::is_own_table;
use crate::error::{Error, ErrorKind};
use crate::schema::{
    Action, Auto, Check, Column, Counter, Deferrable, EnumType, ForeignKey, Generated, Index,
    IndexKey, KeyTarget, PrimaryKey, Reads, Schema, Table, Unique, Unmanaged,
};

/// The name of a table or type among those of all schemas that are read.
///
/// A point divides schema and name, so a name with a point in the default schema begins with one.
fn key(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{schema}.{name}"),
        None if name.contains('.') => format!(".{name}"),
        None => name.to_owned(),
    }
}

/// Five queries, however many tables there are.
pub(crate) async fn introspect<C>(conn: &mut C) -> Result<Schema, Error>
where
    C: AsyncConnection<Backend = diesel::pg::Pg>,
{
    let failed = |error| Error::database("read the schema of the PostgreSQL database", error);
    let ask = |query: &str| sql_query(format!("{LOOKED}{query}"));
    let columns: Vec<ColumnRow> = ask(COLUMNS).load(conn).await.map_err(failed)?;
    let constraints: Vec<ConstraintRow> = ask(CONSTRAINTS).load(conn).await.map_err(failed)?;
    let indexes: Vec<IndexRow> = ask(INDEXES).load(conn).await.map_err(failed)?;
    let objects: Vec<ObjectRow> = ask(OBJECTS).load(conn).await.map_err(failed)?;
    let enums: Vec<EnumRow> = ask(ENUMS).load(conn).await.map_err(failed)?;

    let mut schema = Schema {
        constraint_names: true,
        ..Schema::default()
    };
    for row in enums {
        let name = key(row.schema_name.as_deref(), &row.name);
        let own = EnumType {
            name: name.clone(),
            ty: row.ty,
            values: list(row.labels.as_deref())?,
            comment: row.comment,
        };
        schema.enums.insert(name, own);
    }
    let mut counted = BTreeSet::new();
    for row in columns {
        if row.schema_name.is_none() && is_own_table(&row.table_name) {
            continue;
        }
        let name = key(row.schema_name.as_deref(), &row.table_name);
        let table = schema.tables.entry(name.clone()).or_insert_with(|| Table {
            name,
            ..Table::default()
        });
        table.options.comment.clone_from(&row.table_comment);
        table.options.unlogged = row.unlogged;
        table.options.storage = list(row.storage.as_deref())?;
        let column = column(row)?;
        if let Some(Auto::Serial { sequence, .. }) =
            column.as_ref().and_then(|column| column.auto.as_ref())
        {
            counted.insert(sequence.clone());
        }
        table.columns.extend(column);
    }
    for row in constraints {
        add_constraint(&mut schema, row)?;
    }
    for row in indexes {
        let name = key(row.schema_name.as_deref(), &row.table_name);
        if let Some(table) = schema.tables.get_mut(&name) {
            table.indexes.push(index(row)?);
        }
    }
    for row in objects {
        let is_counter = row.kind == "sequence"
            && row.sql.as_deref().is_some_and(|sql| {
                let made = |name: &String| sql.starts_with(&format!("CREATE SEQUENCE {name} AS "));
                counted.iter().any(made)
            });
        if !is_counter {
            schema.unmanaged.push(object(row)?);
        }
    }
    schema.unmanaged.sort();
    Ok(schema)
}

fn column(row: ColumnRow) -> Result<Option<Column>, Error> {
    let (Some(name), Some(ty)) = (row.name, row.ty) else {
        return Ok(None);
    };
    let mut column = Column {
        name,
        ty,
        nullable: row.not_null == Some(false),
        default: row.default_value.map(settled),
        collation: row.collation,
        comment: row.comment,
        ..Column::default()
    };
    if let Some(kind) = row.generated.filter(|kind| !kind.is_empty()) {
        column.generated = column.default.take().map(|expression| Generated {
            expression,
            stored: kind == "s",
        });
    }
    let Some((sequence, json)) = row.sequence.zip(row.counter) else {
        return Ok(Some(column));
    };
    let counter = counter(
        &serde_json::from_str(&json).map_err(unreadable)?,
        &column.ty,
    );
    match row.identity.as_deref() {
        Some(kind @ ("a" | "d")) => {
            column.auto = Some(Auto::Identity {
                always: kind == "a",
                counter,
            });
        }
        _ => {
            let next = format!("nextval('{}'::regclass)", sequence.replace('\'', "''"));
            if column.default.as_ref() == Some(&next) {
                column.default = None;
                column.auto = Some(Auto::Serial { sequence, counter });
            }
        }
    }
    Ok(Some(column))
}

/// What a sequence does otherwise than one that was just created for a column of the type.
fn counter(is: &CounterJson, column: &str) -> Counter {
    let largest = match is.ty.as_str() {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    let smallest = -largest - 1;
    let (min, max) = if is.increment > 0 {
        (1, largest)
    } else {
        (smallest, -1)
    };
    let first = if is.increment > 0 { is.min } else { is.max };
    let other = |is: i64, usual: i64| (is != usual).then_some(is);
    Counter {
        ty: (is.ty != column).then(|| is.ty.clone()),
        start: other(is.start, first),
        increment: other(is.increment, 1),
        min: other(is.min, min),
        max: other(is.max, max),
        cache: other(is.cache, 1),
        cycle: is.cycle,
    }
}

fn add_constraint(schema: &mut Schema, row: ConstraintRow) -> Result<(), Error> {
    let table_name = key(row.schema_name.as_deref(), &row.table_name);
    let Some(table) = schema.tables.get_mut(&table_name) else {
        return Ok(());
    };
    let columns = list(row.columns.as_deref())?;
    let name = Some(row.name.clone());
    let deferrable = match (row.is_deferrable, row.is_deferred) {
        (false, _) => None,
        (true, false) => Some(Deferrable::Immediate),
        (true, true) => Some(Deferrable::Deferred),
    };
    let comment = row.comment;
    match row.kind.as_str() {
        "p" => {
            table.primary_key = Some(PrimaryKey {
                name,
                columns,
                deferrable,
                include: list(row.include.as_deref())?,
                storage: list(row.storage.as_deref())?,
                comment,
                ..PrimaryKey::default()
            })
        }
        "u" => table.uniques.push(Unique {
            name,
            columns,
            deferrable,
            nulls_not_distinct: row.nulls_not_distinct,
            include: list(row.include.as_deref())?,
            storage: list(row.storage.as_deref())?,
            comment,
            ..Unique::default()
        }),
        "c" => table.checks.push(Check {
            name,
            expression: settled(row.expression.unwrap_or_default()),
            not_valid: !row.is_valid,
            no_inherit: row.no_inherit,
            comment,
        }),
        "f" if row.is_looked_at => table.foreign_keys.push(ForeignKey {
            name,
            columns,
            table: key(
                row.foreign_schema.as_deref(),
                &row.foreign_table.unwrap_or_default(),
            ),
            referenced: list(row.referenced.as_deref())?,
            on_delete: action(&row.on_delete),
            on_update: action(&row.on_update),
            set_columns: list(row.set_columns.as_deref())?,
            match_full: row.match_full,
            not_valid: !row.is_valid,
            deferrable,
            comment,
            ..ForeignKey::default()
        }),
        kind => {
            let kind = if kind == "f" {
                "foreign key to another schema"
            } else {
                "exclusion constraint"
            };
            schema.unmanaged.push(Unmanaged {
                kind: kind.to_owned(),
                name: row.name,
                table: Some(table_name),
                sql: row.definition,
                ..Unmanaged::default()
            });
        }
    }
    Ok(())
}

fn object(row: ObjectRow) -> Result<Unmanaged, Error> {
    let reads: Vec<ReadsJson> = list(row.reads.as_deref())?;
    let mut reads: Vec<Reads> = reads
        .into_iter()
        .map(|it| Reads {
            object: key(it.schema.as_deref(), &it.name),
            column: it.column,
        })
        .collect();
    reads.sort();
    let is_of_a_table = row.table_name.is_some();
    Ok(Unmanaged {
        kind: row.kind,
        name: if is_of_a_table {
            row.name
        } else {
            key(row.schema_name.as_deref(), &row.name)
        },
        table: row
            .table_name
            .map(|table| key(row.table_schema.as_deref(), &table)),
        sql: row.sql,
        privileges: row.privileges,
        reads,
    })
}

fn list<T: DeserializeOwned>(json: Option<&str>) -> Result<Vec<T>, Error> {
    json.map_or(Ok(Vec::new()), |json| {
        serde_json::from_str(json).map_err(unreadable)
    })
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Database,
        "the catalog of the PostgreSQL database answered in an unknown form; \
         please report it with the version of the server",
    )
    .with_source(error)
}

fn action(code: &str) -> Action {
    match code {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

fn index(row: IndexRow) -> Result<Index, Error> {
    let mut index = Index {
        name: row.name,
        unique: row.is_unique,
        predicate: row.predicate.map(settled),
        nulls_not_distinct: row.nulls_not_distinct,
        method: (row.method != "btree").then_some(row.method),
        storage: list(row.storage.as_deref())?,
        invalid: row.invalid,
        comment: row.comment,
        ..Index::default()
    };
    for key in list::<KeyJson>(Some(&row.keys))? {
        if key.included {
            index.include.extend(key.column);
            continue;
        }
        let mut suffix = String::new();
        if let Some(collation) = &key.collation {
            suffix.push_str(&format!(" COLLATE {collation}"));
        }
        if let Some(class) = &key.opclass {
            suffix.push_str(&format!(" {class}"));
        }
        if let Some(parameters) = &key.parameters {
            suffix.push_str(&format!(" ({})", settings(parameters)));
        }
        // Bit 0: DESC; bit 1: NULLS FIRST, which is what DESC implies.
        suffix.push_str(match key.options.unwrap_or(0) & 3 {
            1 => " DESC NULLS LAST",
            2 => " NULLS FIRST",
            3 => " DESC",
            _ => "",
        });
        let target = key.column.map_or_else(
            || KeyTarget::Expression(settled(key.text)),
            KeyTarget::Column,
        );
        index.keys.push(IndexKey { target, suffix });
    }
    Ok(index)
}

/// `fillfactor='70'`, as parameters are written in a statement.
fn settings(parameters: &[String]) -> String {
    let written: Vec<String> = parameters
        .iter()
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, "true"));
            format!("{name}='{}'", value.replace('\'', "''"))
        })
        .collect();
    written.join(", ")
}
