//! What is wrong with a set of tables.

use std::fmt;

use crate::Dialect;

/// Why a set of tables cannot be created together: see [`Metadata::validate`](crate::Metadata::validate).
///
/// ```
/// use axum_db::{Metadata, MetadataError, model::TableDef};
///
/// let ours = TableDef::new("events").module("blog::models");
/// let theirs = TableDef::new("events").module("audit");
/// let error = Metadata::new([ours, theirs]).validate().unwrap_err();
/// assert!(matches!(&error, MetadataError::DuplicateTable { table, .. } if table == "events"));
/// assert!(error.to_string().contains("one in `audit` and one in `blog::models`"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// Two tables of one bind have the same name.
    DuplicateTable {
        /// The name.
        table: String,
        /// The Rust modules that declare them.
        modules: [String; 2],
    },
    /// A foreign key references a table that is not in the metadata.
    UnknownReference {
        /// The referencing table.
        table: String,
        /// The missing one.
        references: String,
    },
    /// A key, a constraint or an index names a column that is not there.
    UnknownColumn {
        /// The table that has the key, constraint or index.
        table: String,
        /// The table that has no such column: the same, or the one that is referenced.
        of: String,
        /// The missing column.
        column: String,
    },
    /// A table has something that the engine does not.
    Unsupported {
        /// The table.
        table: String,
        /// What it has.
        what: String,
        /// The engine.
        dialect: Dialect,
    },
    /// Two enums of one bind have the same name, and not the same values.
    DifferentEnums {
        /// The name.
        name: String,
        /// The tables that have them.
        tables: [String; 2],
    },
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateTable {
                table,
                modules: [first, second],
            } => write!(
                f,
                "two models have the table `{table}`, one in `{first}` and one in `{second}`; give one \
                 another name with #[model(table = \"…\")], or another database with #[model(bind = …)]"
            ),
            Self::UnknownReference { table, references } => write!(
                f,
                "the table `{table}` references `{references}`, which is not in this metadata; add its \
                 model (in the same bind), or its TableDef with Metadata::with"
            ),
            Self::UnknownColumn { table, of, column } if table == of => write!(
                f,
                "a key, a constraint or an index of the table `{table}` names the column `{column}`, which it \
                 does not have; add it with TableDef::column, or name another"
            ),
            Self::UnknownColumn { table, of, column } => write!(
                f,
                "the table `{table}` references the column `{column}` of `{of}`, which it does not have; name \
                 its fields in `to(…)`"
            ),
            Self::Unsupported {
                table,
                what,
                dialect,
            } => {
                let engine = match dialect {
                    Dialect::Sqlite => "SQLite",
                    Dialect::Postgres => "PostgreSQL",
                    Dialect::Mysql => "MySQL",
                };
                write!(
                    f,
                    "the table `{table}` has {what}, which {engine} does not know; say it in the model only for \
                     the engines that do, as in #[model(postgres(…))]"
                )
            }
            Self::DifferentEnums {
                name,
                tables: [first, second],
            } => write!(
                f,
                "the tables `{first}` and `{second}` have different enums that are both called `{name}` in \
                 the database; give one another name with #[db_enum(name = \"…\")] above it"
            ),
        }
    }
}

impl std::error::Error for MetadataError {}
