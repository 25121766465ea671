//! The one description of a schema that models, databases and migrations lower to.

mod identity;
mod rename;
mod sort;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub(crate) use sort::by_foreign_keys;

/// A database's tables as its server describes them, and the names of what is left alone.
///
/// Types, defaults and expressions are the server's own normalised text, so two schemas compare only
/// when they were read from the same kind of server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The tables, by name: `schema.name` where that is not the database's default schema (PostgreSQL).
    pub tables: BTreeMap<String, Table>,
    /// The enums that are types of their own (PostgreSQL), by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub enums: BTreeMap<String, EnumType>,
    /// Views, triggers and other objects that are never changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmanaged: Vec<Unmanaged>,
    /// Whether every constraint has a name that counts where an exact comparison is asked for (PostgreSQL).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub constraint_names: bool,
}

/// An enum that is a type of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumType {
    /// Its name.
    pub name: String,
    /// The name as columns have it for their type: quoted where SQL needs it.
    pub ty: String,
    /// The values, in order.
    pub values: Vec<String>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// An object that autogenerate reports but never touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unmanaged {
    /// What it is: `view`, `trigger`, `sequence`…
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The statement that makes it, or several with semicolons between them, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// PostgreSQL: who owns it and what others may do with it, as statements with semicolons between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileges: Option<String>,
    /// PostgreSQL: what it reads, which cannot be changed under it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Reads>,
}

/// Something that an unmanaged object reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reads {
    /// A table, view, type or function.
    pub object: String,
    /// The column of it, where it is one column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The columns, in the order of the table.
    pub columns: Vec<Column>,
    /// The primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<PrimaryKey>,
    /// The unique constraints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<Unique>,
    /// The foreign keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// The CHECK constraints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The indexes that no constraint made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// What stands after the closing parenthesis.
    #[serde(default, skip_serializing_if = "TableOptions::is_default")]
    pub options: TableOptions,
}

/// The options of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableOptions {
    /// SQLite: a STRICT table.
    pub strict: bool,
    /// SQLite: a WITHOUT ROWID table.
    pub without_rowid: bool,
    /// MySQL: the storage engine, where it is not InnoDB.
    pub engine: Option<String>,
    /// MySQL: the default collation, where it is not the database's.
    pub collation: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// PostgreSQL: UNLOGGED.
    pub unlogged: bool,
    /// PostgreSQL: the storage parameters, as `fillfactor=70`. MySQL: how rows are stored, as `row_format=COMPRESSED`.
    pub storage: Vec<String>,
}

impl TableOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type with its arguments, as the server writes it.
    pub ty: String,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// The default: an SQL expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How the server counts it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto: Option<Auto>,
    /// The expression of a computed column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// The collation, where it is not the one the column would have anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// MariaDB: the CHECK that is part of the column, which `MODIFY` must restate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// MySQL: the expression of ON UPDATE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_update: Option<String>,
    /// SQLite: the conflict clause of NOT NULL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<String>,
    /// MySQL: left out of `SELECT *`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invisible: bool,
    /// MariaDB: its values are compressed, each by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compressed: bool,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// How a column gets its number from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auto {
    /// SQLite AUTOINCREMENT, MySQL AUTO_INCREMENT.
    Increment,
    /// PostgreSQL serial: a default from a sequence that the column owns.
    Serial {
        /// The sequence, quoted as SQL needs it.
        sequence: String,
        /// How the sequence counts.
        #[serde(default, skip_serializing_if = "Counter::is_default")]
        counter: Counter,
    },
    /// PostgreSQL GENERATED … AS IDENTITY.
    Identity {
        /// ALWAYS rather than BY DEFAULT.
        always: bool,
        /// How it counts.
        #[serde(default, skip_serializing_if = "Counter::is_default")]
        counter: Counter,
    },
}

/// How a sequence of PostgreSQL counts, where it is not as it would be by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counter {
    /// The type, where it is not the column's.
    pub ty: Option<String>,
    /// The first number.
    pub start: Option<i64>,
    /// The step.
    pub increment: Option<i64>,
    /// The smallest number.
    pub min: Option<i64>,
    /// The largest number.
    pub max: Option<i64>,
    /// How many numbers a session takes at once.
    pub cache: Option<i64>,
    /// Whether it begins again after the last.
    pub cycle: bool,
}

impl Counter {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A computed column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression.
    pub expression: String,
    /// STORED rather than VIRTUAL.
    pub stored: bool,
}

/// A primary key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimaryKey {
    /// The constraint's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// SQLite: the collations and orders of the columns; MySQL: prefix lengths and orders. Empty where none has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suffixes: Vec<String>,
    /// PostgreSQL: whether and when its check may be put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferrable: Option<Deferrable>,
    /// PostgreSQL: the INCLUDE columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// PostgreSQL: the storage parameters, as `fillfactor=70`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<String>,
    /// SQLite: the conflict clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<String>,
    /// PostgreSQL: the comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A unique constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// The constraint's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Whether and when its check may be put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferrable: Option<Deferrable>,
    /// PostgreSQL: NULLS NOT DISTINCT.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nulls_not_distinct: bool,
    /// PostgreSQL: the INCLUDE columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// SQLite: the conflict clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<String>,
    /// SQLite: the collations and orders of the columns; MySQL: prefix lengths and orders. Empty where none has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suffixes: Vec<String>,
    /// PostgreSQL: the storage parameters, as `fillfactor=70`. MySQL: what follows the columns, as `USING BTREE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<String>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The constraint's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The table it points at.
    pub table: String,
    /// The columns it points at, in order.
    pub referenced: Vec<String>,
    /// What happens to the row when the referenced row goes.
    #[serde(default)]
    pub on_delete: Action,
    /// What happens to the row when the referenced key changes.
    #[serde(default)]
    pub on_update: Action,
    /// Whether and when its check may be put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferrable: Option<Deferrable>,
    /// MySQL: the index that the server made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implicit_index: Option<String>,
    /// PostgreSQL: MATCH FULL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub match_full: bool,
    /// PostgreSQL: the columns that ON DELETE SET NULL or SET DEFAULT sets, where it is not all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_columns: Vec<String>,
    /// PostgreSQL: NOT VALID: rows from before it may break it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_valid: bool,
    /// PostgreSQL: the comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What a foreign key does when the row it points at changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Action {
    /// NO ACTION. On MySQL also RESTRICT, which is the same there.
    #[default]
    NoAction,
    /// RESTRICT.
    Restrict,
    /// CASCADE.
    Cascade,
    /// SET NULL.
    SetNull,
    /// SET DEFAULT.
    SetDefault,
}

/// When the check of a deferrable constraint happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Deferrable {
    /// DEFERRABLE INITIALLY IMMEDIATE.
    Immediate,
    /// DEFERRABLE INITIALLY DEFERRED.
    Deferred,
}

/// A CHECK constraint of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The constraint's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The condition, without the parentheses around it.
    pub expression: String,
    /// PostgreSQL: NOT VALID: rows from before it may break it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_valid: bool,
    /// PostgreSQL: NO INHERIT.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_inherit: bool,
    /// PostgreSQL: the comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// An index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether it forbids equal keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// What it orders by.
    pub keys: Vec<IndexKey>,
    /// PostgreSQL: the INCLUDE columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// The method (`gin`, `fulltext`…), where it is not a plain B-tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The condition of a partial index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// PostgreSQL: NULLS NOT DISTINCT.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nulls_not_distinct: bool,
    /// PostgreSQL: the storage parameters, as `fillfactor=70`. MySQL: what follows the columns, as `USING BTREE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<String>,
    /// PostgreSQL: left unfinished by CREATE INDEX CONCURRENTLY, and of no use.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// One key of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKey {
    /// The column or expression.
    pub target: KeyTarget,
    /// What follows it: prefix length, collation, operator class, order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

/// What a key of an index reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyTarget {
    /// A column.
    Column(String),
    /// An expression, without parentheses around it.
    Expression(String),
}

impl Schema {
    /// The names of the tables.
    #[must_use]
    pub fn table_names(&self) -> BTreeSet<String> {
        self.tables.keys().cloned().collect()
    }

    /// Whether a column has the enum, or an array of it.
    pub(crate) fn uses(&self, own: &EnumType) -> bool {
        let columns = self.tables.values().flat_map(|table| &table.columns);
        columns.into_iter().any(|column| own.is_type_of(column))
    }
}

impl EnumType {
    /// Whether the column has it, or an array of it.
    pub(crate) fn is_type_of(&self, column: &Column) -> bool {
        column.ty.strip_suffix("[]").unwrap_or(&column.ty) == self.ty
    }
}

impl ForeignKey {
    /// Whether it points at columns of `target`, its table, one for each of its own. SQLite asks that when it is used.
    pub(crate) fn fits(&self, target: &Table) -> bool {
        self.referenced.len() == self.columns.len()
            && self
                .referenced
                .iter()
                .all(|name| target.column(name).is_some())
    }

    /// Whether a model refuses what it does: it sets columns of `table`, whose own it is, to NULL that take none or are
    /// in the key, or to a default that they do not have.
    pub(crate) fn is_refused_by_models(&self, table: &Table) -> bool {
        let key = table.primary_key.as_ref().map(|key| &key.columns);
        let is_required = |name: &String| {
            key.is_some_and(|columns| columns.contains(name))
                || table.column(name).is_some_and(|column| !column.nullable)
        };
        let has_none = |name: &String| {
            let column = table.column(name);
            column.is_some_and(|column| column.default.is_none())
        };
        let sets = |action| [self.on_delete, self.on_update].contains(&action);
        sets(Action::SetNull) && self.columns.iter().any(is_required)
            || sets(Action::SetDefault) && self.columns.iter().any(has_none)
    }
}

impl Table {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Index {
    /// The names of the columns it reads directly.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|key| match &key.target {
            KeyTarget::Column(name) => Some(name.as_str()),
            KeyTarget::Expression(_) => None,
        })
    }
}
