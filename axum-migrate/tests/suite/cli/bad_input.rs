//! What goes wrong says what happened and what to do, changes nothing, and never shows a password.

use std::fs;

use axum_db::{Database, Metadata};
use axum_migrate::{ErrorKind, Migrate};

use crate::support::{Project, run};

type Sqlite = Project<axum_db::Sqlite>;

const ONE: &str = "2026-01-01-000000-0000_one";

async fn one_revision() -> Sqlite {
    let project = Sqlite::new().await;
    project.add(
        ONE,
        "CREATE TABLE one (id INTEGER PRIMARY KEY);",
        "DROP TABLE one;",
    );
    project
}

/// Every command that reads the folder fails with `kind`, says `says`, and creates no table.
async fn refused(project: &Sqlite, kind: ErrorKind, says: &str) {
    for line in [
        "upgrade",
        "current",
        "history",
        "heads",
        "branches",
        "merge",
        "rebase",
        "revision -m x",
        "check",
    ] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), kind, "{line}: {error}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn a_missing_folder() {
    let project = Sqlite::new().await;
    refused(&project, ErrorKind::Directory, "run `init` to create it").await;
}

#[tokio::test]
async fn a_revision_without_up_sql() {
    let project = one_revision().await;
    fs::remove_file(project.migrations().join(ONE).join("up.sql")).unwrap();
    refused(&project, ErrorKind::Directory, "has no up.sql").await;
}

#[tokio::test]
async fn metadata_that_cannot_be_parsed() {
    let project = one_revision().await;
    fs::write(
        project.migrations().join(ONE).join("metadata.toml"),
        "run_in_transaction =",
    )
    .unwrap();
    refused(&project, ErrorKind::Directory, "is not valid TOML (line 1").await;
}

#[tokio::test]
async fn two_folders_with_one_version() {
    let project = one_revision().await;
    project.add("20260101000000-0000_two", "SELECT 1;", "SELECT 1;");
    refused(
        &project,
        ErrorKind::Graph,
        "have the same version 202601010000000000",
    )
    .await;
}

#[tokio::test]
async fn a_folder_that_is_no_revision() {
    let project = one_revision().await;
    fs::create_dir(project.migrations().join("_notes")).unwrap();
    fs::write(project.migrations().join("_notes/up.sql"), "SELECT 1;").unwrap();
    refused(
        &project,
        ErrorKind::Directory,
        "is not named like a revision",
    )
    .await;
}

#[tokio::test]
async fn an_unknown_revision() {
    let project = one_revision().await;
    for line in ["upgrade two", "stamp ones", "show zwei"] {
        assert_eq!(
            project.err(line).await.kind(),
            ErrorKind::Revision,
            "{line}"
        );
    }
    assert!(
        project
            .err("show ones")
            .await
            .to_string()
            .contains("did you mean")
    );
    for line in ["upgrade -- -1", "upgrade -1"] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Usage, "{line}");
        assert!(
            error.to_string().contains("`downgrade` goes back"),
            "{error}"
        );
    }
    assert_eq!(project.err("downgrade -1").await.kind(), ErrorKind::Usage);
}

#[tokio::test]
async fn conflict_markers_in_head() {
    let project = one_revision().await;
    fs::write(
        project.migrations().join("HEAD"),
        "<<<<<<< ours\nhead = \"a\"\n=======\n",
    )
    .unwrap();
    let error = project.err("revision -m x").await;
    assert_eq!(error.kind(), ErrorKind::Graph);
    assert!(
        error.to_string().contains("two branches added a revision"),
        "{error}"
    );
    assert_eq!(project.entries(), [ONE, "HEAD"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_keeps_nothing_unfinished() {
    let project = one_revision().await;
    project.ok("init").await;
    // The name that HEAD is first written under is taken by a folder.
    fs::create_dir(project.migrations().join(".HEAD.unfinished")).unwrap();
    let error = project.err("revision -m x").await;
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(project.entries(), [".HEAD.unfinished", ONE, "HEAD"]);
}

#[tokio::test]
async fn a_database_that_cannot_be_opened() {
    let project = one_revision().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "not a folder").unwrap();
    let url = format!("sqlite://{}/file/blog.db", folder.path().display());
    let database = Database::<axum_db::Sqlite>::connect(&url).await.unwrap();
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    for line in ["upgrade", "current", "check"] {
        let error = run(&migrate, line, folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database, "{line}: {error}");
    }
    assert_eq!(
        migrate.upgrade_on_start().await.unwrap_err().kind(),
        ErrorKind::Database
    );
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let project = one_revision().await;
    let path = project.url().trim_start_matches("sqlite://");
    fs::write(
        path,
        "this is a text, and a long one, that no database begins with at all\n".repeat(40),
    )
    .unwrap();
    let error = project.err("upgrade").await;
    assert_eq!(error.kind(), ErrorKind::Database, "{error}");
    assert!(error.to_string().contains("not a database"), "{error}");
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_password_is_never_shown() {
    let project = one_revision().await;
    let url = "postgres://app:hunter2@127.0.0.1:1/blog";
    let database = Database::<axum_db::Postgres>::connect(url).await.unwrap();
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    let error = migrate.upgrade_on_start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Database);
    let shown = format!("{error} {error:?} {migrate:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("app:***@127.0.0.1:1/blog"), "{shown}");
}

#[tokio::test]
async fn a_database_locked_by_another_program() {
    let project = one_revision().await;
    let mut other = project.connection().await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut other, "BEGIN IMMEDIATE")
        .await
        .unwrap();
    let mut config = axum_db::Config::new(project.url());
    config.lock_timeout = Some(std::time::Duration::from_millis(50));
    let database = Database::<axum_db::Sqlite>::with_config(config).unwrap();
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    let error = migrate.upgrade_on_start().await.unwrap_err();
    assert!(error.to_string().contains("database is locked"), "{error}");
    drop(other);
    assert_eq!(migrate.upgrade_on_start().await.unwrap().applied, 1);
}

#[tokio::test]
async fn a_statement_that_bears_no_transaction() {
    let project = one_revision().await;
    let folder = project.add("2026-01-02-000000-0000_vacuum", "VACUUM;", "VACUUM;");
    let error = project.err("upgrade").await;
    assert!(
        error
            .to_string()
            .contains("write run_in_transaction = false"),
        "{error}"
    );
    fs::write(folder.join("metadata.toml"), "run_in_transaction = false").unwrap();
    project.ok("upgrade").await;
    assert_eq!(project.versions().await.len(), 2);
}

#[tokio::test]
async fn a_table_that_was_there_before() {
    let project = one_revision().await;
    project
        .execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
        .await;
    let error = project.err("upgrade").await;
    assert!(
        error.to_string().contains("record that with `stamp`"),
        "{error}"
    );
    project.ok("stamp head").await;
    project.ok("check --drift").await;
}

#[tokio::test]
async fn a_script_that_is_not_utf_8() {
    let project = one_revision().await;
    fs::write(
        project.migrations().join(ONE).join("up.sql"),
        [0x53, 0xff, 0xfe],
    )
    .unwrap();
    refused(&project, ErrorKind::Io, "save it as UTF-8").await;
}
