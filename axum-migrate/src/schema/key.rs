//! Keys and constraints.

use serde::{Deserialize, Serialize};

use super::Table;

/// A primary key.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE members (team INT, player INT, PRIMARY KEY (team, player))").await;
/// let key: &PrimaryKey = schema.tables["members"].primary_key.as_ref().unwrap();
/// assert_eq!(key.columns, ["team", "player"]);
/// assert_eq!(key.name, None); // SQLite gives none by itself
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE users (email TEXT, CONSTRAINT one_email UNIQUE (email))").await;
/// let unique: &Unique = &schema.tables["users"].uniques[0];
/// assert_eq!((unique.name.as_deref(), unique.columns.as_slice()), (Some("one_email"), &["email".to_owned()][..]));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of(
///     "CREATE TABLE users (id INTEGER PRIMARY KEY);
///      CREATE TABLE posts (author INTEGER REFERENCES users (id) ON DELETE CASCADE);",
/// )
/// .await;
/// let key: &ForeignKey = &schema.tables["posts"].foreign_keys[0];
/// assert_eq!((key.table.as_str(), &*key.columns[0], &*key.referenced[0]), ("users", "author", "id"));
/// assert_eq!(key.on_delete, Action::Cascade);
/// # Ok(())
/// # }
/// ```
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

/// What a foreign key does when the row it points at changes.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of(
///     "CREATE TABLE users (id INTEGER PRIMARY KEY);
///      CREATE TABLE posts (author INTEGER REFERENCES users (id) ON DELETE SET NULL);",
/// )
/// .await;
/// let key = &schema.tables["posts"].foreign_keys[0];
/// assert_eq!((key.on_delete, key.on_update), (Action::SetNull, Action::NoAction));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of(
///     "CREATE TABLE people (
///          id INTEGER PRIMARY KEY,
///          spouse INTEGER REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED
///      )",
/// )
/// .await;
/// let key = &schema.tables["people"].foreign_keys[0];
/// assert_eq!(key.deferrable, Some(Deferrable::Deferred)); // checked at COMMIT
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Deferrable {
    /// DEFERRABLE INITIALLY IMMEDIATE.
    Immediate,
    /// DEFERRABLE INITIALLY DEFERRED.
    Deferred,
}

/// A CHECK constraint of a table.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE goods (price INT CHECK (price >= 0))").await;
/// let check: &Check = &schema.tables["goods"].checks[0];
/// assert_eq!(check.expression, "\"price\" >= 0");
/// # Ok(())
/// # }
/// ```
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
