//! `--sql` through each database's own client, against what the runner does; and `--plan`.

use std::process::Command;

use axum_db::Dialect;
use axum_migrate::ErrorKind;
use serde_json::Value;

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    scripts_do_what_the_runner_does,
    a_plan_is_told_and_not_done,
    what_an_upgrade_refuses_is_neither_planned_nor_written,
);

/// Runs a script as its head says; what the client says when it fails.
async fn client<B: Tested>(project: &Project<B>, script: &str) -> Result<(), String> {
    let file = project.migrations().with_file_name("script.sql");
    std::fs::write(&file, script).expect("the script");
    let input = || std::fs::File::open(&file).expect("the script");
    let url = project.url();
    let mut command = match B::DIALECT {
        Dialect::Postgres => {
            let mut psql = Command::new("psql");
            psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
                .arg(&file)
                .arg(url);
            psql
        }
        Dialect::Mysql => {
            let rest = url.trim_start_matches("mysql://");
            let (user, rest) = rest.split_once('@').expect("a user");
            let (address, database) = rest.split_once('/').expect("a database");
            let (host, port) = address.split_once(':').unwrap_or((address, "3306"));
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            let database = database.split('?').next().unwrap_or_default();
            let program = if has("mariadb") { "mariadb" } else { "mysql" };
            let mut mysql = Command::new(program);
            mysql
                .args(["-h", host, "-P", port, "-u", user, database])
                .stdin(input());
            mysql.env("MYSQL_PWD", password);
            mysql
        }
        Dialect::Sqlite if has("sqlite3") => {
            let mut sqlite = Command::new("sqlite3");
            sqlite
                .arg("-bail")
                .arg(url.trim_start_matches("sqlite://"))
                .stdin(input());
            sqlite
        }
        // Not everybody has the program; the library takes the same script.
        Dialect::Sqlite => {
            let ran = B::execute(&mut project.connection().await, script).await;
            return ran.map_err(|error| error.to_string());
        }
    };
    let output = command
        .output()
        .expect("the database's client is installed");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// Revisions with what clients read differently than servers.
fn fill<B: Tested>(project: &Project<B>) {
    let (trigger, drop) = match B::DIALECT {
        Dialect::Sqlite => (
            "CREATE TRIGGER noted AFTER INSERT ON people BEGIN\n  INSERT INTO notes VALUES ('a;b'); SELECT 1;\nEND;",
            "DROP TRIGGER noted;",
        ),
        Dialect::Postgres => (
            "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n  INSERT INTO notes VALUES ('a;b'); \
             RETURN NEW;\nEND $body$;\nCREATE TRIGGER noted AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION noted();",
            "DROP TRIGGER noted ON people; DROP FUNCTION noted();",
        ),
        Dialect::Mysql => (
            "CREATE TRIGGER noted AFTER INSERT ON people FOR EACH ROW\nBEGIN\n  INSERT INTO notes VALUES ('a;b'); SET @x = 1;\nEND;",
            "DROP TRIGGER noted;",
        ),
    };
    project.add(
        "2026-01-01-000000-0000_people",
        "-- it's the first; truly\nCREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);\n\
         CREATE TABLE notes (text VARCHAR(20)) -- the last one",
        "DROP TABLE notes; DROP TABLE people;",
    );
    project.add("2026-01-02-000000-0000_trigger", trigger, drop);
    project.add_bare(
        "2026-01-03-000000-0000_rows",
        "INSERT INTO people (id, name) VALUES (1, 'Größe; \\\"x\\\"');",
        "DELETE FROM people; DELETE FROM notes;",
    );
    project.add_bare(
        "2026-01-04-000000-0000_own",
        "BEGIN;\nCREATE TABLE own (id INTEGER PRIMARY KEY);\nCOMMIT;\nINSERT INTO own (id) VALUES (1);",
        "BEGIN;\nDROP TABLE own;\nCOMMIT;",
    );
    project.add("2026-01-05-000000-0000_it's; odd", "SELECT 1;", "SELECT 1;");
}

/// Everything that the migrations leave in a database.
async fn state<B: Tested>(project: &Project<B>) -> Vec<Vec<String>> {
    let schema = B::introspect(&mut project.connection().await)
        .await
        .expect("the schema");
    vec![
        vec![schema.hash()],
        project.versions().await,
        project
            .rows("SELECT CONCAT(version, ' ', checksum) AS value FROM __axum_migrate ORDER BY version")
            .await,
    ]
}

async fn scripts_do_what_the_runner_does<B: Tested>() {
    let online = Project::<B>::new().await;
    let offline = Project::<B>::new().await;
    fill(&online);
    fill(&offline);
    for (upgrade, range) in [
        ("upgrade +3", "base:2026-01-03"),
        ("upgrade", "2026-01-03:head"),
    ] {
        online.ok(upgrade).await;
        let script = offline.ok(&format!("upgrade --sql {range}")).await;
        client(&offline, &script)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{script}"));
        assert_eq!(state(&offline).await, state(&online).await, "{script}");
    }
    let rows = "SELECT CONCAT(name, ' ', text) AS value FROM people CROSS JOIN notes";
    assert_eq!(offline.rows(rows).await, online.rows(rows).await);
    assert!(offline.ok("upgrade").await.starts_with("Nothing to do"));
    offline.ok("check --checksums").await;

    for (downgrade, range) in [
        ("downgrade -1", "head:-1"),
        ("downgrade base", "2026-01-04:base"),
    ] {
        online.ok(&format!("{downgrade} --allow-data-loss")).await;
        let script = offline.ok(&format!("downgrade --sql {range}")).await;
        client(&offline, &script)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{script}"));
        assert_eq!(state(&offline).await, state(&online).await, "{script}");
    }
    assert!(offline.tables().await.is_empty());

    let script = offline.ok("stamp --sql base head").await;
    client(&offline, &script).await.unwrap();
    online.ok("stamp head").await;
    assert_eq!(state(&offline).await, state(&online).await);
    let script = offline.ok("stamp --sql head 2026-01-02").await;
    client(&offline, &script).await.unwrap();
    online.ok("stamp 2026-01-02").await;
    assert_eq!(state(&offline).await, state(&online).await);

    // From the beginning, unless it is said: that fails on a database that is further, and records nothing.
    let script = offline.ok("upgrade --sql 2026-01-01").await;
    let before = state(&offline).await;
    client(&offline, &script).await.unwrap_err();
    assert_eq!(offline.versions().await, before[1]);
    for (line, says) in [
        ("downgrade --sql", "downgrade --sql head:-1"),
        ("upgrade base:head", "a range FROM:TO is for --sql"),
        ("upgrade --sql +1:head", "FROM is where the database is"),
    ] {
        let error = offline.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Usage, "{line}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

async fn a_plan_is_told_and_not_done<B: Tested>() {
    let project = Project::<B>::new().await;
    project.add(
        "2026-01-01-000000-0000_one",
        "CREATE TABLE one (id INTEGER PRIMARY KEY);",
        "DROP TABLE one;",
    );
    project.add(
        "2026-01-02-000000-0000_two",
        "CREATE TABLE two (id INTEGER PRIMARY KEY);",
        "DROP TABLE two;",
    );
    let plan = project.ok("upgrade --plan").await;
    assert!(
        plan.contains(
            "+ 202601010000000000  one  …/migrations/2026-01-01-000000-0000_one/up.sql\n"
        ),
        "{plan}"
    );
    assert!(
        plan.ends_with("2 revisions would run; nothing was.\n"),
        "{plan}"
    );
    assert!(project.tables().await.is_empty());
    project.ok("upgrade").await;
    let plan = project.ok("downgrade --plan").await;
    assert!(plan.contains("    loses: DROP TABLE two\n"), "{plan}");
    let plan: Value =
        serde_json::from_str(&project.ok("downgrade base --plan --json").await).unwrap();
    assert_eq!(plan["direction"], "downgrade");
    assert_eq!(plan["steps"][1]["loses"][0], "DROP TABLE one");
    assert_eq!(project.tables().await, ["one", "two"]);
    assert!(
        project
            .ok("upgrade --plan")
            .await
            .starts_with("Nothing to do")
    );
}

async fn what_an_upgrade_refuses_is_neither_planned_nor_written<B: Tested>() {
    let project = Project::<B>::new().await;
    let for_the_client = match B::DIALECT {
        Dialect::Sqlite => ".read other.sql",
        Dialect::Postgres => "\\i other.sql",
        Dialect::Mysql => "source other.sql",
    };
    project.add("2026-01-01-000000-0000_one", for_the_client, "SELECT 1;");
    for line in ["upgrade", "upgrade --plan", "upgrade --sql"] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Script, "{line}");
        assert!(error.to_string().contains("up.sql, line 1"), "{error}");
    }
    project.ok("stamp head").await;
    let down = project
        .migrations()
        .join("2026-01-01-000000-0000_one/down.sql");
    std::fs::write(down, for_the_client).unwrap();
    for line in ["downgrade", "downgrade --plan", "downgrade --sql head:base"] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Script, "{line}");
        assert!(error.to_string().contains("down.sql, line 1"), "{error}");
    }
}

/// A rebuild that would leave a key pointing nowhere stops in the client too.
#[tokio::test]
async fn foreign_keys_hold_in_a_script_that_turns_them_off() {
    let project = Project::<axum_db::Sqlite>::new().await;
    project.add(
        "2026-01-01-000000-0000_tables",
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a_id INTEGER REFERENCES a (id));\n\
         INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
        "SELECT 1;",
    );
    project.add_bare(
        "2026-01-02-000000-0000_breaks",
        "PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\nDELETE FROM a;\nCOMMIT;\nPRAGMA foreign_keys = ON;",
        "SELECT 1;",
    );
    let script = project.ok("upgrade --sql").await;
    let error = client(&project, &script).await.unwrap_err();
    assert!(error.contains("point_nowhere"), "{error}");
    assert_eq!(project.versions().await, ["202601010000000000"]);
    assert_eq!(
        project.rows("SELECT 'there' AS value FROM a").await,
        ["there"]
    );
}
