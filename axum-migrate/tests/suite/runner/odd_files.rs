//! Folders as people and other programs leave them: what can be read is run, and what cannot is said.

use axum_db::Dialect;
use axum_migrate::ErrorKind;

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    what_editors_of_windows_write_is_read,
    scripts_without_a_statement_are_recorded,
    a_circle_of_revisions_is_named_by_every_command,
    without_a_way_back_nothing_is_taken_back,
    settings_of_one_revision_are_not_those_of_the_next,
);

async fn what_editors_of_windows_write_is_read<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let folder = project
        .revision(
            "a",
            "\u{feff}-- first\r\nCREATE TABLE a (\r\n  id INTEGER PRIMARY KEY\r\n);\r\n",
            "\u{feff}DROP TABLE a;\r\n",
            "",
        )
        .await;
    let metadata = folder.join("metadata.toml");
    let text = std::fs::read_to_string(&metadata).unwrap();
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    std::fs::write(&metadata, text).unwrap();
    project.ok("upgrade").await;
    assert_eq!(project.tables().await, ["a"]);
    // Git may give the others' line ends the next time.
    let up = std::fs::read_to_string(folder.join("up.sql")).unwrap();
    std::fs::write(folder.join("up.sql"), up.replace("\r\n", "\n")).unwrap();
    project.ok("check --checksums").await;
    project.ok("redo --allow-data-loss").await;
    project.ok("verify").await;
    project.ok("downgrade --allow-data-loss").await;
    assert!(project.tables().await.is_empty());
}

async fn scripts_without_a_statement_are_recorded<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    for (number, text) in ["", " \n\t\r\n", "-- nothing\n", "/* nothing; */;\n;"]
        .iter()
        .enumerate()
    {
        project.add(
            &format!("2026-01-0{}-000000-0000_none", number + 1),
            text,
            text,
        );
        project.add_bare(
            &format!("2026-02-0{}-000000-0000_none", number + 1),
            text,
            text,
        );
    }
    assert!(project.ok("upgrade").await.contains("8 revisions applied"));
    assert_eq!(project.versions().await.len(), 8);
    project.ok("check --drift").await;
    assert!(
        project
            .ok("redo -8")
            .await
            .contains("8 revisions reverted and applied again")
    );
    assert!(project.ok("verify").await.contains("8 revisions"));
    assert!(
        project
            .ok("downgrade base")
            .await
            .contains("8 revisions reverted")
    );
}

async fn a_circle_of_revisions_is_named_by_every_command<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let a = project.table("a", "").await;
    project.table("b", "").await;
    let metadata = a.join("metadata.toml");
    let text = std::fs::read_to_string(&metadata).unwrap();
    std::fs::write(&metadata, text.replace("revises = []", "revises = [\"b\"]")).unwrap();
    for line in [
        "upgrade",
        "downgrade",
        "redo",
        "stamp head",
        "repair",
        "current",
        "history",
        "heads",
        "branches",
        "show",
        "check",
        "verify",
        "merge",
        "rebase",
        "revision -m x",
        "reset --allow-data-loss",
    ] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Graph, "{line}: {error}");
        assert!(
            error
                .to_string()
                .contains("build on each other in a circle"),
            "{line}: {error}"
        );
    }
    assert!(project.tables().await.is_empty());
}

async fn without_a_way_back_nothing_is_taken_back<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let a = project.table("a", "").await;
    project.table("b", "").await;
    project.ok("upgrade").await;
    std::fs::remove_file(a.join("down.sql")).unwrap();
    for line in [
        "downgrade base --allow-data-loss",
        "redo -2 --allow-data-loss",
        "downgrade -2 --plan",
    ] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Directory, "{line}: {error}");
        assert!(
            error.to_string().contains("has no down.sql; write one"),
            "{line}: {error}"
        );
    }
    assert_eq!(project.tables().await, ["a", "b"]);
    project.ok("downgrade --allow-data-loss").await;
    assert_eq!(project.tables().await, ["a"]);
}

/// As pg_dump and mysqldump begin, and whoever needs a long time for one change.
async fn settings_of_one_revision_are_not_those_of_the_next<B: Tested>() {
    let project = Project::<B>::new().await;
    let (set, assert) = match B::DIALECT {
        Dialect::Sqlite => (
            "PRAGMA busy_timeout = 7;",
            "CREATE TABLE kept AS SELECT 1 / (timeout <> 7) AS value FROM pragma_busy_timeout WHERE timeout <> 7;",
        ),
        Dialect::Postgres => (
            "SET lock_timeout = 0; SET statement_timeout = 0;",
            "CREATE TABLE kept AS SELECT 1 / (current_setting('lock_timeout') = '5s')::int AS value FROM pg_settings WHERE name = 'jit' AND setting = reset_val;",
        ),
        Dialect::Mysql => (
            "SET SESSION lock_wait_timeout = 7, innodb_lock_wait_timeout = 7;",
            "CREATE TABLE kept AS SELECT @@lock_wait_timeout AS value;",
        ),
    };
    project.add("2026-01-01-000000-0000_set", set, "SELECT 1;");
    project.add("2026-01-02-000000-0000_look", assert, "DROP TABLE kept;");
    project.ok("upgrade").await;
    let kept = match B::DIALECT {
        Dialect::Mysql => "SELECT CAST(value AS CHAR) AS value FROM kept",
        _ => "SELECT CAST(value AS CHAR(1)) AS value FROM kept",
    };
    let expected = if B::DIALECT == Dialect::Mysql {
        "5"
    } else {
        "1"
    };
    assert_eq!(project.rows(kept).await, [expected]);
}

/// Whoever shares a revision between folders, or keeps the SQL elsewhere.
#[cfg(unix)]
#[tokio::test]
async fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let project = Project::<axum_db::Sqlite>::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("shared");
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("real.sql"), "CREATE TABLE a (id INTEGER);").unwrap();
    symlink(target.join("real.sql"), target.join("up.sql")).unwrap();
    project.ok("init").await;
    symlink(
        &target,
        project.migrations().join("2026-01-01-000000-0000_shared"),
    )
    .unwrap();
    // Beside them, what is no revision.
    symlink(
        target.join("real.sql"),
        project.migrations().join("notes.sql"),
    )
    .unwrap();
    project.ok("upgrade").await;
    assert_eq!(project.tables().await, ["a"]);
    // One that leads nowhere.
    std::fs::remove_file(target.join("real.sql")).unwrap();
    let error = project.err("upgrade").await;
    assert!(error.to_string().contains("has no up.sql"), "{error}");
}
