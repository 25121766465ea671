//! Uniques, indexes and checks of a table.

use std::borrow::Cow;

use super::TableDef;
use super::names::{check_name, index_name, unique_name};

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
}

/// An index of a [`TableDef`].
///
/// ```
/// use axum_db::model::IndexDef;
///
/// let index = IndexDef::new(["user_id", "made"]).name("posts_by_user");
/// assert_eq!(index.name.as_deref(), Some("posts_by_user"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexDef {
    /// The names of the columns.
    pub columns: Vec<Name>,
    /// The index's name. Default: of the table and the columns, ending in `_idx`.
    pub name: Option<Name>,
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
    /// The constraint's name. Default: of the table and the column, ending in `_check`, by which
    /// migrations know it for a model's.
    pub name: Option<Name>,
}

impl UniqueDef {
    /// A unique constraint over `columns`.
    #[must_use]
    pub fn new<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Self {
        Self {
            columns: names(columns),
            name: None,
        }
    }

    /// Gives the constraint a name of its own.
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(crate) fn name_in(&self, table: &str) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => unique_name(table, &self.columns),
        }
    }
}

impl IndexDef {
    /// An index over `columns`.
    #[must_use]
    pub fn new<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Self {
        Self {
            columns: names(columns),
            name: None,
        }
    }

    /// Gives the index a name of its own.
    #[must_use]
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(crate) fn name_in(&self, table: &str) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => index_name(table, &self.columns),
        }
    }
}

impl CheckDef {
    /// A condition in SQL.
    #[must_use]
    pub fn new(expression: impl Into<Name>) -> Self {
        Self {
            expression: expression.into(),
            column: None,
            name: None,
        }
    }

    /// Names the constraint after `column`.
    #[must_use]
    pub fn column(mut self, column: impl Into<Name>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Gives the constraint a name of its own. Let it end in `_check`, so that migrations drop it again
    /// when the model has it no more.
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

impl<N: Into<Name>, C: IntoIterator<Item = N>> From<C> for IndexDef {
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
