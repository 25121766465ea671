//! SQLite: the catalog, and the text of the CREATE statements.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::is_own_table;
use crate::error::{Error, ErrorKind};
use crate::schema::{Column, Schema, Table, Unmanaged};
use crate::token::{Kind, tokens};

#[derive(QueryableByName)]
struct ObjectRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    sql: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    table_kind: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    without_rowid: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    strict: Option<i64>,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    ty: String,
    #[diesel(sql_type = BigInt)]
    not_null: i64,
    #[diesel(sql_type = Nullable<Text>)]
    default_value: Option<String>,
}

/// Read once: the list is made anew for each look at it.
const OBJECTS: &str = "WITH tables AS MATERIALIZED (SELECT * FROM pragma_table_list WHERE schema = 'main') \
     SELECT m.type AS kind, m.name, m.tbl_name AS table_name, m.sql, l.type AS table_kind, \
     l.wr AS without_rowid, l.strict \
     FROM sqlite_schema m LEFT JOIN tables l ON l.name = m.name \
     WHERE m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name";

const COLUMNS: &str = "SELECT m.name AS table_name, c.name, c.type AS ty, c.\"notnull\" AS not_null, \
     c.dflt_value AS default_value \
     FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c \
     WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %' ORDER BY m.name, c.cid";

/// How the tables behind a virtual one are called after it, where its module is not there to say so.
const SHADOWS: [&str; 16] = [
    "content",
    "segments",
    "segdir",
    "docsize",
    "stat",
    "data",
    "idx",
    "config",
    "node",
    "parent",
    "rowid",
    "vocab",
    "chunks",
    "rowids",
    "info",
    "auxiliary",
];

/// Two queries, however many tables there are.
pub(crate) async fn introspect<C>(conn: &mut C) -> Result<Schema, Error>
where
    C: AsyncConnection<Backend = diesel::sqlite::Sqlite>,
{
    let failed = |error| Error::database("read the schema of the SQLite database", error);
    let objects: Vec<ObjectRow> = sql_query(OBJECTS).load(conn).await.map_err(failed)?;
    let rows: Vec<ColumnRow> = sql_query(COLUMNS).load(conn).await.map_err(failed)?;
    let mut columns: BTreeMap<String, Vec<ColumnRow>> = BTreeMap::new();
    for row in rows {
        columns.entry(row.table_name.clone()).or_default().push(row);
    }
    let virtual_tables: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object.table_kind.as_deref() == Some("virtual"))
        .map(|object| object.name.as_str())
        .collect();
    let is_shadow = |name: &str| {
        name.rsplit_once('_')
            .is_some_and(|(of, what)| virtual_tables.contains(of) && SHADOWS.contains(&what))
    };
    let mut schema = Schema::default();
    for object in objects
        .iter()
        .filter(|object| !is_own_table(&object.table_name) && !is_shadow(&object.name))
    {
        match (object.kind.as_str(), object.table_kind.as_deref()) {
            ("table", Some("table")) => {
                let rows = columns.get(&object.name).map_or(&[][..], Vec::as_slice);
                schema
                    .tables
                    .insert(object.name.clone(), table(object, rows)?);
            }
            ("table", Some("virtual")) => schema.unmanaged.push(unmanaged(object, "virtual table")),
            // The tables behind a virtual one.
            ("table", _) | ("index", _) => {}
            (kind, _) => schema.unmanaged.push(unmanaged(object, kind)),
        }
    }
    for object in objects.iter().filter(|object| object.kind == "index") {
        let (Some(sql), Some(table)) = (&object.sql, schema.tables.get_mut(&object.table_name))
        else {
            continue;
        };
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let mut index =
            parse::create_index(sql, &names).ok_or_else(|| unreadable("index", &object.name))?;
        index.name.clone_from(&object.name);
        table.indexes.push(index);
    }
    resolve_references(&mut schema);
    schema.unmanaged.sort();
    Ok(schema)
}

fn unmanaged(object: &ObjectRow, kind: &str) -> Unmanaged {
    Unmanaged {
        kind: kind.to_owned(),
        name: object.name.clone(),
        table: (object.kind == "trigger").then(|| object.table_name.clone()),
        sql: object.sql.clone(),
        ..Unmanaged::default()
    }
}

fn unreadable(kind: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "the CREATE statement of the {kind} {name:?} could not be understood; \
             please report it, with the output of: SELECT sql FROM sqlite_schema WHERE name = '{name}'"
        ),
    )
}

fn table(object: &ObjectRow, rows: &[ColumnRow]) -> Result<Table, Error> {
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let mut table = object
        .sql
        .as_deref()
        .and_then(|sql| parse::create_table(sql, &names))
        .filter(|table| table.columns.iter().map(|column| &column.name).eq(&names))
        .ok_or_else(|| unreadable("table", &object.name))?;
    table.name.clone_from(&object.name);
    table.options.strict = object.strict == Some(1);
    table.options.without_rowid = object.without_rowid == Some(1);
    for (column, row) in table.columns.iter_mut().zip(rows) {
        column.ty = normal_type(&row.ty);
        column.nullable = row.not_null == 0;
        column.default = row.default_value.as_deref().and_then(normal_default);
        column.collation = column
            .collation
            .take()
            .map(|it| it.to_uppercase())
            .filter(|it| it != "BINARY");
    }
    if let Some(key) = &table.primary_key {
        let is_rowid = |column: &Column| {
            key.columns.len() == 1 && key.suffixes.is_empty() && column.ty == "INTEGER"
        };
        for column in table
            .columns
            .iter_mut()
            .filter(|column| key.columns.contains(&column.name))
        {
            if table.options.without_rowid {
                column.nullable = false;
            } else if is_rowid(column) {
                column.nullable = false;
                // What is left out is numbered, so no default is ever read.
                column.default = None;
            }
        }
    }
    Ok(table)
}

/// The declared type in one spelling: `varchar ( 20 )` is `VARCHAR(20)`.
fn normal_type(ty: &str) -> String {
    let ty = ty.strip_suffix("GENERATED ALWAYS").unwrap_or(ty);
    crate::token::join(tokens(ty).iter().map(|token| token.text)).to_uppercase()
}

fn normal_default(text: &str) -> Option<String> {
    let tokens = tokens(text);
    match tokens.as_slice() {
        [only] if only.is("NULL") => None,
        [only] if only.kind == Kind::Word => {
            let upper = only.text.to_uppercase();
            let keyword = upper.starts_with("CURRENT_") || upper == "TRUE" || upper == "FALSE";
            Some(if keyword { upper } else { only.text.to_owned() })
        }
        // Nothing else than a text can be meant; in parentheses it would be a column.
        [only] if only.kind == Kind::Quoted => only
            .identifier()
            .map(|text| format!("'{}'", text.replace('\'', "''"))),
        [sign, number] if number.kind == Kind::Number => {
            Some(format!("{}{}", sign.text, number.text))
        }
        _ => Some(crate::token::join(tokens.iter().map(|token| token.text))),
    }
}

/// Foreign keys may name tables and columns in another case, and leave the columns out.
fn resolve_references(schema: &mut Schema) {
    let tables: BTreeMap<String, (String, Vec<String>, Vec<String>)> = schema
        .tables
        .values()
        .map(|table| {
            let columns = table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect();
            let key = table
                .primary_key
                .as_ref()
                .map(|key| key.columns.clone())
                .unwrap_or_default();
            (
                table.name.to_ascii_lowercase(),
                (table.name.clone(), columns, key),
            )
        })
        .collect();
    for key in schema
        .tables
        .values_mut()
        .flat_map(|table| &mut table.foreign_keys)
    {
        let Some((name, columns, primary_key)) = tables.get(&key.table.to_ascii_lowercase()) else {
            continue;
        };
        key.table.clone_from(name);
        // A key that does not fit is legal until it is used, and stays as it is.
        if key.referenced.is_empty() && primary_key.len() == key.columns.len() {
            key.referenced.clone_from(primary_key);
        }
        for referenced in &mut key.referenced {
            if let Some(own) = columns
                .iter()
                .find(|column| column.eq_ignore_ascii_case(referenced))
            {
                referenced.clone_from(own);
            }
        }
    }
}
