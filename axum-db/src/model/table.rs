//! The description of a table: what a model says of itself, and what a crate builds at run time.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::rules::names;
use super::{CheckDef, ColumnDef, EnumDef, ForeignKeyDef, IndexDef, KeyTarget, UniqueDef};
use crate::Dialect;

type Name = Cow<'static, str>;

/// A table: its columns, keys and indexes.
///
/// [`Model::table_def`](super::Model::table_def) gives a model's. Crates that bring tables of their own
/// build one:
///
/// ```
/// use axum_db::{Dialect, Metadata};
/// use axum_db::model::{Action, ColumnDef, DefaultValue, ForeignKeyDef, TableDef};
/// use diesel::sql_types::{BigInt, Integer, Text, Timestamp};
///
/// let users = TableDef::new("users")
///     .column(ColumnDef::new::<Integer>("id").auto_increment())
///     .primary_key(["id"]);
/// let tokens = TableDef::new("tokens")
///     .column(ColumnDef::new::<BigInt>("id").auto_increment())
///     .column(ColumnDef::new::<Text>("hash").length(64))
///     .column(users.key_column().expect("one key column").as_reference("user_id"))
///     .column(ColumnDef::new::<Timestamp>("created").default(DefaultValue::Now))
///     .primary_key(["id"])
///     .unique(["hash"])
///     .index(["user_id"])
///     .foreign_key(ForeignKeyDef::new(["user_id"], "users", ["id"]).on_delete(Action::Cascade));
///
/// let metadata = Metadata::new([users, tokens]);
/// let statements = metadata.create_statements(Dialect::Sqlite);
/// assert!(statements[0].starts_with("CREATE TABLE \"users\""));
/// assert!(statements[1].contains("REFERENCES \"users\" (\"id\") ON DELETE CASCADE"));
/// assert_eq!(statements[2], "CREATE INDEX \"tokens_user_id_idx\" ON \"tokens\" (\"user_id\")");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TableDef {
    /// The table's name in the database.
    pub name: Name,
    /// The PostgreSQL schema it belongs to. Default: that of the connection.
    pub schema: Option<Name>,
    /// The [`Bind::NAME`](crate::Bind::NAME) of the database it belongs to. Default: `main`.
    pub bind: Name,
    /// The Rust module that declares it, for error messages. Default: empty.
    pub module: Name,
    /// The columns, in the order of the table.
    pub columns: Vec<ColumnDef>,
    /// The names of the columns of the primary key.
    pub primary_key: Vec<Name>,
    /// The columns of the primary key of which MySQL takes the beginning alone, and how many characters of each.
    /// Default: none.
    pub primary_key_lengths: Vec<(Name, u32)>,
    /// The name of the primary key's constraint. Default: of the table, ending in `_pkey`.
    pub primary_key_name: Option<Name>,
    /// The unique constraints.
    pub uniques: Vec<UniqueDef>,
    /// The indexes.
    pub indexes: Vec<IndexDef>,
    /// The conditions that every row meets.
    pub checks: Vec<CheckDef>,
    /// The foreign keys.
    pub foreign_keys: Vec<ForeignKeyDef>,
    /// What the table is for, kept in the database: SQLite has no place for it. Default: none.
    pub comment: Option<Name>,
    /// What stands behind the columns, each on the one engine that knows it.
    pub options: TableOptions,
    /// The name the table had before, for migrations.
    pub renamed_from: Option<Name>,
    /// What is otherwise on one engine.
    pub(crate) variants: Vec<Variant>,
}

/// What stands behind the columns of a table, each on the one engine that knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableOptions {
    /// SQLite: whether values must fit the types of their columns. Default: `false`.
    pub strict: bool,
    /// SQLite: whether the rows lie in the primary key, and have no number of their own. Default: `false`.
    pub without_rowid: bool,
    /// MySQL: the storage engine. Default: the server's.
    pub engine: Option<Name>,
    /// MySQL: the collation of the columns that name none. Default: the database's.
    pub collation: Option<Name>,
}

/// A change to the description for one engine.
#[derive(Clone)]
pub(crate) struct Variant {
    dialect: Dialect,
    change: Arc<dyn Fn(TableDef) -> TableDef + Send + Sync>,
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on {}", self.dialect.name())
    }
}

impl TableDef {
    /// A table without columns in the bind `main`.
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            schema: None,
            bind: Cow::Borrowed(<crate::Main as crate::Bind>::NAME),
            module: Cow::Borrowed(""),
            columns: Vec::new(),
            primary_key: Vec::new(),
            primary_key_lengths: Vec::new(),
            primary_key_name: None,
            uniques: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            comment: None,
            options: TableOptions::default(),
            renamed_from: None,
            variants: Vec::new(),
        }
    }

    /// Puts the table into the database of another bind.
    #[must_use]
    pub fn bind(mut self, bind: impl Into<Name>) -> Self {
        self.bind = bind.into();
        self
    }

    /// Says which Rust module declares the table, for error messages.
    #[must_use]
    pub fn module(mut self, module: impl Into<Name>) -> Self {
        self.module = module.into();
        self
    }

    /// Puts the table into a PostgreSQL schema. The other engines have none, and refuse it.
    ///
    /// ```
    /// use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// use diesel::sql_types::Integer;
    ///
    /// let events = TableDef::new("events").schema("audit").column(ColumnDef::new::<Integer>("id"));
    /// let metadata = Metadata::new([events]);
    /// assert!(metadata.validate_for(Dialect::Postgres).is_ok());
    /// assert!(metadata.validate_for(Dialect::Sqlite).is_err());
    /// assert!(metadata.table("audit.events").is_some());
    /// ```
    #[must_use]
    pub fn schema(mut self, schema: impl Into<Name>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Adds a column.
    #[must_use]
    pub fn column(mut self, column: ColumnDef) -> Self {
        self.columns.push(column);
        self
    }

    /// Sets the primary key.
    #[must_use]
    pub fn primary_key<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.primary_key = names(columns);
        self
    }

    /// Has MySQL take the first `length` characters (or bytes) of a column of the primary key alone, which is how a
    /// TEXT or a BLOB can be part of one.
    ///
    /// ```
    /// use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// use diesel::sql_types::Text;
    ///
    /// let table = TableDef::new("tests")
    ///     .column(ColumnDef::new::<Text>("text").column_type("mediumtext"))
    ///     .primary_key(["text"])
    ///     .primary_key_length("text", 200);
    /// let models = Metadata::new([table]);
    /// assert!(models.create_statements(Dialect::Mysql)[0].contains("PRIMARY KEY (`text`(200))"));
    /// assert!(models.validate_for(Dialect::Sqlite).is_err());
    /// ```
    #[must_use]
    pub fn primary_key_length(mut self, column: impl Into<Name>, length: u32) -> Self {
        self.primary_key_lengths.push((column.into(), length));
        self
    }

    /// Gives the constraint of the primary key a name of its own.
    #[must_use]
    pub fn primary_key_name(mut self, name: impl Into<Name>) -> Self {
        self.primary_key_name = Some(name.into());
        self
    }

    /// Adds a unique constraint: a [`UniqueDef`], or the names of its columns.
    #[must_use]
    pub fn unique(mut self, rule: impl Into<UniqueDef>) -> Self {
        self.uniques.push(rule.into());
        self
    }

    /// Adds an index: an [`IndexDef`], or the names of its columns.
    #[must_use]
    pub fn index(mut self, index: impl Into<IndexDef>) -> Self {
        self.indexes.push(index.into());
        self
    }

    /// Adds a condition that every row meets: a [`CheckDef`], or its SQL.
    #[must_use]
    pub fn check(mut self, check: impl Into<CheckDef>) -> Self {
        self.checks.push(check.into());
        self
    }

    /// Adds a foreign key.
    #[must_use]
    pub fn foreign_key(mut self, key: ForeignKeyDef) -> Self {
        self.foreign_keys.push(key);
        self
    }

    /// Says which name the table had before, so that a migration renames it and keeps its rows.
    #[must_use]
    pub fn renamed_from(mut self, name: impl Into<Name>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }

    /// Says what the table is for, in the database: SQLite has no place for it.
    #[must_use]
    pub fn comment(mut self, text: impl Into<Name>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// Makes it a STRICT table on SQLite: values must fit the types of their columns.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.options.strict = true;
        self
    }

    /// Makes it a WITHOUT ROWID table on SQLite: the rows lie in the primary key.
    #[must_use]
    pub fn without_rowid(mut self) -> Self {
        self.options.without_rowid = true;
        self
    }

    /// Sets the storage engine on MySQL.
    #[must_use]
    pub fn engine(mut self, name: impl Into<Name>) -> Self {
        self.options.engine = Some(name.into());
        self
    }

    /// Sets the collation, on MySQL, of the columns that name none.
    #[must_use]
    pub fn collation(mut self, name: impl Into<Name>) -> Self {
        self.options.collation = Some(name.into());
        self
    }

    /// Says what is otherwise on one engine: `change` is applied to this description there.
    ///
    /// ```
    /// use axum_db::{Dialect, model::{ColumnDef, IndexDef, TableDef}};
    /// use diesel::sql_types::Text;
    ///
    /// let books = TableDef::new("books")
    ///     .column(ColumnDef::new::<Text>("title"))
    ///     .on(Dialect::Mysql, |table| table.index(IndexDef::new(["title"]).using("fulltext")));
    /// assert_eq!(books.for_dialect(Dialect::Mysql).indexes.len(), 1);
    /// assert_eq!(books.for_dialect(Dialect::Sqlite).indexes.len(), 0);
    /// ```
    #[must_use]
    pub fn on(
        mut self,
        dialect: Dialect,
        change: impl Fn(TableDef) -> TableDef + Send + Sync + 'static,
    ) -> Self {
        self.variants.push(Variant {
            dialect,
            change: Arc::new(change),
        });
        self
    }

    /// Changes the column called `name`, where there is one.
    #[must_use]
    pub fn change_column(
        mut self,
        name: &str,
        change: impl FnOnce(ColumnDef) -> ColumnDef,
    ) -> Self {
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == name) {
            *column = change(column.clone());
        }
        self
    }

    /// Changes the foreign keys over `columns`.
    #[must_use]
    pub fn change_foreign_key(
        mut self,
        columns: &[&str],
        change: impl Fn(ForeignKeyDef) -> ForeignKeyDef,
    ) -> Self {
        for key in &mut self.foreign_keys {
            if key.columns.iter().eq(columns) {
                *key = change(key.clone());
            }
        }
        self
    }

    /// The description as it is on `dialect`: with what [`on`](Self::on) says of it.
    #[must_use]
    pub fn for_dialect(&self, dialect: Dialect) -> TableDef {
        let mut table = self.clone();
        let variants = std::mem::take(&mut table.variants);
        variants
            .into_iter()
            .filter(|variant| variant.dialect == dialect)
            .fold(table, |table, variant| (variant.change)(table))
    }

    /// The name with the schema, where one is named: `audit.events`.
    #[must_use]
    pub fn qualified_name(&self) -> Cow<'_, str> {
        qualified(self.schema.as_deref(), &self.name)
    }

    /// The column of the primary key; `None` where the key has several columns, or none.
    #[must_use]
    pub fn key_column(&self) -> Option<&ColumnDef> {
        match self.primary_key.as_slice() {
            [name] => self.columns.iter().find(|column| column.name == *name),
            _ => None,
        }
    }

    /// The enums of the columns.
    pub(crate) fn enums(&self) -> impl Iterator<Item = EnumDef> {
        self.columns
            .iter()
            .filter_map(|column| column.sql_type.enumeration())
    }

    /// Whether `column` is wholly part of a key, a constraint or an index.
    pub(crate) fn is_keyed(&self, column: &str) -> bool {
        let indexed = self
            .indexes
            .iter()
            .filter(|index| !index.is_of_words())
            .flat_map(|index| &index.keys)
            .filter(|key| key.length.is_none())
            .any(|key| matches!(&key.target, KeyTarget::Column(name) if name == column));
        let uniques = self.uniques.iter().map(|rule| &rule.columns);
        indexed
            || uniques
                .chain(self.foreign_keys.iter().map(|key| &key.columns))
                .chain([&self.primary_key])
                .flatten()
                .any(|name| name == column)
    }
}

pub(super) fn qualified<'a>(schema: Option<&str>, name: &'a str) -> Cow<'a, str> {
    match schema {
        Some(schema) => format!("{schema}.{name}").into(),
        None => name.into(),
    }
}
