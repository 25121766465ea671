//! One table as a struct.

use std::collections::{BTreeMap, BTreeSet};

use axum_db::Dialect;

use super::types::{Kind, RustType};
use super::{World, comment, defaults, names};
use crate::schema::{
    Action, Auto, Column, Deferrable, ForeignKey, Index, IndexKey, KeyTarget, Table, Unique,
};

/// Why a table can have no model, if so.
pub(super) fn lacks(world: &World<'_>, table: &Table) -> Option<&'static str> {
    if table.primary_key.is_none() {
        return Some("it has no primary key, which a model needs");
    }
    let written = |column: &Column| {
        !is_numbered(world.dialect, table, column)
            && column.generated.is_none()
            && (column.default.is_none() || !column.nullable)
    };
    (!table.columns.iter().any(written))
        .then_some("it has no column that an INSERT names, which a model needs")
}

/// Whether the server counts the column.
fn is_numbered(dialect: Dialect, table: &Table, column: &Column) -> bool {
    column.auto.is_some()
        || dialect == Dialect::Sqlite
            && column.ty == "INTEGER"
            && !table.options.without_rowid
            && is_whole_key(table, &column.name)
}

fn is_whole_key(table: &Table, column: &str) -> bool {
    table
        .primary_key
        .as_ref()
        .is_some_and(|key| key.columns == [column])
}

pub(super) struct TableWriter<'a> {
    world: &'a World<'a>,
    table: &'a Table,
    /// By column: the field's name, whether it says the column's, and the type.
    fields: BTreeMap<&'a str, Field>,
    /// The arguments of the struct.
    on_struct: Vec<String>,
    /// The arguments of the fields, by column.
    on_field: BTreeMap<&'a str, Vec<String>>,
    notes: Vec<String>,
}

struct Field {
    name: String,
    says_column: bool,
    ty: RustType,
}

impl<'a> TableWriter<'a> {
    pub(super) fn new(world: &'a World<'a>, table: &'a Table) -> Self {
        let mut taken = BTreeSet::new();
        let fields = table
            .columns
            .iter()
            .map(|column| {
                let (name, says_column) = names::field(&column.name, &mut taken);
                let ty = world.rust_type(table, column);
                (
                    column.name.as_str(),
                    Field {
                        name,
                        says_column,
                        ty,
                    },
                )
            })
            .collect();
        Self {
            world,
            table,
            fields,
            on_struct: vec![format!("table = {:?}", table.name)],
            on_field: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn write(mut self) -> String {
        if let Some(reason) = lacks(self.world, self.table) {
            let columns: Vec<String> = self
                .table
                .columns
                .iter()
                .map(|column| format!("{} {}", column.name, column.ty))
                .collect();
            return comment(
                "// ",
                &format!(
                    "The table `{}` has no model: {reason}.\n    {}",
                    self.table.name,
                    columns.join(", ")
                ),
            );
        }
        self.options();
        self.key();
        self.columns();
        self.foreign_keys();
        self.uniques();
        self.indexes();
        for check in &self.table.checks {
            self.on_struct.push(match &check.name {
                Some(name) => format!("check({:?}, name = {name:?})", check.expression),
                None => format!("check = {:?}", check.expression),
            });
        }
        self.source()
    }

    fn source(mut self) -> String {
        self.give_insert_a_column();
        let mut text = String::new();
        for note in &self.notes {
            text.push_str(&comment("// ", note));
        }
        if let Some(words) = &self.table.options.comment {
            text.push_str(&comment("/// ", words));
        }
        let one = format!("#[model({})]\n", self.on_struct.join(", "));
        if one.len() <= 100 {
            text.push_str(&one);
        } else {
            text.push_str(&format!(
                "#[model(\n    {},\n)]\n",
                self.on_struct.join(",\n    ")
            ));
        }
        text.push_str(&format!(
            "#[derive(Debug, Clone)]\npub struct {} {{\n",
            self.world.structs[self.table.name.as_str()]
        ));
        for column in &self.table.columns {
            let field = &self.fields[column.name.as_str()];
            if let Some(words) = &column.comment {
                text.push_str(&comment("    /// ", words));
            }
            if field.ty.kind == Kind::Raw {
                text.push_str(
                    "    // The bytes that the server sends; a `sql_type` of Diesel's may fit better.\n",
                );
            }
            let mut arguments = Vec::new();
            if !field.says_column {
                arguments.push(format!("column = {:?}", column.name));
            }
            arguments.extend(
                self.on_field
                    .remove(column.name.as_str())
                    .unwrap_or_default(),
            );
            if !arguments.is_empty() {
                let one = format!("    #[model({})]\n", arguments.join(", "));
                if one.len() <= 100 {
                    text.push_str(&one);
                } else {
                    text.push_str(&format!(
                        "    #[model(\n        {}\n    )]\n",
                        arguments.join(",\n        ")
                    ));
                }
            }
            let ty = if column.nullable && !self.is_key(&column.name) {
                format!("Option<{}>", field.ty.name)
            } else {
                field.ty.name.clone()
            };
            text.push_str(&format!("    pub {}: {ty},\n", field.name));
        }
        text.push_str("}\n");
        text
    }

    fn options(&mut self) {
        let options = &self.table.options;
        if let Some(words) = &options.comment {
            self.on_struct.push(format!("comment = {words:?}"));
        }
        let mut sqlite = Vec::new();
        sqlite.extend(options.strict.then(|| "strict".to_owned()));
        sqlite.extend(options.without_rowid.then(|| "without_rowid".to_owned()));
        let mut mysql = Vec::new();
        mysql.extend(
            options
                .engine
                .as_ref()
                .map(|engine| format!("engine = {engine:?}")),
        );
        mysql.extend(
            options
                .collation
                .as_ref()
                .map(|name| format!("collation = {name:?}")),
        );
        for (engine, arguments) in [("sqlite", sqlite), ("mysql", mysql)] {
            if !arguments.is_empty() {
                self.on_struct
                    .push(format!("{engine}({})", arguments.join(", ")));
            }
        }
    }

    fn is_key(&self, column: &str) -> bool {
        self.table
            .primary_key
            .iter()
            .any(|key| key.columns.iter().any(|own| own == column))
    }

    fn say(&mut self, column: &'a str, argument: impl Into<String>) {
        self.on_field
            .entry(column)
            .or_default()
            .push(argument.into());
    }

    fn list(&self, columns: &[String]) -> Vec<String> {
        columns
            .iter()
            .map(|column| {
                self.fields
                    .get(column.as_str())
                    .map_or_else(|| column.clone(), |field| field.name.clone())
            })
            .collect()
    }

    fn key(&mut self) {
        let Some(key) = &self.table.primary_key else {
            return;
        };
        let as_columns: Vec<&String> = self
            .table
            .columns
            .iter()
            .map(|column| &column.name)
            .filter(|name| key.columns.contains(name))
            .collect();
        if as_columns.iter().copied().eq(&key.columns) {
            for column in &key.columns {
                self.say(column, "primary_key");
            }
        } else {
            self.on_struct.push(format!(
                "primary_key({})",
                self.list(&key.columns).join(", ")
            ));
        }
    }

    fn columns(&mut self) {
        let dialect = self.world.dialect;
        for column in &self.table.columns {
            let name = column.name.as_str();
            let rust = &self.fields[name].ty;
            let kind = rust.kind;
            let numbered = is_numbered(dialect, self.table, column);
            let arguments: Vec<String> = rust
                .arguments
                .iter()
                // The type of what it counts is SQLite's own.
                .filter(|it| {
                    !(numbered && dialect == Dialect::Sqlite && it.starts_with("column_type"))
                })
                .cloned()
                .collect();
            let variant = |label: &str| {
                let own = self.world.enum_of(self.table, column)?;
                let at = own.labels.iter().position(|it| it == label)?;
                own.variants.get(at).cloned()
            };
            let default = defaults::literal(dialect, column, rust, variant);
            for argument in arguments {
                self.say(name, argument);
            }
            self.number(column, kind, numbered);
            if let Some(sql) = &column.default {
                self.say(
                    name,
                    default.map_or_else(
                        || format!("default_sql = {sql:?}"),
                        |value| format!("default = {value}"),
                    ),
                );
            }
            if let Some(generated) = &column.generated {
                self.say(
                    name,
                    if generated.stored {
                        format!("generated = {:?}", generated.expression)
                    } else {
                        format!("generated({:?}, virtual)", generated.expression)
                    },
                );
            }
            if let Some(collation) = &column.collation
                && !self.fields[name]
                    .ty
                    .name
                    .starts_with("axum_db::types::Json")
            {
                let bare = collation.trim_matches('"').replace("\"\"", "\"");
                self.say(name, format!("collation = {bare:?}"));
            }
            if let Some(words) = &column.comment {
                self.say(name, format!("comment = {words:?}"));
            }
            if let Some(sql) = &column.on_update {
                self.say(name, format!("mysql(on_update_sql = {sql:?})"));
            }
            if let Some(check) = &column.check
                && !self.fields[name]
                    .ty
                    .name
                    .starts_with("axum_db::types::Json")
            {
                self.say(name, format!("check = {check:?}"));
            }
        }
    }

    /// Says how the column is numbered, where the model would not have it by itself.
    fn number(&mut self, column: &'a Column, kind: Kind, numbered: bool) {
        let name = column.name.as_str();
        let is_reference = self
            .table
            .foreign_keys
            .iter()
            .any(|key| key.columns.iter().any(|own| own == name));
        let by_itself = kind == Kind::Integer
            && is_whole_key(self.table, name)
            && !is_reference
            && column.default.is_none()
            && column.generated.is_none();
        match (&column.auto, self.world.dialect) {
            (Some(Auto::Identity { always: true, .. }), _) => self.say(name, "identity = always"),
            (Some(Auto::Identity { always: false, .. } | Auto::Serial { .. }), _) if !by_itself => {
                self.say(name, "identity");
            }
            (Some(Auto::Increment), _) if !by_itself && self.is_key(name) => {
                self.say(name, "auto_increment")
            }
            (Some(Auto::Increment), _) if !by_itself => {
                self.notes.push(format!(
                    "AUTO_INCREMENT of the column `{name}` has no words: it is not in the key."
                ));
            }
            (None, Dialect::Sqlite) if numbered => {
                if !by_itself {
                    self.say(name, "auto_increment");
                }
                self.say(name, "sqlite(rowid)");
            }
            (None, _) if by_itself => self.say(name, "auto_increment = false"),
            _ => {}
        }
    }

    fn foreign_keys(&mut self) {
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
                    "The foreign key ({}) is to `{}`, which has no model.",
                    key.columns.join(", "),
                    key.table
                ));
                continue;
            };
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
                if let Some(name) =
                    own_name(key.name.as_deref(), &self.table.name, &key.columns, "fkey")
                {
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
            if let Some(name) =
                own_name(key.name.as_deref(), &self.table.name, &key.columns, "fkey")
            {
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

    fn uniques(&mut self) {
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
                    "({}) is said to be unique more than once.",
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
            if let Some(name) = own_name(
                unique.name.as_deref(),
                &self.table.name,
                &unique.columns,
                "key",
            ) {
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

    fn indexes(&mut self) {
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
            own_name(name, &self.table.name, &columns, "idx")
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

    /// A model needs a field that `New…` has: where the database fills all in, one is given by both.
    fn give_insert_a_column(&mut self) {
        let written = self.table.columns.iter().any(|column| {
            let arguments = self
                .on_field
                .get(column.name.as_str())
                .map_or(&[][..], Vec::as_slice);
            let has = |start: &str| arguments.iter().any(|it| it.starts_with(start));
            let filled_in = has("default_sql") || has("generated") || has("identity");
            !filled_in && (!is_numbered(self.world.dialect, self.table, column))
        });
        if written {
            return;
        }
        let simple = |kind: Kind| {
            matches!(
                kind,
                Kind::Bool | Kind::Integer | Kind::Float | Kind::Text | Kind::Bytes | Kind::Time
            )
        };
        let column = self.table.columns.iter().find(|column| {
            column.default.is_some()
                && !column.nullable
                && simple(self.fields[column.name.as_str()].ty.kind)
        });
        if let Some(column) = column {
            self.say(&column.name, "default = Default::default()");
        }
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
fn suffix(dialect: Dialect, sql: &str) -> Vec<String> {
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
