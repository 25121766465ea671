use axum_db::Dialect::{Mysql, Postgres, Sqlite};

use super::*;

fn units(sql: &str, dialect: Dialect, wrapped: bool) -> Vec<Unit> {
    Script::new(sql, dialect).units(dialect, wrapped)
}

fn ours(range: Range<usize>) -> Unit {
    let own = false;
    Unit::Together { range, own }
}

#[test]
fn what_runs_in_a_transaction_takes_effect_together() {
    for dialect in [Sqlite, Postgres] {
        let sql = "SET a = 1; CREATE TABLE a (b INT); INSERT INTO a VALUES (1)";
        assert_eq!(units(sql, dialect, true), [ours(0..3)]);
        assert_eq!(units("", dialect, true), [ours(0..0)]);
        assert_eq!(units("-- nothing", dialect, false), []);
    }
}

#[test]
fn mysql_keeps_rows_together_between_changes_of_the_schema() {
    let sql = "CREATE TABLE a (b INT); INSERT INTO a VALUES (1); UPDATE a SET b = 2; SET @x = 1; \
               ALTER TABLE a ADD c INT; DELETE FROM a; /*!40101 SET y = 1 */; /*!40000 ALTER TABLE a DISABLE KEYS */";
    assert_eq!(
        units(sql, Mysql, true),
        [
            Unit::Alone(0..1),
            ours(1..3),
            Unit::Setting(3),
            Unit::Alone(4..5),
            ours(5..6),
            Unit::Setting(6),
            Unit::Alone(7..8),
        ]
    );
    // Without a transaction each by itself; the script's own stays where nothing ends it early.
    let rows = "INSERT INTO a VALUES (1); BEGIN; DELETE FROM a; UPDATE a SET b = 1; COMMIT";
    let own = Unit::Together {
        range: 1..5,
        own: true,
    };
    assert_eq!(units(rows, Mysql, false), [ours(0..1), own]);
    let broken = "BEGIN; DELETE FROM a; DROP TABLE b; DELETE FROM c; UPDATE c SET d = 1; COMMIT";
    assert_eq!(
        units(broken, Mysql, false),
        [ours(1..2), Unit::Alone(2..3), ours(3..5)]
    );
}

#[test]
fn mysql_does_nothing_else_while_tables_are_locked() {
    let sql = "DROP TABLE a; LOCK TABLES a WRITE; INSERT INTO a VALUES (1); UNLOCK TABLES; INSERT INTO b VALUES (1)";
    assert_eq!(
        units(sql, Mysql, true),
        [Unit::Alone(0..1), Unit::Alone(1..4), ours(4..5)]
    );
}

#[test]
fn a_sqlite_rebuild_is_its_own_transaction_between_settings() {
    let sql = "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; DROP TABLE a; COMMIT; PRAGMA foreign_keys = ON";
    let script = Script::new(sql, Sqlite);
    assert!(script.turns_foreign_keys_off);
    let own = Unit::Together {
        range: 1..4,
        own: true,
    };
    assert_eq!(
        script.units(Sqlite, false),
        [Unit::Setting(0), own, Unit::Setting(4)]
    );
}

#[test]
fn postgres_runs_alone_what_refuses_a_transaction() {
    let sql = "SET lock_timeout = 0; CREATE INDEX CONCURRENTLY i ON a (b); INSERT INTO a VALUES (1); VACUUM a; CALL p()";
    assert_eq!(
        units(sql, Postgres, false),
        [
            Unit::Setting(0),
            Unit::Alone(1..2),
            ours(2..3),
            Unit::Alone(3..4),
            Unit::Alone(4..5),
        ]
    );
}

#[test]
fn what_is_shown_of_a_statement_is_short() {
    let shown = excerpt(&format!(
        "INSERT INTO t VALUES {}\nmore",
        "('ä'), ".repeat(100_000)
    ));
    assert!(
        shown.starts_with("    INSERT INTO t") && shown.ends_with("…\n    more"),
        "{shown}"
    );
    assert!(shown.chars().count() < 230, "{shown}");
    assert!(excerpt(&"a\n".repeat(20)).ends_with("    …"));
}
