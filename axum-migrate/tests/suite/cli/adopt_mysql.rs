//! Programs of MySQL under the mode they were written for, partitions, and keys into other databases.

use axum_db::prelude::*;
use axum_db::{Mysql, metadata};
use axum_migrate::Engine;

use crate::support::Project;

const PROGRAMS: &str = r#"
CREATE TABLE days (id integer NOT NULL, day integer NOT NULL, label varchar(20), PRIMARY KEY (id, day))
  PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE FUNCTION plain() RETURNS integer DETERMINISTIC RETURN 1;
SET collation_connection = 'latin1_swedish_ci';
CREATE FUNCTION swedish() RETURNS varchar(40) DETERMINISTIC RETURN COLLATION('a');
CREATE VIEW labels AS SELECT 'å' AS label;
SET collation_connection = 'utf8mb4_bin';
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
CREATE FUNCTION "said" (a varchar(20)) RETURNS varchar(40) DETERMINISTIC RETURN a || '!';
CREATE PROCEDURE "say"() SELECT label || '' AS "the label" FROM "days";
CREATE TRIGGER "marked" BEFORE INSERT ON days FOR EACH ROW SET new.label = "said"(new.label || '?');
SET sql_mode = 'ALLOW_INVALID_DATES';
CREATE FUNCTION whenever() RETURNS date DETERMINISTIC RETURN '2026-02-31';
SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';
CREATE FUNCTION slash() RETURNS varchar(9) DETERMINISTIC RETURN concat('a\', ';');
SET time_zone = '+03:00';
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
CREATE EVENT "late" ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 12:00:00' DISABLE DO DELETE FROM "days";
"#;

const MODES: &str = "\
SELECT CONCAT(ROUTINE_NAME, ' ', SQL_MODE, ' ', COLLATION_CONNECTION, ' ', ROUTINE_DEFINITION) AS value FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT(TRIGGER_NAME, ' ', SQL_MODE, ' ', COLLATION_CONNECTION, ' ', ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT(TABLE_NAME, ' ', COLLATION_CONNECTION) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT(EVENT_NAME, ' ', SQL_MODE, ' ', COLLATION_CONNECTION, ' ', TIME_ZONE, ' ', STARTS) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn programs_keep_the_mode_they_were_written_for() {
    let project = Project::<Mysql>::new().await;
    project.execute(PROGRAMS).await;
    let modes = project.rows(MODES).await;
    assert!(
        modes
            .iter()
            .any(|it| it.starts_with("late PIPES_AS_CONCAT,ANSI_QUOTES utf8mb4_bin +03:00 ")),
        "{modes:?}"
    );
    project.ok("adopt").await;
    assert_eq!(project.rows(MODES).await, modes);

    let empty = Project::<Mysql>::new().await;
    let folder = project.migrations();
    empty
        .ok(&format!("upgrade --dir {}", folder.display()))
        .await;
    assert_eq!(empty.rows(MODES).await, modes);
    empty.execute("INSERT INTO days VALUES (1, 2, 'x')").await;
    assert_eq!(empty.rows("SELECT label AS value FROM days").await, ["x?!"]);
    empty
        .ok(&format!(
            "downgrade base --allow-data-loss --dir {}",
            folder.display()
        ))
        .await;
    assert_eq!(empty.rows(MODES).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_stay_and_their_loss_is_noticed() {
    const PARTITIONS: &str = "SELECT PARTITION_NAME AS value FROM information_schema.PARTITIONS \
         WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL ORDER BY 1";
    let project = Project::<Mysql>::new().await;
    project.execute(PROGRAMS).await;
    project.ok("adopt").await;
    project.ok("check --drift").await;
    let written = project.ok("models").await;
    assert!(
        written.contains("// partitioning RANGE (`day`) of days"),
        "{written}"
    );
    project
        .execute("ALTER TABLE days ADD COLUMN more integer, COMMENT 'x'")
        .await;
    assert_eq!(project.rows(PARTITIONS).await, ["p0", "p1"]);
    project
        .execute("ALTER TABLE days DROP COLUMN more, COMMENT ''")
        .await;
    project.ok("check --drift").await;
    project
        .execute("ALTER TABLE days REMOVE PARTITIONING")
        .await;
    let unmanaged = Mysql::introspect(&mut project.connection().await)
        .await
        .expect("the schema")
        .unmanaged;
    assert!(
        unmanaged.iter().all(|it| it.kind != "partitioning"),
        "{unmanaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_into_another_database_stay_what_they_are() {
    let other = Project::<Mysql>::new().await;
    other
        .execute("CREATE TABLE users (id integer PRIMARY KEY)")
        .await;
    let there = other.rows("SELECT DATABASE() AS value").await.concat();
    let project = Project::<Mysql>::new().await;
    project
        .execute(&format!(
            "CREATE TABLE users (id bigint PRIMARY KEY);
             CREATE TABLE notes (id integer PRIMARY KEY, user_id integer,
               CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES `{there}`.users (id));
             CREATE VIEW theirs AS SELECT u.id, n.id AS note FROM `{there}`.users u JOIN notes n ON n.user_id = u.id;
             CREATE TRIGGER told AFTER DELETE ON notes FOR EACH ROW DELETE FROM {there}.users WHERE id = old.user_id;
             CREATE VIEW ours AS SELECT id FROM users"
        ))
        .await;
    let schema = Mysql::introspect(&mut project.connection().await)
        .await
        .expect("the schema");
    assert!(schema.tables["notes"].foreign_keys.is_empty());
    assert_eq!(
        schema.unmanaged[0].kind,
        format!("foreign key to `{there}`.`users`")
    );
    let told = project.ok("adopt").await;
    assert!(
        told.contains(&format!(
            "the database `{there}`, to which foreign keys of these tables point: notes"
        )),
        "{told}"
    );
    assert!(
        told.contains(&format!(
            "the database `{there}`, which 2 of these views and programs name; it must"
        )),
        "{told}"
    );
    let written = project.ok("models").await;
    assert!(!written.contains("references"), "{written}");

    let empty = Project::<Mysql>::new().await;
    empty
        .ok(&format!("upgrade --dir {}", project.migrations().display()))
        .await;
    let again = Mysql::introspect(&mut empty.connection().await)
        .await
        .expect("the schema");
    assert_eq!(again.unmanaged, schema.unmanaged);
}

#[model(table = "things")]
#[derive(Debug, Clone)]
pub struct Thing {
    #[model(
        primary_key,
        auto_increment = false,
        default_sql = "nextval(`numbers`)"
    )]
    pub id: i32,
    pub note: Option<i32>,
}

/// MariaDB's catalog says in which database the sequence of a default is.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_a_sequence_are_of_the_database_that_has_it() {
    let project = Project::<Mysql>::new().await;
    if !project.rows("SELECT VERSION() AS value").await[0].contains("MariaDB") {
        return;
    }
    project
        .execute("CREATE SEQUENCE numbers START 5; CREATE TABLE things (id integer DEFAULT nextval(numbers) PRIMARY KEY, note integer)")
        .await;
    project.ok("adopt").await;
    let (_, told) = project
        .run(&metadata![Thing], "migrate --no-input")
        .await
        .unwrap();
    assert!(told.starts_with("Nothing changed"), "{told}");
    let empty = Project::<Mysql>::new().await;
    let folder = project.migrations();
    empty
        .ok(&format!("upgrade --dir {}", folder.display()))
        .await;
    empty
        .ok(&format!("check --drift --dir {}", folder.display()))
        .await;
    empty.execute("INSERT INTO things VALUES ()").await;
    let rows = "SELECT CAST(id AS CHAR) AS value FROM things";
    assert_eq!(empty.rows(rows).await, ["5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_that_is_no_text_is_refused_with_another_way_to_say_it() {
    let project = Project::<Mysql>::new().await;
    project
        .execute("CREATE TABLE things (id integer PRIMARY KEY, bytes varbinary(2) DEFAULT x'ff00')")
        .await;
    if project.rows("SELECT VERSION() AS value").await[0].contains("MariaDB") {
        let error = project.err("adopt").await;
        assert!(
            error.to_string().contains("the table `things`: ")
                && error.to_string().contains("DEFAULT (unhex('ff'))"),
            "{error}"
        );
        project
            .execute("ALTER TABLE things ALTER bytes SET DEFAULT (unhex('ff00'))")
            .await;
    }
    project.ok("adopt").await;
}

/// A view's columns are written behind their table, as its tables are behind their database.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_or_an_alias_may_be_called_as_the_database() {
    let project = Project::<Mysql>::new().await;
    let home = project.rows("SELECT DATABASE() AS value").await.concat();
    project
        .execute(&format!(
            "CREATE TABLE `{home}` (id integer PRIMARY KEY, other integer);
             CREATE TABLE others (id integer PRIMARY KEY);
             CREATE VIEW both_of AS SELECT `{home}`.id, others.id AS other FROM `{home}` JOIN others ON `{home}`.other = others.id;
             CREATE VIEW aliased AS SELECT `{home}`.id, `{home}`.other FROM both_of `{home}` JOIN `{home}`.others ON others.id = `{home}`.id;
             CREATE FUNCTION counted() RETURNS integer READS SQL DATA
               RETURN (SELECT count(*) FROM `{home}`.`{home}` JOIN `{home}`.others ON `{home}`.id = others.id);
             CREATE TRIGGER noted BEFORE DELETE ON others FOR EACH ROW UPDATE `{home}`.`{home}` SET other = 3;
             CREATE PROCEDURE told() SELECT 1 FROM {home}.others"
        ))
        .await;
    let told = project.ok("adopt").await;
    assert_eq!(told.matches("Not in the revision: a ").count(), 1, "{told}");
    let says = format!("a procedure `told` for any database: its text names `{home}`");
    assert!(told.contains(&says), "{told}");
    let empty = Project::<Mysql>::new().await;
    let folder = project.migrations();
    empty
        .ok(&format!("upgrade --dir {}", folder.display()))
        .await;
    empty
        .execute(&format!(
            "INSERT INTO `{home}` VALUES (1, 2), (2, 1); INSERT INTO others VALUES (1), (2), (3)"
        ))
        .await;
    for (sql, found) in [
        (
            "SELECT CONCAT(id, ' ', other) AS value FROM aliased ORDER BY 1",
            ["1 2", "2 1"].as_slice(),
        ),
        ("SELECT CAST(counted() AS CHAR) AS value", &["2"]),
    ] {
        assert_eq!(empty.rows(sql).await, found);
    }
    empty.execute("DELETE FROM others WHERE id = 3").await;
    let marked = format!("SELECT CAST(other AS CHAR) AS value FROM `{home}`");
    assert_eq!(empty.rows(&marked).await, ["3", "3"]);
}

/// MariaDB's catalog has the options that were said, and its statements all that hold.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_mariadb_has_is_taken_over_or_told() {
    let project = Project::<Mysql>::new().await;
    if !project.rows("SELECT VERSION() AS value").await[0].contains("MariaDB") {
        return;
    }
    project
        .execute(
            "CREATE TABLE kept (id integer) ENGINE = Aria TRANSACTIONAL = 1;
             CREATE TABLE spots (id integer, at POINT REF_SYSTEM_ID = 4326 NOT NULL, near POINT);
             CREATE TABLE words (id integer PRIMARY KEY, word varchar(100) COMPRESSED,
               said varchar(120) AS (concat(word, 'it''s')) VIRTUAL);
             SET sql_mode = 'ORACLE';
             CREATE FUNCTION after(a INT) RETURN INT AS x INT := 1; BEGIN RETURN a + x; END;
             CREATE PACKAGE things AS FUNCTION one RETURN integer; END;
             CREATE PACKAGE BODY things AS FUNCTION one RETURN integer AS BEGIN RETURN 1; END; END",
        )
        .await;
    let told = project.ok("adopt").await;
    assert!(
        told.contains("Not in the revision: the package `things`"),
        "{told}"
    );
    project.ok("check --drift").await;
    let source = project.ok("models").await;
    for line in [
        "    #[model(length = 100)]\n    pub word: Option<String>,",
        "generated(\"concat(`word`,'it''s')\", virtual)",
    ] {
        assert!(source.contains(line), "{line}: {source}");
    }
    let empty = Project::<Mysql>::new().await;
    let folder = project.migrations();
    empty
        .ok(&format!("upgrade --dir {}", folder.display()))
        .await;
    let places = "SELECT CONCAT(G_GEOMETRY_COLUMN, ' ', SRID) AS value FROM information_schema.GEOMETRY_COLUMNS \
                  WHERE F_TABLE_SCHEMA = DATABASE() ORDER BY 1";
    assert_eq!(empty.rows(places).await, ["at 4326", "near 0"]);
    let after = "SELECT CAST(after(1) AS CHAR) AS value";
    assert_eq!(empty.rows(after).await, ["2"]);
}

/// Their statements have semicolons, and no BEGIN around them.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_without_begin_are_one_statement() {
    let project = Project::<Mysql>::new().await;
    project
        .execute(
            "CREATE TABLE notes (id integer PRIMARY KEY, title varchar(20));
             CREATE TRIGGER named BEFORE INSERT ON notes FOR EACH ROW IF new.title IS NULL THEN SET new.title = 'none';
               ELSEIF new.title = '' THEN SET new.title = 'empty'; END IF;
             CREATE PROCEDURE chosen(n integer) CASE n WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE;
             CREATE PROCEDURE counted() again: WHILE @n > 0 DO SET @n = @n - 1; END WHILE again",
        )
        .await;
    let told = project.ok("adopt").await;
    assert!(
        told.contains("Found 1 table, 2 procedures, 1 trigger."),
        "{told}"
    );
    let empty = Project::<Mysql>::new().await;
    empty
        .ok(&format!("upgrade --dir {}", project.migrations().display()))
        .await;
    empty
        .execute("INSERT INTO notes VALUES (1, NULL), (2, '')")
        .await;
    let titles = "SELECT title AS value FROM notes ORDER BY id";
    assert_eq!(empty.rows(titles).await, ["none", "empty"]);
}

/// The catalog has the texts that they make, in which `'\\'` is a backslash before a quote.
#[tokio::test(flavor = "multi_thread")]
async fn backslashes_of_programs_stay() {
    let project = Project::<Mysql>::new().await;
    let home = project.rows("SELECT DATABASE() AS value").await.concat();
    project
        .execute(&format!(
            r"CREATE TABLE paths (id integer PRIMARY KEY, path varchar(20), said varchar(40));
              CREATE FUNCTION slash() RETURNS varchar(9) DETERMINISTIC RETURN '\\';
              CREATE TRIGGER {home}.`for each row` BEFORE INSERT ON {home}.paths /* for each row */ FOR EACH ROW
                SET new.path = concat('C:\\new', slash(), '\'x;\\');
              CREATE TRIGGER first BEFORE INSERT ON paths FOR EACH ROW PRECEDES `for each row` SET new.said = 'it\'s\n';
              CREATE EVENT late ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 12:00:00' DISABLE DO UPDATE paths SET path = '\\'"
        ))
        .await;
    project.ok("adopt").await;
    project.ok("check --drift").await;
    let empty = Project::<Mysql>::new().await;
    empty
        .ok(&format!("upgrade --dir {}", project.migrations().display()))
        .await;
    empty.execute("INSERT INTO paths (id) VALUES (1)").await;
    let made = "SELECT concat(path, said) AS value FROM paths";
    assert_eq!(empty.rows(made).await, ["C:\\new\\'x;\\it's\n"]);
    let event = "SELECT EVENT_DEFINITION AS value FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";
    assert_eq!(empty.rows(event).await, project.rows(event).await);
}
