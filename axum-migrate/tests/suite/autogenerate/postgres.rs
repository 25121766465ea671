//! PostgreSQL.

use axum_db::Postgres;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use testkit::TestDatabase;

use super::cases::{ROWS, START, shared};
use super::harness::{Server, Text, run_all};
use super::postgres_cases;
use super::{laws, models};

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
    laws::random_pairs::<Postgres>(60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn models_of_every_type() {
    models::every_type::<Postgres>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_models_cannot_say_stays() {
    models::what_models_cannot_say::<Postgres>(postgres_cases::START).await;
}
