//! The description of a table: what a model says of itself, and what a crate builds at run time.

use std::borrow::Cow;
use std::fmt;

use super::rules::names;
use super::{CheckDef, ColumnType, EnumDef, IndexDef, TypeContext, UniqueDef};
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
    /// The [`Bind::NAME`](crate::Bind::NAME) of the database it belongs to. Default: `main`.
    pub bind: Name,
    /// The Rust module that declares it, for error messages. Default: empty.
    pub module: Name,
    /// The columns, in the order of the table.
    pub columns: Vec<ColumnDef>,
    /// The names of the columns of the primary key.
    pub primary_key: Vec<Name>,
    /// The unique constraints.
    pub uniques: Vec<UniqueDef>,
    /// The indexes.
    pub indexes: Vec<IndexDef>,
    /// The conditions that every row meets.
    pub checks: Vec<CheckDef>,
    /// The foreign keys.
    pub foreign_keys: Vec<ForeignKeyDef>,
    /// The name the table had before, for migrations.
    pub renamed_from: Option<Name>,
}

impl TableDef {
    /// A table without columns in the bind `main`.
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            bind: Cow::Borrowed(<crate::Main as crate::Bind>::NAME),
            module: Cow::Borrowed(""),
            columns: Vec::new(),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            renamed_from: None,
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
            .filter_map(|column| column.sql_type.enumeration)
    }

    /// Whether `column` is part of a key, a constraint or an index.
    pub(crate) fn is_keyed(&self, column: &str) -> bool {
        let uniques = self.uniques.iter().map(|rule| &rule.columns);
        let indexes = self.indexes.iter().map(|index| &index.columns);
        uniques
            .chain(indexes)
            .chain(self.foreign_keys.iter().map(|key| &key.columns))
            .chain([&self.primary_key])
            .flatten()
            .any(|name| name == column)
    }
}

/// A column of a [`TableDef`].
///
/// ```
/// use axum_db::model::{ColumnDef, DefaultValue};
/// use diesel::sql_types::{Integer, Numeric};
///
/// let price = ColumnDef::new::<Numeric>("price").precision(10, 2).nullable();
/// assert_eq!((price.precision, price.nullable), (Some((10, 2)), true));
/// let stars = ColumnDef::new::<Integer>("stars").default(DefaultValue::Integer(3)).renamed_from("rating");
/// assert_eq!(stars.default, Some(DefaultValue::Integer(3)));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ColumnDef {
    /// The column's name in the database.
    pub name: Name,
    /// Its SQL type.
    pub sql_type: TypeDef,
    /// The length in characters (text) or bytes (binary). Default: none.
    pub length: Option<u32>,
    /// How many digits a decimal number has, and how many of them behind the point. Default: as many as
    /// the type takes.
    pub precision: Option<(u32, u32)>,
    /// Whether it may be NULL. Default: `false`.
    pub nullable: bool,
    /// The value that the database fills in. Default: none.
    pub default: Option<DefaultValue>,
    /// Whether the database numbers the rows. Default: `false`.
    pub auto_increment: bool,
    /// The name the column had before, for migrations.
    pub renamed_from: Option<Name>,
}

impl ColumnDef {
    /// A NOT NULL column of the SQL type `T`.
    #[must_use]
    pub fn new<T: ColumnType>(name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            sql_type: TypeDef::of::<T>(),
            length: None,
            precision: None,
            nullable: false,
            default: None,
            auto_increment: false,
            renamed_from: None,
        }
    }

    /// A column of the same type under another name, for a foreign key to this one. It is NOT NULL and
    /// is not numbered by the database.
    #[must_use]
    pub fn as_reference(&self, name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            sql_type: self.sql_type,
            length: self.length,
            precision: self.precision,
            nullable: false,
            default: None,
            auto_increment: false,
            renamed_from: None,
        }
    }

    /// Sets the length, in characters (text) or bytes (binary).
    #[must_use]
    pub fn length(mut self, length: u32) -> Self {
        self.length = Some(length);
        self
    }

    /// Sets how many digits a decimal number has, and how many of them (`scale`) behind the point.
    #[must_use]
    pub fn precision(mut self, precision: u32, scale: u32) -> Self {
        self.precision = Some((precision, scale));
        self
    }

    /// Lets the column be NULL.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Sets the value that the database fills in.
    #[must_use]
    pub fn default(mut self, value: DefaultValue) -> Self {
        self.default = Some(value);
        self
    }

    /// Lets the database number the rows.
    #[must_use]
    pub fn auto_increment(mut self) -> Self {
        self.auto_increment = true;
        self
    }

    /// Says which name the column had before, so that a migration renames it and keeps its values.
    #[must_use]
    pub fn renamed_from(mut self, name: impl Into<Name>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }
}

/// An SQL type as a value: a [`ColumnType`] whose Rust type is no longer known.
///
/// ```
/// use axum_db::{Dialect, model::{TypeContext, TypeDef}};
///
/// let integer = TypeDef::of::<diesel::sql_types::Integer>();
/// assert_eq!(integer.sql(Dialect::Sqlite, &TypeContext::default()), "INTEGER");
/// assert!(integer.enumeration().is_none());
/// ```
#[derive(Clone, Copy)]
pub struct TypeDef {
    name: &'static str,
    render: fn(Dialect, &TypeContext) -> Cow<'static, str>,
    now: fn(Dialect) -> Option<&'static str>,
    enumeration: Option<EnumDef>,
}

impl TypeDef {
    /// The value of `T`.
    #[must_use]
    pub fn of<T: ColumnType>() -> Self {
        Self {
            name: std::any::type_name::<T>(),
            render: T::column_type,
            now: T::now,
            enumeration: T::enumeration(),
        }
    }

    /// The type's name in the SQL of `dialect`.
    #[must_use]
    pub fn sql(&self, dialect: Dialect, context: &TypeContext) -> Cow<'static, str> {
        (self.render)(dialect, context)
    }

    /// The values, where it is an enum's type.
    #[must_use]
    pub fn enumeration(&self) -> Option<EnumDef> {
        self.enumeration
    }

    pub(crate) fn now(&self, dialect: Dialect) -> Option<&'static str> {
        (self.now)(dialect)
    }
}

impl fmt::Debug for TypeDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a column holds when an INSERT does not name it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DefaultValue {
    /// The current time in UTC, at the type's own precision.
    Now,
    /// A text.
    Text(Name),
    /// An integer.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A decimal number: its digits, and how many of them stand behind the point.
    Decimal(i64, u32),
    /// A truth value.
    Bool(bool),
}

/// A foreign key of a [`TableDef`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignKeyDef {
    /// The referencing columns.
    pub columns: Vec<Name>,
    /// The referenced table.
    pub table: Name,
    /// The referenced columns, as many as `columns`.
    pub references: Vec<Name>,
    /// What happens to the row when the referenced one is deleted. Default: [`Action::NoAction`].
    pub on_delete: Action,
    /// What happens to the row when the referenced key changes. Default: [`Action::NoAction`].
    pub on_update: Action,
}

impl ForeignKeyDef {
    /// A foreign key without actions.
    #[must_use]
    pub fn new<C: Into<Name>, R: Into<Name>>(
        columns: impl IntoIterator<Item = C>,
        table: impl Into<Name>,
        references: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            columns: names(columns),
            table: table.into(),
            references: names(references),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
        }
    }

    /// Sets what happens to the row when the referenced one is deleted.
    #[must_use]
    pub fn on_delete(mut self, action: Action) -> Self {
        self.on_delete = action;
        self
    }

    /// Sets what happens to the row when the referenced key changes.
    #[must_use]
    pub fn on_update(mut self, action: Action) -> Self {
        self.on_update = action;
        self
    }
}

/// What a foreign key does to the referencing row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Refuse the change of the referenced row, at the end of the statement or transaction.
    NoAction,
    /// Refuse the change of the referenced row at once.
    Restrict,
    /// Delete or change the referencing row too.
    Cascade,
    /// Set the referencing columns to NULL.
    SetNull,
    /// Set the referencing columns to their defaults (not on MySQL's InnoDB).
    SetDefault,
}
