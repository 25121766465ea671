//! Tables.

use serde::{Deserialize, Serialize};

use super::{Check, Column, ForeignKey, Index, PrimaryKey, Unique};

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
