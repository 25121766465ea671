//! What a table's keys, unique constraints and indexes are as arguments.

use std::collections::BTreeSet;

use axum_db::Dialect;

use super::TableWriter;
use crate::models::names;
use crate::schema::{Action, Deferrable, ForeignKey, Index, IndexKey, KeyTarget, Table, Unique};

impl TableWriter<'_> {
    pub(super) fn foreign_keys(&mut self) {
        let mut relations = BTreeSet::new();
        let mut referencing = BTreeSet::new();
        for key in &self.table.foreign_keys {
            let Some(target) = self
                .world
                .schema
                .tables
                .get(&key.table)
                .filter(|_| self.world.has_model(&key.table))
            else {
                self.notes.push(format!(
                    "The foreign key ({}) is to `{}`, which has no model; migrations leave it alone.",
                    key.columns.join(", "),
                    key.table
                ));
                continue;
            };
            if !key.fits(target) {
                self.notes.push(format!(
                    "The foreign key ({}) points at columns that `{}` does not have as its key, or at all; migrations leave \
                     it alone.",
                    key.columns.join(", "),
                    key.table
                ));
                continue;
            }
            if key.is_refused_by_models(self.table) {
                self.notes.push(format!(
                    "The foreign key ({}) sets what is required to NULL, or to a default that is not there, which a model \
                     refuses; migrations leave it alone.",
                    key.columns.join(", ")
                ));
                continue;
            }
            let model = &self.world.structs[target.name.as_str()];
            let mut arguments = vec![format!("references = {model}")];
            let is_key = target
                .primary_key
                .as_ref()
                .is_some_and(|own| own.columns == key.referenced);
            if let ([column], true) = (key.columns.as_slice(), is_key)
                && self.fits(column, key, target)
                && referencing.insert(column.as_str())
            {
                arguments.push(format!(
                    "relation = {}",
                    names::relation(column, &target.name, &mut relations)
                ));
                arguments.extend(rules(key));
                if key.table != self.table.name
                    && target.name < self.table.name
                    && target
                        .foreign_keys
                        .iter()
                        .any(|back| back.table == self.table.name)
                {
                    arguments.push("no_join".to_owned());
                }
                if let Some(name) = own_name(key.name.as_deref(), self.name, &key.columns, "fkey") {
                    arguments.push(format!("constraint = {name:?}"));
                }
                for argument in arguments {
                    self.say(column, argument);
                }
                continue;
            }
            let mut all = self.list(&key.columns);
            all.append(&mut arguments);
            if !is_key {
                let columns: Vec<String> = key
                    .referenced
                    .iter()
                    .map(|name| format!("{name:?}"))
                    .collect();
                all.push(format!("to({})", columns.join(", ")));
            }
            all.extend(rules(key));
            if let Some(name) = own_name(key.name.as_deref(), self.name, &key.columns, "fkey") {
                all.push(format!("name = {name:?}"));
            }
            self.on_struct
                .push(format!("foreign_key({})", all.join(", ")));
        }
    }

    /// Whether the field and the key it points at have one type, and one that joins.
    fn fits(&self, column: &str, key: &ForeignKey, target: &Table) -> bool {
        let own = &self.fields[column].ty;
        let sets_null = [key.on_delete, key.on_update].contains(&Action::SetNull);
        let nullable = self
            .table
            .column(column)
            .is_some_and(|column| column.nullable);
        key.referenced
            .first()
            .and_then(|name| target.column(name))
            .is_some_and(|referenced| {
                self.world.rust_type(target, referenced).name == own.name
                    && own.joins()
                    && (!sets_null || nullable)
            })
    }

    pub(super) fn uniques(&mut self) {
        let mut said = BTreeSet::new();
        for unique in &self.table.uniques {
            let is_key = self
                .table
                .primary_key
                .as_ref()
                .is_some_and(|key| key.columns == unique.columns);
            let again = !said.insert(unique.columns.as_slice()) || is_key;
            if again && self.world.dialect != Dialect::Mysql {
                self.notes.push(format!(
                    "({}) is unique by more than one constraint; migrations leave the others alone.",
                    unique.columns.join(", ")
                ));
                continue;
            }
            let is_mysql = self.world.dialect == Dialect::Mysql;
            if again || is_mysql && !unique.suffixes.is_empty() {
                // A model has prefixes, and what is unique twice, as indexes, which are the same on MySQL.
                let index = as_index(unique);
                let rule = self.index(&index, &index.keys);
                self.on_struct.push(rule);
                continue;
            }
            let mut options = Vec::new();
            options.extend(deferrable(unique.deferrable).map(str::to_owned));
            if unique.nulls_not_distinct {
                options.push("nulls_not_distinct".to_owned());
            }
            if !unique.include.is_empty() {
                options.push(format!(
                    "include({})",
                    self.list(&unique.include).join(", ")
                ));
            }
            if let Some(name) = own_name(unique.name.as_deref(), self.name, &unique.columns, "key")
            {
                options.push(format!("name = {name:?}"));
            }
            match unique.columns.as_slice() {
                [column] => {
                    self.say(column, rule("unique", &[], &options));
                }
                columns => {
                    let columns = self.list(columns);
                    self.on_struct.push(rule("unique", &columns, &options));
                }
            }
        }
    }

    pub(super) fn indexes(&mut self) {
        for index in &self.table.indexes {
            match index.keys.as_slice() {
                [
                    IndexKey {
                        target: KeyTarget::Column(column),
                        ..
                    },
                ] => {
                    let Some(column) = self.table.column(column) else {
                        continue;
                    };
                    let rule = self.index(index, &[]);
                    self.say(&column.name, rule);
                }
                keys => {
                    let rule = self.index(index, keys);
                    self.on_struct.push(rule);
                }
            }
        }
    }

    /// `index(…)`: with `keys`, or, on a field, without.
    fn index(&self, index: &Index, keys: &[IndexKey]) -> String {
        let mut options = Vec::new();
        if keys.is_empty() {
            options.extend(
                index
                    .keys
                    .iter()
                    .flat_map(|key| suffix(self.world.dialect, &key.suffix)),
            );
        }
        if index.unique {
            options.push("unique".to_owned());
        }
        if let Some(method) = &index.method {
            options.push(format!("using = {:?}", method.to_lowercase()));
        }
        if !index.include.is_empty() {
            options.push(format!("include({})", self.list(&index.include).join(", ")));
        }
        if index.nulls_not_distinct {
            options.push("nulls_not_distinct".to_owned());
        }
        if let Some(predicate) = &index.predicate {
            options.push(format!("where = {predicate:?}"));
        }
        let columns: Vec<String> = index.columns().map(str::to_owned).collect();
        let plain = columns.len() == index.keys.len();
        let name = Some(index.name.as_str());
        let name = if plain {
            own_name(name, self.name, &columns, "idx")
        } else {
            name
        };
        options.extend(name.map(|name| format!("name = {name:?}")));
        let keys: Vec<String> = keys
            .iter()
            .map(|key| {
                let suffix = suffix(self.world.dialect, &key.suffix).join(", ");
                match &key.target {
                    KeyTarget::Column(column) => {
                        let field = self.list(std::slice::from_ref(column)).concat();
                        if suffix.is_empty() {
                            field
                        } else {
                            format!("{field}({suffix})")
                        }
                    }
                    KeyTarget::Expression(sql) if suffix.is_empty() => format!("expr({sql:?})"),
                    KeyTarget::Expression(sql) => format!("expr({sql:?}, {suffix})"),
                }
            })
            .collect();
        rule("index", &keys, &options)
    }
}

/// `word`, or `word(a, b, option)`.
fn rule(word: &str, keys: &[String], options: &[String]) -> String {
    let all: Vec<&str> = keys.iter().chain(options).map(String::as_str).collect();
    if all.is_empty() {
        word.to_owned()
    } else {
        format!("{word}({})", all.join(", "))
    }
}

/// The name of a constraint or index, where it is not the one that a model gives it.
fn own_name<'n>(
    name: Option<&'n str>,
    table: &str,
    columns: &[String],
    end: &str,
) -> Option<&'n str> {
    name.filter(|name| *name != format!("{table}_{}_{end}", columns.join("_")))
}

fn rules(key: &ForeignKey) -> Vec<String> {
    let mut rules = Vec::new();
    for (event, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
        let action = match action {
            Action::NoAction => continue,
            Action::Restrict => "restrict",
            Action::Cascade => "cascade",
            Action::SetNull => "set_null",
            Action::SetDefault => "set_default",
        };
        rules.push(format!("{event} = {action}"));
    }
    rules.extend(deferrable(key.deferrable).map(str::to_owned));
    rules
}

fn deferrable(deferrable: Option<Deferrable>) -> Option<&'static str> {
    deferrable.map(|it| match it {
        Deferrable::Immediate => "deferrable",
        Deferrable::Deferred => "initially_deferred",
    })
}

/// What follows a key of an index, as arguments.
pub(super) fn suffix(dialect: Dialect, sql: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = sql.trim();
    if dialect == Dialect::Mysql
        && let Some((length, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'))
    {
        arguments.push(format!("length = {length}"));
        rest = after.trim();
    }
    let mut order = Vec::new();
    for (end, words) in [
        ("DESC NULLS LAST", &["desc", "nulls_last"][..]),
        ("NULLS FIRST", &["nulls_first"]),
        ("DESC", &["desc"]),
    ] {
        if let Some(before) = rest.strip_suffix(end) {
            rest = before.trim();
            order.extend(words.iter().map(|word| (*word).to_owned()));
            break;
        }
    }
    if let Some(named) = rest.strip_prefix("COLLATE ") {
        let end = crate::token::tokens(named)
            .first()
            .map_or(named.len(), crate::token::Token::end);
        let name = named[..end].trim_matches('"').replace("\"\"", "\"");
        arguments.push(format!("collation = {name:?}"));
        rest = named[end..].trim();
    }
    if !rest.is_empty() {
        arguments.push(format!("opclass = {rest:?}"));
    }
    arguments.extend(order);
    arguments
}

/// On MySQL, where the two are one.
fn as_index(unique: &Unique) -> Index {
    let suffix = |at: usize| unique.suffixes.get(at).cloned().unwrap_or_default();
    let keys = unique
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| IndexKey {
            target: KeyTarget::Column(column.clone()),
            suffix: suffix(at),
        });
    Index {
        name: unique.name.clone().unwrap_or_default(),
        unique: true,
        keys: keys.collect(),
        ..Index::default()
    }
}
