//! Tables that others hold: the application is not queued behind a change of the schema, and whoever is in the way is
//! named.

use axum_db::{Dialect, Metadata};
use axum_migrate::ErrorKind;
use diesel_async::SimpleAsyncConnection as _;

use super::three;
use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    a_table_that_is_held_is_waited_for_without_queueing_others,
    who_holds_a_table_too_long_is_named,
);

/// A project whose next step needs what the connection, and its id, holds.
async fn held<B: Tested>() -> (Project<B>, B::Connection, String) {
    let project = three::<B>().await;
    project.ok("upgrade").await;
    project.add(
        "2026-01-04-000000-0000_more",
        "ALTER TABLE users ADD COLUMN more INTEGER;\nUPDATE users SET more = 1;",
        "SELECT 1;",
    );
    let mut holder = project.connection().await;
    let (begin, id) = match B::DIALECT {
        Dialect::Sqlite => ("BEGIN IMMEDIATE", "SELECT '' AS value"),
        Dialect::Postgres => (
            "BEGIN; SELECT 'secret' FROM users",
            "SELECT pg_backend_pid()::text AS value",
        ),
        Dialect::Mysql => (
            "BEGIN; SELECT 'secret' FROM users",
            "SELECT CAST(CONNECTION_ID() AS CHAR) AS value",
        ),
    };
    let id = B::rows(&mut holder, id).await.remove(0);
    holder.batch_execute(begin).await.expect("a transaction");
    (project, holder, id)
}

async fn a_table_that_is_held_is_waited_for_without_queueing_others<B: Tested>() {
    let (project, mut holder, _) = held::<B>().await;
    let upgrade = project.ok("upgrade --lock-timeout 300ms --wait 60");
    let application = async {
        // Readers pass, between the tries of the upgrade.
        for _ in 0..5 {
            let names = project.rows("SELECT name AS value FROM users").await;
            assert_eq!(names, ["a;b"]);
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        assert_eq!(project.versions().await.len(), 3);
        holder.batch_execute("COMMIT").await.expect("the end");
    };
    let (text, ()) = futures_util::future::join(upgrade, application).await;
    assert!(text.contains("Done: 1 revision applied"), "{text}");
    assert_eq!(
        project
            .rows("SELECT CAST(more AS CHAR(1)) AS value FROM users")
            .await,
        ["1"]
    );
}

async fn who_holds_a_table_too_long_is_named<B: Tested>() {
    let (project, holder, id) = held::<B>().await;
    let error = project.err("upgrade --lock-timeout 400ms --wait 1").await;
    assert_eq!(error.kind(), ErrorKind::Locked);
    let text = error.to_string();
    assert!(
        text.contains("--wait is how long to go on trying"),
        "{text}"
    );
    assert!(text.contains("The step was rolled back"), "{text}");
    if B::DIALECT != Dialect::Sqlite {
        assert!(
            text.contains(&format!("connection {id} of user ")),
            "{text}"
        );
        assert!(text.contains("transaction"), "{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(project.versions().await.len(), 3);
    drop(holder);
    project.ok("upgrade").await;
}

/// Whoever holds the lock of migrations is shown as it introduced itself.
#[tokio::test]
async fn a_holder_of_the_lock_introduces_itself() {
    introduced::<axum_db::Sqlite>("(").await;
    #[cfg(feature = "postgres")]
    introduced::<axum_db::Postgres>("axum-migrate process ").await;
    #[cfg(feature = "mysql")]
    introduced::<axum_db::Mysql>("of user ").await;
}

async fn introduced<B: Tested>(says: &str) {
    let project = three::<B>().await;
    let slow = match B::DIALECT {
        Dialect::Postgres => "SELECT pg_sleep(3);",
        Dialect::Mysql => "DO SLEEP(3);",
        Dialect::Sqlite => {
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 6000000) SELECT count(*) FROM n;"
        }
    };
    project.add("2026-01-04-000000-0000_slow", slow, "SELECT 1;");
    let migrate = project.migrate(Metadata::default());
    let first = migrate.upgrade_on_start();
    let second = async {
        // The table of versions is there as soon as the lock is held.
        while !matches!(project.run(&Metadata::default(), "current").await, Ok((_, text)) if text.contains("posts"))
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        project.err("upgrade --wait 0").await
    };
    let (first, error) = futures_util::future::join(first, second).await;
    assert_eq!(first.expect("the first one ends").applied, 4);
    assert_eq!(error.kind(), ErrorKind::Locked);
    let text = error.to_string();
    assert!(
        text.contains(&format!("process {}", std::process::id())),
        "{text}"
    );
    assert!(text.contains(says), "{text}");
    assert!(text.contains("since 20"), "{text}");
}
