//! SQLite keeps every statement as it was typed.

use std::collections::{BTreeMap, BTreeSet};

use axum_db::{Dialect, Sqlite};
use diesel_async::SimpleAsyncConnection as _;
use serde::Deserialize;

use super::{Definitions, Dump};
use crate::introspect::is_own_table;
use crate::runner::Queries as _;
use crate::schema::by_foreign_keys;
use crate::{Engine, Error, ErrorKind, Schema};

#[derive(Clone, Deserialize)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

/// The tables behind a virtual one are made with it.
const OBJECTS: &str = "SELECT json_object('kind', CASE WHEN l.type = 'virtual' THEN 'virtual table' ELSE m.type END, \
     'name', m.name, 'table', m.tbl_name, 'sql', m.sql) AS value \
     FROM sqlite_schema m LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name AND m.type = 'table' \
     WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND coalesce(l.type, '') <> 'shadow' \
     ORDER BY m.rowid";

/// Numbers in the database's header that are the application's.
const NUMBERS: &str = "SELECT 'PRAGMA user_version = ' || user_version AS value FROM pragma_user_version WHERE user_version <> 0 \
     UNION ALL SELECT 'PRAGMA application_id = ' || application_id FROM pragma_application_id WHERE application_id <> 0";

/// The kinds in the order in which they are made.
const KINDS: [&str; 5] = ["table", "virtual table", "index", "view", "trigger"];

/// The objects that this SQLite can make, and notes on the others: an application may have given its own SQLite
/// functions, collations, modules and tokenizers that are nowhere else.
async fn possible(
    conn: &mut <Sqlite as axum_db::Backend>::Connection,
    objects: Vec<Object>,
) -> Result<(Vec<Object>, Definitions), Error> {
    let asked = objects.clone();
    let lacking: BTreeMap<String, String> = <Sqlite as Engine>::scratch(conn, move |scratch| {
        Box::pin(async move {
            let mut lacking = BTreeMap::new();
            for kind in KINDS {
                for object in asked.iter().filter(|it| it.kind == kind) {
                    let Err(error) = scratch.batch_execute(&object.sql).await else {
                        continue;
                    };
                    let error = error.to_string();
                    if is_of_the_application(&error) {
                        lacking.insert(object.name.clone(), error);
                    }
                }
            }
            Ok(lacking)
        })
    })
    .await?;
    let mut out = Definitions::default();
    for object in &objects {
        if let Some(error) = lacking.get(&object.name) {
            out.notes.push(format!(
                "the {} {}: {error}. It can be made by the program that gives SQLite what is missing here, and by \
                 nothing else: let that make it after `upgrade`",
                object.kind,
                Dialect::Sqlite.quote(&object.name)
            ));
        }
    }
    let (left, kept) = objects.into_iter().partition::<Vec<_>, _>(|object| {
        lacking.contains_key(&object.name) || lacking.contains_key(&object.table)
    });
    out.left = left.into_iter().map(|object| object.name).collect();
    Ok((kept, out))
}

/// Whether what is missing is nothing that a statement could make.
fn is_of_the_application(error: &str) -> bool {
    ["function", "collation sequence", "module", "tokenizer"]
        .iter()
        .any(|thing| {
            error.contains(&format!("no such {thing}: "))
                || error.contains(&format!("unknown {thing}: "))
        })
}

impl Dump for Sqlite {
    async fn definitions(
        conn: &mut Self::Connection,
        schema: &Schema,
        without: &BTreeSet<String>,
    ) -> Result<Definitions, Error> {
        let failed = |error| Error::database("read the statements of the SQLite database", error);
        let rows = Self::query_texts(conn, OBJECTS).await.map_err(failed)?;
        let objects: Vec<Object> = rows
            .iter()
            .map(|row| serde_json::from_str(row))
            .collect::<Result<_, _>>()
            .map_err(|error| {
                Error::new(
                    ErrorKind::Database,
                    "the SQLite database has a statement that is not text; look for it in sqlite_schema",
                )
                .with_source(error)
            })?;
        let objects: Vec<Object> = objects
            .into_iter()
            .filter(|object| !is_own_table(&object.table) && !without.contains(&object.table))
            .collect();
        let (objects, mut out) = possible(conn, objects).await?;
        let sorted = by_foreign_keys(schema.tables.values());
        let place = |name: &str| sorted.iter().position(|table| table.name == name);
        let quote = |name: &str| Dialect::Sqlite.quote(name);
        let of = |kind: &'static str| objects.iter().filter(move |object| object.kind == kind);

        let mut tables: Vec<&Object> = of("table").collect();
        tables.sort_by_key(|object| place(&object.name));
        for object in &tables {
            out.make("table", &object.sql);
        }
        for kind in &KINDS[1..] {
            of(kind).for_each(|object| out.make(kind, &object.sql));
        }
        let mut drop: Vec<String> = of("view")
            .map(|view| format!("DROP VIEW {}", quote(&view.name)))
            .collect();
        drop.extend(of("virtual table").map(|it| format!("DROP TABLE {}", quote(&it.name))));
        let points_ahead = |object: &&Object| {
            let keys = schema
                .tables
                .get(&object.name)
                .map(|table| &table.foreign_keys);
            keys.into_iter()
                .flatten()
                .any(|key| place(&key.table) > place(&object.name))
        };
        if tables.iter().any(points_ahead) {
            // Rows that refer to each other: count the broken references at COMMIT, when none is left.
            drop.push("PRAGMA defer_foreign_keys = ON".to_owned());
        }
        drop.extend(
            tables
                .iter()
                .rev()
                .map(|it| format!("DROP TABLE {}", quote(&it.name))),
        );
        let numbers = Self::query_texts(conn, NUMBERS).await.map_err(failed)?;
        for sql in numbers.into_iter().filter(|_| !tables.is_empty()) {
            if let Some((name, _)) = sql.split_once('=') {
                drop.push(format!("{name}= 0"));
            }
            out.make("", sql);
        }
        out.drop = drop;
        Ok(out)
    }
}
