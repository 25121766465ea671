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
