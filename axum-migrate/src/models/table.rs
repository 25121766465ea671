//! One table as a struct.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use axum_db::Dialect;

use self::rules::suffix;
use super::types::{Kind, RustType};
use super::{MOST_COLUMNS, World, comment, names};
use crate::schema::{Auto, Column, Table};

/// Why a table can have no model, if so.
pub(super) fn lacks(world: &World<'_>, table: &Table) -> Option<&'static str> {
    let schema = table.name.split_once('.').map(|(schema, _)| schema);
    if world.dialect == Dialect::Postgres && schema == Some("") {
        return Some("with a point in it, its name would be a schema and a table to a model");
    }
    if world.dialect == Dialect::Postgres && schema.is_some_and(|it| !names::is_plain(it)) {
        return Some("its schema's name is no identifier of Rust, which Diesel needs");
    }
    if table.primary_key.is_none() {
        return Some("it has no primary key, which a model needs");
    }
    let keys = table.primary_key.iter().flat_map(|key| &key.columns);
    let has_no_hash = |column: &&Column| {
        let ty = world.rust_type(table, column);
        ty.kind == Kind::Float || ty.name.ends_with("::PgInterval")
    };
    if keys
        .filter_map(|key| table.columns.iter().find(|column| column.name == *key))
        .any(|column| has_no_hash(&column))
    {
        return Some(
            "a number with a point or an interval is in its key, by which Rust finds nothing again",
        );
    }
    if table.columns.len() > MOST_COLUMNS {
        return Some("it has more than the 128 columns that Diesel has room for");
    }
    None
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
    /// The table's name without its schema.
    name: &'a str,
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
        let (schema, name) = match table.name.split_once('.') {
            Some((schema, name)) if world.dialect == Dialect::Postgres => (schema, name),
            _ => ("", table.name.as_str()),
        };
        let mut said = vec![format!("table = {name:?}")];
        said.extend((!schema.is_empty()).then(|| format!("schema = {schema:?}")));
        Self {
            world,
            table,
            fields,
            on_struct: said,
            name,
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
            if field.ty.kind == Kind::Raw && field.ty.name == "Vec<u8>" {
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
        let is_prefix = self.world.dialect == Dialect::Mysql && !key.suffixes.is_empty();
        if as_columns.iter().copied().eq(&key.columns) && !is_prefix {
            for column in &key.columns {
                self.say(column, "primary_key");
            }
        } else {
            let mut fields = self.list(&key.columns);
            for (field, part) in fields.iter_mut().zip(&key.suffixes).filter(|_| is_prefix) {
                let length = suffix(Dialect::Mysql, part)
                    .into_iter()
                    .find(|it| it.starts_with("length"));
                if let Some(length) = length {
                    field.push_str(&format!("({length})"));
                }
            }
            self.on_struct
                .push(format!("primary_key({})", fields.join(", ")));
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
            let default = self.world.default_of(self.table, column, rust);
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
            if let Some(collation) = &column.collation {
                let bare = collation.trim_matches('"').replace("\"\"", "\"");
                self.say(name, format!("collation = {bare:?}"));
            }
            if let Some(words) = &column.comment {
                self.say(name, format!("comment = {words:?}"));
            }
            if let Some(sql) = &column.on_update {
                self.say(name, format!("mysql(on_update_sql = {sql:?})"));
            }
            if let Some(check) = &column.check {
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
}
