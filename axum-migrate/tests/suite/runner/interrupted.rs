//! Upgrades that stop half-way: dropped, refused, or found in doubt.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use axum_db::{Dialect, Metadata};
use axum_migrate::ErrorKind;

use super::processes::{all_is_there, go_on, resumable};
use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    rows_in_the_way_are_named_as_what_to_correct,
    dropped_anywhere_it_goes_on_where_it_stopped,
    a_step_that_waits_can_be_dropped_and_is_rolled_back,
);

/// Polls a future so many times and drops it; whether it had ended.
async fn polled<F: Future>(future: F, times: usize) -> bool {
    let mut future = pin!(future);
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn dropped_anywhere_it_goes_on_where_it_stopped<B: Tested>() {
    let mut polls = 1;
    loop {
        let project = resumable::<B>().await;
        let migrate = project.migrate(Metadata::default());
        let ended = polled(migrate.upgrade_on_start(), polls).await;
        go_on(&project).await;
        all_is_there(&project).await;
        if ended {
            break;
        }
        polls += 1;
    }
    assert!(polls > 8, "it was never dropped while it was at work");
}

async fn a_step_that_waits_can_be_dropped_and_is_rolled_back<B: Tested>() {
    let project = Project::<B>::new().await;
    project.add(
        "2026-01-01-000000-0000_t",
        "CREATE TABLE t (id INTEGER PRIMARY KEY);",
        "DROP TABLE t;",
    );
    let slow = match B::DIALECT {
        Dialect::Postgres => "SELECT pg_sleep(600);",
        Dialect::Mysql => "DO SLEEP(3);",
        Dialect::Sqlite => {
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000000) SELECT count(*) FROM n;"
        }
    };
    let insert = format!("INSERT INTO t VALUES (1);\n{slow}");
    let folder = project.add("2026-01-02-000000-0000_slow", &insert, "DELETE FROM t;");
    let migrate = project.migrate(Metadata::default());
    let upgrade = migrate.upgrade_on_start();
    let dropped = tokio::time::timeout(std::time::Duration::from_millis(700), upgrade).await;
    assert!(dropped.is_err());
    std::fs::write(folder.join("up.sql"), "INSERT INTO t VALUES (1);").unwrap();
    // The server notices that its client is gone, and lets go of the lock.
    project.ok("upgrade --wait 60").await;
    assert_eq!(
        project
            .rows("SELECT CAST(id AS CHAR(1)) AS value FROM t")
            .await,
        ["1"]
    );
}

async fn rows_in_the_way_are_named_as_what_to_correct<B: Tested>() {
    let project = Project::<B>::new().await;
    project.add(
        "2026-01-01-000000-0000_t",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);\nINSERT INTO t VALUES (1, 7), (2, 7);",
        "DROP TABLE t;",
    );
    project.add(
        "2026-01-02-000000-0000_unique",
        "CREATE UNIQUE INDEX t_n_idx ON t (n);",
        "DROP TABLE t;",
    );
    let error = project.err("upgrade").await;
    assert_eq!(error.kind(), ErrorKind::Script);
    let text = error.to_string();
    assert!(
        text.contains("Correct the rows that stand in its way, or the file, and"),
        "{text}"
    );
}

/// What MySQL cannot take back.
#[cfg(feature = "mysql")]
mod on_mysql {
    use super::*;

    const NAME: &str = "2026-01-01-000000-0000_steps";
    const UP: &str = "CREATE TABLE a (id INT PRIMARY KEY);\nCREATE TABLE b (id INT PRIMARY KEY);\n\
                      INSERT INTO b VALUES (1);\nCREATE TABLE c (id INT REFERENCES nowhere_at (all;\n";

    async fn stopped() -> Project<axum_db::Mysql> {
        let project = Project::new().await;
        project.add(NAME, UP, "DROP TABLE a, b, c;");
        let text = project.err("upgrade").await.to_string();
        assert!(text.contains("statement 4 of 4 (line 4) failed"), "{text}");
        assert!(
            text.contains("Statements 1 to 3 stay in the database"),
            "{text}"
        );
        assert!(text.contains("`upgrade --resume`"), "{text}");
        project
    }

    #[tokio::test]
    async fn a_refused_statement_is_corrected_and_gone_on_with() {
        let project = stopped().await;
        let text = project.err("upgrade").await.to_string();
        assert!(
            text.contains("was interrupted before statement 4 of 4 (line 4)"),
            "{text}"
        );
        assert!(
            project
                .ok("current")
                .await
                .contains("interrupted between two")
        );
        // Nothing else goes on top of it, which a plan tells as well.
        for line in ["downgrade base", "upgrade --plan", "downgrade base --plan"] {
            let error = project.err(line).await;
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{line}: {error}");
        }
        let plan = project.ok("upgrade --plan --resume").await;
        assert!(plan.contains("1 revision would run"), "{plan}");
        let corrected = UP.replace(
            "CREATE TABLE c (id INT REFERENCES nowhere_at (all;",
            "CREATE TABLE c (id INT);",
        );
        let up = project.migrations().join(NAME).join("up.sql");
        std::fs::write(&up, &corrected).unwrap();
        project.ok("upgrade --resume").await;
        assert_eq!(project.tables().await, ["a", "b", "c"]);
        assert!(
            project
                .ok("upgrade --linear")
                .await
                .contains("Nothing to do")
        );
    }

    #[tokio::test]
    async fn what_is_half_done_is_not_called_drift() {
        let project = Project::<axum_db::Mysql>::new().await;
        project.add(
            "2026-01-01-000000-0000_t",
            "CREATE TABLE t (id INT PRIMARY KEY, n INT);",
            "DROP TABLE t;",
        );
        project.ok("upgrade").await;
        project.execute("INSERT INTO t VALUES (1, 7), (2, 7)").await;
        project.add(
            "2026-01-02-000000-0000_more",
            "ALTER TABLE t ADD COLUMN m INT;\nCREATE UNIQUE INDEX t_n_idx ON t (n);",
            "DROP INDEX t_n_idx ON t;\nALTER TABLE t DROP COLUMN m;",
        );
        project.err("upgrade").await;
        let (_, told) = project.run(&Metadata::default(), "check").await.unwrap();
        assert!(told.contains("drift: not compared"), "{told}");
        assert!(told.contains("`upgrade` says how to go on"), "{told}");
        assert!(!told.contains("column t.m"), "{told}");
    }

    #[tokio::test]
    async fn an_edit_of_what_has_run_is_noticed() {
        let project = stopped().await;
        let up = project.migrations().join(NAME).join("up.sql");
        std::fs::write(&up, UP.replace("VALUES (1)", "VALUES (2)")).unwrap();
        let error = project.err("upgrade --resume").await;
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(
            error
                .to_string()
                .contains("edited where it has already run"),
            "{error}"
        );
        project.execute("DROP TABLE a; DROP TABLE b").await;
        std::fs::write(&up, "CREATE TABLE z (id INT);").unwrap();
        project.ok("upgrade --resume=restart").await;
        assert_eq!(project.tables().await, ["z"]);
    }

    #[tokio::test]
    async fn a_stamp_ends_it() {
        let project = stopped().await;
        project.ok("stamp head").await;
        assert!(project.ok("upgrade").await.contains("Nothing to do"));
        let left = "SELECT version AS value FROM __axum_migrate WHERE progress IS NOT NULL";
        assert!(project.rows(left).await.is_empty());
    }

    /// As a program leaves it that was killed while the server worked on `at`.
    async fn in_doubt(project: &Project<axum_db::Mysql>, up: &str, at: usize) {
        let folder = project.add(NAME, up, "SELECT 1;");
        // A statement that fails by itself tells the fingerprint of those before it.
        let statements: Vec<&str> = up.split_inclusive(";\n").collect();
        let begun = statements[..at].concat();
        std::fs::write(folder.join("up.sql"), format!("{begun}SELECT nothing;")).unwrap();
        project.err("upgrade").await;
        std::fs::write(folder.join("up.sql"), up).unwrap();
        let back = format!(
            "UPDATE __axum_migrate SET progress = REPLACE(progress, 'up:before:{}:', 'up:begun:{at}:')",
            at + 1
        );
        project.execute(&back).await;
    }

    const DOUBT: &str =
        "CREATE TABLE a (id INT);\nALTER TABLE a ADD COLUMN b INT;\nINSERT INTO a VALUES (1, 2);\n";

    #[tokio::test]
    async fn a_statement_in_doubt_is_looked_up() {
        for there in [true, false] {
            let project = Project::new().await;
            in_doubt(&project, DOUBT, 2).await;
            if !there {
                project.execute("ALTER TABLE a DROP COLUMN b").await;
            }
            let text = project.err("upgrade").await.to_string();
            assert!(
                text.contains("was interrupted at statement 2 of 3 (line 2)"),
                "{text}"
            );
            assert!(text.contains("ALTER TABLE a ADD COLUMN b INT"), "{text}");
            project.ok("upgrade --resume").await;
            assert_eq!(
                project.rows("SELECT CAST(b AS CHAR) AS value FROM a").await,
                ["2"]
            );
        }
    }

    #[tokio::test]
    async fn a_statement_in_doubt_that_shows_nothing_is_asked_about() {
        let up = "CREATE TABLE a (id INT);\nCALL p();\nINSERT INTO a VALUES (1);\n";
        for (how, rows) in [("skip", 1), ("retry", 2)] {
            let project = Project::new().await;
            project
                .execute("CREATE PROCEDURE p() INSERT INTO a VALUES (0)")
                .await;
            in_doubt(&project, up, 2).await;
            project.execute("DELETE FROM a").await;
            let text = project.err("upgrade --resume").await.to_string();
            assert!(text.contains("cannot be seen from outside"), "{text}");
            assert!(text.contains("CALL p()"), "{text}");
            project.ok(&format!("upgrade --resume={how}")).await;
            let ids = project
                .rows("SELECT CAST(id AS CHAR) AS value FROM a")
                .await;
            assert_eq!(ids.len(), rows, "{how}");
        }
    }
}

/// What PostgreSQL does outside of transactions.
#[cfg(feature = "postgres")]
mod on_postgres {
    use super::*;

    #[tokio::test]
    async fn an_index_that_was_left_invalid_is_dropped_and_made_again() {
        let project = Project::<axum_db::Postgres>::new().await;
        project.add(
            "2026-01-01-000000-0000_a",
            "CREATE TABLE a (id INT); INSERT INTO a VALUES (1), (1);",
            "DROP TABLE a;",
        );
        project.add_bare(
            "2026-01-02-000000-0000_i",
            "CREATE UNIQUE INDEX CONCURRENTLY \"I\" ON a (id);",
            "DROP INDEX CONCURRENTLY \"I\";",
        );
        let text = project.err("upgrade").await.to_string();
        assert!(text.contains("statement 1 of 1"), "{text}");
        assert!(text.contains("`upgrade --resume`"), "{text}");
        let invalid = "SELECT c.relname AS value FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT indisvalid";
        assert_eq!(project.rows(invalid).await, ["I"]);
        project
            .execute("DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a)")
            .await;
        assert_eq!(project.err("upgrade").await.kind(), ErrorKind::Interrupted);
        project.ok("upgrade --resume").await;
        assert!(project.rows(invalid).await.is_empty());
        assert_eq!(project.versions().await.len(), 2);
    }

    #[tokio::test]
    async fn a_value_used_in_the_transaction_that_adds_it_is_explained() {
        let project = Project::<axum_db::Postgres>::new().await;
        project.add(
            "2026-01-01-000000-0000_a",
            "CREATE TYPE mood AS ENUM ('good'); CREATE TABLE a (m mood);",
            "DROP TABLE a; DROP TYPE mood;",
        );
        project.add(
            "2026-01-02-000000-0000_bad",
            "ALTER TYPE mood ADD VALUE 'bad'; INSERT INTO a VALUES ('bad');",
            "SELECT 1;",
        );
        let text = project.err("upgrade").await.to_string();
        assert!(
            text.contains("into a revision of its own, before this one"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn what_pg_dump_writes_can_be_a_revision() {
        let project = Project::<axum_db::Postgres>::new().await;
        project.add(
            "2026-01-01-000000-0000_dump",
            "SET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
             CREATE TABLE public.a (id INT);\n",
            "DROP TABLE a;",
        );
        project.add(
            "2026-01-02-000000-0000_b",
            "CREATE TABLE b (id INT);",
            "DROP TABLE b;",
        );
        project.ok("upgrade").await;
        assert_eq!(project.tables().await, ["a", "b"]);
    }
}
