//! A request's time is up while the server is silent.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::{Backend, Config, Database, ErrorKind};
use testkit::TestDatabase;

use super::proxy::Proxy;
use super::support::{self, Db, count, execute, status};
use super::{Engine, fresh};

const SHORT: Duration = Duration::from_millis(700);

/// A database with one row that is locked by whoever changes it, behind a proxy and not.
async fn silent() -> (TestDatabase, Proxy, Database<Engine>, Database<Engine>) {
    let server = fresh();
    let direct = support::database(server.url(), 2).await;
    let db = direct.session();
    execute(&db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    drop(db);
    let proxy = Proxy::before(server.url(), Engine::DIALECT).await;
    let mut config = Config::new(proxy.url());
    config.max_connections = 2;
    let database = Database::with_config(config).expect("a database");
    (server, proxy, database, direct)
}

/// Others write the row that was locked, and the pool has all its connections again.
async fn nothing_is_left(direct: &Database<Engine>, database: &Database<Engine>) {
    let writing = async {
        let db = direct.session();
        execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 1").await?;
        db.commit().await
    };
    let written = tokio::time::timeout(Duration::from_secs(20), writing).await;
    written.expect("the lock is gone").expect("a write");
    let sessions: Vec<Db> = (0..2).map(|_| database.session()).collect();
    for db in &sessions {
        let rows = tokio::time::timeout(Duration::from_secs(20), count(db)).await;
        assert!(rows.is_ok_and(|rows| rows > 0), "a connection each");
    }
}

#[tokio::test]
async fn during_begin_the_caller_hears_of_it_and_nothing_is_left() {
    let (_server, proxy, database, direct) = silent().await;
    count(&database.session()).await;
    proxy.hold_after("BEGIN");
    let db = database.session().with_deadline(SHORT);
    let error = db.begin().await.expect_err("the server is silent");
    assert_eq!(error.kind(), ErrorKind::Deadline);
    let db = database.session().with_deadline(SHORT);
    let error = execute(&db, "UPDATE notes SET n = 5 WHERE id = 1")
        .await
        .expect_err("the server is silent");
    assert_eq!(error.kind(), ErrorKind::Deadline);
    drop(db);
    proxy.release();
    nothing_is_left(&direct, &database).await;
    assert_eq!(
        support::number(&direct.session(), "SELECT n FROM notes WHERE id = 1")
            .await
            .expect("a number"),
        2
    );
}

#[tokio::test]
async fn during_a_query_the_caller_hears_of_it_and_nothing_is_left() {
    let (_server, proxy, database, direct) = silent().await;
    proxy.hold_after("UPDATE");
    let handler = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (2, 1)").await?;
        execute(&db, "UPDATE notes SET n = 5 WHERE id = 1").await?;
        db.commit().await
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer().with_deadline(SHORT));
    assert_eq!(status(&app, "/").await, StatusCode::SERVICE_UNAVAILABLE);
    // The clean-up does not need the server's answers.
    let db = direct.session();
    let writing = execute(&db, "UPDATE notes SET n = 7 WHERE id = 1");
    let written = tokio::time::timeout(Duration::from_secs(20), writing).await;
    written.expect("the lock is gone").expect("a write");
    drop(db);
    proxy.release();
    nothing_is_left(&direct, &database).await;
    assert_eq!(count(&direct.session()).await, 1);
}

#[tokio::test]
async fn during_commit_the_outcome_is_unknown_and_said_to_be() {
    let (_server, proxy, database, direct) = silent().await;
    let commit = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (2, 1)").await?;
        let outcome = db.commit().await;
        let error = outcome.as_ref().expect_err("the server is silent");
        assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
        outcome
    };
    let swallow = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (3, 1)").await?;
        assert!(db.commit().await.is_err());
        Ok::<_, axum_db::Error>("it worked, or so it seems")
    };
    let app = Router::new()
        .route("/commit", get(commit))
        .route("/swallow", get(swallow))
        .layer(database.layer().with_deadline(SHORT));
    proxy.hold_after("COMMIT");
    assert_eq!(
        status(&app, "/commit").await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(
        status(&app, "/swallow").await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    // It had reached the server, which is what nobody could know.
    assert_eq!(count(&direct.session()).await, 3);
    proxy.release();
    nothing_is_left(&direct, &database).await;
}

#[tokio::test]
async fn a_commit_in_doubt_is_said_to_be_after_the_deadline_too() {
    let (_server, proxy, database, direct) = silent().await;
    proxy.hold_after("COMMIT");
    let db = database.session().with_deadline(SHORT);
    execute(&db, "INSERT INTO notes VALUES (2, 1)")
        .await
        .expect("a write");
    let dropped = tokio::time::timeout(SHORT / 3, db.commit()).await;
    assert!(dropped.is_err(), "the server is silent");
    tokio::time::sleep(SHORT).await;
    let error = db.commit().await.expect_err("nobody knows");
    assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
    drop(db);
    proxy.release();
    nothing_is_left(&direct, &database).await;
}

#[tokio::test]
async fn a_clean_up_that_the_server_does_not_answer_keeps_no_place_in_the_pool() {
    let (_server, proxy, database, direct) = silent().await;
    proxy.hold_after("ROLLBACK");
    for _ in 0..2 {
        let db = database.session();
        execute(&db, "UPDATE notes SET n = 5 WHERE id = 1")
            .await
            .expect("a write");
    }
    // The places are free again while the server is still silent.
    nothing_is_left(&direct, &database).await;
    proxy.release();
}

#[tokio::test]
async fn a_rollback_that_the_server_does_not_answer_ends_without_a_deadline() {
    const WRITE: &str = "UPDATE notes SET n = 5 WHERE id = 1";
    let (_server, proxy, database, direct) = silent().await;
    proxy.hold_after("ROLLBACK");
    let db = database.session();
    execute(&db, WRITE).await.expect("a write");
    let rolled_back = tokio::time::timeout(Duration::from_secs(60), db.rollback()).await;
    rolled_back.expect("it ends").expect("a rollback");
    // The same session goes on, over another connection.
    execute(&db, "SELEKT 1")
        .await
        .expect_err("no such statement");
    let outcome = tokio::time::timeout(Duration::from_secs(60), db.commit()).await;
    outcome.expect("it ends").expect_err("it was rolled back");
    drop(db);
    let handler = async |db: Db| execute(&db, WRITE).await.map(|_| ());
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer());
    let answer = tokio::time::timeout(Duration::from_secs(60), status(&app, "/")).await;
    assert_eq!(answer.expect("an answer"), StatusCode::OK);
    nothing_is_left(&direct, &database).await;
    proxy.release();
}

#[tokio::test]
async fn a_connection_in_hand_goes_back_to_the_pool_when_it_was_in_time() {
    let (_server, proxy, database, _direct) = silent().await;
    for _ in 0..8 {
        let db = database.session().with_deadline(Duration::from_secs(600));
        let conn = db.conn().await.expect("a connection");
        drop(conn);
        db.commit().await.expect("a commit");
        drop(db);
        // Its settings are restored in the background; another one is opened meanwhile, and that is all.
        assert!(proxy.connections() <= 2);
    }
    assert_eq!(count(&database.session()).await, 1);
}
