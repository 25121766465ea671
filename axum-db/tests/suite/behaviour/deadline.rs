//! A request's time is up: wherever it waits, it hears the truth, and leaves nothing behind.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use axum_db::{Access, Backend, Database, Dialect, Error, ErrorKind, TransactionMode};
use diesel_async::RunQueryDsl;
use tower::ServiceExt;

use super::support::{Db, count, database, execute, number, soon, status};
use super::{Engine, fresh};

/// Long enough to get to the statement that is meant, on a busy machine.
const SHORT: Duration = Duration::from_millis(700);

/// A statement that takes its time, and would take much more of a server's.
fn slow() -> &'static str {
    match Engine::DIALECT {
        Dialect::Sqlite => {
            "INSERT INTO notes WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 4000000) \
             SELECT 1000, COUNT(*) FROM c"
        }
        Dialect::Postgres => "SELECT PG_SLEEP(60)",
        Dialect::Mysql => "SELECT SLEEP(60)",
    }
}

/// Nothing is left behind: no statement on the server, no lock, and as many connections as there were.
async fn nothing_is_left(database: &Database<Engine>, connections: usize) {
    let running = match Engine::DIALECT {
        Dialect::Sqlite => "SELECT 0 AS n",
        Dialect::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() \
             AND state <> 'idle' AND pid <> PG_BACKEND_PID()"
        }
        Dialect::Mysql => {
            "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE() \
             AND command NOT IN ('Sleep', 'Quit') AND id <> CONNECTION_ID()"
        }
    };
    soon(async || {
        number(&database.session(), running)
            .await
            .is_ok_and(|n| n == 0)
    })
    .await;
    let mut sessions = Vec::new();
    for _ in 0..connections {
        let db = database.session();
        count(&db).await;
        sessions.push(db);
    }
    drop(sessions);
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (999, 1)")
        .await
        .expect("no lock is left");
    db.rollback().await.expect("a rollback");
}

/// Ways for a handler to tell what it saw.
fn is_late<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    assert_eq!(
        outcome.expect_err("the time is up").kind(),
        ErrorKind::Deadline
    );
}

#[tokio::test]
async fn during_a_statement_it_is_cancelled_and_the_transaction_rolled_back() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let handler = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
        is_late(execute(&db, slow()).await);
        // Nothing more is sent.
        is_late(number(&db, "SELECT COUNT(*) AS n FROM notes").await);
        is_late(execute(&db, "INSERT INTO notes VALUES (2, 1)").await);
        is_late(db.begin().await);
        is_late(db.conn().await.map(drop));
        is_late(db.savepoint(async |_| Ok::<_, Error>(())).await);
        db.commit().await
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer().with_deadline(SHORT));
    let request = Request::new(Body::empty());
    let response = app.oneshot(request).await.expect("a response");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    nothing_is_left(&database, 2).await;
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn a_read_by_itself_is_cancelled_too() {
    let read = match Engine::DIALECT {
        Dialect::Sqlite => {
            "WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 4000000) SELECT COUNT(*) AS n FROM c"
        }
        Dialect::Postgres => "SELECT COUNT(PG_SLEEP(60)) AS n",
        Dialect::Mysql => "SELECT SLEEP(60) AS n",
    };
    let server = fresh();
    let database = database(server.url(), 1).await;
    let db = database.session().with_deadline(SHORT);
    is_late(number(&db, read).await);
    nothing_is_left(&database, 1).await;
    // A new deadline is a new beginning.
    let db = db.with_deadline(Duration::from_secs(60));
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn during_the_wait_for_a_connection_or_for_the_only_writer() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let holder = database.session();
    execute(&holder, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    let late = || database.session().with_deadline(Duration::from_millis(50));
    is_late(number(&late(), "SELECT COUNT(*) AS n FROM notes").await);
    // On SQLite this one waits for its turn to write, elsewhere for the connection.
    is_late(execute(&late(), "INSERT INTO notes VALUES (2, 1)").await);
    holder.commit().await.expect("the others took nothing away");
    drop(holder);
    assert_eq!(count(&database.session()).await, 1);
    nothing_is_left(&database, 1).await;
}

/// Takes its time between the write and the commit.
async fn late(db: Db) -> Result<(), Error> {
    execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
    tokio::time::sleep(SHORT).await;
    db.commit().await
}

#[tokio::test]
async fn who_got_no_connection_in_time_keeps_no_other_from_writing() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let reader = database.session();
    count(&reader).await;
    let late = database.session().with_deadline(Duration::from_millis(50));
    is_late(execute(&late, "INSERT INTO notes VALUES (1, 1)").await);
    // The reader has the connection, and on SQLite gets its turn to write.
    execute(&reader, "INSERT INTO notes VALUES (2, 1)")
        .await
        .expect("a row");
    reader.commit().await.expect("a commit");
    drop(late);
    assert_eq!(count(&reader).await, 1);
}

#[tokio::test]
async fn during_the_handlers_own_work_nothing_is_committed() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let swallows = async |db: Db| {
        let _ = late(db).await;
        "it worked, or so it seems"
    };
    let never_commits = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
        tokio::time::sleep(SHORT).await;
        Ok::<_, Error>(())
    };
    let on_success = database.layer().mode(TransactionMode::OnSuccess);
    let app = Router::new()
        .route("/late", get(late))
        .route("/swallows", get(swallows))
        .route("/on-success", get(never_commits).layer(on_success))
        .layer(database.layer().with_deadline(SHORT));
    assert_eq!(status(&app, "/late").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        status(&app, "/swallows").await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(
        status(&app, "/on-success").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    nothing_is_left(&database, 2).await;
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn a_route_has_its_own_and_a_request_in_time_is_none_the_wiser() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let handler = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
        tokio::time::sleep(SHORT).await;
        execute(&db, "DELETE FROM notes").await?;
        db.commit().await
    };
    let app = Router::new()
        .route("/patient", get(handler))
        .route(
            "/short",
            get(handler).layer(database.layer().with_deadline(SHORT)),
        )
        .layer(database.layer().with_deadline(Duration::from_secs(600)));
    assert_eq!(status(&app, "/patient").await, StatusCode::OK);
    assert_eq!(
        status(&app, "/short").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(status(&app, "/patient").await, StatusCode::OK);
    nothing_is_left(&database, 1).await;
}

#[tokio::test]
async fn a_body_that_streams_on_after_the_response_is_not_held_to_it() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let handler = async |db: Db| {
        count(&db).await;
        Body::from_stream(futures_util::stream::once(async move {
            tokio::time::sleep(SHORT).await;
            execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
            db.commit().await?;
            Ok::<_, Error>("written")
        }))
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer().with_deadline(SHORT));
    let response = app
        .oneshot(Request::new(Body::empty()))
        .await
        .expect("a response");
    let body = axum::body::to_bytes(response.into_body(), 100)
        .await
        .expect("a body");
    assert_eq!(&body[..], b"written");
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn with_the_connection_in_hand_the_statement_is_ended_on_the_server() {
    if Engine::DIALECT == Dialect::Sqlite {
        return in_hand_on_sqlite().await;
    }
    let server = fresh();
    let database = database(server.url(), 2).await;
    let handler = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
        let mut conn = db.conn().await?;
        let slept = diesel::sql_query(slow()).execute(&mut *conn).await;
        if Engine::DIALECT == Dialect::Postgres {
            assert!(slept.is_err());
        }
        drop(conn);
        // MySQL's SLEEP says by a 1 that it was interrupted; what comes next is late all the same.
        db.commit().await
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer().with_deadline(SHORT));
    assert_eq!(status(&app, "/").await, StatusCode::SERVICE_UNAVAILABLE);
    nothing_is_left(&database, 2).await;
    assert_eq!(count(&database.session()).await, 0);
}

/// There the statement ends by itself, and what comes next is late.
async fn in_hand_on_sqlite() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session().with_deadline(Duration::from_millis(50));
    let mut conn = db.conn().await.expect("a connection");
    diesel::sql_query("INSERT INTO notes VALUES (1, 1)")
        .execute(&mut *conn)
        .await
        .expect("a row");
    tokio::time::sleep(Duration::from_millis(60)).await;
    drop(conn);
    is_late(db.commit().await);
    drop(db);
    nothing_is_left(&database, 2).await;
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn a_write_by_itself_is_ended_too() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session().with_deadline(SHORT);
    let statement = diesel::sql_query(slow());
    let outcome = db
        .run(Access::Immediate, |conn| Box::pin(statement.execute(conn)))
        .await;
    // It was not in a transaction that could be rolled back.
    let error = outcome.expect_err("the time is up");
    assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
    drop(db);
    if Engine::DIALECT == Dialect::Sqlite {
        // There it runs to its end.
        soon(async || {
            execute(&database.session(), "DELETE FROM notes")
                .await
                .is_ok()
        })
        .await;
    }
    nothing_is_left(&database, 2).await;
}
