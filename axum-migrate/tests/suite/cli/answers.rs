//! `current`, `history` and `show` against a database.

use std::process::ExitCode;

use axum_db::Metadata;
use clap::Parser as _;
use serde_json::Value;

use crate::on_every_engine;
use crate::support::{Cli, Project, Tested};

on_every_engine!(
    say_where_the_database_is,
    say_in_json_what_was_done,
    can_be_asked_from_another_task
);

async fn two<B: Tested>() -> Project<B> {
    let project = Project::<B>::new().await;
    project.add(
        "2026-01-01-000000-0000_one",
        "CREATE TABLE a (id INTEGER PRIMARY KEY);",
        "DROP TABLE a;",
    );
    project.add(
        "2026-01-02-000000-0000_two",
        "CREATE TABLE b (id INTEGER PRIMARY KEY);",
        "DROP TABLE b;",
    );
    project
}

async fn say_in_json_what_was_done<B: Tested>() {
    let project = two::<B>().await;
    let json = |text: String| -> Value { serde_json::from_str(&text).expect(&text) };
    let done = json(project.ok("upgrade --json").await);
    assert_eq!(done["direction"], "upgrade");
    assert_eq!(done["steps"][1]["message"], "two");
    assert!(done["steps"][1]["milliseconds"].is_u64());
    let done = json(project.ok("upgrade --json").await);
    assert_eq!(done["steps"], Value::Array(Vec::new()));
    project
        .ok("redo --lock-timeout 1s --wait 2s --allow-data-loss")
        .await;
    let done = json(project.ok("downgrade --json --allow-data-loss").await);
    assert_eq!(done["steps"][0]["message"], "two");
    let done = json(project.ok("rebase --json").await);
    assert_eq!(done["moves"], Value::Array(Vec::new()));
    let one = project.migrations().join("2026-01-01-000000-0000_one");
    std::fs::write(
        one.join("up.sql"),
        "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);",
    )
    .unwrap();
    let shown = json(project.ok("repair --dry-run --json").await);
    assert_eq!(
        (&shown["repairs"][0]["kind"], &shown["mended"]),
        (&"accept".into(), &0.into())
    );
    let done = json(project.ok("repair --json").await);
    assert_eq!(done["mended"], 1);
    assert_eq!(json(project.ok("adopt --json").await)["recorded"], false);

    let old = Project::<B>::new().await;
    old.execute(
        "CREATE TABLE things (id INTEGER PRIMARY KEY); CREATE TABLE alembic_version (v INTEGER)",
    )
    .await;
    let shown = json(old.ok("adopt --json --dry-run").await);
    assert!(
        shown["up"].as_str().is_some_and(|up| up.contains("things")),
        "{shown}"
    );
    let done = json(old.ok("adopt --json").await);
    assert_eq!(done["found"]["table"], 1, "{done}");
    assert_eq!(done["left_out"][0]["tool"], "Alembic");
    assert_eq!(
        (&done["recorded"], &done["models"]),
        (&true.into(), &Value::Null)
    );
}

async fn say_where_the_database_is<B: Tested>() {
    let project = two::<B>().await;
    assert_eq!(
        project.ok("current").await,
        "base (no revision is applied)\n2 revisions are left to apply; run `upgrade`.\n"
    );
    // Looking leaves the database as it is: no table of versions came to be.
    assert!(project.tables().await.is_empty());
    project.ok("upgrade 2026-01-01").await;
    assert_eq!(
        project.ok("current").await,
        "202601010000000000  one\n1 revision is left to apply; run `upgrade`.\n"
    );
    assert_eq!(
        project.ok("history -i").await,
        "o 202601020000000000 (head)  two\n* 202601010000000000 (current)  one\n"
    );
    let current: Value = serde_json::from_str(&project.ok("current --json").await).unwrap();
    assert_eq!(current["current"][0]["id"], "202601010000000000");
    assert_eq!(
        (&current["applied"], &current["pending"]),
        (&1.into(), &1.into())
    );
    let history: Value = serde_json::from_str(&project.ok("history -i --json").await).unwrap();
    let applied: Vec<bool> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["applied"].as_bool().unwrap())
        .collect();
    assert_eq!(applied, [false, true]);
    let show = project.ok("show 2026-01-02").await;
    assert!(show.contains("Revises:   202601010000000000\n"), "{show}");
    assert!(show.contains("Downgrade loses: DROP TABLE b\n"), "{show}");
    project.ok("upgrade").await;
    assert_eq!(
        project.ok("current").await,
        "202601020000000000 (head)  two\n"
    );
}

async fn can_be_asked_from_another_task<B: Tested>() {
    let project = two::<B>().await;
    let migrate = project.migrate(Metadata::default());
    let command = Cli::parse_from(["db", "upgrade"]).command;
    let code = tokio::spawn(async move { migrate.run(command).await })
        .await
        .expect("no panic");
    assert_eq!(code.expect("no failure"), ExitCode::SUCCESS);
    assert_eq!(project.versions().await.len(), 2);
}

/// PostgreSQL builds such an index outside any transaction, and the scratch place is one.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn an_index_built_concurrently_runs_and_is_tried_on_the_scratch_place() {
    let project = two::<axum_db::Postgres>().await;
    project.add_bare(
        "2026-01-03-000000-0000_index",
        "CREATE INDEX CONCURRENTLY b_id ON b (id);",
        "DROP INDEX CONCURRENTLY b_id;",
    );
    project.add_bare(
        "2026-01-04-000000-0000_own",
        "BEGIN;\nCREATE TABLE c (id int);\nCOMMIT;",
        "SELECT 1;",
    );
    let text = project.ok("migrate --no-input").await;
    assert!(
        text.contains("The database does not have 4 revisions yet"),
        "{text}"
    );
    assert!(project.tables().await.is_empty());
    project.ok("upgrade").await;
    project.ok("check --drift").await;
    assert_eq!(project.versions().await.len(), 4);
    assert_eq!(project.tables().await, ["a", "b", "c"]);
    project.ok("downgrade 2026-01-02").await;
}
