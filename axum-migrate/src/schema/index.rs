//! Indexes.

use serde::{Deserialize, Serialize};

/// An index.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of(
///     "CREATE TABLE users (email TEXT, deleted INT);
///      CREATE UNIQUE INDEX users_email ON users (email) WHERE deleted = 0;",
/// )
/// .await;
/// let index: &Index = &schema.tables["users"].indexes[0];
/// assert!(index.unique && index.columns().eq(["email"]));
/// assert_eq!(index.predicate.as_deref(), Some("\"deleted\" = 0"));
/// # Ok(())
/// # }
/// ```
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

impl Index {
    /// The names of the columns it reads directly.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = schema_of(
    ///     "CREATE TABLE users (country TEXT, email TEXT);
    ///      CREATE INDEX users_email ON users (country, lower(email));",
    /// )
    /// .await;
    /// assert!(schema.tables["users"].indexes[0].columns().eq(["country"])); // the other key is an expression
    /// # Ok(())
    /// # }
    /// ```
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|key| match &key.target {
            KeyTarget::Column(name) => Some(name.as_str()),
            KeyTarget::Expression(_) => None,
        })
    }
}

/// One key of an index.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of(
///     "CREATE TABLE posts (title TEXT);
///      CREATE INDEX posts_title ON posts (title DESC);",
/// )
/// .await;
/// let key: &IndexKey = &schema.tables["posts"].indexes[0].keys[0];
/// assert_eq!((&key.target, key.suffix.as_str()), (&KeyTarget::Column("title".into()), " DESC"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKey {
    /// The column or expression.
    pub target: KeyTarget,
    /// What follows it, as SQL that is put right behind it: prefix length, collation, operator class, order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

/// What a key of an index reads.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of(
///     "CREATE TABLE users (email TEXT);
///      CREATE INDEX users_email ON users (lower(email));",
/// )
/// .await;
/// let key = &schema.tables["users"].indexes[0].keys[0];
/// assert_eq!(key.target, KeyTarget::Expression("lower(\"email\")".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyTarget {
    /// A column.
    Column(String),
    /// An expression, without parentheses around it.
    Expression(String),
}
