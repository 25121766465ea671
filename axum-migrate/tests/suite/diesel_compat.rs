//! Diesel's own tools on the same folder and the same database, in both directions.

use axum_db::Metadata;
use axum_migrate::Embedded;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, MigrationHarness as _};

use crate::support::{Project, Tested};

macro_rules! compatible {
    ($($feature:literal $test:ident $engine:ident $connect:expr;)*) => {$(
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
    "sqlite" sqlite Sqlite sqlite_harness;
    "postgres" postgres Postgres postgres_harness;
    "mysql" mysql Mysql mysql_harness;
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
