//! PostgreSQL.

use axum_db::Postgres;
use axum_migrate::Engine;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use testkit::TestDatabase;

use super::cases::{ROWS, START, shared};
use super::harness::{Server, Text, connect, run_all, statements};
use super::postgres_cases;
use super::{laws, models, said};

impl Server for Postgres {
    fn database() -> TestDatabase {
        testkit::postgres()
    }

    fn translate(sql: &str) -> String {
        sql.replace("{ID}", "SERIAL PRIMARY KEY")
            .replace("{REF}", "INTEGER")
            .replace("{TEXT}", "TEXT")
            .replace("{TIMESTAMP}", "TIMESTAMP")
            .replace("{Q}", "\"")
            .replace("{ODD}", r#""o""d`d; DROP TABLE users; --""#)
            .replace(
                "{CYCLE}",
                "CREATE TABLE hen (id INTEGER PRIMARY KEY, egg_id INTEGER);\n\
                 CREATE TABLE egg (id INTEGER PRIMARY KEY, hen_id INTEGER REFERENCES hen (id));\n\
                 ALTER TABLE hen ADD CONSTRAINT hen_egg_id_fkey FOREIGN KEY (egg_id) REFERENCES egg (id);\n",
            )
    }

    async fn texts(
        conn: &mut Self::Connection,
        sql: &str,
    ) -> Result<Vec<String>, diesel::result::Error> {
        let rows: Vec<Text> = sql_query(sql).load(conn).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn shared_changes() {
    run_all::<Postgres>(START, ROWS, shared()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_only_postgres_has() {
    run_all::<Postgres>(
        postgres_cases::START,
        postgres_cases::ROWS,
        postgres_cases::cases(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn no_false_alarms() {
    laws::no_false_alarm::<Postgres>(START).await;
    laws::no_false_alarm::<Postgres>(postgres_cases::START).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn a_hundred_tables_take_as_many_queries_as_one() {
    laws::constant_queries::<Postgres>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn random_pairs() {
    laws::random_pairs::<Postgres>(30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn models_of_every_type() {
    models::every_type::<Postgres>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn all_that_models_have_words_for() {
    said::every_word::<Postgres>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_models_cannot_say_stays() {
    models::what_models_cannot_say::<Postgres>(
        "CREATE TABLE people (id SERIAL PRIMARY KEY, price INTEGER NOT NULL DEFAULT 3);\n",
    )
    .await;
}

#[tokio::test]
async fn a_user_who_may_make_no_schema_compares_in_the_temporary_one() {
    let database = testkit::postgres();
    let mut conn = connect::<Postgres>(&database).await.expect("a connection");
    let conn = &mut conn;
    let start = statements(&Postgres::translate(START));
    for statement in &start {
        <Postgres as Engine>::execute(conn, statement)
            .await
            .expect("the start");
    }
    let role = format!("axum_migrate_test_{}", std::process::id());
    let limit = format!(
        "CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; SET ROLE {role}"
    );
    <Postgres as Engine>::execute(conn, &limit)
        .await
        .expect("a role");
    let is = Postgres::introspect(conn).await.expect("the schema");
    let desired = Postgres::scratch_schema(conn, &start).await;
    let back = format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}");
    <Postgres as Engine>::execute(conn, &back)
        .await
        .expect("no role");
    assert!(is.is_same_as(&desired.expect("the scratch schema")));
}
