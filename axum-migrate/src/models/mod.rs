//! Rust source with a model for each table of a database. Pure.

mod defaults;
mod names;
mod raw;
mod table;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use axum_db::Dialect;
use heck::ToSnakeCase as _;

use crate::schema::{Column, KeyTarget, Schema, Table, by_foreign_keys};
use raw::RawTypes;
use table::TableWriter;
use types::{Kind, RustType};

/// The columns that Diesel has room for without further features.
const COLUMNS: usize = 32;

/// The columns that Diesel has room for at most.
const MOST_COLUMNS: usize = 128;

/// The source: what every file begins with, and its items by the table they are about.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// The comment at the top of the one file, or of `mod.rs`.
    pub(crate) head: String,
    /// The enums.
    pub(crate) enums: String,
    /// The name of a module for each table, and its struct.
    pub(crate) tables: Vec<(String, String)>,
    /// Those of them whose tables are called alike, in other schemas or otherwise written: the struct, by module.
    pub(crate) alike: BTreeMap<String, String>,
    /// What is in the database and has no words in a model, as comments.
    pub(crate) notes: Vec<String>,
}

impl Source {
    /// Everything in one file.
    pub(crate) fn to_file(&self) -> String {
        let mut text = format!("{}\nuse axum_db::prelude::*;\n", self.head);
        if !self.enums.is_empty() {
            text.push_str(&format!("\n{}", self.enums));
        }
        for (module, source) in &self.tables {
            text.push('\n');
            match self.alike.get(module) {
                None => text.push_str(source),
                Some(row) => {
                    text.push_str(&format!("mod {module} {{\n    use super::*;\n\n"));
                    for line in source.lines() {
                        text.push_str(format!("    {line}").trim_end());
                        text.push('\n');
                    }
                    text.push_str(&format!("}}\n{}", reexport(module, row)));
                }
            }
        }
        if !self.notes.is_empty() {
            text.push_str(
                "\n// Not here, because models have no words for it; migrations leave it alone:\n",
            );
            for note in &self.notes {
                text.push_str(&comment("// ", note));
            }
        }
        text
    }

    /// A file for each table, and the `mod.rs` that has them all.
    pub(crate) fn to_files(&self) -> Vec<(String, String)> {
        let mut own = Source {
            head: self.head.clone(),
            enums: self.enums.clone(),
            notes: self.notes.clone(),
            ..Self::default()
        }
        .to_file();
        let mut modules = String::new();
        let mut files = Vec::new();
        for (name, source) in &self.tables {
            if source.trim_start().starts_with("//") && !source.contains("#[model") {
                own.push('\n');
                own.push_str(source);
                continue;
            }
            let names = self.alike.get(name).map(|row| reexport(name, row));
            let names = names.unwrap_or_else(|| format!("pub use {name}::*;\n"));
            modules.push_str(&format!("mod {name};\n{names}"));
            files.push((format!("{name}.rs"), format!("use super::*;\n\n{source}")));
        }
        let own = own.replacen(
            "use axum_db::prelude::*;\n",
            &format!("pub use axum_db::prelude::*;\n\n{modules}"),
            1,
        );
        files.push(("mod.rs".to_owned(), own));
        files
    }
}

/// The struct and its companion, without the table's module.
fn reexport(module: &str, row: &str) -> String {
    format!("pub use {module}::{{New{row}, {row}}};\n")
}

/// Lines of a text as comments.
fn comment(mark: &str, text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", format!("{mark}{line}").trim_end()))
        .collect()
}

/// What a schema does not tell: the type under a domain, by the domain's name (PostgreSQL).
pub(crate) type Domains = BTreeMap<String, String>;

/// An enum of the source.
struct Enum {
    rust: String,
    /// The type's schema and name, where it is one of its own.
    sql: Option<(Option<String>, String)>,
    labels: Vec<String>,
    variants: Vec<String>,
}

/// What all tables know of each other.
struct World<'a> {
    dialect: Dialect,
    schema: &'a Schema,
    domains: &'a Domains,
    /// The names of the structs, by table.
    structs: BTreeMap<&'a str, String>,
    /// The enums: by their type (PostgreSQL), or by table and column (MySQL).
    enums: BTreeMap<String, Enum>,
    /// The types without a counterpart in Rust.
    raw: RawTypes,
}

/// Writes the models of a schema.
pub(crate) fn write(dialect: Dialect, schema: &Schema, domains: &Domains) -> Source {
    let plain = (dialect == Dialect::Mysql).then(|| plainly_quoted(schema));
    let schema = plain.as_ref().unwrap_or(schema);
    let mut taken = BTreeSet::new();
    let mut structs = BTreeMap::new();
    // By length, so that `users` comes before `new_users`.
    let mut tables: Vec<&Table> = schema.tables.values().collect();
    tables.sort_by_key(|table| (table.name.len(), &table.name));
    for table in tables {
        structs.insert(table.name.as_str(), names::row(&table.name, &mut taken));
    }
    let enums = enums(dialect, schema, &mut taken);
    let mut world = World {
        dialect,
        schema,
        domains,
        structs,
        enums,
        raw: RawTypes::default(),
    };
    if dialect == Dialect::Postgres {
        let raw = schema
            .tables
            .values()
            .filter(|table| table::lacks(&world, table).is_none())
            .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
            .filter(|(table, column)| world.rust_type(table, column).kind == Kind::Raw)
            .map(|(_, column)| world.base_type(column));
        world.raw = RawTypes::new(raw, &mut taken);
    }
    let mut source = Source {
        enums: world
            .enums
            .values()
            .map(Enum::write)
            .chain(world.raw.write())
            .collect::<Vec<_>>()
            .join("\n"),
        ..Source::default()
    };
    let mut modules = BTreeSet::from(["mod".to_owned()]);
    let mut of_tables: BTreeSet<String> = BTreeSet::new();
    for table in by_foreign_keys(schema.tables.values()) {
        let row = &world.structs[table.name.as_str()];
        let module = names::field(&format!("{row}_row"), &mut modules).0;
        if table::lacks(&world, table).is_none() {
            let names = names::modules(world.name_of(table), row);
            if names.iter().any(|name| of_tables.contains(name)) {
                source.alike.insert(module.clone(), row.clone());
            }
            of_tables.extend(names);
        }
        source
            .tables
            .push((module, TableWriter::new(&world, table).write()));
    }
    source.notes = schema
        .unmanaged
        .iter()
        .map(|object| match &object.table {
            Some(table) => format!("{} {} of {table}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        })
        .collect();
    source.head = head(&source, schema);
    source
}

/// MySQL's expressions with quotes in their texts as all engines have them: `'it\'s'` as `'it''s'`.
fn plainly_quoted(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for table in schema.tables.values_mut() {
        let columns = table.columns.iter_mut();
        let written = columns.flat_map(|column| {
            let generated = column.generated.as_mut().map(|it| &mut it.expression);
            column.default.as_mut().into_iter().chain(generated)
        });
        let checks = table.checks.iter_mut().map(|check| &mut check.expression);
        let keys = table.indexes.iter_mut().flat_map(|index| &mut index.keys);
        let keys = keys.filter_map(|key| match &mut key.target {
            KeyTarget::Expression(sql) => Some(sql),
            KeyTarget::Column(_) => None,
        });
        for sql in written.chain(checks).chain(keys) {
            *sql = doubled_quotes(sql);
        }
    }
    schema
}

fn doubled_quotes(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut open = None;
    let mut signs = sql.chars();
    while let Some(sign) = signs.next() {
        match (open, sign) {
            (Some('\'' | '"'), '\\') => match signs.next() {
                Some(quote) if open == Some(quote) => out.extend([quote, quote]),
                next => out.extend([sign].into_iter().chain(next)),
            },
            (Some(quote), _) => {
                open = (sign != quote).then_some(quote);
                out.push(sign);
            }
            (None, _) => {
                open = matches!(sign, '\'' | '"' | '`').then_some(sign);
                out.push(sign);
            }
        }
    }
    out
}

fn enums(
    dialect: Dialect,
    schema: &Schema,
    taken: &mut BTreeSet<String>,
) -> BTreeMap<String, Enum> {
    let mut enums = BTreeMap::new();
    let mut add = |key: String, name: &str, labels: Vec<String>| {
        if has_words(&labels) {
            let variants = names::variants(&labels);
            let rust = names::enumeration(name, taken);
            let sql = (dialect == Dialect::Postgres).then(|| match name.split_once('.') {
                Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
                None => (None, name.to_owned()),
            });
            enums.insert(
                key,
                Enum {
                    rust,
                    sql,
                    labels,
                    variants,
                },
            );
        }
    };
    match dialect {
        Dialect::Postgres => {
            for own in schema.enums.values() {
                add(own.ty.clone(), &own.name, own.values.clone());
            }
        }
        Dialect::Mysql => {
            for (table, column) in columns(schema) {
                if let Some(labels) = types::mysql_labels(&column.ty) {
                    let name = format!("{}_{}", table.name, column.name);
                    add(key_of(table, column), &name, labels);
                }
            }
        }
        Dialect::Sqlite => {}
    }
    enums
}

fn columns(schema: &Schema) -> impl Iterator<Item = (&Table, &Column)> {
    schema
        .tables
        .values()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
}

fn key_of(table: &Table, column: &Column) -> String {
    format!("{}.{}", table.name, column.name)
}

/// Whether `DbEnum` takes these values.
fn has_words(labels: &[String]) -> bool {
    let distinct: BTreeSet<String> = labels.iter().map(|label| label.to_lowercase()).collect();
    !labels.is_empty()
        && distinct.len() == labels.len()
        && labels
            .iter()
            .all(|label| label.len() <= 63 && !label.trim().is_empty())
}

impl Enum {
    fn write(&self) -> String {
        let mut text = "#[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]\n".to_owned();
        if let Some((schema, name)) = &self.sql {
            let mut said = Vec::new();
            if self.rust.to_snake_case() != *name {
                said.push(format!("name = {name:?}"));
            }
            said.extend(schema.iter().map(|schema| format!("schema = {schema:?}")));
            if !said.is_empty() {
                text.push_str(&format!("#[db_enum({})]\n", said.join(", ")));
            }
        }
        text.push_str(&format!("pub enum {} {{\n", self.rust));
        for (label, variant) in self.labels.iter().zip(&self.variants) {
            if variant.to_snake_case() != *label {
                text.push_str(&format!("    #[db_enum(name = {label:?})]\n"));
            }
            text.push_str(&format!("    {variant},\n"));
        }
        text.push_str("}\n");
        text
    }
}

fn head(source: &Source, schema: &Schema) -> String {
    let all: String = source
        .tables
        .iter()
        .map(|(_, text)| text.as_str())
        .chain([source.enums.as_str()])
        .collect();
    let mut features = Vec::new();
    for (name, feature) in [
        ("types::Decimal", "decimal"),
        ("types::Json", "json"),
        ("types::Uuid", "uuid"),
    ] {
        if all.contains(name) {
            features.push(format!("`{feature}`"));
        }
    }
    let mut lines = vec!["The tables of the database, one struct for a row of each.".to_owned()];
    if !features.is_empty() {
        lines.push(format!(
            "Needs these features of axum-db: {}.",
            features.join(", ")
        ));
    }
    if all.contains("serde_json::") {
        lines.push("Needs serde_json; where `diesel::sql_types::Json` stands, with Diesel's feature `serde_json`.".to_owned());
    }
    let widest = schema
        .tables
        .values()
        .map(|table| table.columns.len())
        .filter(|columns| *columns <= MOST_COLUMNS)
        .max()
        .unwrap_or(0);
    if widest > COLUMNS {
        let room = if widest > 64 { 128 } else { 64 };
        lines.push(format!("Needs Diesel's feature `{room}-column-tables`."));
    }
    if lines.len() > 1 {
        lines.insert(1, String::new());
    }
    comment("//! ", &lines.join("\n"))
}

impl World<'_> {
    /// The Rust type of a column.
    fn rust_type(&self, table: &Table, column: &Column) -> RustType {
        let of_column = self.enums.get(&key_of(table, column));
        if let Some(own) = of_column.or_else(|| self.enums.get(&column.ty)) {
            return RustType::enumeration(&own.rust);
        }
        if let Some(own) = column
            .ty
            .strip_suffix("[]")
            .and_then(|ty| self.enums.get(ty))
        {
            return RustType::enumeration(&own.rust).array(&column.ty);
        }
        let ty = self.base_type(column);
        if let Some((value, sql)) = self.raw.get(ty)
            && types::of(self.dialect, ty, column, false).kind == Kind::Raw
        {
            return RustType::of_bytes(value, sql, &column.ty);
        }
        let keyed = column.default.is_some() || table.is_keyed(&column.name);
        let mut rust = types::of(self.dialect, ty, column, keyed);
        if ty != column.ty {
            // A domain: its own name, over the type that it is read as.
            rust = rust.domain(&column.ty);
        }
        rust
    }

    /// The column's type, or the one under its domain.
    fn base_type<'c>(&'c self, column: &'c Column) -> &'c str {
        self.domains.get(&column.ty).unwrap_or(&column.ty)
    }

    fn enum_of(&self, table: &Table, column: &Column) -> Option<&Enum> {
        self.enums
            .get(&key_of(table, column))
            .or_else(|| self.enums.get(&column.ty))
    }

    /// A column's default as a value of Rust, where there is one.
    fn default_of(&self, table: &Table, column: &Column, rust: &RustType) -> Option<String> {
        let variant = |label: &str| {
            let own = self.enum_of(table, column)?;
            let at = own.labels.iter().position(|it| it == label)?;
            own.variants.get(at).cloned()
        };
        defaults::literal(self.dialect, column, rust, variant)
    }

    /// The table's name without its schema.
    fn name_of<'t>(&self, table: &'t Table) -> &'t str {
        match table.name.split_once('.') {
            Some((_, name)) if self.dialect == Dialect::Postgres => name,
            _ => &table.name,
        }
    }

    /// Whether the table can have a model.
    fn has_model(&self, table: &str) -> bool {
        self.schema
            .tables
            .get(table)
            .is_some_and(|table| table::lacks(self, table).is_none())
    }
}

impl Table {
    /// Whether a key, a constraint or an index is over the column.
    fn is_keyed(&self, name: &str) -> bool {
        let key = self.primary_key.iter().flat_map(|key| &key.columns);
        let uniques = self.uniques.iter().flat_map(|unique| &unique.columns);
        let foreign = self.foreign_keys.iter().flat_map(|key| &key.columns);
        key.chain(uniques)
            .chain(foreign)
            .any(|column| column == name)
            || self
                .indexes
                .iter()
                .any(|index| index.columns().any(|column| column == name))
    }
}

#[cfg(test)]
mod tests {
    use super::doubled_quotes;

    #[test]
    fn quotes_in_texts_are_doubled_and_other_escapes_stay() {
        for (sql, said) in [
            (r"concat(`a\`,'it\'s')", r"concat(`a\`,'it''s')"),
            (r"'\\' || 'x\n\''", r"'\\' || 'x\n'''"),
            ("'it''s'", "'it''s'"),
        ] {
            assert_eq!(doubled_quotes(sql), said);
        }
    }
}
