//! A database's objects as the statements that make them: what a baseline is written from.
//!
//! Where a server can write a statement itself (`pg_get_viewdef`, `SHOW CREATE`, `sqlite_schema`), its own words are
//! taken: they hold what [`Schema`](crate::Schema) has no place for.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod sort;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use crate::runner::Queries;
use crate::{Error, Schema};

/// The statements that make a database's objects in an empty one, in an order that works, and those that take them
/// away again.
#[derive(Debug, Default)]
pub struct Definitions {
    pub(crate) create: Vec<Statement>,
    pub(crate) drop: Vec<String>,
    /// What cannot be said in a script, each as a sentence.
    pub(crate) notes: Vec<String>,
    /// The tables and indexes that are not in the script, because only the application can make them (SQLite).
    pub(crate) left: BTreeSet<String>,
}

/// A statement, and the kind of object that it makes.
#[derive(Debug)]
pub(crate) struct Statement {
    /// `table`, `view`…; empty for what belongs to an object that was made before.
    pub(crate) kind: String,
    pub(crate) sql: String,
}

impl Statement {
    pub(crate) fn makes_type(&self) -> bool {
        matches!(self.kind.as_str(), "enum" | "domain" | "type")
    }
}

impl Definitions {
    /// Takes what is not in the script out of what the database is.
    pub(crate) fn leave_out(&self, live: &mut Schema) {
        live.tables.retain(|name, _| !self.left.contains(name));
        for table in live.tables.values_mut() {
            table
                .indexes
                .retain(|index| !self.left.contains(&index.name));
        }
    }

    fn make(&mut self, kind: &str, sql: impl Into<String>) {
        self.create.push(Statement {
            kind: kind.to_owned(),
            sql: sql.into(),
        });
    }

    /// The scripts: up and down.
    pub(crate) fn scripts(&self) -> (String, String) {
        let mut up = String::new();
        for note in &self.notes {
            up.push_str(&format!("-- Not here: {}\n", note.replace('\n', " ")));
        }
        for statement in &self.create {
            if matches!(statement.kind.as_str(), "table" | "view" | "function") && !up.is_empty() {
                up.push('\n');
            }
            up.push_str(&ended(&statement.sql));
        }
        (up, self.drop.iter().map(|sql| ended(sql)).collect())
    }

    /// How many objects of each kind there are, in the order of their first.
    pub(crate) fn counts(&self) -> Vec<(&str, usize)> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for statement in self.create.iter().filter(|it| !it.kind.is_empty()) {
            match counts.iter_mut().find(|(kind, _)| *kind == statement.kind) {
                Some((_, count)) => *count += 1,
                None => counts.push((&statement.kind, 1)),
            }
        }
        counts
    }
}

/// A statement with its semicolon, which a comment on its last line must not swallow.
fn ended(sql: &str) -> String {
    let sql = sql.trim_end().trim_end_matches(';').trim_end();
    let last = sql.lines().next_back().unwrap_or_default();
    let between = if last.contains("--") || last.contains('#') {
        "\n"
    } else {
        ""
    };
    format!("{sql}{between};\n")
}

/// Reads the definitions of an engine's objects; part of [`Engine`](crate::Engine) and not for users.
#[doc(hidden)]
pub trait Dump: Queries {
    /// The definitions of everything in the database but the tables in `without` and those of the migrations;
    /// `schema` is what introspection says of it.
    fn definitions(
        conn: &mut Self::Connection,
        schema: &Schema,
        without: &BTreeSet<String>,
    ) -> impl Future<Output = Result<Definitions, Error>> + Send;

    /// The schemas that have something of a user's own, and whether each is the current one. Default: there are none.
    fn schemas(
        _: &mut Self::Connection,
    ) -> impl Future<Output = Result<Vec<(String, bool)>, Error>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// The types under the domains, by the domains' names as columns have them. Default: there are none.
    fn domains(
        _: &mut Self::Connection,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, Error>> + Send {
        std::future::ready(Ok(BTreeMap::new()))
    }
}
