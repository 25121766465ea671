//! SQLite.

use axum_db::Sqlite;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use testkit::TestDatabase;

use super::cases::{ROWS, START, shared};
use super::harness::{Server, Text, run_all};
use super::sqlite_cases;
use super::{laws, models, said, scoreboard};

impl Server for Sqlite {
    fn database() -> TestDatabase {
        testkit::sqlite()
    }

    fn translate(sql: &str) -> String {
        sql.replace("{ID}", "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL")
            .replace("{REF}", "INTEGER")
            .replace("{TEXT}", "TEXT")
            .replace("{TIMESTAMP}", "TIMESTAMP")
            .replace("{Q}", "\"")
            .replace("{ODD}", r#""o""d`d; DROP TABLE users; --""#)
            .replace(
                "{CYCLE}",
                "CREATE TABLE hen (id INTEGER PRIMARY KEY, egg_id INTEGER REFERENCES egg (id));\n\
                 CREATE TABLE egg (id INTEGER PRIMARY KEY, hen_id INTEGER REFERENCES hen (id));\n",
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
    run_all::<Sqlite>(START, ROWS, shared()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_only_the_text_of_a_table_says() {
    run_all::<Sqlite>(
        sqlite_cases::START,
        sqlite_cases::ROWS,
        sqlite_cases::cases(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn no_false_alarms() {
    laws::no_false_alarm::<Sqlite>(START).await;
    laws::no_false_alarm::<Sqlite>(sqlite_cases::START).await;
}

const SCOREBOARD: &str = include_str!("scoreboard/sqlite.txt");

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn scoreboard() {
    scoreboard::run::<Sqlite>(SCOREBOARD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn scoreboard_untouched() {
    scoreboard::untouched::<Sqlite>(SCOREBOARD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn a_hundred_tables_take_as_many_queries_as_one() {
    laws::constant_queries::<Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn random_pairs() {
    laws::random_pairs::<Sqlite>(150).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn models_of_every_type() {
    models::every_type::<Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn all_that_models_have_words_for() {
    said::every_word::<Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_models_cannot_say_stays() {
    models::what_models_cannot_say::<Sqlite>(
        "CREATE TABLE people (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, \
         name TEXT NOT NULL ON CONFLICT IGNORE, mail TEXT, price INTEGER NOT NULL DEFAULT 3, \
         CONSTRAINT people_mail_key UNIQUE (mail) ON CONFLICT REPLACE);\n",
    )
    .await;
}
