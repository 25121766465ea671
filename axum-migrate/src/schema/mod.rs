//! The one description of a schema that models, databases and migrations lower to.

mod column;
mod identity;
mod index;
mod key;
mod rename;
mod sort;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use column::{Auto, Column, Counter, Generated};
pub use index::{Index, IndexKey, KeyTarget};
pub use key::{Action, Check, Deferrable, ForeignKey, PrimaryKey, Unique};
pub(crate) use sort::by_foreign_keys;
pub use table::{Table, TableOptions};

/// A database's tables as its server describes them, and the names of what is left alone.
///
/// Types, defaults and expressions are the server's own normalised text, so two schemas compare only
/// when they were read from the same kind of server.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_db::{Database, Sqlite};
/// use axum_migrate::{Engine, Schema};
///
/// let database = Database::<Sqlite>::connect("sqlite://:memory:").await?;
/// let mut conn = database.connect_dedicated().await?;
/// <Sqlite as Engine>::execute(&mut conn, "CREATE TABLE tags (name varchar ( 20 ))").await?;
/// let schema: Schema = Sqlite::introspect(&mut conn).await?;
/// assert_eq!(schema.tables["tags"].columns[0].ty, "VARCHAR(20)");
/// assert_eq!(serde_json::from_str::<Schema>(&serde_json::to_string(&schema)?)?, schema);
/// # Ok(())
/// # }
/// ```
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

impl Schema {
    /// The names of the tables.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = schema_of("CREATE TABLE posts (title TEXT); CREATE TABLE tags (name TEXT);").await;
    /// assert_eq!(schema.table_names(), ["posts", "tags"].map(String::from).into());
    /// # Ok(())
    /// # }
    /// ```
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

/// An enum that is a type of its own.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let values = ["happy", "so so"].map(String::from).into();
/// let mood = EnumType { name: "mood".into(), ty: "mood".into(), values, comment: None };
/// let script = render(Dialect::Postgres, &[Op::CreateEnum(mood)], &Schema::default())?;
/// assert_eq!(script.to_sql(), "CREATE TYPE \"mood\" AS ENUM ('happy', 'so so');\n");
/// # Ok(())
/// # }
/// ```
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

impl EnumType {
    /// Whether the column has it, or an array of it.
    pub(crate) fn is_type_of(&self, column: &Column) -> bool {
        column.ty.strip_suffix("[]").unwrap_or(&column.ty) == self.ty
    }
}

/// An object that autogenerate reports but never touches.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE posts (title TEXT); CREATE VIEW titles AS SELECT title FROM posts;").await;
/// let Unmanaged { kind, name, .. } = &schema.unmanaged[0];
/// assert_eq!((kind.as_str(), name.as_str()), ("view", "titles"));
/// let found = diff(&schema, &schema_of("CREATE TABLE posts (title TEXT)").await, &Hints::default())?;
/// assert!(found.ops.is_empty()); // the view stays
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let view = Unmanaged {
///     kind: "view".into(),
///     name: "titles".into(),
///     sql: Some("CREATE VIEW titles AS SELECT title FROM posts".into()),
///     reads: vec![Reads { object: "posts".into(), column: Some("title".into()) }],
///     ..Unmanaged::default()
/// };
/// let schema = Schema { unmanaged: vec![view], ..Schema::default() };
/// let title = |ty: &str| Column { name: "title".into(), ty: ty.into(), nullable: true, ..Column::default() };
/// let (from, to) = (title("character varying(80)"), title("text"));
/// let ops = [Op::AlterColumn { table: "posts".into(), from, to, backfill: None }];
/// let script = render(Dialect::Postgres, &ops, &schema)?; // PostgreSQL changes no column under a view
/// assert!(script.statements[0].starts_with("DROP VIEW"));
/// assert!(script.statements[2].starts_with("CREATE VIEW"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reads {
    /// A table, view, type or function.
    pub object: String,
    /// The column of it, where it is one column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}
