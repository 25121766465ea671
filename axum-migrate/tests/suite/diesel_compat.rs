//! Diesel's own tools on the same folder and the same database, in both directions.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};

use crate::support::Project;

macro_rules! both_directions {
    ($($feature:literal $test:ident $engine:ident $connect:expr;)*) => {$(
        #[cfg(feature = $feature)]
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
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
    )*};
}

both_directions! {
    "sqlite" sqlite Sqlite sqlite_harness;
    "postgres" postgres Postgres postgres_harness;
    "mysql" mysql Mysql mysql_harness;
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
