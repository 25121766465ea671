//! Revisions that are edited, missing or late: told apart, and mended.

use axum_migrate::ErrorKind;

use super::three;
use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    an_edited_revision_is_refused_and_repaired,
    a_missing_revision_is_told_from_a_newer_database_and_forgotten,
    a_late_revision_runs_only_out_of_order,
    a_database_of_diesels_gets_records_when_needed,
);

async fn an_edited_revision_is_refused_and_repaired<B: Tested>() {
    let project = three::<B>().await;
    project.ok("upgrade +2").await;
    let users = project.migrations().join("2026-01-01-000000-0000_users");
    let up = std::fs::read_to_string(users.join("up.sql")).unwrap();

    // How to go back may be corrected later.
    std::fs::write(users.join("down.sql"), "DROP TABLE IF EXISTS users;").unwrap();
    let (code, text) = project
        .run(&axum_db::Metadata::default(), "check --checksums")
        .await
        .unwrap();
    assert_eq!(code, 3);
    assert!(text.contains("users/down.sql was edited"), "{text}");
    project.ok("upgrade +1").await;
    project.ok("downgrade --allow-data-loss").await;

    std::fs::write(users.join("up.sql"), format!("{up}-- a word\n")).unwrap();
    for line in ["upgrade", "upgrade --plan"] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Edited, "{line}");
        let text = error.to_string();
        assert!(text.contains("users/up.sql"), "{text}");
        assert!(!text.contains("row/up.sql"), "{text}");
    }
    assert_eq!(project.tables().await, ["users"]);

    let shown = project.ok("repair --dry-run").await;
    assert!(
        shown.contains("accept up.sql and down.sql as edited"),
        "{shown}"
    );
    assert_eq!(project.err("upgrade").await.kind(), ErrorKind::Edited);
    assert!(project.ok("repair").await.contains("Done: 1 record mended"));
    assert!(project.ok("repair").await.contains("Nothing to repair"));
    project.ok("upgrade").await;
    project.ok("check --checksums").await;
    assert_eq!(project.versions().await.len(), 3);
}

async fn a_missing_revision_is_told_from_a_newer_database_and_forgotten<B: Tested>() {
    let project = three::<B>().await;
    project.ok("upgrade").await;
    let folder = |name: &str| project.migrations().join(name);
    std::fs::remove_dir_all(folder("2026-01-02-000000-0000_row")).unwrap();
    for line in ["upgrade", "upgrade --plan"] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Missing, "{line}");
        let says = "202601020000000000, which is missing";
        assert!(error.to_string().contains(says), "{error}");
    }
    std::fs::remove_dir_all(folder("2026-01-03-000000-0000_posts")).unwrap();
    let shown = project.ok("repair --dry-run").await;
    assert_eq!(shown.matches("is missing").count(), 2, "{shown}");
    assert_eq!(shown.matches("right checkout").count(), 2, "{shown}");
    project.ok("repair").await;
    assert_eq!(project.versions().await, ["202601010000000000"]);
    assert_eq!(project.tables().await, ["posts", "users"]);
    assert!(project.ok("upgrade").await.contains("Nothing to do"));
}

async fn a_late_revision_runs_only_out_of_order<B: Tested>() {
    let project = three::<B>().await;
    project.ok("upgrade").await;
    let late = "2026-01-02-120000-0000_tags";
    project.add(
        late,
        "CREATE TABLE tags (id INTEGER PRIMARY KEY);",
        "DROP TABLE tags;",
    );
    for line in [
        "upgrade",
        "upgrade --linear",
        "upgrade heads",
        "upgrade --plan",
    ] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::OutOfOrder, "{line}");
        assert!(error.to_string().contains(late), "{error}");
    }
    assert_eq!(project.tables().await, ["posts", "users"]);
    let plan = project.ok("upgrade --plan --out-of-order").await;
    assert!(plan.contains(late), "{plan}");
    project.ok("upgrade --out-of-order").await;
    assert_eq!(project.tables().await, ["posts", "tags", "users"]);
    assert!(
        project
            .ok("upgrade --linear")
            .await
            .contains("Nothing to do")
    );
}

async fn a_database_of_diesels_gets_records_when_needed<B: Tested>() {
    let project = three::<B>().await;
    project
        .execute(diesel::migration::CREATE_MIGRATIONS_TABLE)
        .await;
    project.execute(super::USERS).await;
    project
        .execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('202601010000000000')")
        .await;
    let users = project.migrations().join("2026-01-01-000000-0000_users");
    // Nobody knows what was run, so nothing speaks against it.
    project.ok("upgrade +1").await;
    let count = "SELECT CAST(COUNT(*) AS CHAR(3)) AS value FROM __axum_migrate";
    assert_eq!(project.rows(count).await[0].trim(), "1");
    let shown = project.ok("repair").await;
    assert!(shown.contains("for what another tool ran"), "{shown}");
    assert_eq!(project.rows(count).await[0].trim(), "2");
    std::fs::write(users.join("up.sql"), "SELECT 1;").unwrap();
    assert_eq!(project.err("upgrade").await.kind(), ErrorKind::Edited);
}

#[tokio::test]
async fn what_is_written_wrongly_is_explained() {
    let project = Project::<axum_db::Sqlite>::new().await;
    for line in [
        "upgrade --wait soon",
        "upgrade --linear --out-of-order",
        "upgrade --resume=later",
    ] {
        let words = std::iter::once("db").chain(line.split(' '));
        let parsed = <crate::support::Cli as clap::Parser>::try_parse_from(words);
        assert!(parsed.is_err(), "{line}");
    }
    project.ok("init").await;
    for line in [
        "upgrade --wait 10m --lock-timeout 500ms",
        "upgrade --wait 5 --lock-timeout 0",
    ] {
        project.ok(line).await;
    }
}
