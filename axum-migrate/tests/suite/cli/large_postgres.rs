//! Schemas that need more locks than a PostgreSQL transaction has at the default settings.

use axum_db::model::{ColumnDef, IndexDef, TableDef};
use axum_db::{Metadata, Postgres};
use axum_migrate::{Engine, Schema};
use diesel::sql_types::{Integer, Text};

use crate::support::Project;

/// So many tables of five indexes, the last in this schema if there is one.
fn models(tables: usize, schema: Option<&'static str>) -> Metadata {
    Metadata::new((0..tables).map(|at| {
        let mut table = TableDef::new(format!("t{at:04}"))
            .column(ColumnDef::new::<Integer>("id"))
            .primary_key(["id"]);
        if let Some(schema) = schema.filter(|_| at % 2 == 1) {
            table = table.schema(schema);
        }
        for index in 0..5 {
            let column = format!("c{index}");
            table = table
                .column(ColumnDef::new::<Text>(column.clone()).nullable())
                .index(IndexDef::new([column]));
        }
        table
    }))
}

async fn make(project: &Project<Postgres>, models: &Metadata) {
    let mut conn = project.connection().await;
    // As an application would over the years.
    for piece in models
        .create_statements(axum_db::Dialect::Postgres)
        .chunks(100)
    {
        Postgres::execute(&mut conn, &piece.join(";\n"))
            .await
            .expect("tables");
    }
}

async fn everything(project: &Project<Postgres>) -> Schema {
    Postgres::introspect(&mut project.connection().await)
        .await
        .expect("the schema")
}

const SCRATCH: &str =
    "SELECT nspname::text AS value FROM pg_namespace WHERE nspname ~ '^axum_migrate_' ORDER BY 1";

/// More than holds the locks of a piece; some thousand need nothing else, and minutes.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn more_tables_than_a_transaction_has_locks_for_are_adopted_generated_and_upgraded() {
    let models = models(MANY, None);
    let project = Project::<Postgres>::new().await;
    make(&project, &models).await;
    project.execute("INSERT INTO t0000 VALUES (1, 'a')").await;
    let before = everything(&project).await;

    let told = project.ok("adopt").await;
    assert!(told.contains("Found 200 tables, 1000 indexes."), "{told}");
    assert_eq!(everything(&project).await, before);
    assert_eq!(project.rows(SCRATCH).await, [""; 0]);
    let (_, told) = project.run(&models, "migrate --no-input").await.unwrap();
    assert!(told.contains("Nothing changed"), "{told}");

    // In pieces, each of which stays.
    let empty = Project::<Postgres>::new().await;
    let folder = project.migrations();
    let line = |line: &str| format!("{line} --dir {}", folder.display());
    let sql = empty.ok(&line("upgrade --sql")).await;
    assert_eq!(sql.matches("COMMIT;").count(), 2, "{sql}");
    empty.ok(&line("upgrade")).await;
    assert_eq!(everything(&empty).await, before);
    empty.ok(&line("downgrade base --allow-data-loss")).await;
    assert!(everything(&empty).await.tables.is_empty());

    // The same from models.
    empty.ok("init").await;
    let told = empty.run(&models, "migrate -m all --no-input").await;
    assert!(told.unwrap().1.contains("Wrote"));
    empty.ok("upgrade").await;
    let (_, told) = empty.run(&models, "migrate --no-input").await.unwrap();
    assert!(told.contains("Nothing changed"), "{told}");
    assert_eq!(empty.rows(SCRATCH).await, [""; 0]);
}

/// Schemas that are named are swapped for empty ones, and back before a piece is committed.
#[tokio::test(flavor = "multi_thread")]
async fn many_tables_of_several_schemas_leave_those_as_they_are() {
    let models = models(MANY, Some("other"));
    let project = Project::<Postgres>::new().await;
    project.execute("CREATE SCHEMA other").await;
    make(&project, &models).await;
    project
        .execute(
            "INSERT INTO other.t0001 VALUES (1, 'a'); CREATE VIEW other.v AS SELECT * FROM t0000",
        )
        .await;
    let before = everything(&project).await;
    project.ok("adopt --schema other").await;
    assert_eq!(everything(&project).await, before);
    let rows = "SELECT c0 AS value FROM other.t0001";
    assert_eq!(project.rows(rows).await, ["a"]);
    let (_, told) = project.run(&models, "migrate --no-input").await.unwrap();
    assert!(told.contains("Nothing changed"), "{told}");
    assert_eq!(project.rows(SCRATCH).await, [""; 0]);

    let empty = Project::<Postgres>::new().await;
    let folder = project.migrations();
    let line = |line: &str| format!("{line} --dir {}", folder.display());
    empty.ok(&line("upgrade")).await;
    assert_eq!(everything(&empty).await, before);
    empty.ok(&line("downgrade base --allow-data-loss")).await;
    assert_eq!(empty.tables().await, [""; 0]);
}

/// A script that reaches out of the scratch place is not committed, whatever it needs.
#[tokio::test(flavor = "multi_thread")]
async fn what_scripts_do_outside_of_the_scratch_place_is_taken_back() {
    let views: Vec<String> = (0..1_800)
        .map(|at| format!("CREATE VIEW v{at} AS SELECT 1 AS one;"))
        .collect();
    let live = "CREATE SCHEMA live; CREATE TABLE live.things (id integer PRIMARY KEY); \
         INSERT INTO live.things VALUES (1); CREATE TABLE live.old (id integer); CREATE TYPE live.mood AS ENUM ('ok'); \
         CREATE FUNCTION live.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'";
    for reach in [
        "INSERT INTO live.things VALUES (2)",
        "DROP TABLE live.old",
        "CREATE OR REPLACE FUNCTION live.one() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
        "ALTER TYPE live.mood RENAME VALUE 'ok' TO 'bad'",
        "DO $$ BEGIN CREATE DOMAIN live.more AS text; GRANT ALL ON SCHEMA live TO PUBLIC; END $$",
    ] {
        let project = Project::<Postgres>::new().await;
        project.execute(live).await;
        let state = || async {
            let rows = project
                .rows("SELECT (id + live.one())::text AS value FROM live.things")
                .await;
            let acl = project
                .rows("SELECT coalesce(nspacl::text, '') AS value FROM pg_namespace WHERE nspname = 'live'")
                .await;
            (everything(&project).await, rows, acl)
        };
        let before = state().await;
        project.ok("init").await;
        project.add(
            "2026-01-01-000000-0000_a",
            &format!(
                "CREATE TABLE t0 (id integer);\n{reach};\n{}",
                views.join("\n")
            ),
            "DROP TABLE t0;",
        );
        let _ = project
            .run(&Metadata::default(), "migrate --no-input --dry-run")
            .await;
        assert_eq!(state().await, before, "{reach}");
        assert_eq!(project.rows(SCRATCH).await, [""; 0], "{reach}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_program_left_behind_is_removed_and_what_lives_is_not() {
    let project = Project::<Postgres>::new().await;
    project.ok("init").await;
    let sql = "CREATE TABLE a (id INTEGER PRIMARY KEY);";
    project.add("2026-01-01-000000-0000_a", sql, "DROP TABLE a;");
    let mut alive = project.connection().await;
    let name = "SELECT 'axum_migrate_scratch_' || pid || '_' || floor(extract(epoch FROM backend_start)) AS value \
         FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let alive = <Postgres as crate::support::Tested>::rows(&mut alive, name).await;
    let (alive, dead) = (&alive[0], "axum_migrate_scratch_1_1");
    for name in [alive, dead, "axum_migrate_scratch_of_mine"] {
        project
            .execute(&format!(
                "CREATE SCHEMA {name}; CREATE TABLE {name}.a (id integer)"
            ))
            .await;
    }
    project.ok("verify").await;
    assert_eq!(
        project.rows(SCRATCH).await,
        [alive, "axum_migrate_scratch_of_mine"]
    );
}
