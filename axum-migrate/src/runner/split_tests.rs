use axum_db::Dialect::{Mysql, Postgres, Sqlite};

use super::*;

fn texts(script: &str, dialect: Dialect) -> Vec<&str> {
    split(script, dialect)
        .iter()
        .map(|statement| statement.sql)
        .collect()
}

#[test]
fn semicolons_in_quotes_and_comments_do_not_split() {
    let script = "-- a; b\nSELECT ';', \"a;b\", 'it''s; fine' /* ; */ ; ;\n\nSELECT 2 -- end;\n";
    for dialect in [Sqlite, Postgres, Mysql] {
        let statements = split(script, dialect);
        assert_eq!(statements.len(), 2, "{dialect}: {statements:?}");
        assert_eq!((statements[0].line, statements[1].line), (2, 4));
        assert_eq!(statements[1].sql, "SELECT 2 -- end;");
    }
}

#[test]
fn a_script_of_comments_has_no_statement() {
    assert!(split("-- nothing\n/* here */ ;\n", Sqlite).is_empty());
    assert!(split("", Postgres).is_empty());
}

#[test]
fn sqlite_triggers_keep_their_bodies() {
    let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE WHEN b THEN 1 ELSE 2 END; \
                   DELETE FROM c; END";
    let script = format!("BEGIN IMMEDIATE; {trigger}; CREATE TABLE [x;y] (`a;b` INT); COMMIT;");
    assert_eq!(
        texts(&script, Sqlite),
        [
            "BEGIN IMMEDIATE",
            trigger,
            "CREATE TABLE [x;y] (`a;b` INT)",
            "COMMIT"
        ]
    );
}

#[test]
fn postgres_dollar_quotes_escapes_nested_comments_and_atomic_bodies() {
    let function = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN; PERFORM $1; $$;$$; END $body$";
    let atomic = "CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
    let rule = "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c)";
    let script = format!(
        "{function};{atomic};{rule};SELECT E'\\';', '\\';/* a /* ; */ ; */ SELECT $1;BEGIN;COMMIT"
    );
    assert_eq!(
        texts(&script, Postgres),
        [
            function,
            atomic,
            rule,
            "SELECT E'\\';', '\\'",
            "/* a /* ; */ ; */ SELECT $1",
            "BEGIN",
            "COMMIT",
        ]
    );
}

#[test]
fn mysql_routines_backslashes_and_executable_comments() {
    let procedure = "CREATE PROCEDURE p() BEGIN IF a THEN SELECT IF(b, 1, 2); END IF; WHILE a DO SET a = 0; END WHILE; \
                     CASE a WHEN 1 THEN SELECT 1; END CASE; END";
    let script = format!(
        "{procedure}; SELECT 'it\\';s', a--1 # x;\n; /*!40101 SET a = 1; */; BEGIN; SELECT 1; COMMIT"
    );
    assert_eq!(
        texts(&script, Mysql),
        [
            procedure,
            "SELECT 'it\\';s', a--1 # x;",
            "/*!40101 SET a = 1; */",
            "BEGIN",
            "SELECT 1",
            "COMMIT",
        ]
    );
}

#[test]
fn text_that_never_ends_is_one_statement() {
    for script in [
        "SELECT 'open; SELECT 2;",
        "SELECT 1 /* open; ",
        "SELECT \"x;",
    ] {
        for dialect in [Sqlite, Postgres, Mysql] {
            assert_eq!(split(script, dialect).len(), 1, "{script}");
        }
    }
    assert_eq!(split("SELECT $a$ open;", Postgres).len(), 1);
    assert_eq!(split("SELECT [open;", Sqlite).len(), 1);
    assert_eq!(split("SELECT 'ends in a backslash \\", Mysql).len(), 1);
}

#[test]
fn words_skip_comments_and_quotes() {
    let statement = split("/* x */ drop\n Table -- y\n if exists \"posts\"", Sqlite)[0];
    assert_eq!(statement.words(Sqlite), ["DROP", "TABLE", "IF", "EXISTS"]);
}

#[test]
fn a_word_is_taken_out_but_not_of_quotes() {
    let statement = split(
        "create index concurrently \"concurrently\" on a (b)",
        Postgres,
    )[0];
    let without = statement.without_word("CONCURRENTLY", Postgres);
    assert_eq!(without, "create index  \"concurrently\" on a (b)");
}
