//! A model change carried through `migrate`, `upgrade` and `downgrade` with rows in the tables, on every engine.

use axum_db::{Metadata, metadata};
use axum_migrate::ErrorKind;

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    a_model_change_keeps_the_rows_all_the_way,
    models_tell_of_renames,
    pending_revisions_count_as_done,
    a_table_without_a_model_stays_until_it_is_said,
    check_names_each_disagreement,
    a_message_is_made_where_none_is_given,
);

/// The models as they begin.
mod v1 {
    use axum_db::prelude::*;

    #[model(table = "users")]
    #[derive(Debug, Clone)]
    pub struct User {
        #[model(primary_key)]
        pub id: i32,
        #[model(unique, length = 20)]
        pub username: String,
        #[model(length = 120)]
        pub email: String,
    }

    #[model(table = "posts")]
    #[derive(Debug, Clone)]
    pub struct Post {
        #[model(primary_key)]
        pub id: i32,
        #[model(length = 100)]
        pub title: String,
        #[model(default = now)]
        pub date_posted: chrono::NaiveDateTime,
        #[model(references = User, on_delete = cascade, index)]
        pub user_id: i32,
    }
}

/// A column longer, one renamed, one required and new, one optional and new.
mod v2 {
    use axum_db::prelude::*;

    #[model(table = "users")]
    #[derive(Debug, Clone)]
    pub struct User {
        #[model(primary_key)]
        pub id: i32,
        #[model(unique, length = 40)]
        pub username: String,
        #[model(length = 120)]
        pub mail: String,
    }

    #[model(table = "posts")]
    #[derive(Debug, Clone)]
    pub struct Post {
        #[model(primary_key)]
        pub id: i32,
        #[model(length = 100)]
        pub title: String,
        #[model(length = 80)]
        pub subtitle: Option<String>,
        pub views: i32,
        #[model(default = now)]
        pub date_posted: chrono::NaiveDateTime,
        #[model(references = User, on_delete = cascade, index)]
        pub user_id: i32,
    }
}

/// A table and a column that have new names, and say so.
mod renamed {
    use axum_db::prelude::*;

    #[model(table = "members", renamed_from = "users")]
    #[derive(Debug, Clone)]
    pub struct Member {
        #[model(primary_key)]
        pub id: i32,
        #[model(unique, length = 20)]
        pub username: String,
        #[model(length = 120, renamed_from = "email")]
        pub mail: String,
    }

    #[model(table = "posts")]
    #[derive(Debug, Clone)]
    pub struct Post {
        #[model(primary_key)]
        pub id: i32,
        #[model(length = 100)]
        pub title: String,
        #[model(default = now)]
        pub date_posted: chrono::NaiveDateTime,
        #[model(references = Member, on_delete = cascade, index)]
        pub user_id: i32,
    }
}

fn first() -> Metadata {
    metadata![v1::User, v1::Post]
}

fn second() -> Metadata {
    metadata![v2::User, v2::Post]
}

/// A project whose database has the first models' tables, with rows.
async fn begun<B: Tested>() -> Project<B> {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    done(
        &project,
        &first(),
        "migrate -m 'create the tables' --no-input",
    )
    .await;
    project.ok("upgrade").await;
    project
        .execute("INSERT INTO users (id, username, email) VALUES (1, 'ada', 'ada@example.org'), (2, 'bob', 'b@example.org')")
        .await;
    project
        .execute("INSERT INTO posts (id, title, date_posted, user_id) VALUES (1, 'one', '2026-01-01 00:00:00', 1), (2, 'two', '2026-01-01 00:00:00', 2)")
        .await;
    project
}

/// Runs a command line that must exit with 0.
async fn done<B: Tested>(project: &Project<B>, models: &Metadata, line: &str) -> String {
    match project.run(models, line).await {
        Ok((0, text)) => text,
        Ok((code, text)) => panic!("`{line}` exited with {code}:\n{text}"),
        Err(error) => panic!("`{line}` failed: {error}"),
    }
}

/// The answer without its last line, which names a folder by the time.
fn changes(text: &str) -> &str {
    text.rsplit_once("Wrote ")
        .map_or(text, |(changes, _)| changes)
}

async fn a_model_change_keeps_the_rows_all_the_way<B: Tested>() {
    let project = begun::<B>().await;
    let again = done(&project, &first(), "migrate -m nothing --no-input").await;
    assert_eq!(
        again,
        "Nothing changed: the models and the database agree. No file was written.\n"
    );
    assert_eq!(project.entries().len(), 2, "one revision and HEAD");
    let before = B::introspect(&mut project.connection().await)
        .await
        .unwrap();

    // The new required column asks what the rows that are there get, and nothing is written without an answer.
    let error = project
        .run(
            &second(),
            "migrate -m change --no-input --rename users.email=users.mail",
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsInput);
    assert!(
        error.to_string().contains("--backfill posts.views=SQL"),
        "{error}"
    );
    let line = "migrate -m 'change them' --no-input --rename users.email=users.mail --backfill posts.views=7";
    let dry = done(&project, &second(), &format!("{line} --dry-run")).await;
    assert!(
        dry.contains("-- up.sql\n") && dry.contains("-- down.sql\n"),
        "{dry}"
    );
    assert_eq!(project.entries().len(), 2);

    let text = done(&project, &second(), line).await;
    insta::assert_snapshot!(format!("changes_{}", B::DIALECT), changes(&text));
    assert_eq!(project.entries().len(), 3);
    project.ok("upgrade").await;
    let posts = "SELECT CONCAT(title, ' ', views, ' ', coalesce(subtitle, '-')) AS value FROM posts ORDER BY id";
    let users = "SELECT mail AS value FROM users ORDER BY id";
    assert_eq!(project.rows(posts).await, ["one 7 -", "two 7 -"]);
    assert_eq!(
        project.rows(users).await,
        ["ada@example.org", "b@example.org"]
    );
    assert_eq!(
        done(&project, &second(), "check").await,
        "Models, migrations and database agree.\n"
    );
    let again = done(&project, &second(), "migrate --no-input").await;
    assert!(again.starts_with("Nothing changed"), "{again}");

    let error = project.err("downgrade").await;
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    assert!(
        error.to_string().contains("- column posts.views"),
        "{error}"
    );
    project.ok("downgrade --allow-data-loss").await;
    assert_eq!(
        B::introspect(&mut project.connection().await)
            .await
            .unwrap(),
        before
    );
    assert_eq!(
        project
            .rows("SELECT email AS value FROM users ORDER BY id")
            .await,
        ["ada@example.org", "b@example.org"]
    );
    assert_eq!(
        project
            .rows("SELECT title AS value FROM posts ORDER BY id")
            .await,
        ["one", "two"]
    );
    project.ok("upgrade").await;
    assert_eq!(project.rows(posts).await, ["one 7 -", "two 7 -"]);
    // Foreign keys still do what they say.
    project.execute("DELETE FROM users WHERE id = 1").await;
    assert_eq!(
        project.rows("SELECT title AS value FROM posts").await,
        ["two"]
    );
    project.ok("downgrade base --allow-data-loss").await;
    assert!(project.tables().await.is_empty());
}

async fn models_tell_of_renames<B: Tested>() {
    let project = begun::<B>().await;
    let before = B::introspect(&mut project.connection().await)
        .await
        .unwrap();
    let models = metadata![renamed::Member, renamed::Post];
    // Saying it twice is saying it.
    let line = "migrate -m rename --no-input --rename users=members";
    done(&project, &models, line).await;
    project.ok("upgrade").await;
    let rows = "SELECT mail AS value FROM members ORDER BY id";
    assert_eq!(
        project.rows(rows).await,
        ["ada@example.org", "b@example.org"]
    );
    let again = done(&project, &models, "migrate --no-input").await;
    assert!(again.starts_with("Nothing changed"), "{again}");
    project.ok("downgrade").await;
    let after = B::introspect(&mut project.connection().await)
        .await
        .unwrap();
    assert_eq!(after, before);
}

async fn pending_revisions_count_as_done<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    done(&project, &first(), "migrate -m one --no-input").await;
    let same = done(&project, &first(), "migrate -m two --no-input").await;
    assert!(
        same.starts_with("The database does not have 1 revision yet"),
        "{same}"
    );
    assert!(same.contains("Nothing changed"), "{same}");
    let rename = "--rename users.email=users.mail --backfill posts.views=0";
    done(
        &project,
        &second(),
        &format!("migrate -m two --no-input {rename}"),
    )
    .await;
    assert!(project.tables().await.is_empty());
    project.ok("upgrade").await;
    assert_eq!(project.versions().await.len(), 2);
    done(&project, &second(), "check").await;

    // Where they cannot be tried on a scratch copy, the way out is said.
    project.add(
        "2101-01-01-000000-0000_odd",
        "INSERT INTO nowhere VALUES (1);",
        "SELECT 1;",
    );
    let error = project
        .run(&second(), "migrate --no-input")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseBehind);
    assert!(error.to_string().contains("run `upgrade` first"), "{error}");
}

async fn a_table_without_a_model_stays_until_it_is_said<B: Tested>() {
    let project = begun::<B>().await;
    project
        .execute("CREATE TABLE legacy (id INTEGER PRIMARY KEY)")
        .await;
    let users_only = metadata![v1::User];
    let text = done(&project, &users_only, "migrate --no-input").await;
    assert!(text.starts_with("Nothing changed"), "{text}");
    assert!(
        text.contains(
            "The table posts has no model any more and stays; to drop it, say --drop posts"
        ),
        "{text}"
    );
    assert!(text.contains("no revision made it: legacy"), "{text}");
    let text = done(&project, &users_only, "migrate --no-input --drop posts").await;
    assert!(
        text.contains("- table posts   (loses what is stored there)"),
        "{text}"
    );
    project.ok("upgrade").await;
    assert_eq!(project.tables().await, ["legacy", "users"]);
    // Nothing is lost by creating the table again.
    project.ok("downgrade").await;
    assert_eq!(project.tables().await, ["legacy", "posts", "users"]);
    done(&project, &first(), "check --drift").await;
}

async fn check_names_each_disagreement<B: Tested>() {
    let project = begun::<B>().await;
    let problems = async |models: &Metadata, line: &str| {
        let (code, text) = project.run(models, line).await.expect("an answer");
        assert_eq!(code, 3, "{line}: {text}");
        text
    };
    let text = problems(&second(), "check").await;
    assert!(
        text.starts_with("models: the models have changes that no revision makes"),
        "{text}"
    );
    assert!(text.contains("+ column posts.views"), "{text}");

    project.ok("revision -m empty").await;
    let text = problems(&first(), "check").await;
    assert_eq!(
        text,
        "database: 1 revision is not applied yet; run `upgrade`\n"
    );
    project.ok("upgrade").await;
    done(&project, &first(), "check").await;

    project
        .execute("ALTER TABLE users ADD COLUMN age INTEGER")
        .await;
    let text = problems(&first(), "check --drift").await;
    assert!(text.contains("- column users.age"), "{text}");
    project.execute("ALTER TABLE users DROP COLUMN age").await;

    let edited = project
        .migrations()
        .join(&project.entries()[1])
        .join("up.sql");
    std::fs::write(&edited, "SELECT 2;").unwrap();
    let json = problems(&first(), "check --checksums --json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["agree"], false);
    assert_eq!(json["problems"][0]["check"], "checksums");

    std::fs::write(project.migrations().join("HEAD"), "head = \"other\"\n").unwrap();
    let text = problems(&first(), "check --heads").await;
    assert!(text.contains("HEAD names [\"other\"]"), "{text}");
}

async fn a_message_is_made_where_none_is_given<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let text = done(&project, &first(), "migrate --no-input").await;
    assert!(
        text.starts_with("Changes for \"create users and one more\":\n  + table users"),
        "{text}"
    );
    let folder = &project.entries()[0];
    assert!(folder.ends_with("_create_users_and_one_more"), "{folder}");
}

/// What SQLite alone makes difficult.
mod on_sqlite {
    use super::*;

    mod v3 {
        use axum_db::prelude::*;

        pub use super::super::v1::User;

        #[model(table = "posts")]
        #[derive(Debug, Clone)]
        pub struct Post {
            #[model(primary_key)]
            pub id: i32,
            #[model(length = 100)]
            pub title: String,
            #[model(default = now)]
            pub date_posted: chrono::NaiveDateTime,
            #[model(references = User, on_delete = cascade, index)]
            pub user_id: i32,
            #[model(references = User, no_join)]
            pub editor_id: Option<i32>,
        }
    }

    /// One way is a plain ALTER TABLE, the other a rebuild outside the runner's transaction.
    #[tokio::test]
    async fn a_revision_whose_scripts_differ_in_transactions_has_one_in_each() {
        let project = begun::<axum_db::Sqlite>().await;
        done(
            &project,
            &metadata![v3::User, v3::Post],
            "migrate -m editors --no-input",
        )
        .await;
        let folder = project.migrations().join(&project.entries()[1]);
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect("a file");
        assert!(read("metadata.toml").starts_with("run_in_transaction = false\n"));
        for file in ["up.sql", "down.sql"] {
            let sql = read(file);
            assert_eq!(sql.matches("BEGIN IMMEDIATE;\n").count(), 1, "{sql}");
            assert_eq!(sql.matches("COMMIT;\n").count(), 1, "{sql}");
        }
        project.ok("upgrade").await;
        project.ok("downgrade --allow-data-loss").await;
        assert_eq!(
            project
                .rows("SELECT title AS value FROM posts ORDER BY id")
                .await,
            ["one", "two"]
        );
    }

    #[tokio::test]
    async fn views_and_triggers_survive_and_are_part_of_the_proof() {
        let project = begun::<axum_db::Sqlite>().await;
        project
            .execute("CREATE VIEW titles AS SELECT title FROM posts")
            .await;
        project.execute("CREATE TABLE log (text TEXT)").await;
        project
            .execute("CREATE TRIGGER logged AFTER INSERT ON posts BEGIN INSERT INTO log VALUES (new.title); END")
            .await;
        let line = "migrate --no-input --rename users.email=users.mail --backfill posts.views=7";
        done(&project, &second(), line).await;
        project.ok("upgrade").await;
        project
            .execute("INSERT INTO posts (id, title, views, date_posted, user_id) VALUES (3, 'three', 0, '2026-01-01', 1)")
            .await;
        assert_eq!(
            project.rows("SELECT title AS value FROM titles").await,
            ["one", "two", "three"]
        );
        assert_eq!(
            project.rows("SELECT text AS value FROM log").await,
            ["three"]
        );
        project.ok("downgrade --allow-data-loss").await;
        assert_eq!(
            project
                .rows("SELECT title AS value FROM titles")
                .await
                .len(),
            3
        );
    }
}
