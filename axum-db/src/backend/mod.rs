//! The databases: the only folder of this crate that names one.

use std::fmt;

/// The SQL dialect of a database.
///
/// ```
/// assert_eq!(axum_db::Dialect::Mysql.quote("or`der"), "`or``der`");
/// assert_eq!(axum_db::Dialect::Postgres.quote("or\"der"), "\"or\"\"der\"");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// Quotes an identifier, whatever characters it has: the one place of the workspace that does.
    #[must_use]
    pub fn quote(self, identifier: &str) -> String {
        let mark = match self {
            Dialect::Sqlite | Dialect::Postgres => '"',
            Dialect::Mysql => '`',
        };
        let mut quoted = String::with_capacity(identifier.len() + 2);
        quoted.push(mark);
        for character in identifier.chars() {
            if character == mark {
                quoted.push(mark);
            }
            quoted.push(character);
        }
        quoted.push(mark);
        quoted
    }

    /// The name used for folders and settings: `sqlite`, `postgres` or `mysql`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
            Dialect::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
