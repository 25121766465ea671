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
///
/// ```
/// use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
/// use diesel::sql_types::Text;
///
/// let words = TableDef::new("words")
///     .column(ColumnDef::new::<Text>("word").length(40))
///     .primary_key(["word"])
///     .without_rowid()
///     .engine("InnoDB");
/// assert!(words.options.without_rowid && !words.options.strict);
/// let models = Metadata::new([words]);
/// assert!(models.create_statements(Dialect::Sqlite)[0].ends_with(") WITHOUT ROWID"));
/// assert!(models.create_statements(Dialect::Mysql)[0].ends_with(") ENGINE = `InnoDB`"));
/// ```
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
    ///
    /// ```
    /// # use axum_db::model::TableDef;
    /// let users = TableDef::new("users");
    /// assert_eq!((&*users.name, &*users.bind), ("users", "main"));
    /// assert!(users.columns.is_empty() && users.primary_key.is_empty());
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Metadata, model::TableDef};
    /// let metadata = Metadata::new([TableDef::new("visits").bind("analytics")]);
    /// assert_eq!(metadata.bind("analytics").tables().len(), 1);
    /// assert_eq!(metadata.bind("main").tables().len(), 0);
    /// ```
    #[must_use]
    pub fn bind(mut self, bind: impl Into<Name>) -> Self {
        self.bind = bind.into();
        self
    }

    /// Says which Rust module declares the table, for error messages.
    ///
    /// ```
    /// # use axum_db::{Metadata, model::TableDef};
    /// let ours = TableDef::new("jobs").module(module_path!());
    /// let theirs = TableDef::new("jobs").module("queue::tables");
    /// let error = Metadata::new([ours, theirs]).validate().unwrap_err();
    /// assert!(error.to_string().contains("in `queue::tables`"));
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::{Integer, Text};
    /// let jobs = TableDef::new("jobs")
    ///     .column(ColumnDef::new::<Text>("name"))
    ///     .column(ColumnDef::new::<Integer>("tries"));
    /// let sql = Metadata::new([jobs]).create_statements(Dialect::Sqlite).remove(0);
    /// assert_eq!(sql, "CREATE TABLE \"jobs\" (\n    \"name\" TEXT NOT NULL,\n    \"tries\" INTEGER NOT NULL\n)");
    /// ```
    #[must_use]
    pub fn column(mut self, column: ColumnDef) -> Self {
        self.columns.push(column);
        self
    }

    /// Sets the primary key.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let votes = TableDef::new("votes")
    ///     .column(ColumnDef::new::<Integer>("user_id"))
    ///     .column(ColumnDef::new::<Integer>("post_id"))
    ///     .primary_key(["post_id", "user_id"]);
    /// let sql = Metadata::new([votes]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"votes_pkey\" PRIMARY KEY (\"post_id\", \"user_id\")"));
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let countries = TableDef::new("countries")
    ///     .column(ColumnDef::new::<Text>("code").length(2))
    ///     .primary_key(["code"])
    ///     .primary_key_name("iso_code");
    /// let sql = Metadata::new([countries]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"iso_code\" PRIMARY KEY (\"code\")"));
    /// ```
    #[must_use]
    pub fn primary_key_name(mut self, name: impl Into<Name>) -> Self {
        self.primary_key_name = Some(name.into());
        self
    }

    /// Adds a unique constraint: a [`UniqueDef`], or the names of its columns.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("email")).unique(["email"]);
    /// let sql = Metadata::new([users]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"users_email_key\" UNIQUE (\"email\")"));
    /// ```
    #[must_use]
    pub fn unique(mut self, rule: impl Into<UniqueDef>) -> Self {
        self.uniques.push(rule.into());
        self
    }

    /// Adds an index: an [`IndexDef`], or the names of its columns.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("name")).index(["name"]);
    /// let sql = Metadata::new([users]).create_statements(Dialect::Sqlite).remove(1);
    /// assert_eq!(sql, "CREATE INDEX \"users_name_idx\" ON \"users\" (\"name\")");
    /// ```
    #[must_use]
    pub fn index(mut self, index: impl Into<IndexDef>) -> Self {
        self.indexes.push(index.into());
        self
    }

    /// Adds a condition that every row meets: a [`CheckDef`], or its SQL.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let reviews = TableDef::new("reviews").column(ColumnDef::new::<Integer>("stars")).check("stars < 6");
    /// let sql = Metadata::new([reviews]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"reviews_check\" CHECK (stars < 6)"));
    /// ```
    #[must_use]
    pub fn check(mut self, check: impl Into<CheckDef>) -> Self {
        self.checks.push(check.into());
        self
    }

    /// Adds a foreign key.
    ///
    /// ```
    /// # use axum_db::{Metadata, model::{ColumnDef, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let users = TableDef::new("users").column(ColumnDef::new::<Integer>("id")).primary_key(["id"]);
    /// let posts = TableDef::new("posts")
    ///     .column(ColumnDef::new::<Integer>("user_id"))
    ///     .foreign_key(ForeignKeyDef::new(["user_id"], "users", ["id"]));
    /// assert!(Metadata::new([users, posts.clone()]).validate().is_ok());
    /// assert!(Metadata::new([posts]).validate().is_err()); // where are the users?
    /// ```
    #[must_use]
    pub fn foreign_key(mut self, key: ForeignKeyDef) -> Self {
        self.foreign_keys.push(key);
        self
    }

    /// Says which name the table had before, so that a migration renames it and keeps its rows.
    ///
    /// ```
    /// # use axum_db::model::TableDef;
    /// let people = TableDef::new("people").renamed_from("persons");
    /// assert_eq!(people.renamed_from.as_deref(), Some("persons"));
    /// ```
    #[must_use]
    pub fn renamed_from(mut self, name: impl Into<Name>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }

    /// Says what the table is for, in the database: SQLite has no place for it.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("name")).comment("who may log in");
    /// let models = Metadata::new([users]);
    /// assert_eq!(models.create_statements(Dialect::Postgres)[1], "COMMENT ON TABLE \"users\" IS 'who may log in'");
    /// assert!(models.create_statements(Dialect::Mysql)[0].ends_with("COMMENT = 'who may log in'"));
    /// ```
    #[must_use]
    pub fn comment(mut self, text: impl Into<Name>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// Makes it a STRICT table on SQLite: values must fit the types of their columns.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("name").length(40)).strict();
    /// let sql = Metadata::new([users]).create_statements(Dialect::Sqlite).remove(0);
    /// assert_eq!(sql, "CREATE TABLE \"users\" (\n    \"name\" TEXT NOT NULL\n) STRICT"); // it knows no VARCHAR
    /// ```
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.options.strict = true;
        self
    }

    /// Makes it a WITHOUT ROWID table on SQLite: the rows lie in the primary key.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let words = TableDef::new("words")
    ///     .column(ColumnDef::new::<Text>("word"))
    ///     .primary_key(["word"])
    ///     .without_rowid();
    /// let sql = Metadata::new([words]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.ends_with("PRIMARY KEY (\"word\")\n) WITHOUT ROWID"));
    /// ```
    #[must_use]
    pub fn without_rowid(mut self) -> Self {
        self.options.without_rowid = true;
        self
    }

    /// Sets the storage engine on MySQL.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let hits = TableDef::new("hits").column(ColumnDef::new::<Text>("path").length(200)).engine("MEMORY");
    /// let sql = Metadata::new([hits]).create_statements(Dialect::Mysql).remove(0);
    /// assert!(sql.ends_with(") ENGINE = `MEMORY`"));
    /// ```
    #[must_use]
    pub fn engine(mut self, name: impl Into<Name>) -> Self {
        self.options.engine = Some(name.into());
        self
    }

    /// Sets the collation, on MySQL, of the columns that name none.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let tokens = TableDef::new("tokens").column(ColumnDef::new::<Text>("token").length(43));
    /// let sql = Metadata::new([tokens.collation("utf8mb4_bin")]).create_statements(Dialect::Mysql).remove(0);
    /// assert!(sql.ends_with(") COLLATE = `utf8mb4_bin`")); // a and A are two
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let users = TableDef::new("users")
    ///     .column(ColumnDef::new::<Text>("name"))
    ///     .on(Dialect::Postgres, |table| table.change_column("name", |name| name.column_type("CITEXT")))
    ///     .on(Dialect::Mysql, |table| table.change_column("nmae", |name| name.length(40)));
    /// assert_eq!(users.for_dialect(Dialect::Postgres).columns[0].column_type.as_deref(), Some("CITEXT"));
    /// assert_eq!(users.for_dialect(Dialect::Mysql).columns[0].length, None); // there is no `nmae`
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, model::{ColumnDef, Deferrable, ForeignKeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let people = TableDef::new("people")
    ///     .column(ColumnDef::new::<Integer>("boss"))
    ///     .foreign_key(ForeignKeyDef::new(["boss"], "people", ["id"]))
    ///     .on(Dialect::Postgres, |table| {
    ///         table.change_foreign_key(&["boss"], |key| key.deferrable(Deferrable::InitiallyDeferred))
    ///     });
    /// let deferrable = |dialect| people.for_dialect(dialect).foreign_keys[0].deferrable;
    /// assert_eq!(deferrable(Dialect::Postgres), Some(Deferrable::InitiallyDeferred));
    /// assert_eq!(deferrable(Dialect::Mysql), None);
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, model::TableDef};
    /// let books = TableDef::new("books").on(Dialect::Mysql, |table| table.comment("for the shop"));
    /// assert_eq!(books.for_dialect(Dialect::Mysql).comment.as_deref(), Some("for the shop"));
    /// assert_eq!(books.for_dialect(Dialect::Postgres).comment, None);
    /// assert_eq!(books.comment, None); // what is so on all of them
    /// ```
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
    ///
    /// ```
    /// # use axum_db::model::TableDef;
    /// assert_eq!(TableDef::new("events").qualified_name(), "events");
    /// assert_eq!(TableDef::new("events").schema("audit").qualified_name(), "audit.events");
    /// ```
    #[must_use]
    pub fn qualified_name(&self) -> Cow<'_, str> {
        qualified(self.schema.as_deref(), &self.name)
    }

    /// The column of the primary key; `None` where the key has several columns, or none.
    ///
    /// ```
    /// # use axum_db::model::{ColumnDef, TableDef};
    /// # use diesel::sql_types::Integer;
    /// let users = TableDef::new("users").column(ColumnDef::new::<Integer>("id")).primary_key(["id"]);
    /// assert!(users.key_column().is_some_and(|id| id.name == "id"));
    ///
    /// let votes = TableDef::new("votes")
    ///     .column(ColumnDef::new::<Integer>("user_id"))
    ///     .column(ColumnDef::new::<Integer>("post_id"))
    ///     .primary_key(["user_id", "post_id"]);
    /// assert!(votes.key_column().is_none());
    /// ```
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
