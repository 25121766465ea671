//! MySQL and MariaDB.

use axum_db::Mysql;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use testkit::TestDatabase;

use super::cases::{ROWS, START, shared};
use super::harness::{Server, Text, run_all};
use super::mysql_cases;
use super::{laws, models, said, scoreboard};

impl Server for Mysql {
    fn database() -> TestDatabase {
        testkit::mysql()
    }

    fn translate(sql: &str) -> String {
        sql.replace("{ID}", "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY")
            .replace("{REF}", "INTEGER")
            .replace("{TEXT}", "TEXT")
            .replace("{TIMESTAMP}", "DATETIME")
            .replace("{Q}", "`")
            .replace("{ODD}", "`o\"d``d; DROP TABLE users; --`")
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
    run_all::<Mysql>(START, ROWS, shared()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_only_mysql_has() {
    run_all::<Mysql>(mysql_cases::START, mysql_cases::ROWS, mysql_cases::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn no_false_alarms() {
    laws::no_false_alarm::<Mysql>(START).await;
    laws::no_false_alarm::<Mysql>(mysql_cases::START).await;
}

const SCOREBOARD: &str = include_str!("scoreboard/mysql.txt");

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn scoreboard() {
    scoreboard::run::<Mysql>(SCOREBOARD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn scoreboard_untouched() {
    scoreboard::untouched::<Mysql>(SCOREBOARD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn a_hundred_tables_take_as_many_queries_as_one() {
    laws::constant_queries::<Mysql>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn random_pairs() {
    laws::random_pairs::<Mysql>(12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn models_of_every_type() {
    models::every_type::<Mysql>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn all_that_models_have_words_for() {
    said::every_word::<Mysql>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn what_models_cannot_say_stays() {
    models::what_models_cannot_say::<Mysql>(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, price INTEGER NOT NULL DEFAULT 3 CHECK (price > 1));\n",
    )
    .await;
}
