use axum_db::Dialect::{Mysql, Postgres};

use super::super::split::split;
use super::*;

fn asked(sql: &str, dialect: Dialect) -> Question {
    question(&split(sql, dialect)[0], dialect)
}

#[test]
fn what_mysql_made_or_dropped_is_looked_up_by_its_name() {
    for (sql, made, says) in [
        (
            "CREATE TABLE `po``sts` (id INT)",
            true,
            "table_name = 'po`sts'",
        ),
        (
            "create table other.posts (id INT)",
            true,
            "table_schema = 'other' AND table_name = 'posts'",
        ),
        ("DROP TABLE posts", false, "table_name = 'posts'"),
        ("RENAME TABLE a TO b", true, "table_name = 'b'"),
        (
            "CREATE UNIQUE INDEX i ON posts (a)",
            true,
            "index_name = 'i'",
        ),
        (
            "CREATE DEFINER=`a`@`b` TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1",
            true,
            "trigger_name = 't'",
        ),
        ("DROP PROCEDURE p", false, "routine_name = 'p'"),
        (
            "ALTER TABLE posts ADD COLUMN a INT DEFAULT (f(1, 2)), ADD b INT",
            true,
            "column_name = 'a'",
        ),
        (
            "ALTER TABLE posts MODIFY a DECIMAL(1, 2), DROP COLUMN c",
            false,
            "column_name = 'c'",
        ),
        (
            "ALTER TABLE posts ADD UNIQUE KEY u (a)",
            true,
            "index_name = 'u'",
        ),
        (
            "ALTER TABLE posts DROP FOREIGN KEY k",
            false,
            "constraint_name = 'k'",
        ),
        (
            "ALTER TABLE posts DROP PRIMARY KEY",
            false,
            "index_name = 'PRIMARY'",
        ),
        (
            "ALTER TABLE posts CHANGE a b INT",
            true,
            "column_name = 'b'",
        ),
        (
            "ALTER TABLE posts RENAME TO articles",
            true,
            "table_name = 'articles'",
        ),
    ] {
        match asked(sql, Mysql) {
            Question::Exists {
                sql: question,
                made: is,
            } => {
                assert!(question.contains(says), "{sql}: {question}");
                assert_eq!(is, made, "{sql}");
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn what_may_run_twice_is_run_again_and_the_rest_is_not_guessed() {
    for sql in [
        "ALTER TABLE posts MODIFY a INT NOT NULL, COMMENT = 'x'",
        "ALTER TABLE posts CHANGE a a BIGINT",
        "CREATE TABLE IF NOT EXISTS a (id INT)",
        "DROP VIEW IF EXISTS v",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "TRUNCATE posts",
    ] {
        assert_eq!(asked(sql, Mysql), Question::Repeatable, "{sql}");
    }
    for sql in [
        "CALL p()",
        "DROP TABLE a, b",
        "ALTER TABLE posts ADD CHECK (a > 1)",
        "ALTER TABLE posts ADD INDEX (a)",
        "LOCK TABLES a WRITE",
        "ALTER",
        "CREATE",
    ] {
        assert_eq!(asked(sql, Mysql), Question::Unknown, "{sql}");
    }
    assert_eq!(asked("VACUUM", Postgres), Question::Repeatable);
    assert_eq!(asked("CALL p()", Postgres), Question::Unknown);
}

#[test]
fn an_index_that_postgres_left_invalid_is_found_by_its_name() {
    let statement = split(
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"On\" ON a (b)",
        Postgres,
    )[0];
    assert!(invalid_index(&statement, Postgres).is_some_and(|sql| sql.contains("relname = 'On'")));
    for sql in [
        "CREATE INDEX CONCURRENTLY ON a (b)",
        "CREATE INDEX i ON a (b)",
    ] {
        let question = invalid_index(&split(sql, Postgres)[0], Postgres);
        assert_eq!(question, None, "{sql}");
    }
}
