//! PostgreSQL: the catalog, in the server's own words.

mod queries;
mod writer;

use std::collections::{BTreeMap, BTreeSet};

use axum_db::Postgres;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::writer::Writer;
use super::{Definitions, Dump};
use crate::introspect::is_own_table;
use crate::introspect::postgres::LOOKED;
use crate::runner::Queries as _;
use crate::{Error, ErrorKind, Schema};

/// Stands in a statement for the schema in which it runs, where a name alone would find something else.
const HOME: &str = "\u{1}here";

/// Ends an edge that can be kept later, where it would be part of a circle now.
const SOFT: &str = " soft";

/// A thing that stands by itself. The key is its catalog's letter and its number there.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Object {
    key: String,
    kind: String,
    name: String,
    sql: String,
    drop: String,
    /// A sequence: the table that it goes with, and the statement that says so.
    owner: Option<String>,
    owned: Option<String>,
    /// A table or domain: what it says of itself, and what stands around that.
    lines: Vec<String>,
    partition_of: Option<String>,
    /// What makes it a partition, where it is made apart.
    attach: Option<String>,
    constraints: Vec<Constraint>,
    defaults: Vec<ColumnDefault>,
    tail: String,
    after: Vec<Option<String>>,
    /// Defaults that are set when it is there, because another one's columns are its own.
    own_defaults: Vec<OwnDefault>,
    /// A view: one without its query, which has its columns.
    outline: Option<String>,
    /// What fills a materialized view.
    fill: Option<String>,
}

#[derive(Deserialize)]
struct Constraint {
    sql: String,
    name: String,
    /// The key of the table that a foreign key points at.
    target: Option<String>,
    /// It is not valid for the rows that are there, or unique again, which only ALTER TABLE can say.
    later: bool,
    /// The keys of the functions that it calls.
    calls: Vec<String>,
}

#[derive(Deserialize)]
struct ColumnDefault {
    /// Empty for that of a domain.
    column: String,
    sql: String,
    calls: Vec<String>,
}

#[derive(Deserialize)]
struct OwnDefault {
    sql: String,
    undo: String,
    calls: Vec<String>,
}

/// A thing that belongs to a table or view.
#[derive(Deserialize)]
struct Part {
    key: String,
    kind: String,
    name: String,
    sql: String,
    then: Option<String>,
    valid: Option<bool>,
    /// The functions that an index calls: it waits until everything else is there.
    #[serde(default)]
    calls: Vec<String>,
    drop: Option<String>,
}

#[derive(Deserialize)]
struct Comment {
    key: String,
    sql: String,
}

impl Dump for Postgres {
    async fn schemas(conn: &mut Self::Connection) -> Result<Vec<(String, bool)>, Error> {
        rows(conn, queries::OWN_SCHEMAS).await
    }

    async fn domains(conn: &mut Self::Connection) -> Result<BTreeMap<String, String>, Error> {
        let pairs: Vec<(String, String)> = rows(conn, queries::DOMAINS).await?;
        Ok(pairs.into_iter().collect())
    }

    async fn definitions(
        conn: &mut Self::Connection,
        _: &Schema,
        without: &BTreeSet<String>,
    ) -> Result<Definitions, Error> {
        let mut objects: Vec<Object> = Vec::new();
        for sql in [
            queries::COLLATIONS,
            queries::SEARCHES,
            queries::TYPES,
            queries::FUNCTIONS,
            queries::OPERATORS,
            queries::FAMILIES,
            queries::CLASSES,
            queries::CASTS,
            queries::SEQUENCES,
            queries::TABLES,
            queries::VIEWS,
        ] {
            objects.extend(rows::<Object>(conn, sql).await?);
        }
        let left: BTreeSet<String> = objects
            .iter()
            .filter(|it| {
                it.kind == "table" && (is_own_table(&it.name) || without.contains(&it.name))
            })
            .map(|it| it.key.clone())
            .collect();
        objects.retain(|it| {
            !left.contains(&it.key) && it.owner.as_ref().is_none_or(|owner| !left.contains(owner))
        });
        let mut parts: Vec<Part> = rows(conn, queries::PARTS).await?;
        parts.extend(rows::<Part>(conn, queries::PARTITION_INDEXES).await?);
        let comments: Vec<Comment> = rows(conn, queries::COMMENTS).await?;
        let edges = texts(conn, queries::EDGES).await?;
        let mut out = Definitions {
            notes: texts(conn, &looked(queries::NOTES)).await?,
            ..Definitions::default()
        };
        out.notes
            .extend(texts(conn, &looked(queries::OTHER_CASTS)).await?);
        let schemas = texts(conn, &looked(queries::SCHEMAS)).await?;
        for name in &schemas {
            // That one is in every new database.
            let guard = if name == "public" {
                "IF NOT EXISTS "
            } else {
                ""
            };
            out.make("schema", format!("CREATE SCHEMA {guard}{name}"));
        }
        for sql in texts(conn, &looked(queries::EXTENSIONS)).await? {
            out.make("extension", sql);
        }
        Writer {
            objects: &objects,
            parts: &parts,
            edges: edges
                .iter()
                .filter_map(|edge| edge.split_once(' '))
                .filter(|(_, to)| !to.ends_with(SOFT))
                .collect(),
            soft: edges
                .iter()
                .filter_map(|edge| edge.strip_suffix(SOFT)?.split_once(' '))
                .collect(),
        }
        .write(&mut out);
        let known: BTreeSet<&str> = objects.iter().map(|it| it.key.as_str()).collect();
        for comment in comments {
            let of_index = comment.sql.starts_with("COMMENT ON INDEX");
            if known.contains(comment.key.as_str()) || of_index || comment.key.is_empty() {
                out.make("", comment.sql);
            }
        }
        out.drop
            .extend(texts(conn, &looked(queries::EXTENSIONS_TO_DROP)).await?);
        let made = schemas.iter().filter(|name| *name != "public");
        out.drop
            .extend(made.map(|name| format!("DROP SCHEMA {name}")));
        let made = out.create.iter_mut().map(|statement| &mut statement.sql);
        for sql in made.chain(&mut out.drop) {
            *sql = at_home(std::mem::take(sql));
        }
        Ok(out)
    }
}

/// Puts the schema in which a statement runs for the mark that queries leave for it.
fn at_home(sql: String) -> String {
    if !sql.contains(HOME) {
        return sql;
    }
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let words = literal(&sql).replace(HOME, "' || quote_ident(current_schema()) || '");
    format!("DO {}", literal(&format!("BEGIN EXECUTE {words}; END")))
}

type Connection = <Postgres as axum_db::Backend>::Connection;

async fn texts(conn: &mut Connection, sql: &str) -> Result<Vec<String>, Error> {
    Postgres::query_texts(conn, sql)
        .await
        .map_err(|error| Error::database("read the definitions of the PostgreSQL database", error))
}

/// The query, after the schemas that it is about.
fn looked(query: &str) -> String {
    format!("{LOOKED}{query}")
}

async fn rows<T: DeserializeOwned>(conn: &mut Connection, sql: &str) -> Result<Vec<T>, Error> {
    let sql = format!("SELECT value::text AS value FROM ({sql}) rows");
    let rows = texts(conn, &looked(&sql)).await?;
    rows.iter()
        .map(|row| serde_json::from_str(row))
        .collect::<Result<_, _>>()
        .map_err(|error| {
            Error::new(
                ErrorKind::Database,
                "the catalog of the PostgreSQL database answered in an unknown form; \
                 please report it with the version of the server",
            )
            .with_source(error)
        })
}
