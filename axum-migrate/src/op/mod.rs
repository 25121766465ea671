//! A change of a schema, and its inverse.

mod apply;
mod told;
mod types;

use serde::{Deserialize, Serialize};

use crate::schema::{
    Check, Column, Deferrable, EnumType, ForeignKey, Index, PrimaryKey, Table, TableOptions, Unique,
};

pub(crate) use types::FIRST_VALUE;
use types::{is_widening, neutral_value};

/// One change of a schema.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let column = Column { name: "subtitle".into(), ty: "VARCHAR(80)".into(), nullable: true, ..Column::default() };
/// let ops = [Op::AddColumn { table: "posts".into(), column, backfill: None }];
/// assert_eq!(ops[0].to_string(), "+ column posts.subtitle: VARCHAR(80)"); // for a person
/// let script = render(Dialect::Postgres, &ops, &Schema::default())?; // for a server
/// assert_eq!(script.statements, ["ALTER TABLE \"posts\" ADD COLUMN \"subtitle\" VARCHAR(80)"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields say what they are")]
#[expect(
    clippy::large_enum_variant,
    reason = "a diff has few operations, and matching on boxes would cost every reader"
)]
pub enum Op {
    /// Renames a table.
    RenameTable { from: String, to: String },
    /// Renames a column.
    RenameColumn {
        table: String,
        from: String,
        to: String,
    },
    /// Creates a table with its constraints and indexes.
    CreateTable(Table),
    /// Drops a table.
    DropTable(Table),
    /// Adds a column; `backfill` fills the rows that are there.
    AddColumn {
        table: String,
        column: Column,
        backfill: Option<String>,
    },
    /// Drops a column.
    DropColumn { table: String, column: Column },
    /// Changes a column in place; `backfill` replaces the NULLs that are there.
    AlterColumn {
        table: String,
        from: Column,
        to: Column,
        backfill: Option<String>,
    },
    /// Adds a primary key.
    AddPrimaryKey { table: String, key: PrimaryKey },
    /// Drops a primary key.
    DropPrimaryKey { table: String, key: PrimaryKey },
    /// Adds a unique constraint.
    AddUnique { table: String, unique: Unique },
    /// Drops a unique constraint.
    DropUnique { table: String, unique: Unique },
    /// Adds a CHECK.
    AddCheck { table: String, check: Check },
    /// Drops a CHECK.
    DropCheck { table: String, check: Check },
    /// Adds an index.
    AddIndex { table: String, index: Index },
    /// Drops an index.
    DropIndex { table: String, index: Index },
    /// Renames an index, or changes its comment or storage parameters.
    RenameIndex {
        table: String,
        from: Index,
        to: Index,
    },
    /// Adds a foreign key.
    AddForeignKey { table: String, key: ForeignKey },
    /// Drops a foreign key.
    DropForeignKey { table: String, key: ForeignKey },
    /// Changes what a constraint is called, says or is checked by, without making it anew (PostgreSQL).
    AlterConstraint {
        table: String,
        from: Constraint,
        to: Constraint,
    },
    /// Renames an enum.
    RenameEnum { from: EnumType, to: EnumType },
    /// Renames a value of an enum.
    RenameEnumValue {
        name: String,
        from: String,
        to: String,
    },
    /// Creates an enum.
    CreateEnum(EnumType),
    /// Drops an enum.
    DropEnum(EnumType),
    /// Changes the values or the comment of an enum; no row may have a value that goes.
    AlterEnum { from: EnumType, to: EnumType },
    /// Changes what stands after a table's columns.
    AlterOptions {
        table: String,
        from: TableOptions,
        to: TableOptions,
    },
}

/// A constraint of any kind.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let unique = |name: &str| {
///     let columns = vec!["email".into()];
///     Constraint::Unique(Unique { name: Some(name.into()), columns, ..Unique::default() })
/// };
/// let (from, to) = (unique("users_mail_key"), unique("users_email_key"));
/// let ops = [Op::AlterConstraint { table: "users".into(), from, to }];
/// let script = render(Dialect::Postgres, &ops, &Schema::default())?;
/// assert!(script.statements[0].contains("RENAME CONSTRAINT"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they say what they are")]
pub enum Constraint {
    PrimaryKey(PrimaryKey),
    Unique(Unique),
    Check(Check),
    ForeignKey(ForeignKey),
}

impl Constraint {
    /// Its name, where it has one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = Check { name: Some("no_debt".into()), expression: "price >= 0".into(), ..Check::default() };
    /// assert_eq!(Constraint::Check(check).name(), Some("no_debt"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Constraint::PrimaryKey(key) => key.name.as_deref(),
            Constraint::Unique(unique) => unique.name.as_deref(),
            Constraint::Check(check) => check.name.as_deref(),
            Constraint::ForeignKey(key) => key.name.as_deref(),
        }
    }

    pub(crate) fn set_name(&mut self, name: Option<String>) {
        match self {
            Constraint::PrimaryKey(key) => key.name = name,
            Constraint::Unique(unique) => unique.name = name,
            Constraint::Check(check) => check.name = name,
            Constraint::ForeignKey(key) => key.name = name,
        }
    }

    /// The comment, where it has one.
    pub(crate) fn comment(&self) -> Option<&str> {
        match self {
            Constraint::PrimaryKey(key) => key.comment.as_deref(),
            Constraint::Unique(unique) => unique.comment.as_deref(),
            Constraint::Check(check) => check.comment.as_deref(),
            Constraint::ForeignKey(key) => key.comment.as_deref(),
        }
    }

    /// Whether rows from before it may break it.
    pub(crate) fn not_valid(&self) -> bool {
        match self {
            Constraint::Check(check) => check.not_valid,
            Constraint::ForeignKey(key) => key.not_valid,
            Constraint::PrimaryKey(_) | Constraint::Unique(_) => false,
        }
    }

    pub(crate) fn deferrable(&self) -> Option<Deferrable> {
        match self {
            Constraint::PrimaryKey(key) => key.deferrable,
            Constraint::Unique(unique) => unique.deferrable,
            Constraint::ForeignKey(key) => key.deferrable,
            Constraint::Check(_) => None,
        }
    }

    /// The storage parameters of its index.
    pub(crate) fn storage(&self) -> &[String] {
        match self {
            Constraint::PrimaryKey(key) => &key.storage,
            Constraint::Unique(unique) => &unique.storage,
            Constraint::Check(_) | Constraint::ForeignKey(_) => &[],
        }
    }
}

/// The changes that undo `ops`, in the order in which to run them.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rename = |from: &str, to: &str| Op::RenameTable { from: from.into(), to: to.into() };
/// let ops = [rename("tag", "tags"), rename("post", "posts")];
/// assert_eq!(inverse(&ops), [rename("posts", "post"), rename("tags", "tag")]);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn inverse(ops: &[Op]) -> Vec<Op> {
    ops.iter().rev().map(Op::inverse).collect()
}

impl Op {
    /// The change that undoes this one.
    ///
    /// Data does not come back: a column that is required and has no default is filled with a neutral
    /// value of its type (`0`, `''`, 1970-01-01).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let column = Column { name: "stars".into(), ty: "INTEGER".into(), ..Column::default() };
    /// let drop = Op::DropColumn { table: "posts".into(), column: column.clone() };
    /// let backfill = Some("0".into()); // the stars themselves are gone
    /// assert_eq!(drop.inverse(), Op::AddColumn { table: "posts".into(), column, backfill });
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn inverse(&self) -> Op {
        match self.clone() {
            Op::RenameTable { from, to } => Op::RenameTable { from: to, to: from },
            Op::RenameColumn { table, from, to } => Op::RenameColumn {
                table,
                from: to,
                to: from,
            },
            Op::CreateTable(table) => Op::DropTable(table),
            Op::DropTable(table) => Op::CreateTable(table),
            Op::AddColumn { table, column, .. } => Op::DropColumn { table, column },
            Op::DropColumn { table, column } => {
                let backfill = column.needs_backfill().then(|| neutral_value(&column.ty));
                Op::AddColumn {
                    table,
                    column,
                    backfill,
                }
            }
            Op::AlterColumn {
                table, from, to, ..
            } => {
                let backfill =
                    (to.nullable && from.needs_backfill()).then(|| neutral_value(&from.ty));
                Op::AlterColumn {
                    table,
                    from: to,
                    to: from,
                    backfill,
                }
            }
            Op::AddPrimaryKey { table, key } => Op::DropPrimaryKey { table, key },
            Op::DropPrimaryKey { table, key } => Op::AddPrimaryKey { table, key },
            Op::AddUnique { table, unique } => Op::DropUnique { table, unique },
            Op::DropUnique { table, unique } => Op::AddUnique { table, unique },
            Op::AddCheck { table, check } => Op::DropCheck { table, check },
            Op::DropCheck { table, check } => Op::AddCheck { table, check },
            Op::AddIndex { table, index } => Op::DropIndex { table, index },
            Op::DropIndex { table, index } => Op::AddIndex { table, index },
            Op::RenameIndex { table, from, to } => Op::RenameIndex {
                table,
                from: to,
                to: from,
            },
            Op::AddForeignKey { table, key } => Op::DropForeignKey { table, key },
            Op::DropForeignKey { table, key } => Op::AddForeignKey { table, key },
            Op::AlterConstraint { table, from, to } => Op::AlterConstraint {
                table,
                from: to,
                to: from,
            },
            Op::RenameEnum { from, to } => Op::RenameEnum { from: to, to: from },
            Op::RenameEnumValue { name, from, to } => Op::RenameEnumValue {
                name,
                from: to,
                to: from,
            },
            Op::CreateEnum(own) => Op::DropEnum(own),
            Op::DropEnum(own) => Op::CreateEnum(own),
            Op::AlterEnum { from, to } => Op::AlterEnum { from: to, to: from },
            Op::AlterOptions { table, from, to } => Op::AlterOptions {
                table,
                from: to,
                to: from,
            },
        }
    }

    /// Whether running it can lose what is stored: it drops a table or a column, or narrows a type.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let alter = |from: &str, to: &str| {
    ///     let [from, to] = [from, to].map(|ty| Column { name: "code".into(), ty: ty.into(), ..Column::default() });
    ///     Op::AlterColumn { table: "goods".into(), from, to, backfill: None }
    /// };
    /// assert!(!alter("VARCHAR(20)", "VARCHAR(40)").loses_data());
    /// assert!(alter("VARCHAR(40)", "VARCHAR(20)").loses_data());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn loses_data(&self) -> bool {
        match self {
            Op::DropTable(_) | Op::DropColumn { .. } => true,
            Op::AlterColumn { from, to, .. } => {
                from.ty != to.ty && !is_widening(&from.ty, &to.ty)
                    || from.generated.is_none() && to.generated.is_some()
            }
            _ => false,
        }
    }

    /// The table and column that need a `--backfill` before this can run, if any.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let column = Column { name: "title".into(), ty: "TEXT".into(), ..Column::default() };
    /// let add = |backfill| Op::AddColumn { table: "posts".into(), column: column.clone(), backfill };
    /// assert_eq!(add(None).missing_backfill(), Some(("posts", "title")));
    /// assert_eq!(add(Some("''".into())).missing_backfill(), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn missing_backfill(&self) -> Option<(&str, &str)> {
        match self {
            Op::AddColumn {
                table,
                column,
                backfill: None,
            } if column.needs_backfill() => Some((table, &column.name)),
            Op::AlterColumn {
                table,
                from,
                to,
                backfill: None,
            } if from.nullable && to.needs_backfill() => Some((table, &to.name)),
            _ => None,
        }
    }

    /// Whether it changes an enum that is a type of its own.
    pub(crate) fn is_of_enum(&self) -> bool {
        matches!(
            self,
            Op::CreateEnum(_)
                | Op::DropEnum(_)
                | Op::AlterEnum { .. }
                | Op::RenameEnum { .. }
                | Op::RenameEnumValue { .. }
        )
    }

    /// The table (or enum) it changes, by the name it has afterwards.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rename = Op::RenameTable { from: "tag".into(), to: "tags".into() };
    /// assert_eq!(rename.table(), "tags");
    /// assert_eq!(rename.inverse().table(), "tag");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Op::CreateTable(table) | Op::DropTable(table) => &table.name,
            Op::RenameTable { to, .. } => to,
            Op::CreateEnum(own)
            | Op::DropEnum(own)
            | Op::AlterEnum { to: own, .. }
            | Op::RenameEnum { to: own, .. } => &own.name,
            Op::RenameEnumValue { name, .. } => name,
            Op::RenameColumn { table, .. }
            | Op::AddColumn { table, .. }
            | Op::DropColumn { table, .. }
            | Op::AlterColumn { table, .. }
            | Op::AddPrimaryKey { table, .. }
            | Op::DropPrimaryKey { table, .. }
            | Op::AddUnique { table, .. }
            | Op::DropUnique { table, .. }
            | Op::AddCheck { table, .. }
            | Op::DropCheck { table, .. }
            | Op::AddIndex { table, .. }
            | Op::DropIndex { table, .. }
            | Op::RenameIndex { table, .. }
            | Op::AlterConstraint { table, .. }
            | Op::AddForeignKey { table, .. }
            | Op::DropForeignKey { table, .. }
            | Op::AlterOptions { table, .. } => table,
        }
    }
}

impl Column {
    /// Whether rows that are there cannot take this column without being told its value.
    pub(crate) fn needs_backfill(&self) -> bool {
        !self.nullable && self.default.is_none() && self.auto.is_none() && self.generated.is_none()
    }
}
