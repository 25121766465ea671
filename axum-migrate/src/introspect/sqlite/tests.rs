use super::parse::{create_index, create_table};
use crate::schema::{Action, Auto, Deferrable, KeyTarget};

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_create_table_is_read_to_the_last_word() {
    let sql = r#"CREATE TABLE IF NOT EXISTS main."or""der" ( -- a comment, with a paren (
        id INTEGER CONSTRAINT pk PRIMARY KEY ASC ON CONFLICT REPLACE AUTOINCREMENT,
        [na me] VARCHAR(20) COLLATE nocase NOT NULL ON CONFLICT IGNORE DEFAULT 'a, b)' UNIQUE,
        "check" double precision DEFAULT -1 CHECK ("check" > 0 AND id IN (1, 2)),
        twice INT GENERATED ALWAYS AS (id * 2) STORED /* , */,
        parent INT REFERENCES other ON DELETE SET NULL NOT DEFERRABLE INITIALLY DEFERRED NOT NULL,
        CONSTRAINT two UNIQUE ("na me" DESC, id) ON CONFLICT FAIL
        CONSTRAINT far FOREIGN KEY (id, parent) REFERENCES "far"(a, b) MATCH FULL ON UPDATE CASCADE
            DEFERRABLE INITIALLY DEFERRED,
        CHECK (length([na me]) > 1)
    ) STRICT"#;
    let names = columns(&["id", "na me", "check", "twice", "parent"]);
    let table = create_table(sql, &names).expect("understood");
    assert_eq!(table.name, "or\"der");
    assert_eq!(
        table
            .columns
            .iter()
            .map(|c| c.name.clone())
            .collect::<Vec<_>>(),
        names
    );
    assert_eq!(table.columns[0].auto, Some(Auto::Increment));
    let key = table.primary_key.expect("a key");
    assert_eq!(
        (key.name.as_deref(), key.on_conflict.as_deref()),
        (Some("pk"), Some("REPLACE"))
    );
    assert_eq!(table.columns[1].collation.as_deref(), Some("nocase"));
    assert_eq!(table.columns[1].on_conflict.as_deref(), Some("IGNORE"));
    let generated = table.columns[3].generated.as_ref().expect("computed");
    assert_eq!(
        (generated.expression.as_str(), generated.stored),
        ("\"id\" * 2", true)
    );
    assert_eq!(table.uniques.len(), 2);
    assert_eq!(table.uniques[1].columns, ["na me", "id"]);
    assert_eq!(table.uniques[1].on_conflict.as_deref(), Some("FAIL"));
    let checks: Vec<_> = table
        .checks
        .iter()
        .map(|check| check.expression.as_str())
        .collect();
    assert_eq!(
        checks,
        [
            "\"check\" > 0 AND \"id\" IN (1, 2)",
            "length(\"na me\") > 1"
        ]
    );
    assert_eq!(table.foreign_keys[0].on_delete, Action::SetNull);
    assert_eq!(table.foreign_keys[0].deferrable, None);
    assert!(table.foreign_keys[0].referenced.is_empty());
    assert_eq!(table.foreign_keys[1].columns, ["id", "parent"]);
    assert_eq!(table.foreign_keys[1].on_update, Action::Cascade);
    assert_eq!(table.foreign_keys[1].deferrable, Some(Deferrable::Deferred));
}

#[test]
fn an_autoincrement_at_the_table_is_found() {
    let table = create_table(
        "CREATE TABLE t(a INTEGER, PRIMARY KEY(a AUTOINCREMENT))",
        &columns(&["a"]),
    );
    assert_eq!(
        table.expect("understood").columns[0].auto,
        Some(Auto::Increment)
    );
}

#[test]
fn a_create_index_is_read_to_the_last_word() {
    let sql = "CREATE UNIQUE INDEX i ON t (A, lower(b) DESC, \"b\" COLLATE nocase ASC) WHERE a>0 and B is not null;";
    let index = create_index(sql, &columns(&["a", "b"])).expect("understood");
    assert!(index.unique);
    assert_eq!(index.keys[0].target, KeyTarget::Column("a".into()));
    assert_eq!(
        index.keys[1].target,
        KeyTarget::Expression("lower(\"b\")".into())
    );
    assert_eq!(index.keys[1].suffix, " DESC");
    assert_eq!(index.keys[2].suffix, " COLLATE NOCASE");
    assert_eq!(
        index.predicate.as_deref(),
        Some("\"a\" > 0 and \"b\" is not null")
    );
}

#[test]
fn what_is_no_create_statement_is_refused_without_a_panic() {
    for sql in [
        "",
        "CREATE",
        "CREATE TABLE",
        "CREATE TABLE t",
        "CREATE TABLE t(",
        "CREATE TABLE t(a",
        "x(",
        "CREATE TABLE t(a CHECK(",
    ] {
        assert!(create_table(sql, &columns(&["a"])).is_none(), "{sql}");
        assert!(create_index(sql, &columns(&["a"])).is_none(), "{sql}");
    }
}

#[test]
fn defaults_in_double_quotes_are_texts() {
    for (text, is) in [("\"\"", "''"), ("\"it's\"", "'it''s'"), ("'a'", "'a'")] {
        assert_eq!(super::normal_default(text).as_deref(), Some(is), "{text}");
    }
}
