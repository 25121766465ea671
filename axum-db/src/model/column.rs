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
    ///
    /// ```
    /// use axum_db::{Dialect, model::{ColumnDef, TypeContext}};
    /// use diesel::sql_types::Text;
    ///
    /// let column = ColumnDef::new::<Text>("name");
    /// assert_eq!(column.sql_type.sql(Dialect::Sqlite, &TypeContext::default()), "TEXT");
    /// assert!(!column.nullable && column.default.is_none());
    /// ```
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
    ///
    /// ```
    /// # use axum_db::model::ColumnDef;
    /// # use diesel::sql_types::{Integer, Text};
    /// let code = ColumnDef::new::<Text>("code").length(2);
    /// let country = code.as_reference("country").nullable();
    /// assert_eq!((&*country.name, country.length, country.nullable), ("country", Some(2), true));
    ///
    /// let id = ColumnDef::new::<Integer>("id").auto_increment();
    /// assert!(!id.as_reference("author_id").auto_increment);
    /// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let table = TableDef::new("people").column(ColumnDef::new::<Text>("name").length(80));
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("\"name\" VARCHAR(80) NOT NULL"));
    /// ```
    #[must_use]
    pub fn length(mut self, length: u32) -> Self {
        self.length = Some(length);
        self
    }

    /// Sets how many digits a decimal number has, and how many of them (`scale`) behind the point.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Numeric;
    /// let table = TableDef::new("products").column(ColumnDef::new::<Numeric>("price").precision(10, 2));
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("\"price\" NUMERIC(10, 2) NOT NULL")); // up to 99999999.99
    /// ```
    #[must_use]
    pub fn precision(mut self, precision: u32, scale: u32) -> Self {
        self.precision = Some((precision, scale));
        self
    }

    /// Lets the column be NULL.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::{Date, Text};
    /// let table = TableDef::new("people")
    ///     .column(ColumnDef::new::<Text>("name"))
    ///     .column(ColumnDef::new::<Date>("born").nullable());
    /// let sql = Metadata::new([table]).create_statements(Dialect::Sqlite).remove(0);
    /// assert_eq!(sql, "CREATE TABLE \"people\" (\n    \"name\" TEXT NOT NULL,\n    \"born\" DATE\n)");
    /// ```
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Sets the value that the database fills in.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, DefaultValue, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let stars = ColumnDef::new::<Integer>("stars").default(DefaultValue::Integer(3));
    /// let table = TableDef::new("reviews").column(stars);
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("\"stars\" INTEGER NOT NULL DEFAULT 3"));
    /// ```
    #[must_use]
    pub fn default(mut self, value: DefaultValue) -> Self {
        self.default = Some(value);
        self
    }

    /// Lets the database number the rows.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let id = ColumnDef::new::<Integer>("id").auto_increment();
    /// let models = Metadata::new([TableDef::new("people").column(id).primary_key(["id"])]);
    /// let sql = |dialect| models.create_statements(dialect).remove(0);
    /// assert!(sql(Dialect::Sqlite).contains("\"id\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"));
    /// assert!(sql(Dialect::Postgres).contains("\"id\" INTEGER NOT NULL GENERATED BY DEFAULT AS IDENTITY"));
    /// assert!(sql(Dialect::Mysql).contains("`id` INTEGER NOT NULL AUTO_INCREMENT"));
    /// ```
    #[must_use]
    pub fn auto_increment(mut self) -> Self {
        self.auto_increment = true;
        self
    }

    /// Lets SQLite number the rows of an [`auto_increment`](Self::auto_increment) column without AUTOINCREMENT: the
    /// number of a deleted row may come back.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let id = ColumnDef::new::<Integer>("id").auto_increment().rowid();
    /// let table = TableDef::new("people").column(id).primary_key(["id"]);
    /// let sql = Metadata::new([table]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("\"id\" INTEGER PRIMARY KEY NOT NULL"));
    /// ```
    #[must_use]
    pub fn rowid(mut self) -> Self {
        self.rowid = true;
        self
    }

    /// Sets how PostgreSQL numbers the rows; a key has [`auto_increment`](Self::auto_increment) too, for the other
    /// engines.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, Identity, TableDef}};
    /// # use diesel::sql_types::BigInt;
    /// let id = ColumnDef::new::<BigInt>("id").auto_increment().identity(Identity::Always);
    /// let table = TableDef::new("people").column(id).primary_key(["id"]);
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("\"id\" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY"));
    /// ```
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Lets the database work the value out.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, GeneratedDef, TableDef}};
    /// # use diesel::sql_types::Integer;
    /// let table = TableDef::new("lines")
    ///     .column(ColumnDef::new::<Integer>("price"))
    ///     .column(ColumnDef::new::<Integer>("amount"))
    ///     .column(ColumnDef::new::<Integer>("total").generated(GeneratedDef::new("price * amount")));
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
    /// assert!(sql.contains("\"total\" INTEGER GENERATED ALWAYS AS (price * amount) STORED NOT NULL"));
    /// ```
    #[must_use]
    pub fn generated(mut self, generated: GeneratedDef) -> Self {
        self.generated = Some(generated);
        self
    }

    /// Sets the collation, by its name.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let table = TableDef::new("people").column(ColumnDef::new::<Text>("name").collation("NOCASE"));
    /// let sql = Metadata::new([table]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("\"name\" TEXT COLLATE \"NOCASE\" NOT NULL"));
    /// ```
    #[must_use]
    pub fn collation(mut self, name: impl Into<Name>) -> Self {
        self.collation = Some(name.into());
        self
    }

    /// Says what the column is for, in the database: SQLite has no place for it.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let table = TableDef::new("people").column(ColumnDef::new::<Text>("name").comment("as in the passport"));
    /// let sql = Metadata::new([table]).create_statements(Dialect::Postgres);
    /// assert_eq!(sql[1], "COMMENT ON COLUMN \"people\".\"name\" IS 'as in the passport'");
    /// ```
    #[must_use]
    pub fn comment(mut self, text: impl Into<Name>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// On MySQL, sets the SQL of the value that the column gets with each UPDATE of its row.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// # use diesel::sql_types::Timestamp;
    /// let changed = ColumnDef::new::<Timestamp>("changed").on_update_sql("CURRENT_TIMESTAMP(6)");
    /// let models = Metadata::new([TableDef::new("posts").column(changed)]);
    /// let sql = models.create_statements(Dialect::Mysql).remove(0);
    /// assert!(sql.contains("`changed` DATETIME(6) NOT NULL ON UPDATE CURRENT_TIMESTAMP(6)"));
    /// assert!(models.validate_for(Dialect::Sqlite).is_err()); // it has no such thing
    /// ```
    #[must_use]
    pub fn on_update_sql(mut self, sql: impl Into<Name>) -> Self {
        self.on_update_sql = Some(sql.into());
        self
    }

    /// Says which name the column had before, so that a migration renames it and keeps its values.
    ///
    /// ```
    /// # use axum_db::model::ColumnDef;
    /// # use diesel::sql_types::Integer;
    /// let stars = ColumnDef::new::<Integer>("stars").renamed_from("rating");
    /// assert_eq!(stars.renamed_from.as_deref(), Some("rating"));
    /// ```
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
///
/// ```
/// use axum_db::{Dialect, Metadata, model::{ColumnDef, Identity, TableDef}};
/// use diesel::sql_types::BigInt;
///
/// let number = ColumnDef::new::<BigInt>("number").identity(Identity::ByDefault); // beside the key
/// let invoices = Metadata::new([TableDef::new("invoices").column(number)]);
/// let sql = invoices.create_statements(Dialect::Postgres).remove(0);
/// assert!(sql.contains("\"number\" BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY"));
/// assert!(invoices.validate_for(Dialect::Mysql).is_err()); // it numbers keys alone
/// ```
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
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, GeneratedDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let slug = ColumnDef::new::<Text>("slug").generated(GeneratedDef::new("lower(title)"));
    /// let table = TableDef::new("posts").column(ColumnDef::new::<Text>("title")).column(slug);
    /// let sql = Metadata::new([table]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("\"slug\" TEXT GENERATED ALWAYS AS (lower(title)) STORED"));
    /// ```
    #[must_use]
    pub fn new(expression: impl Into<Name>) -> Self {
        Self {
            expression: expression.into(),
            stored: true,
        }
    }

    /// Has the value worked out when it is read (VIRTUAL), which PostgreSQL can from version 18 on.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::{ColumnDef, GeneratedDef, TableDef}};
    /// # use diesel::sql_types::Text;
    /// let slug = ColumnDef::new::<Text>("slug").generated(GeneratedDef::new("lower(title)").on_the_fly());
    /// let table = TableDef::new("posts").column(ColumnDef::new::<Text>("title")).column(slug);
    /// let sql = Metadata::new([table]).create_statements(Dialect::Sqlite).remove(0);
    /// assert!(sql.contains("\"slug\" TEXT GENERATED ALWAYS AS (lower(title)) VIRTUAL"));
    /// ```
    #[must_use]
    pub fn on_the_fly(mut self) -> Self {
        self.stored = false;
        self
    }
}

/// What a column holds when an INSERT does not name it.
///
/// ```
/// use axum_db::{Dialect, Metadata, model::{ColumnDef, DefaultValue, TableDef}};
/// use diesel::sql_types::{Numeric, Text, Timestamp};
///
/// let table = TableDef::new("products")
///     .column(ColumnDef::new::<Text>("state").length(9).default(DefaultValue::Text("draft".into())))
///     .column(ColumnDef::new::<Numeric>("price").default(DefaultValue::Decimal(990, 2)))
///     .column(ColumnDef::new::<Timestamp>("made").default(DefaultValue::Now))
///     .column(ColumnDef::new::<Text>("owner").default(DefaultValue::Sql("current_user".into())));
/// let sql = Metadata::new([table]).create_statements(Dialect::Postgres).remove(0);
/// assert!(sql.contains("\"state\" VARCHAR(9) NOT NULL DEFAULT 'draft'"));
/// assert!(sql.contains("\"price\" NUMERIC NOT NULL DEFAULT 9.90"));
/// assert!(sql.contains("\"made\" TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'utc')"));
/// assert!(sql.contains("\"owner\" TEXT NOT NULL DEFAULT current_user"));
/// ```
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
