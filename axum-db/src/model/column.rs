//! The description of a column.

use std::borrow::Cow;

use super::{ColumnType, TypeDef};

type Name = Cow<'static, str>;

/// A column of a [`TableDef`](super::TableDef).
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
    /// The type in SQL, in place of what `sql_type` would write. Default: none.
    pub column_type: Option<Name>,
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
    /// Whether SQLite numbers the rows without AUTOINCREMENT: the number of a deleted row may come back.
    /// Default: `false`.
    pub rowid: bool,
    /// How PostgreSQL numbers the rows. Default: by default where `auto_increment` is set, otherwise not.
    pub identity: Option<Identity>,
    /// How the database works the value out. Default: not at all.
    pub generated: Option<GeneratedDef>,
    /// The name of the collation. Default: that of the table, or of the database.
    pub collation: Option<Name>,
    /// What the column is for, kept in the database: SQLite has no place for it. Default: none.
    pub comment: Option<Name>,
    /// On MySQL, the SQL of the value that the column gets with each UPDATE of its row. Default: none.
    pub on_update_sql: Option<Name>,
    /// The name the column had before, for migrations.
    pub renamed_from: Option<Name>,
}

impl ColumnDef {
    /// A NOT NULL column of the SQL type `T`.
    #[must_use]
    pub fn new<T: ColumnType>(name: impl Into<Name>) -> Self {
        Self::of(TypeDef::of::<T>(), name.into())
    }

    fn of(sql_type: TypeDef, name: Name) -> Self {
        Self {
            name,
            sql_type,
            column_type: None,
            length: None,
            precision: None,
            nullable: false,
            default: None,
            auto_increment: false,
            rowid: false,
            identity: None,
            generated: None,
            collation: None,
            comment: None,
            on_update_sql: None,
            renamed_from: None,
        }
    }

    /// A column of the same type under another name, for a foreign key to this one. It is NOT NULL and
    /// is not numbered by the database.
    #[must_use]
    pub fn as_reference(&self, name: impl Into<Name>) -> Self {
        Self {
            column_type: self.column_type.clone(),
            length: self.length,
            precision: self.precision,
            collation: self.collation.clone(),
            ..Self::of(self.sql_type, name.into())
        }
    }

    /// Sets the type in SQL, in place of what the SQL type would write.
    ///
    /// ```
    /// use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// use diesel::sql_types::Text;
    ///
    /// let table = TableDef::new("people").column(ColumnDef::new::<Text>("mail").column_type("CITEXT"));
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("\"mail\" CITEXT NOT NULL"));
    /// ```
    #[must_use]
    pub fn column_type(mut self, sql: impl Into<Name>) -> Self {
        self.column_type = Some(sql.into());
        self
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

    /// Lets SQLite number the rows without AUTOINCREMENT: the number of a deleted row may come back.
    #[must_use]
    pub fn rowid(mut self) -> Self {
        self.rowid = true;
        self
    }

    /// Sets how PostgreSQL numbers the rows.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Lets the database work the value out.
    #[must_use]
    pub fn generated(mut self, generated: GeneratedDef) -> Self {
        self.generated = Some(generated);
        self
    }

    /// Sets the collation, by its name.
    #[must_use]
    pub fn collation(mut self, name: impl Into<Name>) -> Self {
        self.collation = Some(name.into());
        self
    }

    /// Says what the column is for, in the database: SQLite has no place for it.
    #[must_use]
    pub fn comment(mut self, text: impl Into<Name>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// On MySQL, sets the SQL of the value that the column gets with each UPDATE of its row.
    #[must_use]
    pub fn on_update_sql(mut self, sql: impl Into<Name>) -> Self {
        self.on_update_sql = Some(sql.into());
        self
    }

    /// Says which name the column had before, so that a migration renames it and keeps its values.
    #[must_use]
    pub fn renamed_from(mut self, name: impl Into<Name>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }

    /// Whether the value of a new row comes from a counter of the database.
    pub(crate) fn is_numbered(&self) -> bool {
        self.auto_increment || self.identity.is_some()
    }
}

/// How PostgreSQL numbers the rows of a table: `GENERATED … AS IDENTITY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity {
    /// Where an INSERT gives no number.
    ByDefault,
    /// Always: an INSERT that gives a number is refused.
    Always,
}

/// How the database works out the value of a column from the others of its row.
///
/// ```
/// use axum_db::model::GeneratedDef;
///
/// assert!(GeneratedDef::new("price * amount").stored);
/// assert!(!GeneratedDef::new("price * amount").on_the_fly().stored);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedDef {
    /// The expression in SQL.
    pub expression: Name,
    /// Whether the value is kept in the row (STORED) rather than worked out when it is read (VIRTUAL).
    /// Default: `true`.
    pub stored: bool,
}

impl GeneratedDef {
    /// A value that is worked out when its row is written, and kept.
    #[must_use]
    pub fn new(expression: impl Into<Name>) -> Self {
        Self {
            expression: expression.into(),
            stored: true,
        }
    }

    /// Has the value worked out when it is read (VIRTUAL), which PostgreSQL can from version 18 on.
    #[must_use]
    pub fn on_the_fly(mut self) -> Self {
        self.stored = false;
        self
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
    /// An SQL expression.
    Sql(Name),
}
