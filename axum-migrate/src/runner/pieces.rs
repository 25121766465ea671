//! A generated script divided into transactions, where one would need more locks than PostgreSQL has room for.

use axum_db::Dialect;

use super::script::begin;
use super::split::split;

/// How many objects one transaction makes, changes or drops at the most: a third of what a server with the default
/// settings holds locks for.
const OBJECTS: usize = 2_000;

const WHY: &str = "-- Too much for the locks of one transaction: committed in pieces.\n";

/// The script with its transactions, one after the other; none where one is enough.
pub(crate) fn in_pieces(sql: &str) -> Option<String> {
    let mut out = String::new();
    // What a piece sets for itself, the next ones need, too.
    let mut settings = String::new();
    let begin = begin(Dialect::Postgres);
    let (mut held, mut copied, mut pieces) = (0, 0, 1);
    for statement in split(sql, Dialect::Postgres) {
        let words = statement.words(Dialect::Postgres);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let needs = objects(&words);
        if held > 0 && held + needs > OBJECTS {
            let at = copied + sql[copied..].find(statement.sql)?;
            out.push_str(&sql[copied..at]);
            out.push_str(&format!("COMMIT;\n\n{begin};\n{settings}"));
            (held, copied, pieces) = (0, at, pieces + 1);
        }
        held += needs;
        if let ["SET", "LOCAL", ..] = words[..] {
            settings.push_str(&format!("{};\n", statement.sql));
        }
    }
    out.push_str(&sql[copied..]);
    (pieces > 1).then(|| format!("{WHY}{begin};\n{out}COMMIT;\n"))
}

/// How many objects a statement holds, about: tables have keys, indexes, sequences and a place for long values.
fn objects(words: &[&str]) -> usize {
    match words {
        ["CREATE", "TABLE" | "UNLOGGED", ..] => {
            6 + words.iter().filter(|word| **word == "UNIQUE").count()
        }
        ["DROP", "TABLE", ..] => 12,
        ["ALTER", "TABLE", ..] => 3,
        ["SET" | "COMMENT", ..] => 0,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::in_pieces;

    #[test]
    fn what_is_large_is_divided_between_statements() {
        let table = |at: usize| format!("\n-- t; {at}\nCREATE TABLE t{at} (id integer);\n");
        let set = "SET LOCAL check_function_bodies = off;\n";
        let sql: String = (0..500).map(table).collect();
        assert_eq!(in_pieces(&sql[..sql.len() / 2]), None);
        let divided = in_pieces(&format!("{set}{sql}")).expect("pieces");
        assert_eq!(divided.matches("START TRANSACTION;\n").count(), 2);
        assert_eq!(divided.matches("COMMIT;\n").count(), 2);
        assert_eq!(divided.matches(set).count(), 2);
        assert!(divided.ends_with("CREATE TABLE t499 (id integer);\nCOMMIT;\n"));
        for at in 0..500 {
            assert_eq!(divided.matches(&table(at)[1..]).count(), 1, "{at}");
        }
    }
}
