//! `create`, `drop`, `reset`: the database as a whole.

use axum_db::{Database, Dialect, Metadata};
use axum_migrate::{ErrorKind, Migrate};

use crate::on_every_engine;
use crate::support::{Project, Tested, run};

on_every_engine!(
    a_database_is_made_dropped_and_made_anew,
    a_reset_drops_nothing_for_scripts_that_cannot_run,
    what_a_user_may_not_do_is_said_with_the_right_that_is_missing,
);

/// The URL of another database beside the project's, with a name that has to be quoted.
fn beside<B: Tested>(project: &Project<B>) -> String {
    let url = project.url();
    let (before, name) = url.rsplit_once('/').expect("a name");
    match B::DIALECT {
        Dialect::Sqlite => format!("{before}/new folder/{name}"),
        Dialect::Postgres | Dialect::Mysql => format!("{before}/{name}%20anew"),
    }
}

async fn a_database_is_made_dropped_and_made_anew<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_one",
        "CREATE TABLE one (id INTEGER PRIMARY KEY);",
        "DROP TABLE one;",
    );
    let database = Database::<B>::connect(beside(&project))
        .await
        .expect("a URL");
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    let hide = project.migrations();
    let ok = async |line: &str| {
        let (code, text) = run(&migrate, line, &hide).await.expect(line);
        assert_eq!(code, 0, "{line}: {text}");
        text
    };
    if B::DIALECT != Dialect::Sqlite {
        let error = run(&migrate, "upgrade", &hide)
            .await
            .expect_err("no database");
        assert!(error.to_string().contains("`create` makes it"), "{error}");
    }
    assert!(
        ok("drop --allow-data-loss")
            .await
            .contains("Nothing to drop")
    );
    assert!(ok("create").await.starts_with("Created "));
    assert!(ok("create").await.contains("is there already"));
    ok("upgrade").await;

    // Nobody can be asked here, and nothing is lost unasked.
    for line in ["drop", "reset", "reset --no-input"] {
        let error = run(&migrate, line, &hide).await.expect_err(line);
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{line}");
        assert!(
            error.to_string().contains("say --allow-data-loss"),
            "{error}"
        );
    }
    assert!(ok("current").await.contains("one"));

    let mut conn = database.connect_dedicated().await.expect("a connection");
    B::execute(&mut conn, "CREATE TABLE by_hand (id INTEGER)")
        .await
        .expect("a table");
    if B::DIALECT == Dialect::Postgres {
        let error = run(&migrate, "drop --allow-data-loss", &hide).await;
        let text = error.expect_err("somebody is connected").to_string();
        assert!(
            text.contains("end the programs that use it:\n  connection "),
            "{text}"
        );
    }
    drop(conn);
    assert!(
        ok("reset --allow-data-loss")
            .await
            .contains("is new, with 1 revision")
    );
    let mut conn = database.connect_dedicated().await.expect("a connection");
    let schema = B::introspect(&mut conn).await.expect("a schema");
    assert_eq!(schema.tables.into_keys().collect::<Vec<_>>(), ["one"]);
    drop(conn);

    assert!(ok("drop --allow-data-loss").await.starts_with("Dropped "));
    assert!(
        ok("drop --allow-data-loss")
            .await
            .contains("Nothing to drop")
    );
    if B::DIALECT == Dialect::Sqlite {
        let folder = beside(&project);
        let folder = folder.trim_start_matches("sqlite://");
        let folder = std::path::Path::new(folder).parent().expect("a folder");
        assert_eq!(std::fs::read_dir(folder).expect("the folder").count(), 0);
    }
}

async fn a_reset_drops_nothing_for_scripts_that_cannot_run<B: Tested>() {
    let project = Project::<B>::new().await;
    project.execute("CREATE TABLE kept (id INTEGER)").await;
    let error = project.err("reset --allow-data-loss").await;
    assert_eq!(error.kind(), ErrorKind::Directory, "no folder: {error}");
    let folder = project.add("2026-01-01-000000-0000_one", "SELECT 1;", "SELECT 1;");
    std::fs::write(folder.join("metadata.toml"), "run_in_transaction =").unwrap();
    let error = project.err("reset --allow-data-loss").await;
    assert_eq!(error.kind(), ErrorKind::Directory, "{error}");
    assert_eq!(project.tables().await, ["kept"]);
}

async fn what_a_user_may_not_do_is_said_with_the_right_that_is_missing<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_one",
        "CREATE TABLE one (id INTEGER PRIMARY KEY);",
        "DROP TABLE one;",
    );
    let name = project.url().rsplit('/').next().expect("a name").to_owned();
    let user: String =
        format!("u{}", &name[name.len().saturating_sub(12)..]).replace(['-', '.'], "_");
    let (url, says) = match B::DIALECT {
        Dialect::Sqlite => {
            project.execute("CREATE TABLE kept (id INTEGER)").await;
            let url = format!("{}?mode=ro", project.url());
            (url, "let this program write to the file")
        }
        Dialect::Postgres => {
            let revoke =
                "REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC";
            project
                .execute(&format!("CREATE ROLE {user} LOGIN; {revoke}"))
                .await;
            let (_, rest) = project.url().split_once('@').expect("a user");
            (
                format!("postgres://{user}@{rest}"),
                "GRANT USAGE, CREATE ON SCHEMA",
            )
        }
        Dialect::Mysql => {
            let make = format!("CREATE USER {user}@'%'; GRANT SELECT ON `{name}`.* TO {user}@'%'");
            project.execute(&make).await;
            let (_, rest) = project.url().split_once('@').expect("a user");
            (
                format!("mysql://{user}@{rest}"),
                "GRANT its user that command",
            )
        }
    };
    let database = Database::<B>::connect(url).await.expect("a URL");
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    let error = run(&migrate, "upgrade", &project.migrations())
        .await
        .expect_err("no right");
    let text = error.to_string();
    match B::DIALECT {
        Dialect::Sqlite => {}
        Dialect::Postgres => project.execute(&format!("DROP ROLE {user}")).await,
        Dialect::Mysql => project.execute(&format!("DROP USER {user}@'%'")).await,
    }
    assert_eq!(error.kind(), ErrorKind::Database, "{text}");
    assert!(text.contains(says), "{text}");
    assert!(!project.tables().await.contains(&"one".to_owned()));
}
