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
fn bodies_of_mysql_need_no_begin() {
    let statements = [
        "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW IF new.x IS NULL THEN SET new.x = IF(new.y, 1, 2); \
         ELSEIF CASE WHEN new.y THEN 1 ELSE 0 END THEN IF new.z THEN SET new.x = 3; END IF; ELSE SET new.x = 4; END IF",
        "CREATE TRIGGER b AFTER UPDATE ON t FOR EACH ROW FOLLOWS a UPDATE u SET n = CASE WHEN n THEN REPEAT('a', 2) END",
        "CREATE PROCEDURE c(n INT) CASE n WHEN 1 THEN IF n THEN SELECT 1; END IF; ELSE BEGIN SELECT 2; END; END CASE",
        "CREATE PROCEDURE d() outer_one: LOOP REPEAT SET @n = 1; UNTIL @n > 0 END REPEAT; LEAVE outer_one; END LOOP outer_one",
        "CREATE PROCEDURE e() WHILE @n DO DO SLEEP(1); BEGIN IF @n THEN SELECT 1; END IF; END; END WHILE",
        "CREATE PROCEDURE f() FOR i IN 1..3 DO SELECT i; END FOR",
        "CREATE PROCEDURE g() REPEAT DO SLEEP(1); UNTIL @n END REPEAT",
        "CREATE FUNCTION IF NOT EXISTS h() RETURNS INT RETURN IF(@n, CASE @n WHEN 1 THEN 2 END, REPEAT('1', 2))",
        "CREATE EVENT i ON SCHEDULE EVERY 1 DAY DO IF @n THEN DELETE FROM t; END IF",
        "SELECT 1",
    ];
    assert_eq!(texts(&statements.join(";\n"), Mysql), statements);
}

#[test]
fn columns_may_be_called_begin_and_end() {
    for (program, dialects) in [
        (
            "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN UPDATE b SET begin = 1, end = 2 WHERE end > new.end AND b.begin < 1; \
             DELETE FROM b WHERE CASE WHEN b.end = 1 THEN end END; END",
            &[Sqlite, Mysql][..],
        ),
        (
            "CREATE TRIGGER t BEFORE UPDATE OF begin, end ON a WHEN new.begin = 1 BEGIN SELECT begin, end FROM a; END",
            &[Sqlite],
        ),
        (
            "CREATE PROCEDURE p() a: BEGIN DECLARE EXIT HANDLER FOR NOT FOUND BEGIN END; IF new.end THEN SET new.end = 1; END IF; \
             REPEAT SELECT begin, end FROM b; UNTIL b.end END REPEAT; CASE b WHEN 1 THEN BEGIN END; ELSE SELECT end; END CASE; END a",
            &[Mysql],
        ),
        (
            "CREATE FUNCTION f(a int[]) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a.end THEN a[1] END FROM begin a; END",
            &[Postgres],
        ),
        (
            "CREATE PROCEDURE p() BEGIN INSERT INTO begin SELECT 1 FROM end; UPDATE begin SET end = 1; END",
            &[Mysql],
        ),
        ("CREATE TABLE a (event INT, begin INT)", &[Mysql]),
    ] {
        for dialect in dialects {
            assert_eq!(
                texts(&format!("{program};SELECT 1"), *dialect),
                [program, "SELECT 1"]
            );
        }
    }
}

#[test]
fn backslashes_are_what_the_mode_says() {
    let script = "SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'; SELECT 'a\\'; SELECT \"b\\\"; \
                  SET @@session.sql_mode := @before; SELECT 'c\\';', sql_mode";
    assert_eq!(
        texts(script, Mysql),
        [
            "SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
            "SELECT 'a\\'",
            "SELECT \"b\\\"",
            "SET @@session.sql_mode := @before",
            "SELECT 'c\\';', sql_mode",
        ]
    );
}

#[test]
fn programs_of_oracle_declare_before_they_begin() {
    for program in [
        "CREATE FUNCTION \"f\"(a NUMBER, b VARCHAR2(5)) RETURN double DETERMINISTIC AS x NUMBER := 1; y NUMBER; BEGIN RETURN a + x; END",
        "CREATE OR REPLACE PROCEDURE IF NOT EXISTS shop.p IS x INT := 1; BEGIN IF x IS NULL THEN x := 2; END IF; END",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW DECLARE x INT := 1; BEGIN :NEW.a := x; END",
    ] {
        assert_eq!(
            texts(&format!("{program};SELECT 1"), Mysql),
            [program, "SELECT 1"]
        );
    }
    // What is AS or IS in the programs of MySQL begins nothing.
    for program in [
        "CREATE FUNCTION f(a INT) RETURNS BOOL DETERMINISTIC RETURN a IS NULL",
        "CREATE PROCEDURE p() NOT DETERMINISTIC SELECT 1 AS x",
        "CREATE FUNCTION `as`(a INT) RETURNS INT RETURN (SELECT 1 AS b)",
    ] {
        assert_eq!(
            texts(&format!("{program};SELECT 1"), Mysql),
            [program, "SELECT 1"]
        );
    }
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

#[test]
fn marks_of_editors_and_line_ends_do_not_matter() {
    let script = "\u{feff}-- first\r\nSELECT 1;\r\n\r\nSELECT 2\r\n";
    for dialect in [Sqlite, Postgres, Mysql] {
        let statements = split(script, dialect);
        assert_eq!(statements.len(), 2);
        assert_eq!((statements[0].line, statements[1].line), (2, 4));
        assert_eq!(statements[0].sql, "-- first\r\nSELECT 1");
        assert_eq!(statements[1].sql, "SELECT 2");
        assert!(split("\u{feff}", dialect).is_empty());
    }
}

#[test]
fn the_delimiter_of_mysqls_client_is_followed() {
    let script = "SELECT 1;\nDELIMITER $$\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW\nIF NEW.a THEN SET @x = '$$'; END IF$$\n\
                  DROP TABLE b$$\ndelimiter ;\nSELECT 2; SELECT 3";
    assert_eq!(
        texts(script, Mysql),
        [
            "SELECT 1",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW\nIF NEW.a THEN SET @x = '$$'; END IF",
            "DROP TABLE b",
            "SELECT 2",
            "SELECT 3",
        ]
    );
    assert_eq!(split(script, Mysql)[3].line, 7);
    assert_eq!(
        texts("DELIMITER //\nSELECT 4 / 2//", Mysql),
        ["SELECT 4 / 2"]
    );
    assert!(split("DELIMITER", Mysql).is_empty());
}

#[test]
fn what_mysql_runs_in_a_comment_counts() {
    let statement = split("/*!40000 ALTER TABLE `a` DISABLE KEYS */;", Mysql)[0];
    assert_eq!(
        statement.words(Mysql),
        ["ALTER", "TABLE", "DISABLE", "KEYS"]
    );
    let cut = split("/*!", Mysql)[0];
    assert!(cut.words(Mysql).is_empty());
}

/// Scripts of what means something to the splitter, in any order.
fn scripts() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop_oneof![
        proptest::sample::select(vec![
            ";",
            "'",
            "\"",
            "`",
            "[",
            "]",
            "(",
            ")",
            "$$",
            "$a$",
            "$1",
            "--",
            "-- ",
            "#",
            "/*",
            "*/",
            "/*!",
            "\\",
            "\n",
            "\r\n",
            " ",
            "E'",
            "e'it\\''",
            "begin",
            "end",
            "end if",
            "if",
            "case",
            "atomic",
            "create trigger t ",
            "create function f() ",
            "create procedure p() ",
            "loop",
            "\u{feff}",
            "é",
            "\u{1f600}",
            "select 1",
            ".",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9_ ;]{0,6}",
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    /// Statements are parts of the script in its order, and between them is nothing that would be one.
    #[test]
    fn nothing_is_lost(script in scripts()) {
        for dialect in [Sqlite, Postgres, Mysql] {
            let statements = split(&script, dialect);
            let mut at = 0;
            let mut lines = 1;
            for statement in &statements {
                proptest::prop_assert!(!statement.sql.is_empty());
                proptest::prop_assert!(statement.line >= lines);
                lines = statement.line;
                let from = statement.sql.as_ptr() as usize - script.as_ptr() as usize;
                proptest::prop_assert!(split(&script[at..from], dialect).is_empty());
                at = from + statement.sql.len();
                let _ = (statement.words(dialect), statement.tokens(dialect));
            }
            proptest::prop_assert!(split(&script[at..], dialect).is_empty());
            let _ = client_command(&script, dialect);
        }
    }

    /// Neither is there with a delimiter of one's own.
    #[test]
    fn any_delimiter_is_borne(script in scripts(), delimiter in "[;$/a]{0,3}", rest in scripts()) {
        let script = format!("{script}\nDELIMITER {delimiter}\n{rest}");
        for statement in split(&script, Mysql) {
            proptest::prop_assert!(script.contains(statement.sql));
        }
        let _ = client_command(&script, Mysql);
    }
}

#[test]
fn a_line_of_megabytes_is_looked_through_once() {
    let values = vec!["(1, 'x')"; 50_000].join(", ");
    let script = format!("INSERT INTO t VALUES {values};\nSELECT 1");
    for dialect in [Sqlite, Postgres, Mysql] {
        assert_eq!(client_command(&script, dialect), None);
        assert_eq!(split(&script, dialect).len(), 2);
    }
}
