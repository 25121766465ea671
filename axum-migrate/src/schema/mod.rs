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

/// A table.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let name = Column { name: "name".into(), ty: "TEXT".into(), ..Column::default() };
/// let key = PrimaryKey { columns: vec!["name".into()], ..PrimaryKey::default() };
/// let tags = Table { name: "tags".into(), columns: vec![name], primary_key: Some(key), ..Table::default() };
/// let script = render(Dialect::Sqlite, &[Op::CreateTable(tags)], &Schema::default())?;
/// assert_eq!(script.to_sql(), "CREATE TABLE \"tags\" (\n  \"name\" TEXT NOT NULL PRIMARY KEY\n);\n");
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE tags (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID").await;
/// let options = &schema.tables["tags"].options;
/// assert!(options.strict && options.without_rowid);
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE posts (title VARCHAR(100) NOT NULL DEFAULT 'untitled')").await;
/// let title = &schema.tables["posts"].columns[0];
/// assert_eq!((title.name.as_str(), title.ty.as_str(), title.nullable), ("title", "VARCHAR(100)", false));
/// assert_eq!(title.default.as_deref(), Some("'untitled'")); // SQL, with its quotes
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auto = Some(Auto::Identity { always: true, counter: Counter::default() });
/// let id = Column { name: "id".into(), ty: "bigint".into(), auto, ..Column::default() };
/// let script = render(Dialect::Postgres, &[Op::CreateTable(table_of(id))], &Schema::default())?;
/// assert!(script.to_sql().contains("\"id\" bigint GENERATED ALWAYS AS IDENTITY"));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counter = Counter { start: Some(1000), ..Counter::default() };
/// let auto = Some(Auto::Identity { always: false, counter });
/// let id = Column { name: "id".into(), ty: "bigint".into(), auto, ..Column::default() };
/// let script = render(Dialect::Postgres, &[Op::CreateTable(table_of(id))], &Schema::default())?;
/// assert!(script.to_sql().contains("GENERATED BY DEFAULT AS IDENTITY (START WITH 1000)"));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema = schema_of("CREATE TABLE squares (side INT, area INT GENERATED ALWAYS AS (side * side) STORED)").await;
/// let area = schema.tables["squares"].column("area").unwrap();
/// let Generated { expression, stored } = area.generated.clone().unwrap();
/// assert_eq!((expression.as_str(), stored), ("\"side\" * \"side\"", true));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression.
    pub expression: String,
    /// STORED rather than VIRTUAL.
    pub stored: bool,
}

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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = schema_of("CREATE TABLE posts (title TEXT)").await;
    /// let posts = &schema.tables["posts"];
    /// assert_eq!(posts.column("title").map(|title| title.ty.as_str()), Some("TEXT"));
    /// assert_eq!(posts.column("Title"), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
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
