//! Unique constraints and checks of a table.

use std::borrow::Cow;

use super::names::{check_name, unique_name};
use super::{Deferrable, TableDef};

type Name = Cow<'static, str>;

/// A unique constraint of a [`TableDef`].
///
/// ```
/// use axum_db::model::UniqueDef;
///
/// let rule = UniqueDef::new(["year", "number"]).name("invoices_number");
/// assert_eq!(rule.columns, ["year", "number"]);
/// assert_eq!(UniqueDef::from(["year"]), UniqueDef::new(["year"]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UniqueDef {
    /// The names of the columns.
    pub columns: Vec<Name>,
    /// The constraint's name. Default: of the table and the columns, ending in `_key`.
    pub name: Option<Name>,
    /// Whether and when its check may be put off (PostgreSQL). Default: it is made at once.
    pub deferrable: Option<Deferrable>,
    /// Whether two rows with NULL are equal (PostgreSQL). Default: `false`.
    pub nulls_not_distinct: bool,
    /// Columns that the constraint's index holds beside its own (PostgreSQL). Default: none.
    pub include: Vec<Name>,
}

/// A condition that every row of a [`TableDef`] meets.
///
/// ```
/// use axum_db::model::CheckDef;
///
/// let check = CheckDef::new("price >= 0").column("price");
/// assert_eq!(check.expression, "price >= 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckDef {
    /// The condition, in SQL that every engine in use understands.
    pub expression: Name,
    /// The column it is named after, where it is about one.
    pub column: Option<Name>,
    /// The constraint's name. Default: of the table and the column, ending in `_check`.
    pub name: Option<Name>,
}

impl UniqueDef {
    /// A unique constraint over `columns`.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef, UniqueDef}};
    /// # use diesel::sql_types::Integer;
    /// let invoices = TableDef::new("invoices")
    ///     .column(ColumnDef::new::<Integer>("year"))
    ///     .column(ColumnDef::new::<Integer>("number"))
    ///     .unique(UniqueDef::new(["year", "number"]));
    /// let sql = Metadata::new([invoices]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"invoices_year_number_key\" UNIQUE (\"year\", \"number\")"));
    /// ```
    #[must_use]
    pub fn new<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Self {
        Self {
            columns: names(columns),
            name: None,
            deferrable: None,
            nulls_not_distinct: false,
            include: Vec::new(),
        }
    }

    /// Gives the constraint a name of its own.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef, UniqueDef}};
    /// # use diesel::sql_types::Text;
    /// let rule = UniqueDef::new(["email"]).name("one_account_per_email");
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("email")).unique(rule);
    /// let sql = Metadata::new([users]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"one_account_per_email\" UNIQUE (\"email\")"));
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets a transaction put the check off to its end (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, Deferrable, TableDef, UniqueDef}};
    /// # use diesel::sql_types::Integer;
    /// let rule = UniqueDef::new(["place"]).deferrable(Deferrable::InitiallyDeferred);
    /// let songs = TableDef::new("songs").column(ColumnDef::new::<Integer>("place")).unique(rule);
    /// let sql = Metadata::new([songs]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("UNIQUE (\"place\") DEFERRABLE INITIALLY DEFERRED"));
    /// ```
    #[must_use]
    pub fn deferrable(mut self, deferrable: Deferrable) -> Self {
        self.deferrable = Some(deferrable);
        self
    }

    /// Takes two rows with NULL for equal (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef, UniqueDef}};
    /// # use diesel::sql_types::Text;
    /// let rule = UniqueDef::new(["email"]).nulls_not_distinct(); // one user without, no second
    /// let users = TableDef::new("users").column(ColumnDef::new::<Text>("email").nullable()).unique(rule);
    /// let sql = Metadata::new([users]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("UNIQUE NULLS NOT DISTINCT (\"email\")"));
    /// ```
    #[must_use]
    pub fn nulls_not_distinct(mut self) -> Self {
        self.nulls_not_distinct = true;
        self
    }

    /// Has the constraint's index hold other columns beside its own (PostgreSQL).
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef, UniqueDef}};
    /// # use diesel::sql_types::Text;
    /// let books = TableDef::new("books")
    ///     .column(ColumnDef::new::<Text>("isbn"))
    ///     .column(ColumnDef::new::<Text>("title"))
    ///     .unique(UniqueDef::new(["isbn"]).include(["title"])); // the title of an ISBN, from the index alone
    /// let sql = Metadata::new([books]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("UNIQUE (\"isbn\") INCLUDE (\"title\")"));
    /// ```
    #[must_use]
    pub fn include<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.include = names(columns);
        self
    }

    pub(crate) fn name_in(&self, table: &str) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => unique_name(table, &self.columns),
        }
    }
}

impl CheckDef {
    /// A condition in SQL.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{CheckDef, ColumnDef, TableDef}};
    /// # use diesel::sql_types::Timestamp;
    /// let events = TableDef::new("events")
    ///     .column(ColumnDef::new::<Timestamp>("starts"))
    ///     .column(ColumnDef::new::<Timestamp>("ends"))
    ///     .check(CheckDef::new("starts < ends"));
    /// let sql = Metadata::new([events]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"events_check\" CHECK (starts < ends)"));
    /// ```
    #[must_use]
    pub fn new(expression: impl Into<Name>) -> Self {
        Self {
            expression: expression.into(),
            column: None,
            name: None,
        }
    }

    /// Names the constraint after `column`.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{CheckDef, ColumnDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let check = CheckDef::new("price >= 0").column("price");
    /// let products = TableDef::new("products").column(ColumnDef::new::<Integer>("price")).check(check);
    /// let sql = Metadata::new([products]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"products_price_check\" CHECK (price >= 0)"));
    /// ```
    #[must_use]
    pub fn column(mut self, column: impl Into<Name>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Gives the constraint a name of its own.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{CheckDef, ColumnDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let check = CheckDef::new("price >= 0").name("nothing_is_paid_to_buyers");
    /// let products = TableDef::new("products").column(ColumnDef::new::<Integer>("price")).check(check);
    /// let sql = Metadata::new([products]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("CONSTRAINT \"nothing_is_paid_to_buyers\" CHECK (price >= 0)"));
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl<N: Into<Name>, C: IntoIterator<Item = N>> From<C> for UniqueDef {
    fn from(columns: C) -> Self {
        Self::new(columns)
    }
}

impl From<&'static str> for CheckDef {
    fn from(expression: &'static str) -> Self {
        Self::new(expression)
    }
}

/// The names of `checks`, each once.
pub(crate) fn names_of_checks(table: &TableDef, checks: &[CheckDef]) -> Vec<String> {
    let mut taken: Vec<String> = Vec::with_capacity(checks.len());
    for check in checks {
        let column = check.column.as_deref();
        let name = match &check.name {
            Some(name) => name.to_string(),
            None => (0..)
                .map(|number| check_name(&table.name, column, number))
                .find(|name| !taken.contains(name))
                .unwrap_or_default(),
        };
        taken.push(name);
    }
    taken
}

pub(super) fn names<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Vec<Name> {
    columns.into_iter().map(Into::into).collect()
}
