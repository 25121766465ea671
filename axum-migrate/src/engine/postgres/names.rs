//! Which schemas a script creates something in.

use std::collections::BTreeSet;

use crate::token::{Kind, tokens};

/// The schemas that the statements create, or create a table, type or domain in.
pub(super) fn named_schemas(statements: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in statements {
        let tokens = tokens(statement);
        let word = |at: usize| {
            let token = tokens.get(at).filter(|token| token.kind == Kind::Word);
            token.map(|token| token.text.to_uppercase())
        };
        for at in 0..tokens.len() {
            let kind = word(at).unwrap_or_default();
            let is_created = |words: &[&str]| {
                at >= 1
                    && word(at - 1).is_some_and(|before| {
                        words.contains(&before.as_str())
                            && (before == "CREATE"
                                || at >= 2 && word(at - 2).as_deref() == Some("CREATE"))
                    })
            };
            let is_name_of = match kind.as_str() {
                "SCHEMA" => is_created(&["CREATE"]),
                "TABLE" => is_created(&["CREATE", "UNLOGGED"]),
                "TYPE" | "DOMAIN" => is_created(&["CREATE"]),
                _ => false,
            };
            if !is_name_of {
                continue;
            }
            let words: Vec<String> = (at + 1..at + 4).filter_map(word).collect();
            let is_guarded = words == ["IF", "NOT", "EXISTS"];
            let name = if is_guarded { at + 4 } else { at + 1 };
            let is_divided = tokens
                .get(name + 1)
                .is_some_and(|token| token.is_symbol("."));
            if (kind == "SCHEMA" || is_divided)
                && let Some(token) = tokens.get(name)
                && let Some(schema) = token.identifier()
            {
                found.insert(match token.kind {
                    Kind::Word => schema.to_lowercase(),
                    _ => schema,
                });
            }
        }
    }
    found.retain(|schema| !schema.starts_with("pg_") && schema != "authorization");
    found
}

/// Whether the statements make tables, their indexes and types, and nothing else.
pub(super) fn make_only_tables(statements: &[String]) -> bool {
    statements.iter().all(|statement| {
        let words: Vec<String> = tokens(statement)
            .iter()
            .take(2)
            .map(|token| token.text.to_uppercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(
            words[..],
            ["CREATE", "TABLE" | "INDEX" | "UNIQUE" | "TYPE"]
                | ["ALTER", "TABLE"]
                | ["COMMENT", "ON"]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{make_only_tables, named_schemas};

    #[test]
    fn tables_are_told_from_all_else() {
        let tables = [
            "create table t (a int)",
            "CREATE UNIQUE INDEX ON t (a)",
            "COMMENT ON TABLE t IS 'x'",
        ];
        assert!(make_only_tables(&tables.map(str::to_owned)));
        for other in [
            "CREATE VIEW v AS SELECT 1",
            "CREATE UNLOGGED TABLE t ()",
            "SELECT 1",
            "",
        ] {
            assert!(!make_only_tables(&[other.to_owned()]), "{other}");
        }
    }

    #[test]
    fn schemas_are_those_in_which_something_is_created() {
        let names =
            |sql: &str| -> Vec<String> { named_schemas(&[sql.to_owned()]).into_iter().collect() };
        for (sql, found) in [
            (
                "CREATE SCHEMA audit; CREATE TABLE t (a.b int)",
                vec!["audit"],
            ),
            ("create schema if not exists \"Au.dit\"", vec!["Au.dit"]),
            (
                "CREATE UNLOGGED TABLE IF NOT EXISTS Log . entries (id int)",
                vec!["log"],
            ),
            (
                "CREATE TYPE audit.mood AS ENUM ('CREATE TABLE x.y')",
                vec!["audit"],
            ),
            ("-- CREATE TABLE no.no\nALTER TABLE a.b ADD c int", vec![]),
            ("CREATE TABLE pg_temp.t ()", vec![]),
        ] {
            assert_eq!(names(sql), found, "{sql}");
        }
    }
}
