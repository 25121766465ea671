//! PostgreSQL: the catalog, in the server's own words.

mod queries;

use std::collections::{BTreeMap, BTreeSet};

use axum_db::Postgres;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::sort::sort;
use super::{Definitions, Dump};
use crate::introspect::is_own_table;
use crate::introspect::postgres::LOOKED;
use crate::runner::Queries as _;
use crate::{Error, ErrorKind, Schema};

/// Stands in a statement for the schema in which it runs, where a name alone would find something else.
const HOME: &str = "\u{1}here";

/// Ends an edge that need not be kept where that would be a circle.
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
    /// A table: columns, constraints, and what stands around them.
    lines: Vec<String>,
    partition_of: Option<String>,
    /// What makes it a partition, where it is made apart.
    attach: Option<String>,
    constraints: Vec<Constraint>,
    defaults: Vec<ColumnDefault>,
    tail: String,
    after: Vec<Option<String>>,
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
    column: String,
    sql: String,
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
            calls: edges
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

struct Writer<'a> {
    objects: &'a [Object],
    parts: &'a [Part],
    edges: BTreeSet<(&'a str, &'a str)>,
    /// Edges to functions that may need the table that calls them.
    calls: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Writer<'a> {
    fn write(&self, out: &mut Definitions) {
        let by_key: BTreeMap<&str, &Object> = self
            .objects
            .iter()
            .map(|it| (it.key.as_str(), it))
            .collect();
        let nodes = by_key
            .iter()
            .map(|(key, object)| (*key, (rank(&object.kind), object.name.as_str())))
            .collect();
        let keys = self
            .objects
            .iter()
            .flat_map(|it| it.constraints.iter().map(move |key| (it, key)))
            .filter_map(|(it, key)| Some((it.key.as_str(), key.target.as_deref()?)))
            .chain(self.calls.iter().copied())
            .collect();
        let sorted = sort(&nodes, &self.edges, &keys);
        if self.objects.iter().any(|it| it.kind == "function") {
            out.make("", "-- Functions may name what comes after them.\nSET LOCAL check_function_bodies = off");
        }
        let mut made: BTreeSet<&str> = BTreeSet::new();
        let mut later = Vec::new();
        let mut first_drops = Vec::new();
        let mut drops = Vec::new();
        for object in sorted.iter().filter_map(|key| by_key.get(key)) {
            made.insert(&object.key);
            let waits = |calls: &[String]| {
                let mut calls = calls.iter().map(String::as_str);
                calls.any(|it| by_key.contains_key(it) && !made.contains(it))
            };
            if object.kind == "table" {
                let (now, then): (Vec<&Constraint>, Vec<&Constraint>) =
                    object.constraints.iter().partition(|it| {
                        let target = it.target.as_deref();
                        !it.later
                            && target.is_none_or(|target| made.contains(target))
                            && object.partition_of.is_none()
                            && !waits(&it.calls)
                    });
                let alter = object.drop.replacen("DROP TABLE", "ALTER TABLE", 1);
                let mut lines = object.lines.clone();
                for default in object.defaults.iter().filter(|it| waits(&it.calls)) {
                    let ColumnDefault { column, sql, .. } = default;
                    let own = lines
                        .iter_mut()
                        .find(|it| it.starts_with(&format!("{column} ")));
                    if let Some(line) = own {
                        *line = line.replacen(&format!(" DEFAULT {sql}"), "", 1);
                        later.push(format!("{alter} ALTER COLUMN {column} SET DEFAULT {sql}"));
                        first_drops.push(format!("{alter} ALTER COLUMN {column} DROP DEFAULT"));
                    }
                }
                out.make("table", create_table(object, lines, &now));
                if let Some(sql) = &object.attach {
                    out.make("", sql);
                }
                for constraint in then {
                    let sql = format!("{alter} ADD {}", constraint.sql);
                    if constraint.target.is_some() || waits(&constraint.calls) {
                        later.push(sql);
                        first_drops.push(format!(
                            "{alter} DROP CONSTRAINT {}",
                            axum_db::Dialect::Postgres.quote(&constraint.name)
                        ));
                    } else {
                        out.make("", sql);
                    }
                }
                let indexes = self.parts.iter().filter(|it| it.key == object.key);
                first_drops.extend(
                    indexes
                        .filter(|it| waits(&it.calls))
                        .filter_map(|it| it.drop.clone()),
                );
            } else if object.fill.is_some() && self.calls(object) {
                out.make(&object.kind, format!("{}\n WITH NO DATA", object.sql));
            } else {
                out.make(&object.kind, &object.sql);
            }
            self.indexes(object, false, out);
            for sql in object.after.iter().flatten() {
                out.make("", sql);
            }
            match &object.owner {
                // It goes with its table, unless another table counts with it too.
                Some(owner) if !self.is_shared(object, owner) => {}
                Some(_) => {
                    first_drops.push(format!(
                        "{} OWNED BY NONE",
                        object.drop.replacen("DROP", "ALTER", 1)
                    ));
                    drops.push(object.drop.clone());
                }
                // A partition goes with its table.
                None if object.partition_of.is_some() => {}
                None => drops.push(object.drop.clone()),
            }
        }
        let owned = self
            .objects
            .iter()
            .filter_map(|it| it.owned.clone().filter(|_| it.owner.is_some()));
        for sql in later.into_iter().chain(owned) {
            out.make("", sql);
        }
        for object in sorted.iter().filter_map(|key| by_key.get(key)) {
            if let Some(sql) = object.fill.as_ref().filter(|_| self.calls(object)) {
                out.make("", sql);
            }
            self.indexes(object, true, out);
        }
        for part in self.parts.iter().filter(|part| part.kind != "index") {
            if let Some(object) = by_key.get(part.key.as_str()) {
                // What may read other tables goes before them.
                if matches!(part.kind.as_str(), "rule" | "policy")
                    && let Some((_, name)) = ["TABLE ", "VIEW "]
                        .iter()
                        .find_map(|word| object.drop.split_once(word))
                {
                    first_drops.push(format!(
                        "DROP {} {} ON {name}",
                        part.kind.to_uppercase(),
                        axum_db::Dialect::Postgres.quote(&part.name)
                    ));
                }
                out.make(&part.kind, &part.sql);
                if let Some(sql) = &part.then {
                    out.make("", sql);
                }
            }
        }
        out.drop = first_drops;
        out.drop.extend(drops.into_iter().rev());
    }

    fn indexes(&self, object: &Object, late: bool, out: &mut Definitions) {
        let mut indexes: Vec<&Part> = self
            .parts
            .iter()
            .filter(|part| {
                part.kind == "index" && part.key == object.key && part.calls.is_empty() != late
            })
            .collect();
        indexes.sort_by_key(|index| &index.name);
        for index in indexes {
            if index.valid == Some(false) {
                out.notes.push(format!(
                    "that the index {} is not valid, because CREATE INDEX CONCURRENTLY failed once: REINDEX it",
                    index.name
                ));
            }
            out.make("index", &index.sql);
            for sql in index.then.iter().filter(|sql| !sql.is_empty()) {
                out.make("", sql);
            }
        }
    }

    /// Whether a view comes to call functions of the database, which may read what is made after it.
    fn calls(&self, view: &Object) -> bool {
        let mut seen = BTreeSet::from([view.key.as_str()]);
        let mut waiting = vec![view.key.as_str()];
        while let Some(from) = waiting.pop() {
            for (_, to) in self.edges.iter().filter(|(key, _)| *key == from) {
                if to.starts_with(['p', 'o']) {
                    return true;
                }
                let is_view = |it: &Object| it.key == *to && it.kind.ends_with("view");
                if self.objects.iter().any(is_view) && seen.insert(to) {
                    waiting.push(to);
                }
            }
        }
        false
    }

    fn is_shared(&self, sequence: &Object, owner: &str) -> bool {
        self.edges
            .iter()
            .any(|(from, to)| *to == sequence.key && *from != owner && from.starts_with('c'))
    }
}

fn rank(kind: &str) -> usize {
    const ORDER: [&str; 14] = [
        "collation",
        "text search dictionary",
        "text search configuration",
        "enum",
        "domain",
        "type",
        "function",
        "operator",
        "operator family",
        "operator class",
        "cast",
        "sequence",
        "table",
        "view",
    ];
    ORDER
        .iter()
        .position(|own| *own == kind)
        .unwrap_or(usize::MAX)
}

fn create_table(table: &Object, mut lines: Vec<String>, constraints: &[&Constraint]) -> String {
    if let Some(bound) = table
        .partition_of
        .as_ref()
        .filter(|_| table.attach.is_none())
    {
        return format!("{} PARTITION OF {bound}{}", table.sql, table.tail);
    }
    lines.extend(constraints.iter().map(|it| it.sql.clone()));
    let body = if lines.is_empty() {
        "()".to_owned()
    } else {
        format!("(\n  {}\n)", lines.join(",\n  "))
    };
    format!("{} {body}{}", table.sql, table.tail)
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
