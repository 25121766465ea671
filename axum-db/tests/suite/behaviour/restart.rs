//! The server crashes, and comes back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::{Backend, Database, Dialect, ErrorKind};
use testkit::{Kind, PrivateServer};

use super::Engine;
use super::support::{Db, count, database, execute, number, status};

/// A server that has written down what it said was committed.
fn start() -> PrivateServer {
    match Engine::DIALECT {
        Dialect::Postgres => testkit::private_server(Kind::Postgres, &[], &DURABLE),
        _ => testkit::private_server(Kind::Mysql, &[], &DURABLE),
    }
}

const DURABLE: [&str; 1] = match Engine::DIALECT {
    Dialect::Postgres => ["synchronous_commit=on"],
    _ => ["innodb-flush-log-at-trx-commit=2"],
};

/// Opens as many connections, which then lie idle.
async fn warm_up(database: &Database<Engine>, connections: usize) {
    let sessions: Vec<Db> = (0..connections).map(|_| database.session()).collect();
    for db in &sessions {
        db.begin().await.expect("a connection");
    }
    for db in &sessions {
        db.rollback().await.expect("an end");
    }
}

#[tokio::test]
async fn a_crash_costs_no_more_than_what_it_hit() {
    let mut server = start();
    let url = server.url();
    let database = database(&url, 4).await;
    let app = Router::new()
        .route(
            "/",
            get(async |db: Db| {
                number(&db, "SELECT COUNT(*) AS n FROM notes")
                    .await
                    .map(|_| ())
            }),
        )
        .layer(database.layer());
    warm_up(&database, 4).await;

    // One writes and has not committed, one waits for an answer.
    let writer = database.session();
    execute(&writer, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    let waiting = tokio::spawn({
        let db = database.session();
        let sleep = match Engine::DIALECT {
            Dialect::Postgres => "SELECT pg_sleep(20)",
            _ => "SELECT SLEEP(20)",
        };
        async move { execute(&db, sleep).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.crash().expect("a crash");
    let answer = waiting.await.expect("no panic").expect_err("it is gone");
    assert_eq!(answer.kind(), ErrorKind::Connection, "{answer}");
    let committed = writer.commit().await.expect_err("it is gone");
    let told = [
        ErrorKind::Connection,
        ErrorKind::Aborted,
        ErrorKind::UnknownOutcome,
    ];
    assert!(told.contains(&committed.kind()), "{committed:?}");
    drop(writer);

    // While there is no server, every request learns so, soon.
    for _ in 0..6 {
        let answer = tokio::time::timeout(Duration::from_secs(5), status(&app, "/")).await;
        assert_eq!(answer.expect("an answer"), StatusCode::SERVICE_UNAVAILABLE);
    }
    server.start_again(&DURABLE).expect("a start");
    for _ in 0..6 {
        assert_eq!(status(&app, "/").await, StatusCode::OK);
    }
    assert_eq!(count(&database.session()).await, 0);

    // Where nobody asked meanwhile, one request meets a broken connection, and no second one does.
    warm_up(&database, 4).await;
    server.crash().expect("a crash");
    server.start_again(&DURABLE).expect("a start");
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(status(&app, "/").await);
    }
    let failed = answers.iter().filter(|status| **status != StatusCode::OK);
    assert!(failed.count() <= 1, "{answers:?}");
    assert_eq!(answers[1..], [StatusCode::OK; 7]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_to_be_written_is_there_and_nothing_else() {
    let mut server = start();
    let database = database(&server.url(), 4).await;
    let next = Arc::new(AtomicI64::new(1));
    let stop = Arc::new(AtomicBool::new(false));
    let (written, unknown) = (
        Arc::new(Mutex::new(BTreeSet::new())),
        Arc::new(Mutex::new(BTreeSet::new())),
    );
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (database, next, stop) = (database.clone(), next.clone(), stop.clone());
        let (written, unknown) = (written.clone(), unknown.clone());
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let id = next.fetch_add(1, Ordering::Relaxed);
                let db = database.session();
                let outcome = async {
                    execute(&db, format!("INSERT INTO notes VALUES ({id}, {id})")).await?;
                    assert_eq!(
                        number(&db, format!("SELECT n FROM notes WHERE id = {id}")).await?,
                        id
                    );
                    db.commit().await
                };
                match outcome.await {
                    Ok(()) => {
                        written.lock().expect("a list").insert(id);
                    }
                    Err(error) if error.is(ErrorKind::UnknownOutcome) => {
                        unknown.lock().expect("a list").insert(id);
                    }
                    Err(error) => {
                        let kinds = [ErrorKind::Connection, ErrorKind::Aborted];
                        assert!(kinds.contains(&error.kind()), "{error:?}");
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let crashed_at = next.load(Ordering::Relaxed);
    let server = tokio::task::spawn_blocking(move || {
        server.crash().expect("a crash");
        server.start_again(&DURABLE).expect("a start");
        server
    });
    let server = server.await.expect("a server");
    // By itself, work goes on.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while written
        .lock()
        .expect("a list")
        .range(crashed_at + 100..)
        .next()
        .is_none()
    {
        assert!(
            tokio::time::Instant::now() < deadline,
            "no work after the crash"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(task) = tasks.join_next().await {
        task.expect("only what is expected");
    }
    let (written, unknown) = (
        written.lock().expect("a list").clone(),
        unknown.lock().expect("a list").clone(),
    );
    let db = database.session();
    for id in 1..next.load(Ordering::Relaxed) {
        let sql = format!("SELECT COUNT(*) AS n FROM notes WHERE id = {id}");
        let is_there = number(&db, sql).await.expect("an answer") == 1;
        assert!(
            is_there == written.contains(&id) || unknown.contains(&id),
            "{id}: {is_there}"
        );
    }
    drop(server);
}
