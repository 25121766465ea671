//! The statements in an order that works. What would be a circle is said in two steps: first what others need of it, and
//! the rest when everything is there.

use std::collections::{BTreeMap, BTreeSet};

use axum_db::Dialect;

use super::super::Definitions;
use super::super::sort::{Place, sort};
use super::{ColumnDefault, Constraint, Object, Part};

pub(super) struct Writer<'a> {
    pub(super) objects: &'a [Object],
    pub(super) parts: &'a [Part],
    pub(super) edges: BTreeSet<(&'a str, &'a str)>,
    /// Edges that are the second step's, where that is needed.
    pub(super) soft: BTreeSet<(&'a str, &'a str)>,
}

/// What is not said where an object is made: at the end of the script, and at the beginning of the one that undoes it.
#[derive(Default)]
struct Later {
    up: Vec<String>,
    down: Vec<String>,
    /// There are columns' defaults among it.
    has_defaults: bool,
}

impl Later {
    fn add(&mut self, up: String, down: String) {
        self.up.push(up);
        self.down.push(down);
    }

    fn add_default(&mut self, up: String, down: String) {
        self.has_defaults = true;
        self.add(up, down);
    }
}

/// What has been made so far, of what there is.
struct Made<'a> {
    of: BTreeMap<&'a str, &'a Object>,
    keys: BTreeSet<&'a str>,
}

impl Made<'_> {
    fn lacks(&self, key: &str) -> bool {
        self.of.contains_key(key) && !self.keys.contains(key)
    }

    fn lacks_any(&self, keys: &[String]) -> bool {
        keys.iter().any(|key| self.lacks(key))
    }
}

const BODIES_OFF: &str = "SET LOCAL check_function_bodies = off";

impl<'a> Writer<'a> {
    pub(super) fn write(&self, out: &mut Definitions) {
        let by_key: BTreeMap<&str, &Object> = self
            .objects
            .iter()
            .map(|it| (it.key.as_str(), it))
            .collect();
        let places = by_key.iter().map(|(key, object)| (*key, place(object)));
        let keys = self
            .objects
            .iter()
            .flat_map(|it| it.constraints.iter().map(move |key| (it, key)))
            .filter_map(|(it, key)| Some((it.key.as_str(), key.target.as_deref()?)))
            .chain(self.soft.iter().copied())
            .collect();
        let sorted = sort(&places.collect(), &self.edges, &keys);
        if self.objects.iter().any(|it| it.kind == "function") {
            out.make(
                "",
                format!("-- Functions may name what comes after them.\n{BODIES_OFF}"),
            );
        }
        let mut made = Made {
            of: by_key,
            keys: BTreeSet::new(),
        };
        let mut later = Later::default();
        let mut drops = Vec::new();
        for object in sorted.iter().filter_map(|key| made.of.get(key).copied()) {
            made.keys.insert(&object.key);
            let mut soft = self.soft.iter().filter(|(from, _)| *from == object.key);
            let outline = object
                .outline()
                .filter(|_| soft.any(|(_, to)| made.lacks(to)));
            if matches!(object.kind.as_str(), "table" | "domain") {
                self.piecewise(object, &made, &mut later, out);
            } else if let Some(outline) = outline {
                later.add(or_replace(&object.sql), or_replace(&outline));
                if object.kind == "function" && !later.down.iter().any(|it| it == BODIES_OFF) {
                    later.down.insert(0, BODIES_OFF.to_owned());
                }
                let outline =
                    format!("-- In outline: it needs what needs it. The rest is below.\n{outline}");
                out.make(&object.kind, outline);
            } else if object.fill.is_some() && self.calls(object) {
                out.make(&object.kind, format!("{}\n WITH NO DATA", object.sql));
            } else {
                out.make(&object.kind, &object.sql);
            }
            self.indexes(object, false, out);
            for sql in object.after.iter().flatten() {
                out.make("", sql);
            }
            for default in &object.own_defaults {
                // One of a parent that comes later reaches its children, too.
                if made.lacks_any(&default.calls) || later.has_defaults {
                    later.add_default(default.sql.clone(), default.undo.clone());
                } else {
                    out.make("", &default.sql);
                }
            }
            match &object.owner {
                // It goes with its table, unless another table counts with it too.
                Some(owner) if !self.is_shared(object, owner) => {}
                Some(_) => {
                    later.down.push(format!("{} OWNED BY NONE", object.alter()));
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
        for sql in later.up.drain(..).chain(owned) {
            out.make("", sql);
        }
        for object in sorted.iter().filter_map(|key| made.of.get(key)) {
            if let Some(sql) = object.fill.as_ref().filter(|_| self.calls(object)) {
                out.make("", sql);
            }
            self.indexes(object, true, out);
        }
        for part in self.parts.iter().filter(|part| part.kind != "index") {
            if let Some(object) = made.of.get(part.key.as_str()) {
                // What may read other tables goes before them.
                if matches!(part.kind.as_str(), "rule" | "policy")
                    && let Some((_, name)) = ["TABLE ", "VIEW "]
                        .iter()
                        .find_map(|word| object.drop.split_once(word))
                {
                    later.down.push(format!(
                        "DROP {} {} ON {name}",
                        part.kind.to_uppercase(),
                        Dialect::Postgres.quote(&part.name)
                    ));
                }
                out.make(&part.kind, &part.sql);
                if let Some(sql) = &part.then {
                    out.make("", sql);
                }
            }
        }
        out.drop = later.down;
        out.drop.extend(drops.into_iter().rev());
    }

    /// A table or domain: what it says of itself can be added to it.
    fn piecewise(
        &self,
        object: &Object,
        made: &Made<'_>,
        later: &mut Later,
        out: &mut Definitions,
    ) {
        let alter = object.alter();
        let (now, then): (Vec<&Constraint>, Vec<&Constraint>) =
            object.constraints.iter().partition(|it| {
                let target = it.target.as_deref();
                !it.later
                    && target.is_none_or(|target| made.keys.contains(target))
                    && object.partition_of.is_none()
                    && !made.lacks_any(&it.calls)
            });
        let mut lines = object.lines.clone();
        let waiting = object.defaults.iter();
        for ColumnDefault { column, sql, .. } in waiting.filter(|it| made.lacks_any(&it.calls)) {
            let own = lines
                .iter_mut()
                .find(|it| it.starts_with(&format!("{column} ")));
            if let Some(line) = own {
                *line = line.replacen(&format!(" DEFAULT {sql}"), "", 1);
                let alter = match column.as_str() {
                    "" => alter.clone(),
                    column => format!("{alter} ALTER COLUMN {column}"),
                };
                later.add_default(
                    format!("{alter} SET DEFAULT {sql}"),
                    format!("{alter} DROP DEFAULT"),
                );
            }
        }
        let create = match object.kind.as_str() {
            "domain" => create_domain(object, &lines, &now),
            _ => create_table(object, lines, &now),
        };
        out.make(&object.kind, create);
        if let Some(sql) = &object.attach {
            out.make("", sql);
        }
        for constraint in then {
            let sql = format!("{alter} ADD {}", constraint.sql);
            if constraint.target.is_some() || made.lacks_any(&constraint.calls) {
                let name = Dialect::Postgres.quote(&constraint.name);
                later.add(sql, format!("{alter} DROP CONSTRAINT {name}"));
            } else {
                out.make("", sql);
            }
        }
        let indexes = self.parts.iter().filter(|it| it.key == object.key);
        let waiting = indexes.filter(|it| made.lacks_any(&it.calls));
        later.down.extend(waiting.filter_map(|it| it.drop.clone()));
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
            for (_, to) in self.all_edges().filter(|(key, _)| *key == from) {
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
        self.all_edges()
            .any(|(from, to)| *to == sequence.key && *from != owner && from.starts_with('c'))
    }

    fn all_edges(&self) -> impl Iterator<Item = &(&'a str, &'a str)> {
        self.edges.iter().chain(&self.soft)
    }
}

impl Object {
    /// The words that begin a change of it.
    fn alter(&self) -> String {
        self.drop.replacen("DROP", "ALTER", 1)
    }

    /// A statement that makes what others see of it, and CREATE OR REPLACE the rest.
    fn outline(&self) -> Option<String> {
        let body = ["\nBEGIN ATOMIC\n", "\nRETURN "];
        match self.kind.as_str() {
            "function" => body
                .iter()
                .find_map(|body| self.sql.split_once(body))
                .map(|(head, _)| format!("{head}\nAS ''")),
            _ => self.outline.clone(),
        }
    }
}

fn or_replace(create: &str) -> String {
    create.replacen("CREATE", "CREATE OR REPLACE", 1)
}

/// Those that need others less come first; what is made in two steps is rather a table than a function.
fn place(object: &Object) -> Place<'_> {
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
    const COSTS: [&str; 4] = ["table", "view", "function", "domain"];
    let at = |all: &[&str]| all.iter().position(|own| *own == object.kind);
    Place {
        rank: at(&ORDER).unwrap_or(usize::MAX),
        name: &object.name,
        cost: at(&COSTS).unwrap_or(usize::MAX),
    }
}

fn create_domain(domain: &Object, lines: &[String], constraints: &[&Constraint]) -> String {
    let constraints = constraints.iter().map(|it| format!(" {}", it.sql));
    let said: String = lines.iter().cloned().chain(constraints).collect();
    format!("{}{said}", domain.sql)
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
