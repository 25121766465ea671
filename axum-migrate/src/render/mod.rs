//! Changes as SQL. Pure.

use axum_db::Dialect;

use crate::error::Error;
use crate::op::Op;
use crate::schema::Schema;

/// The SQL of a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The statements, without semicolons.
    pub statements: Vec<String>,
    /// Whether the runner puts them into one transaction.
    pub run_in_transaction: bool,
}

/// Writes the changes from one schema to another as SQL.
///
/// The script that undoes them is `render(dialect, &inverse(ops), to, from)`.
///
/// # Errors
/// A required column lacks a backfill, or the engine cannot make the change.
pub fn render(
    _dialect: Dialect,
    _ops: &[Op],
    _from: &Schema,
    _to: &Schema,
) -> Result<Script, Error> {
    Ok(Script::default())
}

impl Script {
    /// The text of the file.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.statements
            .iter()
            .map(|statement| format!("{statement};\n"))
            .collect()
    }
}

impl Schema {
    /// The statements that make this schema in an empty database.
    ///
    /// # Errors
    /// The engine has no way to say one of the tables.
    pub fn create_statements(&self, _dialect: Dialect) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}
