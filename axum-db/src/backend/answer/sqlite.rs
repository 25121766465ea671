//! SQLite's answers. Its texts are never translated.

use super::Information;
use crate::error::{Constraint, ErrorKind};

const KINDS: &[(&str, ErrorKind)] = &[
    ("database is locked", ErrorKind::LockTimeout),
    ("database table is locked", ErrorKind::LockTimeout),
    ("database schema is locked", ErrorKind::LockTimeout),
    ("interrupted", ErrorKind::Cancelled),
    ("no such table: ", ErrorKind::MissingTable),
    ("no such column: ", ErrorKind::MissingTable),
    ("attempt to write a readonly database", ErrorKind::ReadOnly),
    ("database or disk is full", ErrorKind::StorageFull),
    ("unable to open database file", ErrorKind::Connection),
    ("datatype mismatch", ErrorKind::InvalidValue),
    ("string or blob too big", ErrorKind::InvalidValue),
    ("integer overflow", ErrorKind::InvalidValue),
    ("not authorized", ErrorKind::PermissionDenied),
    // Diesel classifies by the extended code, which is another one where a trigger is at work within the engine
    // (ON DELETE RESTRICT) or the key is the row's number.
    (FOREIGN_KEY, ErrorKind::ForeignKeyViolation),
    (UNIQUE, ErrorKind::UniqueViolation),
];

const FOREIGN_KEY: &str = "FOREIGN KEY constraint failed";
const UNIQUE: &str = "UNIQUE constraint failed: ";
const NOT_NULL: &str = "NOT NULL constraint failed: ";
const CHECK: &str = "CHECK constraint failed: ";

pub(super) fn kind(message: &str) -> Option<ErrorKind> {
    super::beginning(message, KINDS).or_else(|| {
        let unknown = message.starts_with("table ") && message.contains(" has no column named ");
        // In STRICT tables: "cannot store TEXT value in INTEGER column notes.n".
        let strict = message.starts_with("cannot store ") && message.contains(" value in ");
        match (unknown, strict) {
            (true, _) => Some(ErrorKind::MissingTable),
            (_, true) => Some(ErrorKind::InvalidValue),
            _ => None,
        }
    })
}

pub(super) fn constraint(_: ErrorKind, information: Information<'_>) -> Option<Constraint> {
    let message = information.message();
    if let Some(name) = message.strip_prefix(CHECK) {
        return Some(Constraint {
            name: Some(name.to_owned()),
            ..Constraint::default()
        });
    }
    if message.starts_with(FOREIGN_KEY) {
        return Some(Constraint::default());
    }
    let named = message
        .strip_prefix(UNIQUE)
        .or_else(|| message.strip_prefix(NOT_NULL))?;
    // An index over expressions: "index 'users_lower_email'".
    if let Some(index) = named.strip_prefix("index '") {
        return Some(Constraint {
            name: Some(index.trim_end_matches('\'').to_owned()),
            ..Constraint::default()
        });
    }
    // "users.email, users.realm"
    let mut found = Constraint::default();
    for column in named.split(", ") {
        let (table, column) = column.split_once('.')?;
        found.table = Some(table.to_owned());
        found.columns.push(column.to_owned());
    }
    Some(found)
}
