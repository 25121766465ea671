//! `init`, `revision`, `history`, `heads`, `show`: no connection is opened, so any URL will do.

use axum_db::{Database, Metadata};
use axum_migrate::Migrate;
use serde_json::Value;

use crate::support::{Project, run};

type Sqlite = Project<axum_db::Sqlite>;

#[tokio::test]
async fn a_folder_is_made_filled_and_listed_without_any_database() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder/file.db");
    let url = format!("sqlite://{}", nowhere.display());
    let database = Database::<axum_db::Sqlite>::connect(&url).await.unwrap();
    let migrate =
        Migrate::new(&database, Metadata::default()).directory(folder.path().join("migrations"));
    let ok = async |line: &str| match run(&migrate, line, folder.path()).await {
        Ok((0, text)) => text,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(
        ok("init").await,
        "Created …/migrations. Next: `migrate -m \"create the tables\"`.\n"
    );
    assert_eq!(ok("init").await, "…/migrations is there already.\n");
    assert_eq!(
        ok("history").await,
        "There is no revision yet; `migrate` writes the first.\n"
    );
    assert!(
        ok("revision -m 'Add posts'")
            .await
            .ends_with("_add_posts/up.sql and down.sql for you to fill in.\n")
    );
    ok("revision -m 'Add tags' --no-transaction").await;
    let heads: Value = serde_json::from_str(&ok("heads --json").await).unwrap();
    assert_eq!(heads.as_array().unwrap().len(), 1);
    assert_eq!(heads[0]["message"], "Add tags");
    let history: Value = serde_json::from_str(&ok("history --json").await).unwrap();
    let (tags, posts) = (&history[0], &history[1]);
    assert_eq!(tags["revises"][0], posts["id"]);
    assert_eq!(
        (&tags["head"], &posts["head"]),
        (&Value::Bool(true), &Value::Bool(false))
    );
    assert_eq!(tags["run_in_transaction"], false);
    let id = posts["id"].as_str().unwrap();
    let show: Value =
        serde_json::from_str(&ok(&format!("show {} --json", &id[..6])).await).unwrap();
    assert_eq!(show["name"], posts["name"]);
    assert!(show["up"].as_str().unwrap().contains("SELECT 1;"));
    let verbose = ok("history -v").await;
    assert!(
        verbose.contains(&format!("│   Revises:   {id}\n│   Message:   Add tags\n")),
        "{verbose}"
    );
    assert!(
        verbose.contains("Runs:      outside a transaction"),
        "{verbose}"
    );
    assert!(ok("heads").await.ends_with(" (head)  Add tags\n"));
    let (agree, _) = run(&migrate, "check --heads", folder.path()).await.unwrap();
    assert_eq!(agree, 0);
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn the_files_say_what_diesel_and_git_need() {
    let project = Sqlite::new().await;
    project.ok("init").await;
    project.ok("revision -m first").await;
    project.ok("revision -m second").await;
    let names = project.entries();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[2], "HEAD");
    let read = |path: String| std::fs::read_to_string(project.migrations().join(path)).unwrap();
    let metadata = read(format!("{}/metadata.toml", names[1]));
    assert!(
        metadata.starts_with("run_in_transaction = true\n"),
        "{metadata}"
    );
    let id = |text: &str| text.split('"').nth(1).unwrap().to_owned();
    let head = read("HEAD".into());
    assert!(
        head.contains(&format!("head = \"{}\"", id(&metadata))),
        "{head}"
    );
    let first = read(format!("{}/metadata.toml", names[0]));
    assert!(
        metadata.contains(&format!("revises = [\"{}\"]", id(&first))),
        "{metadata}"
    );
}

#[tokio::test]
async fn engines_keep_folders_of_their_own_where_the_application_asks() {
    let project = Sqlite::new().await;
    let migrate = project.migrate(Metadata::default()).per_engine();
    let made = run(&migrate, "init", &project.migrations()).await.unwrap();
    assert!(made.1.starts_with("Created …/sqlite."), "{}", made.1);
    // Once they are there, nobody needs to ask again, and --dir finds them too.
    project.ok("revision -m one").await;
    assert_eq!(project.entries(), ["sqlite"]);
    let elsewhere = Migrate::new(&project.database, Metadata::default());
    let line = format!("heads --dir {}", project.migrations().display());
    assert!(
        run(&elsewhere, &line, &project.migrations())
            .await
            .unwrap()
            .1
            .ends_with("one\n")
    );
    // A folder of revisions that is named is that folder.
    let line = format!("heads --dir {}/sqlite", project.migrations().display());
    let named = run(&elsewhere.per_engine(), &line, &project.migrations())
        .await
        .unwrap();
    assert!(named.1.ends_with("one\n"), "{}", named.1);
}
