//! SQLite keeps every statement as it was typed.

use std::collections::BTreeSet;

use axum_db::{Dialect, Sqlite};
use serde::Deserialize;

use super::{Definitions, Dump};
use crate::introspect::is_own_table;
use crate::runner::Queries as _;
use crate::schema::by_foreign_keys;
use crate::{Error, ErrorKind, Schema};

#[derive(Deserialize)]
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
        let mut out = Definitions::default();
        let sorted = by_foreign_keys(schema.tables.values());
        let place = |name: &str| sorted.iter().position(|table| table.name == name);
        let quote = |name: &str| Dialect::Sqlite.quote(name);
        let of = |kind: &'static str| objects.iter().filter(move |object| object.kind == kind);

        let mut tables: Vec<&Object> = of("table").collect();
        tables.sort_by_key(|object| place(&object.name));
        for object in &tables {
            out.make("table", &object.sql);
        }
        for kind in ["virtual table", "index", "view", "trigger"] {
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
        out.drop = drop;
        Ok(out)
    }
}
