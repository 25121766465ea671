//! What a setting does, on every engine that has it.

use std::time::Duration;

use axum_db::{Config, ErrorKind};

use super::fresh;
use super::support::{Db, count, database, execute};

#[tokio::test]
async fn limits_beyond_what_a_server_takes_are_its_longest_and_off_is_none() {
    let server = fresh();
    for limit in [Some(Duration::MAX), Some(Duration::from_nanos(1)), None] {
        let mut config = Config::new(server.url());
        config.lock_timeout = limit;
        config.idle_in_transaction_timeout = limit;
        if limit != Some(Duration::from_nanos(1)) {
            config.statement_timeout = limit;
        }
        let database = Db::connect(config).await.expect("a database");
        database.check().await.expect("a connection");
    }
}

#[tokio::test]
async fn closing_waits_for_what_is_in_use() {
    let server = fresh();
    let database = database(server.url(), 4).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    let finishing = async {
        tokio::task::yield_now().await;
        let outcome = db.commit().await;
        drop(db);
        outcome
    };
    let ((), committed) = tokio::join!(database.close(), finishing);
    committed.expect("a commit");
    let late = database.session();
    let error = execute(&late, "INSERT INTO notes VALUES (2, 2)")
        .await
        .expect_err("it is closed");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(
        count(
            &Db::connect(server.url())
                .await
                .expect("a database")
                .session()
        )
        .await,
        1
    );
}

#[tokio::test]
async fn closing_waits_no_longer_than_a_request_would() {
    let server = fresh();
    let mut config = Config::new(server.url());
    config.pool_timeout = Duration::from_millis(100);
    let database = Db::connect(config).await.expect("a database");
    let db = database.session();
    db.begin().await.expect("a connection");
    database.close().await;
    db.rollback().await.expect("its connection is still there");
}
