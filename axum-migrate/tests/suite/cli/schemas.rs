//! PostgreSQL's other schemas, and what stands in the way of a change.

use axum_db::model::{ColumnDef, TableDef};
use axum_db::{Metadata, Postgres};
use diesel::sql_types;

use crate::support::Project;

const AUDIT: &str = "\
CREATE SCHEMA audit;
CREATE TYPE audit.level AS ENUM ('info', 'error');
CREATE TABLE audit.log (id integer PRIMARY KEY, level audit.level NOT NULL DEFAULT 'info');
";

#[tokio::test(flavor = "multi_thread")]
async fn schemas_that_no_model_and_no_revision_names_are_not_looked_at() {
    let project = Project::<Postgres>::new().await;
    project
        .execute("CREATE SCHEMA theirs; CREATE TABLE theirs.things (id integer)")
        .await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_audit",
        AUDIT,
        "DROP SCHEMA audit CASCADE",
    );
    project.ok("upgrade").await;
    project.ok("check --drift").await;
    let said = project.ok("migrate --dry-run --no-input").await;
    assert!(
        said.contains("The table audit.log has no model any more"),
        "{said}"
    );
    assert!(!said.contains("things"), "{said}");

    // What was changed by hand there is seen.
    project
        .execute("ALTER TABLE audit.log ADD COLUMN message text; ALTER TABLE theirs.things ADD COLUMN n integer")
        .await;
    let (code, said) = project
        .run(&Metadata::default(), "check --drift")
        .await
        .expect("an answer");
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("- column audit.log.message"), "{said}");
    assert!(!said.contains("things"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_may_name_the_default_schema() {
    let project = Project::<Postgres>::new().await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_first",
        "CREATE TABLE public.notes (id integer PRIMARY KEY);\nCREATE INDEX ON public.notes (id);",
        "DROP TABLE public.notes",
    );
    project.ok("upgrade").await;
    // The history is run again beside what is there.
    project.ok("check --drift").await;
}

/// The models could not tell, and the revisions can.
#[tokio::test(flavor = "multi_thread")]
async fn drift_is_seen_where_models_have_no_words() {
    let project = Project::<Postgres>::new().await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_first",
        "CREATE TABLE notes (id serial, title text, CONSTRAINT notes_pkey PRIMARY KEY (id));\n\
         CREATE INDEX notes_title_idx ON notes (title) WITH (fillfactor = 80);",
        "DROP TABLE notes",
    );
    project.ok("upgrade").await;
    project.ok("check --drift").await;
    for (change, back, says) in [
        (
            "ALTER TABLE notes SET (fillfactor = 70)",
            "ALTER TABLE notes RESET (fillfactor)",
            "~ options of table notes",
        ),
        (
            "ALTER TABLE notes RENAME CONSTRAINT notes_pkey TO mine",
            "ALTER TABLE notes RENAME CONSTRAINT mine TO notes_pkey",
            "notes",
        ),
        (
            "ALTER SEQUENCE notes_id_seq INCREMENT BY 2",
            "ALTER SEQUENCE notes_id_seq INCREMENT BY 1",
            "~ column notes.id",
        ),
    ] {
        project.execute(change).await;
        let checked = project.run(&Metadata::default(), "check --drift").await;
        let (code, said) = checked.expect("an answer");
        assert_eq!(code, 3, "{change}: {said}");
        assert!(said.contains(says), "{change}: {said}");
        project.execute(back).await;
        project.ok("check --drift").await;
    }
}

fn notes(length: u32) -> Metadata {
    Metadata::new([TableDef::new("notes")
        .column(ColumnDef::new::<sql_types::Integer>("id").auto_increment())
        .column(ColumnDef::new::<sql_types::Text>("title").length(length))
        .primary_key(["id"])])
}

#[tokio::test(flavor = "multi_thread")]
async fn views_and_partial_indexes_stand_again_after_a_change_of_type() {
    let project = Project::<Postgres>::new().await;
    let run = async |models: &Metadata, line: &str| {
        let (code, said) = project.run(models, line).await.expect("an answer");
        assert_eq!(code, 0, "{said}");
        said
    };
    run(&notes(20), "init").await;
    run(&notes(20), "migrate -m first").await;
    run(&notes(20), "upgrade").await;
    project
        .execute(
            "CREATE INDEX notes_draft ON notes (id) WHERE title = 'draft';
             CREATE VIEW titles AS SELECT title FROM notes;
             COMMENT ON VIEW titles IS 'what they are called';
             INSERT INTO notes (title) VALUES ('draft')",
        )
        .await;
    let said = run(&notes(30), "migrate -m longer --dry-run").await;
    assert!(said.contains("DROP VIEW \"titles\""), "{said}");
    assert!(said.contains("CREATE VIEW titles AS"), "{said}");
    run(&notes(30), "migrate -m longer").await;
    run(&notes(30), "upgrade").await;
    let said = run(&notes(30), "migrate").await;
    assert!(said.contains("Nothing changed"), "{said}");
    let rows = project
        .rows(
            "SELECT title || obj_description('titles'::regclass, 'pg_class') AS value FROM titles",
        )
        .await;
    assert_eq!(rows, ["draftwhat they are called"]);
    run(&notes(30), "downgrade --allow-data-loss").await;
    assert_eq!(
        project.rows("SELECT title AS value FROM titles").await,
        ["draft"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_view_reads_is_not_dropped() {
    let project = Project::<Postgres>::new().await;
    project
        .execute("CREATE TABLE notes (id serial PRIMARY KEY, title varchar(20) NOT NULL, old text); CREATE VIEW olds AS SELECT old FROM notes")
        .await;
    project.ok("init").await;
    let refused = project
        .run(&notes(20), "migrate -m drop")
        .await
        .expect_err("a view is in the way");
    let said = refused.to_string();
    assert!(said.contains("the view olds reads it"), "{said}");
    assert_eq!(project.entries(), ["HEAD"]);
}

fn indexed(columns: &[&str]) -> Metadata {
    let mut table = TableDef::new("notes")
        .column(ColumnDef::new::<sql_types::Integer>("id").auto_increment())
        .column(ColumnDef::new::<sql_types::Text>("title").length(20))
        .column(ColumnDef::new::<sql_types::Integer>("views").nullable())
        .primary_key(["id"]);
    for column in columns {
        table = table.index([(*column).to_owned()]);
    }
    Metadata::new([table])
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_made_and_dropped_in_revisions_of_their_own() {
    let project = Project::<Postgres>::new().await;
    let run = async |models: &Metadata, line: &str| {
        let (code, said) = project.run(models, line).await.expect("an answer");
        assert_eq!(code, 0, "{said}");
        said
    };
    run(&notes(20), "init").await;
    run(&notes(20), "migrate -m first --concurrently").await;
    run(&notes(20), "upgrade").await;
    assert_eq!(project.versions().await.len(), 1);

    // A column comes first, then each index by itself.
    let models = indexed(&["title", "views"]);
    run(&models, "migrate -m second --concurrently").await;
    let folders: Vec<String> = project
        .entries()
        .into_iter()
        .filter(|name| name.starts_with("20"))
        .collect();
    assert_eq!(folders.len(), 4, "{folders:?}");
    for folder in &folders[2..] {
        let read = |file: &str| {
            std::fs::read_to_string(project.migrations().join(folder).join(file)).expect(file)
        };
        let (up, down) = (read("up.sql"), read("down.sql"));
        assert!(up.starts_with("CREATE INDEX CONCURRENTLY"), "{up}");
        assert!(down.starts_with("DROP INDEX CONCURRENTLY"), "{down}");
        assert_eq!((up.matches(';').count(), down.matches(';').count()), (1, 1));
        assert!(read("metadata.toml").contains("run_in_transaction = false"));
    }
    run(&models, "upgrade").await;
    run(&models, "check").await;
    run(&models, "downgrade -3 --allow-data-loss").await;
    run(&models, "upgrade").await;

    // One goes, another comes.
    let models = indexed(&["views"]);
    run(&models, "migrate -m third --concurrently").await;
    run(&models, "upgrade").await;
    run(&models, "check").await;
    assert_eq!(project.versions().await.len(), 5);
    let said = run(&models, "migrate --concurrently").await;
    assert!(said.contains("Nothing changed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_never_finished_is_made_anew() {
    let project = Project::<Postgres>::new().await;
    let models = indexed(&["title"]);
    let run = async |line: &str| {
        let (code, said) = project.run(&models, line).await.expect("an answer");
        assert_eq!(code, 0, "{said}");
        said
    };
    run("init").await;
    run("migrate -m first").await;
    run("upgrade").await;
    project
        .execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'notes_title_idx'::regclass",
        )
        .await;
    let said = run("migrate -m again --concurrently").await;
    assert!(
        said.contains("left invalid by CREATE INDEX CONCURRENTLY"),
        "{said}"
    );
    run("upgrade").await;
    run("check").await;
}

fn shelf(table: TableDef, title: ColumnDef) -> Metadata {
    Metadata::new([table
        .schema("library")
        .column(ColumnDef::new::<sql_types::Integer>("id").auto_increment())
        .column(title)
        .primary_key(["id"])])
}

#[tokio::test(flavor = "multi_thread")]
async fn models_tell_of_renames_in_their_schema() {
    let project = Project::<Postgres>::new().await;
    let run = async |models: &Metadata, line: &str| {
        let (code, said) = project.run(models, line).await.expect("an answer");
        assert_eq!(code, 0, "{said}");
        said
    };
    let title = |name: &'static str| ColumnDef::new::<sql_types::Text>(name);
    let before = shelf(TableDef::new("books"), title("title"));
    run(&before, "init").await;
    run(&before, "migrate -m first").await;
    run(&before, "upgrade").await;
    project
        .execute("INSERT INTO library.books (title) VALUES ('one')")
        .await;
    let after = shelf(
        TableDef::new("works").renamed_from("books"),
        title("headline").renamed_from("title"),
    );
    run(&after, "migrate -m second --no-input").await;
    run(&after, "upgrade").await;
    let rows = project
        .rows("SELECT headline AS value FROM library.works")
        .await;
    assert_eq!(rows, ["one"]);
    let said = run(&after, "migrate --no-input").await;
    assert!(said.starts_with("Nothing changed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_gives_the_search_path_back_after_each_revision() {
    let project = Project::<Postgres>::new().await;
    project.ok("init").await;
    project.add(
        "2026-01-01-000000-0000_first",
        "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a (id integer);",
        "DROP TABLE a",
    );
    project.add(
        "2026-01-02-000000-0000_second",
        "CREATE TABLE b (id integer)",
        "DROP TABLE b",
    );
    let script = project.ok("upgrade --sql").await;
    let at = |text: &str| {
        script
            .find(text)
            .unwrap_or_else(|| panic!("no {text} in\n{script}"))
    };
    assert!(at("public.a") < at("RESET search_path") && at("RESET search_path") < at("TABLE b"));
    assert_eq!(script.matches("RESET search_path").count(), 1);
}

mod audit {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[db_enum(name = "level", schema = "audit")]
    pub enum AuditLevel {
        Info,
        Error,
    }

    #[model(table = "log", schema = "audit")]
    #[derive(Debug, Clone)]
    pub struct AuditLog {
        #[model(primary_key, auto_increment = false)]
        pub id: i32,
        #[model(db_enum, default = AuditLevel::Info)]
        pub level: AuditLevel,
    }

    /// In the default schema, of a type that is not.
    #[model]
    #[derive(Debug, Clone)]
    pub struct Alarm {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum)]
        pub level: AuditLevel,
        #[model(db_enum)]
        pub before: Option<AuditLevel>,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enums_of_another_schema_become_models_that_differ_in_nothing() {
    let project = Project::<Postgres>::new().await;
    project.execute(AUDIT).await;
    project
        .execute("CREATE SCHEMA \"to-do\"; CREATE TABLE \"to-do\".items (id integer PRIMARY KEY, label text)")
        .await;
    let written = project.ok("models").await;
    for part in [
        "#[db_enum(name = \"level\", schema = \"audit\")]\npub enum AuditLevel {\n    Info,\n    Error,\n}",
        "#[model(table = \"log\", schema = \"audit\")]\n#[derive(Debug, Clone)]\npub struct AuditLog {",
        "#[model(db_enum, default = AuditLevel::Info)]\n    pub level: AuditLevel,",
        "// The table `to-do.items` has no model: its schema's name is no identifier of Rust",
    ] {
        assert!(written.contains(part), "{written}");
    }
    project.ok("init").await;
    let (_, said) = project
        .run(
            &axum_db::metadata![audit::AuditLog],
            "migrate --dry-run --no-input",
        )
        .await
        .expect("an answer");
    assert!(said.starts_with("Nothing changed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn enums_of_another_schema_are_made_written_and_dropped() {
    use audit::{Alarm, AuditLevel, AuditLog, NewAlarm};
    use axum_db::prelude::*;

    let project = Project::<Postgres>::new().await;
    let models = axum_db::metadata![AuditLog, Alarm];
    for line in ["init", "migrate -m first", "upgrade", "check"] {
        let (code, said) = project.run(&models, line).await.expect("an answer");
        assert_eq!(code, 0, "{said}");
    }
    let database = axum_db::Database::<Postgres>::connect(project.url())
        .await
        .expect("a database");
    // A type of that name which is found first is another one.
    project
        .execute("CREATE TYPE level AS ENUM ('neither')")
        .await;
    let db = database.session();
    let new = NewAlarm::new(AuditLevel::Error).before(AuditLevel::Info);
    let alarm = new.insert(&db).await.expect("a row");
    assert_eq!(alarm.before, Some(AuditLevel::Info));
    db.commit().await.expect("a commit");
    // What is there already is left, and what the models have goes.
    database.create_all(&models).await.expect("nothing to do");
    database.drop_all(&models).await.expect("no tables");
    let types = "SELECT n.nspname || '.' || t.typname AS value FROM pg_type t \
         JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e'";
    assert_eq!(project.rows(types).await, ["public.level"]);
    database.create_all(&models).await.expect("all of it");
    let found = Alarm::query().row_count(&database.session()).await;
    assert_eq!(found.expect("a count"), 0);
}
