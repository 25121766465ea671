//! `verify`: each revision up, down, and up again; and what is written without that.

use axum_db::Metadata;
use axum_migrate::ErrorKind;

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    a_way_back_that_does_not_lead_back_is_told,
    a_redo_takes_nothing_back_that_cannot_run_again,
    models_fill_a_revision_too_and_the_proof_can_be_left_out,
);

mod models {
    use axum_db::prelude::*;

    #[model(table = "notes")]
    #[derive(Debug, Clone)]
    pub struct Note {
        #[model(primary_key)]
        pub id: i32,
        pub title: String,
    }
}

async fn models_fill_a_revision_too_and_the_proof_can_be_left_out<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let models: Metadata = axum_db::metadata![models::Note];
    let run = async |line: &str| project.run(&models, line).await.expect(line).1;
    let shown = run("revision --autogenerate -m notes --sql").await;
    assert!(
        shown.contains("+ table notes") && shown.contains("CREATE TABLE"),
        "{shown}"
    );
    assert_eq!(project.entries(), ["HEAD"]);
    run("revision --autogenerate -m notes").await;
    assert_eq!(project.entries().len(), 2);
    run("upgrade").await;
    assert!(run("check").await.contains("agree"));
    run("downgrade --allow-data-loss").await;
    let folder = project.entries().remove(0);
    std::fs::remove_dir_all(project.migrations().join(folder)).unwrap();
    assert!(run("merge").await.contains("HEAD was written anew"));
    run("migrate -m again --no-verify").await;
    assert!(
        run("verify")
            .await
            .contains("1 revision went up, down and up again")
    );
}

async fn a_way_back_that_does_not_lead_back_is_told<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    assert!(project.ok("verify").await.contains("nothing to verify"));
    project.add(
        "2026-01-01-000000-0000_a",
        "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);",
        "DROP TABLE a;",
    );
    project.add(
        "2026-01-02-000000-0000_b",
        "CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER);",
        "DROP TABLE c;",
    );
    let none = Metadata::default();
    // The second up finds the table that the way down left.
    let error = project.err("verify").await;
    assert_eq!(error.kind(), ErrorKind::Script, "{error}");
    assert!(
        error.to_string().contains("_b/up.sql, statement 1"),
        "{error}"
    );
    let b = project.migrations().join("2026-01-02-000000-0000_b");
    let twice = "DROP TABLE IF EXISTS b; CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER);";
    std::fs::write(b.join("up.sql"), twice).unwrap();
    let (code, text) = project.run(&none, "verify").await.unwrap();
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("_b/down.sql does not lead back to where it was"),
        "{text}"
    );
    assert!(text.contains("  - table b"), "{text}");
    assert!(
        project
            .ok("verify 2026-01-01")
            .await
            .contains("1 revision went up, down")
    );

    std::fs::remove_file(b.join("down.sql")).unwrap();
    let (code, text) = project.run(&none, "verify --json").await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &answer["verified"]), (3, &2.into()));
    assert_eq!(answer["problems"][0]["id"], "202601020000000000");
    assert!(text.contains("has no down.sql"), "{text}");

    std::fs::write(b.join("down.sql"), "DROP TABLE c; DROP TABLE b;").unwrap();
    assert!(
        project
            .ok("verify")
            .await
            .contains("2 revisions went up, down and up again")
    );
    assert!(project.tables().await.is_empty());
}

async fn a_redo_takes_nothing_back_that_cannot_run_again<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let a = project.add(
        "2026-01-01-000000-0000_a",
        "CREATE TABLE a (id INTEGER PRIMARY KEY);",
        "DROP TABLE a;",
    );
    project.ok("upgrade").await;
    let command = match B::DIALECT {
        axum_db::Dialect::Sqlite => ".read b.sql",
        axum_db::Dialect::Postgres => "\\i b.sql",
        axum_db::Dialect::Mysql => "source b.sql",
    };
    std::fs::write(a.join("up.sql"), command).unwrap();
    let error = project.err("redo --allow-data-loss").await;
    assert!(error.to_string().contains("Nothing was run"), "{error}");
    assert_eq!(project.tables().await, ["a"]);
    // What was corrected is taken as it is now.
    std::fs::write(
        a.join("up.sql"),
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER);",
    )
    .unwrap();
    assert!(
        project
            .ok("redo --allow-data-loss")
            .await
            .contains("1 revision reverted and applied again")
    );
    project.ok("check --checksums").await;
}

/// MySQL's scratch place is a database, which a program that is killed leaves behind.
#[cfg(feature = "mysql")]
#[tokio::test]
async fn what_a_killed_program_left_behind_is_removed_and_what_lives_is_not() {
    let project = Project::<axum_db::Mysql>::new().await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_a",
        "CREATE TABLE a (id INT);",
        "DROP TABLE a;",
    );
    let own = std::process::id();
    let (dead, alive) = (
        format!("axum_migrate_scratch_of_dead_{own}"),
        format!("axum_migrate_scratch_of_alive_{own}"),
    );
    let mut holder = project.connection().await;
    let make =
        format!("DO GET_LOCK('{alive}', 0); CREATE DATABASE {alive}; CREATE DATABASE {dead}");
    diesel_async::SimpleAsyncConnection::batch_execute(&mut holder, &make)
        .await
        .unwrap();
    project.ok("verify").await;
    let left = format!(
        "SELECT schema_name AS value FROM information_schema.schemata WHERE schema_name IN ('{dead}', '{alive}')"
    );
    assert_eq!(project.rows(&left).await, [alive.as_str()]);
    project.execute(&format!("DROP DATABASE {alive}")).await;
}
