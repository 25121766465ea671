//! The rebuild of a SQLite table: what it keeps, and what stops it.

use axum_db::Sqlite;
use axum_migrate::schema::Schema;
use axum_migrate::{Diff, Engine, ErrorKind, Hints, Script, diff, inverse, render};
use testkit::TestDatabase;

use super::harness::{Server, connect, expect_same, run};

type Connection = <Sqlite as axum_db::Backend>::Connection;

const START: &str = "\
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT, age INTEGER);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE);
CREATE TABLE log (what TEXT);
CREATE VIEW names AS SELECT name FROM users;
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('new; ' || NEW.name); END;
INSERT INTO users (id, name, age) VALUES (1, 'ada', 36), (9, 'bob', 17);
DELETE FROM users WHERE id = 9;
INSERT INTO posts (id, user_id) VALUES (1, 1)";

struct Place {
    conn: Connection,
    from: Schema,
    _database: TestDatabase,
}

async fn place() -> Place {
    let database = testkit::sqlite();
    let mut conn = connect::<Sqlite>(&database).await.expect("a connection");
    Sqlite::execute(&mut conn, START).await.expect("the start");
    let from = Sqlite::introspect(&mut conn).await.expect("the schema");
    Place {
        conn,
        from,
        _database: database,
    }
}

impl Place {
    async fn change(&mut self, find: &str, replace: &str, hints: &Hints) -> Diff {
        assert!(START.contains(find));
        let wanted: Vec<String> = START
            .replace(find, replace)
            .split(";\n")
            .filter(|sql| sql.starts_with("CREATE TABLE"))
            .map(str::to_owned)
            .collect();
        let desired = Sqlite::scratch_schema(&mut self.conn, &wanted)
            .await
            .expect("the desired schema");
        diff(&self.from, &desired, hints).expect("no hints to refuse")
    }

    async fn rebuild(&mut self) -> Script {
        let found = self
            .change("name TEXT", "name VARCHAR(50)", &Hints::default())
            .await;
        render(Sqlite::DIALECT, &found.ops, &self.from).expect("up")
    }

    async fn texts(&mut self, sql: &str) -> Vec<String> {
        Sqlite::texts(&mut self.conn, sql).await.expect(sql)
    }
}

use axum_db::Backend as _;

#[tokio::test]
async fn the_script_is_this() {
    let mut place = place().await;
    let script = place.rebuild().await;
    assert!(!script.run_in_transaction);
    insta::assert_snapshot!(script.to_sql(), @r#"
    PRAGMA foreign_keys = OFF;
    PRAGMA legacy_alter_table = ON;
    BEGIN IMMEDIATE;
    CREATE TEMP TABLE __axum_migrate_guard (found INTEGER CONSTRAINT "users has a column, trigger or index that this migration does not know" CHECK (found = 0));
    INSERT INTO temp.__axum_migrate_guard SELECT (SELECT count(*) FROM pragma_table_xinfo('users') WHERE name NOT IN ('id', 'name', 'age')) + (SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL AND tbl_name = 'users' COLLATE NOCASE AND name NOT IN ('users_log'));
    DROP TABLE temp.__axum_migrate_guard;
    CREATE TABLE "__new_users" (
      "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
      "name" VARCHAR(50),
      "age" INTEGER
    );
    INSERT INTO "__new_users" ("id", "name", "age")
    SELECT "id", "name", "age"
    FROM "users";
    CREATE TEMP TABLE __axum_migrate_sequence AS SELECT seq FROM sqlite_sequence WHERE name = 'users';
    DROP TABLE "users";
    ALTER TABLE "__new_users" RENAME TO "users";
    CREATE TRIGGER users_log AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('new; ' || NEW.name); END;
    DELETE FROM sqlite_sequence WHERE name = 'users';
    INSERT INTO sqlite_sequence (name, seq) SELECT 'users', seq FROM temp.__axum_migrate_sequence;
    DROP TABLE temp.__axum_migrate_sequence;
    CREATE TEMP TABLE __axum_migrate_guard (found INTEGER CONSTRAINT "a foreign key is violated" CHECK (found = 0));
    INSERT INTO temp.__axum_migrate_guard SELECT count(*) FROM pragma_foreign_key_check;
    DROP TABLE temp.__axum_migrate_guard;
    COMMIT;
    PRAGMA legacy_alter_table = OFF;
    PRAGMA foreign_keys = ON;
    "#);
}

#[tokio::test]
async fn runs_as_one_text_and_keeps_counter_children_triggers_and_views() {
    let mut place = place().await;
    let script = place.rebuild().await;
    Sqlite::execute(&mut place.conn, &script.to_sql())
        .await
        .expect("the whole file");
    assert_eq!(
        place
            .texts("SELECT CAST(count(*) AS TEXT) AS value FROM posts")
            .await,
        ["1"]
    );
    Sqlite::execute(&mut place.conn, "INSERT INTO users (name) VALUES ('cy')")
        .await
        .expect("a row");
    assert_eq!(
        place
            .texts("SELECT CAST(max(id) AS TEXT) AS value FROM users")
            .await,
        ["10"]
    );
    assert_eq!(
        place
            .texts("SELECT what AS value FROM log ORDER BY rowid DESC LIMIT 1")
            .await,
        ["new; cy"]
    );
    assert_eq!(
        place
            .texts("SELECT name AS value FROM names ORDER BY 1")
            .await,
        ["ada", "cy"]
    );
    assert_eq!(
        place
            .texts("SELECT CAST(foreign_keys AS TEXT) AS value FROM pragma_foreign_keys")
            .await,
        ["1"]
    );
    let left = place
        .texts("SELECT name AS value FROM sqlite_temp_schema")
        .await;
    assert!(left.is_empty(), "{left:?}");
    let types = "SELECT type AS value FROM pragma_table_info('users') WHERE name = 'name'";
    assert_eq!(place.texts(types).await, ["VARCHAR(50)"]);
}

#[tokio::test]
async fn a_broken_foreign_key_stops_it_and_nothing_is_left_behind() {
    let mut place = place().await;
    let broken =
        "PRAGMA foreign_keys = OFF; INSERT INTO posts VALUES (2, 77); PRAGMA foreign_keys = ON";
    Sqlite::execute(&mut place.conn, broken)
        .await
        .expect("a row that points nowhere");
    let script = place.rebuild().await;
    let error = run::<Sqlite>(&mut place.conn, &script)
        .await
        .expect_err("stopped");
    assert!(error.contains("a foreign key is violated"), "{error}");
    let now = Sqlite::introspect(&mut place.conn)
        .await
        .expect("the schema");
    assert_eq!(now, place.from);
    assert_eq!(
        place
            .texts("SELECT CAST(count(*) AS TEXT) AS value FROM posts")
            .await,
        ["2"]
    );
}

#[tokio::test]
async fn a_trigger_that_came_later_stops_it_rather_than_being_lost() {
    let mut place = place().await;
    let script = place.rebuild().await;
    let later = "CREATE TRIGGER later AFTER DELETE ON users BEGIN SELECT 1; END";
    Sqlite::execute(&mut place.conn, later)
        .await
        .expect("a trigger");
    let error = run::<Sqlite>(&mut place.conn, &script)
        .await
        .expect_err("stopped");
    assert!(
        error.contains("users has a column, trigger or index that this migration does not know"),
        "{error}"
    );
    let triggers = "SELECT name AS value FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1";
    assert_eq!(place.texts(triggers).await, ["later", "users_log"]);
}

#[tokio::test]
async fn what_alter_table_can_do_is_no_rebuild() {
    let mut place = place().await;
    let found = place
        .change("age INTEGER", "note TEXT DEFAULT 'x'", &Hints::default())
        .await;
    let up = render(Sqlite::DIALECT, &found.ops, &place.from).expect("up");
    assert!(up.run_in_transaction);
    insta::assert_snapshot!(up.to_sql(), @r#"
    ALTER TABLE "users" ADD COLUMN "note" TEXT DEFAULT 'x';
    ALTER TABLE "users" DROP COLUMN "age";
    "#);
    let down = render(Sqlite::DIALECT, &inverse(&found.ops), &found.target).expect("down");
    insta::assert_snapshot!(down.to_sql(), @r#"
    ALTER TABLE "users" ADD COLUMN "age" INTEGER;
    ALTER TABLE "users" DROP COLUMN "note";
    "#);
}

#[tokio::test]
async fn a_required_column_names_the_flag_that_fills_it() {
    let mut place = place().await;
    let found = place
        .change(
            "age INTEGER",
            "age INTEGER, nick TEXT NOT NULL",
            &Hints::default(),
        )
        .await;
    let error = render(Sqlite::DIALECT, &found.ops, &place.from).expect_err("needs a value");
    assert_eq!(error.kind(), ErrorKind::NeedsInput);
    assert!(
        error.to_string().contains("--backfill users.nick=EXPR"),
        "{error}"
    );
}

#[tokio::test]
async fn a_column_that_came_later_stops_it_rather_than_being_lost() {
    let mut place = place().await;
    let script = place.rebuild().await;
    let later = "ALTER TABLE users ADD COLUMN later TEXT";
    Sqlite::execute(&mut place.conn, later)
        .await
        .expect("a column");
    let error = run::<Sqlite>(&mut place.conn, &script)
        .await
        .expect_err("stopped");
    assert!(
        error.contains("users has a column, trigger or index that this migration does not know"),
        "{error}"
    );
}

#[tokio::test]
async fn a_trigger_that_names_what_is_renamed_survives_a_rebuild_in_the_same_step() {
    let mut place = place().await;
    let hints = Hints {
        renamed_columns: vec![("users".into(), "name".into(), "label".into())],
        ..Hints::default()
    };
    let found = place
        .change(
            "name TEXT, age INTEGER",
            "label VARCHAR(9) NOT NULL, age INTEGER",
            &Hints {
                backfills: [(("users".into(), "label".into()), "'none'".into())].into(),
                ..hints
            },
        )
        .await;
    let up = render(Sqlite::DIALECT, &found.ops, &place.from).expect("up");
    let down = render(Sqlite::DIALECT, &inverse(&found.ops), &found.target).expect("down");
    for (script, column, goal) in [
        (&up, "label", &found.target),
        (&down, "name", &place.from),
        (&up, "label", &found.target),
    ] {
        run::<Sqlite>(&mut place.conn, script).await.expect("run");
        let is = Sqlite::introspect(&mut place.conn)
            .await
            .expect("the schema");
        expect_same("after it", &is, goal).expect("the same");
        let insert = format!("INSERT INTO users ({column}) VALUES ('{column}')");
        Sqlite::execute(&mut place.conn, &insert)
            .await
            .expect("a row, and what the trigger does");
        let last = "SELECT what AS value FROM log ORDER BY rowid DESC LIMIT 1";
        assert_eq!(
            Sqlite::texts(&mut place.conn, last).await.expect("the log"),
            [format!("new; {column}")]
        );
    }
}
