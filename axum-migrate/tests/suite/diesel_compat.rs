//! Diesel's own tools on the same folder and the same database, in both directions.
//!
//! Where `AXUM_MIGRATE_DIESEL` is the path of Diesel's program, as in the long run, it is that which takes turns with us;
//! elsewhere the library that it is made of.

use std::process::Command;

use axum_db::{Dialect, Metadata};
use axum_migrate::Embedded;
use diesel::migration::{Migration as _, MigrationSource};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, MigrationHarness};

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(takes_turns_with_diesel);

/// Equal catalogs, whoever ran the folder, and whoever goes on where the other stopped.
async fn takes_turns_with_diesel<B: Dieseled>() {
    let all = |line: &str| format!("{line} --dir {GRAPH}");
    let ours = Project::<B>::new().await;
    ours.ok(&all("upgrade heads")).await;
    let expected = state(&ours).await;
    assert_eq!(expected.1.len(), 7);

    let inside = Project::<B>::new().await;
    let migrate = inside.migrate(Metadata::default()).embedded(OURS);
    assert_eq!(
        migrate
            .upgrade_on_start()
            .await
            .expect("an upgrade")
            .applied,
        7
    );
    assert_eq!(state(&inside).await, expected);

    let theirs = Project::<B>::new().await;
    diesel(&theirs, &["run"]).await;
    assert_eq!(state(&theirs).await, expected);
    assert!(
        theirs
            .ok(&all("upgrade heads"))
            .await
            .contains("Nothing to do")
    );
    theirs.ok(&all("check --drift")).await;

    // Diesel over what we ran.
    assert_eq!(applied(&ours).await.len(), 7);
    diesel(&ours, &["redo"]).await;
    assert_eq!(state(&ours).await, expected);
    diesel(&ours, &["revert"]).await;
    assert_eq!(ours.versions().await.len(), 6);
    assert!(
        ours.ok(&all("current --json"))
            .await
            .contains("\"pending\": 1")
    );
    assert!(
        ours.ok(&all("upgrade heads"))
            .await
            .contains("1 revision applied")
    );
    assert_eq!(state(&ours).await, expected);

    // We over what Diesel ran.
    theirs.ok(&all("redo --allow-data-loss")).await;
    assert_eq!(state(&theirs).await, expected);
    theirs.ok(&all("downgrade -2 --allow-data-loss")).await;
    assert_eq!(applied(&theirs).await, theirs.versions().await);
    diesel(&theirs, &["run"]).await;
    assert_eq!(state(&theirs).await, expected);
    theirs.ok(&all("check --drift")).await;
    theirs.ok(&all("check --checksums")).await;

    // Each undoes all of the other's.
    diesel(&ours, &["revert", "--all"]).await;
    assert!(ours.tables().await.is_empty() && ours.versions().await.is_empty());
    assert!(ours.ok(&all("current")).await.starts_with("base"));
    theirs.ok(&all("downgrade base --allow-data-loss")).await;
    assert!(theirs.tables().await.is_empty() && applied(&theirs).await.is_empty());
}

/// An engine on which Diesel's library runs migrations.
trait Dieseled: Tested {
    /// What the program would do; the names of what is applied afterwards.
    async fn library(project: &Project<Self>, words: &[&str]) -> Vec<String>;
}

/// Has Diesel do something with the folder; the versions that it takes for applied afterwards.
async fn diesel<B: Dieseled>(project: &Project<B>, words: &[&str]) -> Vec<String> {
    let Some(program) = std::env::var_os("AXUM_MIGRATE_DIESEL") else {
        return B::library(project, words).await;
    };
    let url = match B::DIALECT {
        Dialect::Sqlite => project.url().trim_start_matches("sqlite://"),
        Dialect::Postgres | Dialect::Mysql => project.url(),
    };
    let here = tempfile::tempdir().expect("a folder");
    std::fs::write(here.path().join("diesel.toml"), "").expect("a file");
    let run = |words: &[&str]| {
        let output = Command::new(&program)
            .arg("migration")
            .args(words)
            .args(["--migration-dir", GRAPH, "--database-url", url])
            .current_dir(here.path())
            .output()
            .expect("Diesel's program runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {text}{complaint}");
        text
    };
    if words != ["list"] {
        run(words);
    }
    let marked = run(&["list"]);
    let applied = marked
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[X] "));
    applied.map(version).collect()
}

async fn applied<B: Dieseled>(project: &Project<B>) -> Vec<String> {
    diesel(project, &["list"]).await
}

/// What Diesel takes from a folder's name.
fn version(name: &str) -> String {
    name.split('_').next().unwrap_or_default().replace('-', "")
}

fn act<DB, H>(harness: &mut H, words: &[&str]) -> Vec<String>
where
    DB: diesel::backend::Backend,
    H: MigrationHarness<DB>,
    FileBasedMigrations: MigrationSource<DB>,
{
    let source = || FileBasedMigrations::from_path(GRAPH).expect("Diesel's format");
    match words {
        ["run"] => drop(
            harness
                .run_pending_migrations(source())
                .expect("Diesel runs"),
        ),
        ["revert"] => drop(
            harness
                .revert_last_migration(source())
                .expect("Diesel reverts"),
        ),
        ["revert", "--all"] => {
            drop(
                harness
                    .revert_all_migrations(source())
                    .expect("Diesel reverts"),
            );
        }
        ["redo"] => {
            harness
                .revert_last_migration(source())
                .expect("Diesel reverts");
            harness.run_next_migration(source()).expect("Diesel runs");
        }
        _ => {}
    }
    let pending = harness.pending_migrations(source()).expect("Diesel lists");
    let pending: Vec<String> = pending
        .iter()
        .map(|it| version(&it.name().to_string()))
        .collect();
    let all = source().migrations().expect("Diesel's format");
    let mut applied: Vec<String> = all
        .iter()
        .map(|it| version(&it.name().to_string()))
        .collect();
    applied.retain(|it| !pending.contains(it));
    applied.sort();
    applied
}

macro_rules! compatible {
    ($($feature:literal $test:ident $engine:ident $connect:expr;)*) => {$(
        #[cfg(feature = $feature)]
        impl Dieseled for axum_db::$engine {
            async fn library(project: &Project<Self>, words: &[&str]) -> Vec<String> {
                let mut harness = $connect(project).await;
                act(&mut harness, words)
            }
        }

        #[cfg(feature = $feature)]
        mod $test {
        use super::*;

        #[tokio::test(flavor = "multi_thread")]
        async fn goes_both_ways() {
            let project = Project::<axum_db::$engine>::new().await;
            project.ok("init").await;
            project.add(
                "2024-01-01-000000_by_diesel",
                "CREATE TABLE a (id INTEGER PRIMARY KEY);",
                "DROP TABLE a;",
            );
            project.ok("revision -m 'by us'").await;
            project.ok("revision -m 'by us too' --no-transaction").await;
            let source = || FileBasedMigrations::from_path(project.migrations()).expect("Diesel's format");

            // We run the first, Diesel the others, we see it and go back, Diesel goes forward again.
            project.ok("upgrade +1").await;
            let mut harness = $connect(&project).await;
            let run = harness.run_pending_migrations(source()).expect("Diesel runs ours").len();
            assert_eq!(run, 2);
            assert!(project.ok("current").await.contains("(head)  by us too"));
            assert!(project.ok("upgrade").await.contains("Nothing to do"));
            project.ok("downgrade 2024 --allow-data-loss").await;
            assert_eq!(project.versions().await, ["20240101000000"]);
            assert!(harness.has_pending_migration(source()).expect("Diesel reads ours"));
            project.ok("upgrade").await;
            assert!(!harness.has_pending_migration(source()).expect("Diesel reads ours"));

            // And what we applied, Diesel reverts.
            harness.revert_all_migrations(source()).expect("Diesel reverts ours");
            drop(harness);
            assert!(project.versions().await.is_empty());
            assert!(project.tables().await.is_empty());
            assert!(project.ok("current").await.starts_with("base"));
            project.ok("upgrade").await;
            assert_eq!(project.versions().await.len(), 3);
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn reads_a_graph_in_one_line() {
            let by_us = Project::<axum_db::$engine>::new().await;
            by_us.ok(&format!("upgrade heads --dir {GRAPH}")).await;
            by_us.ok(&format!("check --heads --dir {GRAPH}")).await;
            let expected = state(&by_us).await;
            assert_eq!(expected.1.len(), 7);

            let inside = Project::<axum_db::$engine>::new().await;
            let migrate = inside.migrate(Metadata::default()).embedded(OURS);
            assert_eq!(migrate.upgrade_on_start().await.expect("an upgrade").applied, 7);
            assert_eq!(state(&inside).await, expected);

            let by_diesel = Project::<axum_db::$engine>::new().await;
            let mut harness = $connect(&by_diesel).await;
            let source = || FileBasedMigrations::from_path(GRAPH).expect("Diesel's format");
            harness.run_pending_migrations(source()).expect("Diesel runs a graph");
            drop(harness);
            assert_eq!(state(&by_diesel).await, expected);
            by_diesel.ok(&format!("check --drift --dir {GRAPH}")).await;

            let inside_by_diesel = Project::<axum_db::$engine>::new().await;
            let mut harness = $connect(&inside_by_diesel).await;
            harness.run_pending_migrations(DIESELS).expect("Diesel runs what it embedded");
            drop(harness);
            assert_eq!(state(&inside_by_diesel).await, expected);

            // A part of a line is a part of a graph: Diesel finishes what we began on a branch, and reverts it.
            let mixed = Project::<axum_db::$engine>::new().await;
            mixed.ok(&format!("upgrade shop@head --dir {GRAPH}")).await;
            let mut harness = $connect(&mixed).await;
            assert_eq!(harness.run_pending_migrations(source()).expect("Diesel goes on").len(), 3);
            drop(harness);
            assert_eq!(state(&mixed).await, expected);
            let mut harness = $connect(&mixed).await;
            harness.revert_all_migrations(source()).expect("Diesel reverts a graph");
            drop(harness);
            assert!(mixed.tables().await.is_empty());
        }
        }
    )*};
}

compatible! {
    "sqlite" sqlite_library Sqlite sqlite_harness;
    "postgres" postgres_library Postgres postgres_harness;
    "mysql" mysql_library Mysql mysql_harness;
}

/// A folder with two branches, a merge, a label, a dependency, and a folder of diesel_cli at its beginning.
const GRAPH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/graph");

static OURS: Embedded = axum_migrate::embed!("$CARGO_MANIFEST_DIR/tests/graph");

const DIESELS: EmbeddedMigrations = diesel_migrations::embed_migrations!("tests/graph");

/// The schema, and the versions recorded.
async fn state<B: Tested>(project: &Project<B>) -> (String, Vec<String>) {
    let schema = B::introspect(&mut project.connection().await)
        .await
        .expect("the schema");
    (schema.hash(), project.versions().await)
}

#[cfg(feature = "sqlite")]
async fn sqlite_harness(project: &Project<axum_db::Sqlite>) -> diesel::SqliteConnection {
    let path = project.url().trim_start_matches("sqlite://");
    diesel::Connection::establish(path).expect("a connection")
}

#[cfg(feature = "postgres")]
async fn postgres_harness(
    project: &Project<axum_db::Postgres>,
) -> AsyncMigrationHarness<<axum_db::Postgres as axum_db::Backend>::Connection> {
    AsyncMigrationHarness::new(project.connection().await)
}

#[cfg(feature = "mysql")]
async fn mysql_harness(
    project: &Project<axum_db::Mysql>,
) -> AsyncMigrationHarness<<axum_db::Mysql as axum_db::Backend>::Connection> {
    AsyncMigrationHarness::new(project.connection().await)
}
