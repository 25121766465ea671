//! A folder inside the program.

use axum_db::Metadata;
use axum_migrate::{Embedded, ErrorKind, Migrate};

use crate::support::{Project, run};

static MIGRATIONS: Embedded = axum_migrate::embed!("$CARGO_MANIFEST_DIR/tests/migrations");

#[tokio::test]
async fn a_program_away_from_its_source_upgrades_and_answers_from_its_copy() {
    let project = Project::<axum_db::Sqlite>::new().await;
    // The named folder is not there, as on a machine that only has the program.
    let migrate = project.migrate(Metadata::default()).embedded(MIGRATIONS);
    assert_eq!(migrate.upgrade_on_start().await.unwrap().applied, 2);
    assert_eq!(migrate.upgrade_on_start().await.unwrap().applied, 0);
    assert_eq!(project.tables().await, ["authors", "books"]);
    let answer = async |line: &str| run(&migrate, line, &project.migrations()).await;
    assert!(
        answer("current")
            .await
            .unwrap()
            .1
            .contains("(head)  create books")
    );
    assert!(
        answer("show")
            .await
            .unwrap()
            .1
            .contains("(inside the program)")
    );
    answer("downgrade --allow-data-loss").await.unwrap();
    assert_eq!(project.tables().await, ["authors"]);
    let error = answer("revision -m x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Directory);
    assert!(
        error
            .to_string()
            .contains("only the copy inside the program"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_beside_its_source_reads_the_source() {
    let project = Project::<axum_db::Sqlite>::new().await;
    let migrate = Migrate::new(&project.database, Metadata::default()).embedded(MIGRATIONS);
    let (_, text) = run(&migrate, "show", &project.migrations()).await.unwrap();
    assert!(text.contains("/tests/migrations/sqlite/"), "{text}");
}
