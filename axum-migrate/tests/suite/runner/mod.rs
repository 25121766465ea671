//! Upgrades and downgrades of scripts written by hand, on every engine.

mod interrupted;
mod locks;
mod odd_files;
mod processes;
mod records;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod wire;

use std::time::Duration;

use axum_db::{Database, Metadata};
use axum_migrate::{ErrorKind, Migrate};

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    goes_up_and_down_with_rows_in_the_tables,
    many_upgraders_run_each_step_once,
    a_failing_statement_is_named_and_nothing_is_recorded,
    a_lock_that_is_held_is_waited_for_until_the_deadline,
    stamping_records_and_runs_nothing,
    a_newer_database_is_refused,
    losing_data_needs_permission,
);

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);\n";
const ROWS: &str = "-- a row; with a semicolon\nINSERT INTO users (id, name) VALUES (1, 'a;b');\n";
const POSTS: &str = "CREATE TABLE posts (id INTEGER PRIMARY KEY);";

/// Three revisions: a table, a row in it, another table.
async fn three<B: Tested>() -> Project<B> {
    let project = Project::new().await;
    project.add("2026-01-01-000000-0000_users", USERS, "DROP TABLE users;");
    project.add(
        "2026-01-02-000000-0000_row",
        ROWS,
        "DELETE FROM users WHERE id = 1;",
    );
    project.add("2026-01-03-000000-0000_posts", POSTS, "DROP TABLE posts;");
    project
}

async fn goes_up_and_down_with_rows_in_the_tables<B: Tested>() {
    let project = three::<B>().await;
    assert!(project.ok("current").await.starts_with("base"));
    let text = project.ok("upgrade +2").await;
    assert!(text.contains("row"), "{text}");
    assert_eq!(
        project.versions().await,
        ["202601010000000000", "202601020000000000"]
    );
    assert_eq!(
        project.rows("SELECT name AS value FROM users").await,
        ["a;b"]
    );
    project.ok("upgrade").await;
    assert_eq!(project.tables().await, ["posts", "users"]);
    assert!(project.ok("upgrade").await.contains("Nothing to do"));
    project.ok("downgrade 2026-01-02 --allow-data-loss").await;
    assert_eq!(project.tables().await, ["users"]);
    assert_eq!(
        project.rows("SELECT name AS value FROM users").await,
        ["a;b"]
    );
    project.ok("downgrade base --allow-data-loss").await;
    assert!(project.tables().await.is_empty());
    assert!(project.versions().await.is_empty());
    project.ok("upgrade").await;
    assert_eq!(project.versions().await.len(), 3);
}

async fn many_upgraders_run_each_step_once<B: Tested>() {
    let project = Project::<B>::new().await;
    let count = "CREATE TABLE counted (step INTEGER NOT NULL);";
    project.add("2026-01-01-000000-0000_count", count, "DROP TABLE counted;");
    for step in 2..8 {
        let insert = format!("INSERT INTO counted (step) VALUES ({step});");
        let name = format!("2026-01-0{step}-000000-0000_step");
        if step % 2 == 0 {
            project.add(&name, &insert, "SELECT 1;");
        } else {
            project.add_bare(&name, &insert, "SELECT 1;");
        }
    }
    let upgrades = (0..12).map(|_| {
        // Each with a pool and connections of its own, as separate programs have.
        let url = project.url().to_owned();
        let folder = project.migrations();
        tokio::spawn(async move {
            let database = Database::<B>::connect(&url).await.expect("a URL");
            Migrate::new(&database, Metadata::default())
                .directory(folder)
                .upgrade_on_start()
                .await
                .map(|upgraded| upgraded.applied)
        })
    });
    let mut applied = 0;
    for upgrade in upgrades.collect::<Vec<_>>() {
        applied += upgrade.await.expect("no panic").expect("no failure");
    }
    assert_eq!(applied, 7);
    assert_eq!(project.versions().await.len(), 7);
    let steps = project
        .rows("SELECT CAST(step AS CHAR(1)) AS value FROM counted ORDER BY step")
        .await;
    assert_eq!(steps, ["2", "3", "4", "5", "6", "7"]);
}

async fn a_failing_statement_is_named_and_nothing_is_recorded<B: Tested>() {
    let project = three::<B>().await;
    let broken = "CREATE TABLE tags (id INTEGER PRIMARY KEY);\n\nINSERT INTO nowhere VALUES (1);\n";
    let folder = project.add("2026-01-02-120000-0000_broken", broken, "DROP TABLE tags;");
    let error = project.err("upgrade").await;
    assert_eq!(error.kind(), ErrorKind::Script);
    let text = error.to_string();
    let file = folder.join("up.sql").display().to_string();
    assert!(
        text.starts_with(&format!("{file}, statement 2 of 2 (line 3) failed: ")),
        "{text}"
    );
    assert!(
        text.contains("    INSERT INTO nowhere VALUES (1)"),
        "{text}"
    );
    // What came before stays, and the step itself left nothing where the engine can take it back.
    assert_eq!(project.versions().await.len(), 2);
    if B::DIALECT == axum_db::Dialect::Mysql {
        assert!(
            text.contains("Statement 1 stays in the database, because MySQL commits"),
            "{text}"
        );
        assert!(text.contains("stamp 202601021200000000"), "{text}");
        assert!(text.contains("upgrade --resume=restart"), "{text}");
        project.execute("DROP TABLE tags").await;
    } else {
        assert!(text.contains("The step was rolled back"), "{text}");
    }
    assert_eq!(project.tables().await, ["users"]);
    std::fs::write(
        folder.join("up.sql"),
        "CREATE TABLE tags (id INTEGER PRIMARY KEY);",
    )
    .unwrap();
    if B::DIALECT == axum_db::Dialect::Mysql {
        assert_eq!(project.err("upgrade").await.kind(), ErrorKind::Interrupted);
        project.ok("upgrade --resume=restart").await;
    } else {
        project.ok("upgrade").await;
    }
    assert_eq!(project.tables().await, ["posts", "tags", "users"]);
}

async fn a_lock_that_is_held_is_waited_for_until_the_deadline<B: Tested>() {
    let project = three::<B>().await;
    let mut holder = project.connection().await;
    let me = match B::DIALECT {
        axum_db::Dialect::Sqlite => Vec::new(),
        axum_db::Dialect::Postgres => {
            B::rows(&mut holder, "SELECT pg_backend_pid()::text AS value").await
        }
        axum_db::Dialect::Mysql => {
            B::rows(&mut holder, "SELECT CAST(CONNECTION_ID() AS CHAR) AS value").await
        }
    };
    let lock = match B::DIALECT {
        axum_db::Dialect::Sqlite => {
            let path = B::rows(
                &mut holder,
                "SELECT file AS value FROM pragma_database_list",
            )
            .await;
            let file = std::fs::File::create(format!("{}-migrate", path[0])).expect("a file");
            file.lock().expect("a lock");
            Some(file)
        }
        axum_db::Dialect::Postgres => {
            let take = "SELECT CAST(pg_try_advisory_lock(7023483918358831476) AS text) AS value";
            assert_eq!(B::rows(&mut holder, take).await, ["true"]);
            None
        }
        axum_db::Dialect::Mysql => {
            let take = "SELECT CAST(GET_LOCK(CONCAT('axum_migrate.', SHA1(DATABASE())), 0) AS CHAR) AS value";
            assert_eq!(B::rows(&mut holder, take).await, ["1"]);
            None
        }
    };
    let error = project.err("upgrade --wait 0").await;
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains("--wait"), "{error}");
    if B::DIALECT != axum_db::Dialect::Sqlite {
        let says = format!("the lock is held by connection {}, of user ", me[0]);
        assert!(error.to_string().contains(&says), "{error}");
    }
    assert!(project.tables().await.is_empty());
    let waiting = tokio::spawn({
        let migrate = project
            .migrate(Metadata::default())
            .lock_deadline(Duration::from_secs(30));
        async move {
            migrate
                .upgrade_on_start()
                .await
                .map(|upgraded| upgraded.applied)
        }
    });
    drop(lock);
    drop(holder);
    assert_eq!(
        waiting
            .await
            .expect("no panic")
            .expect("the lock came free"),
        3
    );
}

async fn stamping_records_and_runs_nothing<B: Tested>() {
    let project = three::<B>().await;
    project.ok("stamp 2026-01-02").await;
    assert_eq!(project.versions().await.len(), 2);
    assert!(project.tables().await.is_empty());
    project.ok("stamp base").await;
    assert!(project.versions().await.is_empty());
    project.ok("stamp head").await;
    assert_eq!(project.versions().await.len(), 3);
    project
        .execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('2031')")
        .await;
    assert_eq!(
        project.err("stamp head").await.kind(),
        ErrorKind::DatabaseNewer
    );
    project.ok("stamp 2026-01-01 --purge").await;
    assert_eq!(project.versions().await, ["202601010000000000"]);
}

async fn a_newer_database_is_refused<B: Tested>() {
    let project = three::<B>().await;
    project.ok("upgrade").await;
    std::fs::remove_dir_all(project.migrations().join("2026-01-03-000000-0000_posts")).unwrap();
    for line in ["upgrade", "downgrade -1 --allow-data-loss"] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::DatabaseNewer, "{line}");
        assert!(
            error.to_string().contains("it has 202601030000000000"),
            "{error}"
        );
    }
    let error = project
        .migrate(Metadata::default())
        .upgrade_on_start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseNewer);
    let current = project.ok("current").await;
    assert!(
        current.contains("202601030000000000  (not among these migrations"),
        "{current}"
    );
    assert_eq!(project.versions().await.len(), 3);
}

async fn losing_data_needs_permission<B: Tested>() {
    let project = three::<B>().await;
    project.ok("upgrade").await;
    let error = project.err("downgrade base").await;
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    let text = error.to_string();
    for says in [
        "DROP TABLE users",
        "DELETE FROM users WHERE id = 1",
        "--allow-data-loss",
    ] {
        assert!(text.contains(says), "{text}");
    }
    assert_eq!(project.versions().await.len(), 3);
    project.ok("downgrade --allow-data-loss").await;
    assert_eq!(project.versions().await.len(), 2);
}

/// SQLite's own way to change a table, with foreign keys off, in the order of SQLite's documentation.
#[cfg(feature = "sqlite")]
mod rebuild {
    use super::*;

    const TABLES: &str = "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);\n\
        CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parents (id) ON DELETE CASCADE);\n\
        INSERT INTO parents VALUES (1, 'a'), (2, 'b');\n\
        INSERT INTO children VALUES (10, 1), (20, 2);\n";

    fn rebuild(select: &str) -> String {
        format!(
            "PRAGMA foreign_keys = OFF;\nPRAGMA legacy_alter_table = ON;\nBEGIN IMMEDIATE;\n\
             CREATE TABLE new_parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n\
             INSERT INTO new_parents (id, name) {select};\n\
             DROP TABLE parents;\nALTER TABLE new_parents RENAME TO parents;\nCOMMIT;\n\
             PRAGMA legacy_alter_table = OFF;\nPRAGMA foreign_keys = ON;\n"
        )
    }

    async fn begun(select: &str) -> Project<axum_db::Sqlite> {
        let project = Project::new().await;
        project.add(
            "2026-01-01-000000-0000_tables",
            TABLES,
            "DROP TABLE children; DROP TABLE parents;",
        );
        project.add_bare(
            "2026-01-02-000000-0000_rebuild",
            &rebuild(select),
            "SELECT 1;",
        );
        project
    }

    async fn untouched(project: &Project<axum_db::Sqlite>) {
        assert_eq!(project.versions().await, ["202601010000000000"]);
        assert_eq!(project.tables().await, ["children", "parents"]);
        assert_eq!(
            project.rows("SELECT name AS value FROM parents").await,
            ["a", "b"]
        );
    }

    #[tokio::test]
    async fn is_recorded_inside_its_own_transaction_and_keeps_the_children() {
        let project = begun("SELECT id, name FROM parents").await;
        project.ok("upgrade").await;
        assert_eq!(project.versions().await.len(), 2);
        assert_eq!(
            project
                .rows("SELECT CAST(id AS TEXT) AS value FROM children")
                .await,
            ["10", "20"]
        );
    }

    #[tokio::test]
    async fn that_fails_half_way_leaves_everything_as_it_was() {
        let project = begun("SELECT id, nothing FROM parents").await;
        let error = project.err("upgrade").await;
        let text = error.to_string();
        assert!(text.contains("statement 5 of 10"), "{text}");
        assert!(text.contains("The step was rolled back"), "{text}");
        untouched(&project).await;
    }

    #[tokio::test]
    async fn that_would_break_a_foreign_key_is_rolled_back() {
        let project = begun("SELECT id, name FROM parents WHERE id = 1").await;
        let error = project.err("upgrade").await;
        let text = error.to_string();
        assert!(
            text.contains("point nowhere: 1 of children to parents"),
            "{text}"
        );
        untouched(&project).await;
    }

    #[tokio::test]
    async fn by_many_at_once_happens_once() {
        let project = begun("SELECT id, name || '!' FROM parents").await;
        let upgrades: Vec<_> = (0..8)
            .map(|_| {
                let (url, folder) = (project.url().to_owned(), project.migrations());
                tokio::spawn(async move {
                    let database = Database::<axum_db::Sqlite>::connect(&url)
                        .await
                        .expect("a URL");
                    let migrate = Migrate::new(&database, Metadata::default()).directory(folder);
                    migrate
                        .upgrade_on_start()
                        .await
                        .expect("no failure")
                        .applied
                })
            })
            .collect();
        let mut applied = 0;
        for upgrade in upgrades {
            applied += upgrade.await.expect("no panic");
        }
        assert_eq!(applied, 2);
        assert_eq!(
            project.rows("SELECT name AS value FROM parents").await,
            ["a!", "b!"]
        );
    }

    #[tokio::test]
    async fn of_a_database_in_memory_is_refused() {
        let database = Database::<axum_db::Sqlite>::connect("sqlite::memory:")
            .await
            .expect("a URL");
        let project = begun("SELECT id, name FROM parents").await;
        let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
        let error = migrate.upgrade_on_start().await.unwrap_err();
        assert!(
            error.to_string().contains("a database in memory"),
            "{error}"
        );
    }
}
