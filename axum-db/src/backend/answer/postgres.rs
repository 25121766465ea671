//! PostgreSQL's answers. The server may speak any language (`lc_messages`): constraints are read out of the
//! structured fields, whose detail says in every language `(columns)=(values)`.

use super::Information;
use crate::error::{Constraint, ErrorKind, Reference};

const KINDS: &[(&str, ErrorKind)] = &[
    ("deadlock detected", ErrorKind::Deadlock),
    (
        "canceling statement due to lock timeout",
        ErrorKind::LockTimeout,
    ),
    ("could not obtain lock on ", ErrorKind::LockTimeout),
    (
        "canceling statement due to statement timeout",
        ErrorKind::Timeout,
    ),
    (
        "canceling statement due to user request",
        ErrorKind::Cancelled,
    ),
    ("terminating connection ", ErrorKind::Connection),
    ("the database system is ", ErrorKind::Connection),
    // What the connection keeps is gone: a migration changed a type, or a pooler in between took
    // the prepared statements away. Another connection asks anew.
    ("cache lookup failed for type ", ErrorKind::Connection),
    ("type with OID ", ErrorKind::Connection),
    (
        "cached plan must not change result type",
        ErrorKind::Connection,
    ),
    ("prepared statement ", ErrorKind::Connection),
    ("current transaction is aborted", ErrorKind::Aborted),
    ("permission denied ", ErrorKind::PermissionDenied),
    ("must be owner of ", ErrorKind::PermissionDenied),
    ("value too long for type ", ErrorKind::InvalidValue),
    ("numeric field overflow", ErrorKind::InvalidValue),
    ("invalid input syntax for type ", ErrorKind::InvalidValue),
    (
        "unsupported Unicode escape sequence",
        ErrorKind::InvalidValue,
    ),
    ("invalid input value for enum ", ErrorKind::InvalidValue),
    (
        "invalid byte sequence for encoding ",
        ErrorKind::InvalidValue,
    ),
    (
        "date/time field value out of range",
        ErrorKind::InvalidValue,
    ),
    ("could not extend file ", ErrorKind::StorageFull),
    ("could not write to file ", ErrorKind::StorageFull),
];

pub(super) fn kind(message: &str) -> Option<ErrorKind> {
    super::beginning(message, KINDS).or_else(|| {
        // `relation "notes" does not exist`, `column notes.n does not exist`
        let named = message.starts_with("relation ") || message.starts_with("column ");
        if named && message.ends_with(" does not exist") {
            Some(ErrorKind::MissingTable)
        // "integer out of range", `value "…" is out of range for type integer`
        } else if message.ends_with(" out of range")
            || message.starts_with("value \"") && message.contains(" is out of range for type ")
        {
            Some(ErrorKind::InvalidValue)
        } else {
            None
        }
    })
}

pub(super) fn constraint(kind: ErrorKind, information: Information<'_>) -> Option<Constraint> {
    let table = information.table_name()?;
    let detail = information.details().unwrap_or_default();
    let mut found = Constraint {
        name: information.constraint_name().map(str::to_owned),
        table: Some(table.to_owned()),
        columns: information
            .column_name()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        reference: None,
    };
    match kind {
        ErrorKind::UniqueViolation | ErrorKind::ExclusionViolation => {
            found.columns = key_columns(detail);
        }
        ErrorKind::ForeignKeyViolation => {
            let side = side(table, detail);
            if side == Some(Reference::Missing) {
                // Only then the detail's key is the constraint's own.
                found.columns = key_columns(detail);
            }
            found.reference = side;
        }
        _ => {}
    }
    Some(found)
}

/// The columns of `Key (email, realm)=(…) already exists.`, in any language.
fn key_columns(detail: &str) -> Vec<String> {
    let key = detail
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(")=("))
        .map(|(columns, _)| columns);
    let Some(key) = key else { return Vec::new() };
    let (mut columns, mut column) = (Vec::new(), String::new());
    let (mut quoted, mut depth) = (false, 0_u32);
    for character in key.chars() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                columns.push(unquoted(&column));
                column.clear();
                continue;
            }
            _ => {}
        }
        column.push(character);
    }
    columns.push(unquoted(&column));
    columns
}

fn unquoted(name: &str) -> String {
    let name = name.trim();
    name.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
}

/// Which side of a foreign key of `table` was wrong: behind the key's values the detail names the table that has no
/// such row, or the one that has rows still.
fn side(table: &str, detail: &str) -> Option<Reference> {
    let (_, end) = detail.rsplit_once(')')?;
    if end.starts_with(" is not present in table ") {
        return Some(Reference::Missing);
    }
    if end.starts_with(" is still referenced from table ") {
        return Some(Reference::InUse);
    }
    let names_it = end
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .any(|word| word == table);
    Some(if names_it {
        Reference::InUse
    } else {
        Reference::Missing
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_names_the_columns_in_every_language() {
        for (detail, columns) in [
            ("Key (email)=(a@b.c) already exists.", vec!["email"]),
            (
                "Schlüssel »(email)=(a@b.c)« existiert bereits.",
                vec!["email"],
            ),
            (
                "Key (realm, \"userName\")=(1, ), (x)=(y) already exists.",
                vec!["realm", "userName"],
            ),
            (
                "Key (lower(email, 'x'), \"a, \"\"b\")=(…) already exists.",
                vec!["lower(email, 'x')", "a, \"b"],
            ),
            ("Duplicate keys exist.", vec![]),
        ] {
            assert_eq!(key_columns(detail), columns, "{detail}");
        }
    }

    #[test]
    fn the_detail_tells_the_side_in_every_language() {
        for (detail, expected) in [
            (
                "Key (user_id)=(7) is not present in table \"users\".",
                Reference::Missing,
            ),
            (
                "Key (id)=(7) is still referenced from table \"posts\".",
                Reference::InUse,
            ),
            (
                "Schlüssel (user_id)=(7) ist nicht in Tabelle »users« vorhanden.",
                Reference::Missing,
            ),
            (
                "Auf Schlüssel (id)=(7) wird noch aus Tabelle »posts« verwiesen.",
                Reference::InUse,
            ),
            // A table that references itself.
            (
                "Key (parent)=(posts) is not present in table \"posts\".",
                Reference::Missing,
            ),
        ] {
            assert_eq!(side("posts", detail), Some(expected), "{detail}");
        }
    }
}
