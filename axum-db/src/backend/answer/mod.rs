//! What the engines say when they refuse something: read out of the drivers' structured fields, and out of
//! the text only where there are none.
//!
//! An error does not know which engine it comes from, so each engine that is compiled in is asked. Texts are
//! recognised by how they begin: further on they may quote values, which are the visitors'.

use diesel::result::DatabaseErrorInformation;

use crate::error::{Constraint, ErrorKind};
use crate::model::registry;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

/// The kind of an error that the drivers leave unclassified.
pub(crate) fn kind(message: &str) -> Option<ErrorKind> {
    let engines: &[fn(&str) -> Option<ErrorKind>] = &[
        #[cfg(feature = "sqlite")]
        sqlite::kind,
        #[cfg(feature = "postgres")]
        postgres::kind,
        #[cfg(feature = "mysql")]
        mysql::kind,
    ];
    engines.iter().find_map(|engine| engine(message))
}

type Information<'a> = &'a (dyn DatabaseErrorInformation + Send + Sync);

/// The constraint that refused a write, with what the models know of it.
pub(crate) fn constraint(kind: ErrorKind, information: Information<'_>) -> Constraint {
    let engines: &[fn(ErrorKind, Information<'_>) -> Option<Constraint>] = &[
        #[cfg(feature = "postgres")]
        postgres::constraint,
        #[cfg(feature = "sqlite")]
        sqlite::constraint,
        #[cfg(feature = "mysql")]
        mysql::constraint,
    ];
    let mut found = engines
        .iter()
        .find_map(|engine| engine(kind, information))
        .unwrap_or_default();
    if let (Some(name), true) = (&found.name, found.columns.is_empty())
        && let Some((table, columns)) = registry::constraint_called(name, found.table.as_deref())
    {
        found.table = Some(table);
        found.columns = columns;
    }
    found
}

/// Whether an engine calls every table's primary key by this name.
pub(crate) fn is_primary_key(name: &str) -> bool {
    cfg!(feature = "mysql") && name == "PRIMARY"
}

/// Looks a text up in a list of beginnings.
fn beginning(message: &str, known: &[(&str, ErrorKind)]) -> Option<ErrorKind> {
    known
        .iter()
        .find(|(start, _)| message.starts_with(start))
        .map(|(_, kind)| *kind)
}
