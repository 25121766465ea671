//! The indexes of a table.

use std::borrow::Cow;

use super::names::index_name;
use super::rules::names;

type Name = Cow<'static, str>;

/// An index of a [`TableDef`](super::TableDef).
///
/// ```
/// use axum_db::model::{IndexDef, KeyDef};
///
/// let index = IndexDef::new(["user_id", "made"]).name("posts_by_user");
/// assert_eq!(index.name.as_deref(), Some("posts_by_user"));
///
/// let newest = IndexDef::new([KeyDef::expression("lower(title)"), KeyDef::column("made").desc()])
///     .filter("published")
///     .unique();
/// assert_eq!(newest.filter.as_deref(), Some("published"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexDef {
    /// What it orders by.
    pub keys: Vec<KeyDef>,
    /// The index's name. Default: of the table and the keys, ending in `_idx`.
    pub name: Option<Name>,
    /// Whether no two rows may have the same keys. Default: `false`.
    pub unique: bool,
    /// The condition, in SQL, of the rows that it holds (SQLite, PostgreSQL). Default: it holds all.
    pub filter: Option<Name>,
    /// The method: `gin`, `gist`, `hash`… on PostgreSQL, `fulltext`, `spatial`, `hash` on MySQL. Default: a
    /// B-tree.
    pub using: Option<Name>,
    /// Columns that it holds beside its keys (PostgreSQL). Default: none.
    pub include: Vec<Name>,
    /// Whether two rows with NULL are equal to a unique index (PostgreSQL). Default: `false`.
    pub nulls_not_distinct: bool,
}

/// One key of an [`IndexDef`]: a column or an expression, and how it is ordered.
///
/// ```
/// use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
/// use diesel::sql_types::{Integer, Timestamp};
///
/// let keys = [KeyDef::column("user_id"), KeyDef::column("made").desc()];
/// let posts = TableDef::new("posts")
///     .column(ColumnDef::new::<Integer>("user_id"))
///     .column(ColumnDef::new::<Timestamp>("made"))
///     .index(IndexDef::new(keys));
/// let sql = Metadata::new([posts]).create_statements(Dialect::Sqlite).remove(1);
/// assert_eq!(sql, "CREATE INDEX \"posts_user_id_made_idx\" ON \"posts\" (\"user_id\", \"made\" DESC)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyDef {
    /// What it reads.
    pub target: KeyTarget,
    /// Whether it is in descending order. Default: `false`.
    pub descending: bool,
    /// Whether NULL comes first (PostgreSQL). Default: as the order has it, first in a descending one.
    pub nulls_first: Option<bool>,
    /// The operator class, in SQL (PostgreSQL). Default: the type's own.
    pub opclass: Option<Name>,
    /// The name of the collation (SQLite, PostgreSQL). Default: the column's.
    pub collation: Option<Name>,
    /// How many characters, or bytes, of the column it reads (MySQL). Default: all.
    pub length: Option<u32>,
}

/// What a [`KeyDef`] reads.
///
/// ```
/// use axum_db::model::{KeyDef, KeyTarget};
///
/// assert_eq!(KeyDef::from("title").target, KeyTarget::Column("title".into()));
/// assert_eq!(KeyDef::expression("lower(title)").target, KeyTarget::Expression("lower(title)".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyTarget {
    /// A column, by its name.
    Column(Name),
    /// An expression in SQL: not on MariaDB.
    Expression(Name),
}

impl IndexDef {
    /// An index over `keys`: the names of columns, or [`KeyDef`]s.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let people = TableDef::new("people")
    ///     .column(ColumnDef::new::<Text>("last"))
    ///     .column(ColumnDef::new::<Text>("first"))
    ///     .index(IndexDef::new(["last", "first"]));
    /// let sql = Metadata::new([people]).create_statements(Dialect::Sqlite).remove(1);
    /// assert_eq!(sql, "CREATE INDEX \"people_last_first_idx\" ON \"people\" (\"last\", \"first\")");
    /// ```
    #[must_use]
    pub fn new<K: Into<KeyDef>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            keys: keys.into_iter().map(Into::into).collect(),
            name: None,
            unique: false,
            filter: None,
            using: None,
            include: Vec::new(),
            nulls_not_distinct: false,
        }
    }

    /// Gives the index a name of its own.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let index = IndexDef::new(["title"]).name("books_by_title");
    /// let books = TableDef::new("books").column(ColumnDef::new::<Text>("title")).index(index);
    /// let sql = Metadata::new([books]).create_statements(Dialect::Sqlite).remove(1);
    /// assert_eq!(sql, "CREATE INDEX \"books_by_title\" ON \"books\" (\"title\")");
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Forbids two rows with the same keys.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// // Ann@example.org and ann@example.org are one.
    /// let index = IndexDef::new([KeyDef::expression("lower(email)")]).unique();
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("email")).index(index);
    /// let sql = Metadata::new([users]).create_statements(Dialect::Sqlite).remove(1);
    /// assert_eq!(sql, "CREATE UNIQUE INDEX \"users_lower_email_idx\" ON \"users\" (lower(email))");
    /// ```
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Has it hold only the rows that meet a condition in SQL (SQLite, PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, TableDef}};
    /// # use diesel::sql_types::{Bool, Text};
    /// let posts = TableDef::new("posts")
    ///     .column(ColumnDef::new::<Text>("slug"))
    ///     .column(ColumnDef::new::<Bool>("deleted"))
    ///     .index(IndexDef::new(["slug"]).unique().filter("NOT deleted"));
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Postgres).remove(1);
    /// assert_eq!(sql, "CREATE UNIQUE INDEX \"posts_slug_idx\" ON \"posts\" (\"slug\") WHERE NOT deleted");
    /// ```
    #[must_use]
    pub fn filter(mut self, condition: impl Into<Name>) -> Self {
        self.filter = Some(condition.into());
        self
    }

    /// Sets the method: `gin`, `gist`, `hash`… on PostgreSQL, `fulltext`, `spatial`, `hash` on MySQL.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let books = TableDef::new("books").column(ColumnDef::new::<Text>("blurb"));
    /// let words = |method| Metadata::new([books.clone().index(IndexDef::new(["blurb"]).using(method))]);
    /// let sql = words("fulltext").create_statements(Dialect::Mysql).remove(1);
    /// assert_eq!(sql, "CREATE FULLTEXT INDEX `books_blurb_idx` ON `books` (`blurb`)");
    /// let sql = words("hash").create_statements(Dialect::Postgres).remove(1);
    /// assert_eq!(sql, "CREATE INDEX \"books_blurb_idx\" ON \"books\" USING \"hash\" (\"blurb\")");
    /// ```
    #[must_use]
    pub fn using(mut self, method: impl Into<Name>) -> Self {
        self.using = Some(method.into());
        self
    }

    /// Has it hold other columns beside its keys (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let books = TableDef::new("books")
    ///     .column(ColumnDef::new::<Text>("isbn"))
    ///     .column(ColumnDef::new::<Text>("title"))
    ///     .index(IndexDef::new(["isbn"]).include(["title"])); // the title of an ISBN, from the index alone
    /// let sql = Metadata::new([books]).create_statements(Dialect::Postgres).remove(1);
    /// assert!(sql.ends_with("ON \"books\" (\"isbn\") INCLUDE (\"title\")"));
    /// ```
    #[must_use]
    pub fn include<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.include = names(columns);
        self
    }

    /// Takes two rows with NULL for equal, if it is unique (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let index = IndexDef::new(["email"]).unique().nulls_not_distinct(); // one user without, no second
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("email").nullable()).index(index);
    /// let sql = Metadata::new([users]).create_statements(Dialect::Postgres).remove(1);
    /// assert!(sql.ends_with("ON \"users\" (\"email\") NULLS NOT DISTINCT"));
    /// ```
    #[must_use]
    pub fn nulls_not_distinct(mut self) -> Self {
        self.nulls_not_distinct = true;
        self
    }

    pub(crate) fn name_in(&self, table: &str) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => {
                let keys: Vec<Cow<'_, str>> = self.keys.iter().map(KeyDef::word).collect();
                index_name(table, &keys)
            }
        }
    }

    /// Whether MySQL makes it of the words, or places, in whole columns.
    pub(crate) fn is_of_words(&self) -> bool {
        self.using
            .as_deref()
            .is_some_and(|using| ["fulltext", "spatial"].contains(&using))
    }
}

impl KeyDef {
    /// A column.
    ///
    /// ```
    /// # use axum_db::model::{IndexDef, KeyDef};
    /// assert_eq!(IndexDef::new([KeyDef::column("title")]), IndexDef::new(["title"]));
    /// ```
    #[must_use]
    pub fn column(name: impl Into<Name>) -> Self {
        Self::of(KeyTarget::Column(name.into()))
    }

    /// An expression in SQL, without parentheses around it. MariaDB has none: index a generated column there.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let index = IndexDef::new([KeyDef::expression("lower(title)")]);
    /// let books = TableDef::new("books").column(ColumnDef::new::<Text>("title")).index(index);
    /// let sql = Metadata::new([books]).create_statements(Dialect::Postgres).remove(1);
    /// assert_eq!(sql, "CREATE INDEX \"books_lower_title_idx\" ON \"books\" ((lower(title)))");
    /// ```
    #[must_use]
    pub fn expression(sql: impl Into<Name>) -> Self {
        Self::of(KeyTarget::Expression(sql.into()))
    }

    fn of(target: KeyTarget) -> Self {
        Self {
            target,
            descending: false,
            nulls_first: None,
            opclass: None,
            collation: None,
            length: None,
        }
    }

    /// Puts it in descending order.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Timestamp;
    /// let index = IndexDef::new([KeyDef::column("made").desc()]);
    /// let posts = TableDef::new("posts").column(ColumnDef::new::<Timestamp>("made")).index(index);
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Sqlite).remove(1);
    /// assert!(sql.ends_with("ON \"posts\" (\"made\" DESC)"));
    /// ```
    #[must_use]
    pub fn desc(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Puts NULL before everything else (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Timestamp;
    /// let index = IndexDef::new([KeyDef::column("read").nulls_first()]); // what is unread comes first
    /// let mails = TableDef::new("mails").column(ColumnDef::new::<Timestamp>("read").nullable()).index(index);
    /// let sql = Metadata::new([mails]).create_statements(Dialect::Postgres).remove(1);
    /// assert!(sql.ends_with("ON \"mails\" (\"read\" NULLS FIRST)"));
    /// ```
    #[must_use]
    pub fn nulls_first(mut self) -> Self {
        self.nulls_first = Some(true);
        self
    }

    /// Puts NULL behind everything else (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let index = IndexDef::new([KeyDef::column("stars").desc().nulls_last()]); // the unrated come last
    /// let books = TableDef::new("books").column(ColumnDef::new::<Integer>("stars").nullable()).index(index);
    /// let sql = Metadata::new([books]).create_statements(Dialect::Postgres).remove(1);
    /// assert!(sql.ends_with("ON \"books\" (\"stars\" DESC NULLS LAST)"));
    /// ```
    #[must_use]
    pub fn nulls_last(mut self) -> Self {
        self.nulls_first = Some(false);
        self
    }

    /// Sets the operator class, in SQL (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let index = IndexDef::new([KeyDef::column("title").opclass("gin_trgm_ops")]).using("gin");
    /// let books = TableDef::new("books").column(ColumnDef::new::<Text>("title")).index(index);
    /// let sql = Metadata::new([books]).create_statements(Dialect::Postgres).remove(1);
    /// assert!(sql.ends_with("USING \"gin\" (\"title\" gin_trgm_ops)")); // for LIKE '%word%'
    /// ```
    #[must_use]
    pub fn opclass(mut self, sql: impl Into<Name>) -> Self {
        self.opclass = Some(sql.into());
        self
    }

    /// Sets the collation, by its name (SQLite, PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let index = IndexDef::new([KeyDef::column("name").collation("NOCASE")]);
    /// let people = TableDef::new("people").column(ColumnDef::new::<Text>("name")).index(index);
    /// let sql = Metadata::new([people]).create_statements(Dialect::Sqlite).remove(1);
    /// assert!(sql.ends_with("ON \"people\" (\"name\" COLLATE \"NOCASE\")"));
    /// ```
    #[must_use]
    pub fn collation(mut self, name: impl Into<Name>) -> Self {
        self.collation = Some(name.into());
        self
    }

    /// Has it read no more than so many characters, or bytes, of the column (MySQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, IndexDef, KeyDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let index = IndexDef::new([KeyDef::column("body").length(20)]);
    /// let posts = TableDef::new("posts").column(ColumnDef::new::<Text>("body")).index(index);
    /// let sql = Metadata::new([posts]).create_statements(Dialect::Mysql);
    /// assert!(sql[0].contains("`body` TEXT NOT NULL")); // which MySQL indexes in no other way
    /// assert_eq!(sql[1], "CREATE INDEX `posts_body_idx` ON `posts` (`body`(20))");
    /// ```
    #[must_use]
    pub fn length(mut self, length: u32) -> Self {
        self.length = Some(length);
        self
    }

    /// What the index's name has of it.
    fn word(&self) -> Cow<'_, str> {
        match &self.target {
            KeyTarget::Column(name) => Cow::Borrowed(name),
            KeyTarget::Expression(sql) => {
                let words: Vec<&str> = sql
                    .split(|character: char| !character.is_alphanumeric() && character != '_')
                    .filter(|word| !word.is_empty())
                    .collect();
                Cow::Owned(words.join("_"))
            }
        }
    }
}

impl From<&'static str> for KeyDef {
    fn from(column: &'static str) -> Self {
        Self::column(column)
    }
}

impl From<String> for KeyDef {
    fn from(column: String) -> Self {
        Self::column(column)
    }
}

impl From<Name> for KeyDef {
    fn from(column: Name) -> Self {
        Self::column(column)
    }
}

impl<K: Into<KeyDef>, C: IntoIterator<Item = K>> From<C> for IndexDef {
    fn from(keys: C) -> Self {
        Self::new(keys)
    }
}
