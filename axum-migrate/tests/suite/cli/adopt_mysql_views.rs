//! Views of MySQL: in which order they are made, and those that no one can make any more.

use axum_db::Mysql;

use crate::support::Project;

const VIEWS: &str = "SELECT CAST(TABLE_NAME AS CHAR) AS value FROM information_schema.VIEWS \
                     WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1";

/// The server keeps them, and says so in the place of their comment.
#[tokio::test(flavor = "multi_thread")]
async fn views_of_what_is_gone_are_told() {
    let project = Project::<Mysql>::new().await;
    project
        .execute(
            "CREATE TABLE notes (id integer PRIMARY KEY, title varchar(20)); CREATE TABLE gone (id integer);
             CREATE FUNCTION away() RETURNS integer DETERMINISTIC RETURN 1;
             CREATE VIEW broken AS SELECT id FROM gone; CREATE VIEW over_broken AS SELECT id FROM broken;
             CREATE VIEW counted AS SELECT away() AS number; CREATE VIEW titles AS SELECT title FROM notes;
             CREATE DEFINER = 'nobody'@'nowhere' VIEW of_nobody AS SELECT title FROM titles;
             DROP TABLE gone; DROP FUNCTION away",
        )
        .await;
    let told = project.ok("adopt").await;
    for view in ["broken", "over_broken", "counted"] {
        let note = format!("Not in the revision: the view `{view}`, which nobody can read");
        assert!(told.contains(&note), "{told}");
    }
    assert!(told.contains("Found 1 table, 2 views."), "{told}");
    project.ok("check --drift").await;

    let empty = Project::<Mysql>::new().await;
    let folder = project.migrations();
    empty
        .ok(&format!("upgrade --dir {}", folder.display()))
        .await;
    assert_eq!(empty.rows(VIEWS).await, ["of_nobody", "titles"]);
    empty
        .ok(&format!(
            "downgrade base --allow-data-loss --dir {}",
            folder.display()
        ))
        .await;
    assert_eq!(empty.rows(VIEWS).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_view_gives_a_name_to_is_no_other_view() {
    let project = Project::<Mysql>::new().await;
    project
        .execute(
            "CREATE TABLE notes (id integer PRIMARY KEY);
             CREATE VIEW under_a AS SELECT a.id FROM notes a; CREATE VIEW a AS SELECT id FROM under_a;
             CREATE VIEW under_b AS SELECT b.id FROM (SELECT id FROM notes) b; CREATE VIEW b AS SELECT id FROM under_b;
             CREATE VIEW under_c AS WITH c AS (SELECT id FROM notes) SELECT id FROM c; CREATE VIEW c AS SELECT id FROM under_c",
        )
        .await;
    let told = project.ok("adopt").await;
    assert!(told.contains("Found 1 table, 6 views."), "{told}");
}
