//! The answers of MySQL and MariaDB. The driver passes only the text on; connections are set to English, so
//! that it does not depend on the server's language.

use super::Information;
use crate::error::{Constraint, ErrorKind, Reference};

const KINDS: &[(&str, ErrorKind)] = &[
    (
        "Deadlock found when trying to get lock",
        ErrorKind::Deadlock,
    ),
    (
        "Record has changed since last read",
        ErrorKind::Serialization,
    ),
    ("Lock wait timeout exceeded", ErrorKind::LockTimeout),
    (
        "Statement aborted because lock(s) could not be acquired",
        ErrorKind::LockTimeout,
    ),
    (
        "Query execution was interrupted (max_statement_time exceeded)",
        ErrorKind::Timeout,
    ),
    (
        "Query execution was interrupted, maximum statement execution time exceeded",
        ErrorKind::Timeout,
    ),
    ("Query execution was interrupted", ErrorKind::Cancelled),
    ("Connection was killed", ErrorKind::Connection),
    ("Server shutdown in progress", ErrorKind::Connection),
    (
        "The client was disconnected by the server",
        ErrorKind::Connection,
    ),
    ("Input/output error: ", ErrorKind::Connection),
    (
        "Driver error: `Connection to the server is closed",
        ErrorKind::Connection,
    ),
    ("Driver error: `Packet out of order", ErrorKind::Connection),
    ("Driver error: `Unexpected packet", ErrorKind::Connection),
    ("Unknown column '", ErrorKind::MissingTable),
    ("Access denied", ErrorKind::PermissionDenied),
    ("Data too long for column ", ErrorKind::InvalidValue),
    ("Out of range value for column ", ErrorKind::InvalidValue),
    ("Data truncated for column ", ErrorKind::InvalidValue),
    ("Truncated incorrect ", ErrorKind::InvalidValue),
    ("Disk full ", ErrorKind::StorageFull),
    ("Got error 28 ", ErrorKind::StorageFull),
    ("Running in read-only mode", ErrorKind::ReadOnly),
];

/// MariaDB, whose code for a failed check Diesel does not know: "CONSTRAINT `positive` failed for `blog`.`notes`".
const CHECK: (&str, &str) = ("CONSTRAINT `", "` failed for `");

pub(super) fn kind(message: &str) -> Option<ErrorKind> {
    super::beginning(message, KINDS).or_else(|| {
        let around = |start: &str, end: &str| message.starts_with(start) && message.ends_with(end);
        if message.starts_with(CHECK.0) && message.contains(CHECK.1) {
            Some(ErrorKind::CheckViolation)
        } else if around("Table '", " doesn't exist") {
            Some(ErrorKind::MissingTable)
        } else if around("The table '", " is full") {
            Some(ErrorKind::StorageFull)
        } else if message.starts_with("Incorrect ") && message.contains(" value: '")
            || first_words(message).ends_with(" value is out of range in")
        {
            Some(ErrorKind::InvalidValue)
        } else if message.starts_with("The ") && message.contains(" with the --read-only option ") {
            Some(ErrorKind::ReadOnly)
        } else if message
            .split_once(" command denied to user ")
            .is_some_and(|(verb, _)| verb.chars().all(|c| c.is_ascii_uppercase() || c == ' '))
        {
            Some(ErrorKind::PermissionDenied)
        } else {
            None
        }
    })
}

/// The text up to its first quotation mark.
fn first_words(message: &str) -> &str {
    message
        .split('\'')
        .next()
        .map(str::trim_end)
        .unwrap_or_default()
}

pub(super) fn constraint(kind: ErrorKind, information: Information<'_>) -> Option<Constraint> {
    let message = information.message();
    match kind {
        ErrorKind::UniqueViolation => unique(message),
        ErrorKind::ForeignKeyViolation => foreign_key(message),
        // "Column 'title' cannot be null", "Field 'title' doesn't have a default value"
        ErrorKind::NotNullViolation => Some(Constraint {
            columns: vec![message.split('\'').nth(1)?.to_owned()],
            ..Constraint::default()
        }),
        ErrorKind::CheckViolation => check(message),
        _ => None,
    }
}

/// "Duplicate entry '…' for key 'users_email_key'"; MySQL 8 says 'users.users_email_key'. The value may hold
/// anything, so the name is read from the end.
fn unique(message: &str) -> Option<Constraint> {
    let key = message.strip_suffix('\'')?.rsplit('\'').next()?;
    let (table, name) = match key.split_once('.') {
        Some((table, name)) => (Some(table.to_owned()), name),
        None => (None, key),
    };
    Some(Constraint {
        name: Some(name.to_owned()),
        table,
        ..Constraint::default()
    })
}

/// "Cannot add or update a child row: a foreign key constraint fails (`blog`.`posts`, CONSTRAINT
/// `posts_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`))", or "Cannot delete or update a parent
/// row: …".
fn foreign_key(message: &str) -> Option<Constraint> {
    let reference = if message.starts_with("Cannot add or update a child row") {
        Some(Reference::Missing)
    } else if message.starts_with("Cannot delete or update a parent row") {
        Some(Reference::InUse)
    } else {
        None
    };
    let mut found = Constraint {
        reference,
        ..Constraint::default()
    };
    // Odd pieces are quoted names.
    let pieces: Vec<&str> = message.split('`').collect();
    for (at, piece) in pieces.iter().enumerate().step_by(2) {
        let name = |at: usize| pieces.get(at).map(|name| (*name).to_owned());
        if piece.ends_with(", CONSTRAINT ") {
            found.table = at.checked_sub(1).and_then(name);
            found.name = name(at + 1);
        } else if piece.ends_with(" FOREIGN KEY (") {
            let mut column = at + 1;
            while let Some(next) = name(column) {
                found.columns.push(next);
                if pieces
                    .get(column + 1)
                    .is_none_or(|between| *between != ", ")
                {
                    break;
                }
                column += 2;
            }
            break;
        }
    }
    Some(found)
}

/// MariaDB: see [`CHECK`]. MySQL: "Check constraint 'positive' is violated."
fn check(message: &str) -> Option<Constraint> {
    if let Some((name, place)) = message
        .strip_prefix(CHECK.0)
        .and_then(|rest| rest.split_once(CHECK.1))
    {
        let table = place.trim_end_matches('`').rsplit('`').next();
        return Some(Constraint {
            name: Some(name.to_owned()),
            table: table.map(str::to_owned),
            ..Constraint::default()
        });
    }
    Some(Constraint {
        name: Some(message.split('\'').nth(1)?.to_owned()),
        ..Constraint::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_pass_for_a_name() {
        let message =
            "Duplicate entry 'x' for key 'users_email_key'' for key 'users.users_name_key'";
        let found = unique(message).expect("a constraint");
        assert_eq!(found.name.as_deref(), Some("users_name_key"));
        assert_eq!(found.table.as_deref(), Some("users"));
        let message =
            "Incorrect integer value: 'Deadlock found when trying to get lock' for column `n`";
        assert_eq!(kind(message), Some(ErrorKind::InvalidValue));
    }

    #[test]
    fn foreign_keys_are_read_whole() {
        let message = "Cannot delete or update a parent row: a foreign key constraint fails (`blog`.`posts`, \
             CONSTRAINT `by` FOREIGN KEY (`realm`, `user_id`) REFERENCES `users` (`realm`, `id`))";
        let found = foreign_key(message).expect("a constraint");
        assert_eq!(found.name.as_deref(), Some("by"));
        assert_eq!(found.table.as_deref(), Some("posts"));
        assert_eq!(found.columns, ["realm", "user_id"]);
        assert_eq!(found.reference, Some(Reference::InUse));
    }

    #[test]
    fn mysqls_own_words_are_known_too() {
        let found = check("Check constraint 'positive' is violated.").expect("a constraint");
        assert_eq!(found.name.as_deref(), Some("positive"));
        for (message, expected) in [
            (
                "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.",
                ErrorKind::LockTimeout,
            ),
            (
                "Query execution was interrupted, maximum statement execution time exceeded",
                ErrorKind::Timeout,
            ),
            (
                "BIGINT value is out of range in '(1 + 2)'",
                ErrorKind::InvalidValue,
            ),
            (
                "INSERT command denied to user 'app'@'%' for table 'x'",
                ErrorKind::PermissionDenied,
            ),
        ] {
            assert_eq!(kind(message), Some(expected), "{message}");
        }
    }
}
