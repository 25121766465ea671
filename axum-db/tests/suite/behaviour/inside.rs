//! What can be seen of statements and connections: recorded, logged, and told by an exhausted pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::prelude::*;
use axum_db::{
    Backend, Config, Database, Dialect, Error, ErrorKind, Isolation, RecordedQuery, Recording,
    TransactionMode,
};
use diesel::connection::InstrumentationEvent;
use testkit::logged;
use tower::ServiceExt;
use tracing_subscriber::filter::LevelFilter;

use super::support::{Db, count, database, execute, status};
use super::{Engine, fresh};
use crate::models::{NewUser, User, users};

/// A database with users, one of them there, whose sessions record as `change` says.
async fn people(url: &str, change: impl FnOnce(&mut Config)) -> Database<Engine> {
    let mut config = Config::new(url);
    config.max_connections = 2;
    config.pool_timeout = Duration::from_millis(200);
    config.repeated_queries = 0;
    change(&mut config);
    let database = Database::with_config(config).expect("a database");
    database
        .create_all(&axum_db::metadata![User])
        .await
        .expect("a table");
    let db = database.session();
    NewUser::new("ann", "ann@a.b", "secret")
        .insert(&db)
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    database
}

fn sql(queries: &[RecordedQuery]) -> Vec<&str> {
    queries
        .iter()
        .map(|query| query.sql().split(' ').next().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn a_recorder_hears_all_statements_of_a_database() {
    let server = fresh();
    let database = people(server.url(), |_| {}).await;
    let recorder = database.record(Recording::Sql);

    let db = database.session();
    User::query().all(&db).await.expect("rows");
    drop(db);
    let read = recorder.take();
    assert_eq!(sql(&read), ["SELECT"], "a read costs its own statement");
    assert!(!read[0].is_transaction_control());

    let db = database.session();
    diesel::update(users::table)
        .set(users::image_file.eq("secret.png"))
        .run(&db)
        .await
        .expect("a write");
    let line = line!() - 3;
    db.commit().await.expect("a commit");
    let written = recorder.take();
    assert_eq!(sql(&written), ["BEGIN", "UPDATE", "COMMIT"]);
    let update = &written[1];
    assert!(update.sql().contains("image_file") && update.values().is_none());
    assert!(update.duration() > Duration::ZERO && update.error().is_none());
    let location = update.location().expect("a line");
    assert!(
        location.file().ends_with("behaviour/inside.rs"),
        "{location}"
    );
    assert_eq!(location.line(), line, "{update}");
    let controls = written
        .iter()
        .filter(|query| query.is_transaction_control())
        .count();
    assert_eq!(controls, 2);
    drop(db);

    // However the transaction is begun, and with the connection in hand.
    let db = database.session();
    db.begin_with(Isolation::Serializable)
        .await
        .expect("a transaction");
    drop(db.conn().await.expect("the connection"));
    db.commit().await.expect("a commit");
    drop(db);
    for query in recorder.take() {
        assert!(query.is_transaction_control(), "{query}");
    }

    let db = database.session();
    NewUser::new("ann", "bob@a.b", "secret")
        .insert(&db)
        .await
        .expect_err("the name is taken");
    let line = line!() - 3;
    let failed = recorder.queries();
    let insert = failed
        .iter()
        .find(|query| query.sql().starts_with("INSERT"))
        .expect("the statement that failed");
    assert_eq!(insert.error(), Some(ErrorKind::UniqueViolation));
    assert_eq!(insert.location().expect("a line").line(), line);
    drop(db);

    // A statement that is cut off is told of when its connection is mended or closed.
    let db = database.session();
    let slow = match Engine::DIALECT {
        Dialect::Sqlite => {
            "UPDATE users SET image_file = (WITH RECURSIVE c(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM c \
             WHERE x < 300000) SELECT COUNT(*) FROM c)"
        }
        Dialect::Postgres => "SELECT pg_sleep(10)",
        Dialect::Mysql => "SELECT SLEEP(10)",
    };
    let cut = tokio::time::timeout(Duration::from_millis(20), execute(&db, slow)).await;
    drop(db);
    assert!(cut.is_err());
    let told = async {
        loop {
            let heard = recorder.queries();
            if let Some(query) = heard.iter().find(|query| query.sql() == slow) {
                return query.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let query = tokio::time::timeout(Duration::from_secs(10), told)
        .await
        .expect("it is told of");
    if Engine::DIALECT != Dialect::Sqlite {
        assert_eq!(query.error(), Some(ErrorKind::Cancelled), "{query}");
    }
}

#[tokio::test]
async fn a_session_records_what_its_layer_or_database_asks_for() {
    let server = fresh();
    let database = people(server.url(), |_| {}).await;
    let find = async |db: Db| {
        let found = User::query()
            .filter(users::username.eq("ann"))
            .all(&db)
            .await;
        found.expect("rows");
        db.recorded()
            .iter()
            .map(|query| format!("{}|{}\n", query.sql(), query.values().unwrap_or("-")))
            .collect::<String>()
    };
    let write = async |db: Db| {
        execute(&db, "UPDATE users SET image_file = 'x'")
            .await
            .map(|_| ())
    };
    let app = Router::new()
        .route("/off", get(find))
        .route(
            "/sql",
            get(find).layer(database.layer().record_queries(Recording::Sql)),
        )
        .route(
            "/values",
            get(find).layer(database.layer().record_queries(Recording::SqlAndValues)),
        )
        .layer(database.layer());
    assert_eq!(text(&app, "/off").await, "");
    let shown = text(&app, "/sql").await;
    assert!(
        shown.starts_with("SELECT ") && shown.ends_with("|-\n"),
        "{shown}"
    );
    assert_eq!(shown.lines().count(), 1);
    let shown = text(&app, "/values").await;
    assert!(shown.contains("\"ann\""), "{shown}");

    // What the end of the request runs is nobody's line.
    let recorder = database.record(Recording::Sql);
    let on_success = Router::new().route("/write", get(write)).layer(
        database
            .layer()
            .mode(TransactionMode::OnSuccess)
            .record_queries(Recording::Sql),
    );
    assert_eq!(status(&on_success, "/write").await, StatusCode::OK);
    let all = recorder.take();
    let commit = all.last().expect("statements");
    assert_eq!(commit.sql(), "COMMIT");
    assert!(commit.location().is_none(), "{commit}");
    assert!(all[..2].iter().all(|query| query.location().is_some()));

    let server = fresh();
    let database = people(server.url(), |config| {
        config.record_queries = Recording::Sql
    })
    .await;
    let db = database.session();
    db.begin().await.expect("a transaction");
    assert_eq!(sql(&db.recorded()), ["BEGIN"]);
}

#[tokio::test]
async fn the_same_statement_from_the_same_line_is_warned_of_once() {
    let server = fresh();
    let database = people(server.url(), |config| config.repeated_queries = 3).await;
    let (log, _guard) = logged(LevelFilter::WARN);
    let times = |n: usize| {
        get(async move |db: Db| {
            for _ in 0..n {
                User::find(1).one(&db).await.expect("a row");
            }
        })
    };
    let app = Router::new()
        .route("/often", times(5))
        .route("/seldom", times(3))
        .layer(database.layer());
    assert_eq!(status(&app, "/seldom").await, StatusCode::OK);
    let db = database.session();
    for _ in 0..9 {
        count_users(&db).await; // not in a request
    }
    drop(db);
    assert_eq!(log.text(), "");
    assert_eq!(status(&app, "/often").await, StatusCode::OK);
    let warned = log.text();
    assert_eq!(warned.lines().count(), 1, "{warned}");
    for part in ["behaviour/inside.rs:", " 5 times ", "`preload`", "SELECT "] {
        assert!(warned.contains(part), "{part} in {warned}");
    }
}

async fn count_users(db: &Db) {
    User::query().row_count(db).await.expect("a count");
}

#[tokio::test]
async fn tracing_tells_of_each_statement_without_its_values() {
    let server = fresh();
    let database = people(server.url(), |_| {}).await;
    let (log, _guard) = logged(LevelFilter::DEBUG);
    let app = Router::new()
        .route(
            "/user/{name}",
            get(async |db: Db| {
                let found = User::query()
                    .filter(users::password_hash.eq("secret"))
                    .all(&db)
                    .await;
                found.map(|_| ())
            }),
        )
        .layer(database.layer());
    assert_eq!(status(&app, "/user/secret").await, StatusCode::OK);
    let told = log.text();
    let line = told
        .lines()
        .find(|line| line.contains("axum_db::query"))
        .unwrap_or_default();
    for part in [
        "unit_of_work",
        "db.system.name=",
        "http.route=\"/user/{name}\"",
        "db.query.text=SELECT ",
        "duration=",
        "inside.rs",
    ] {
        assert!(line.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn statements_are_echoed_where_that_is_asked_for() {
    let server = fresh();
    for echo in [false, true] {
        let (log, _guard) = logged(LevelFilter::INFO);
        let database = people(server.url(), |config| config.echo = echo).await;
        count_users(&database.session()).await;
        let told = log.text();
        let count = told.lines().find(|line| line.contains("SELECT COUNT(*)"));
        assert_eq!(count.is_some(), echo, "{told}");
        assert!(!told.contains("secret"), "{told}");
        let span = count.is_none_or(|line| line.contains("INFO unit_of_work"));
        assert!(span, "{told}");
        let db = database.session();
        diesel::delete(users::table)
            .run(&db)
            .await
            .expect("deleted");
        db.commit().await.expect("a commit");
    }
}

#[tokio::test]
async fn an_exhausted_pool_names_who_holds_it() {
    let server = fresh();
    let database = people(server.url(), |config| config.max_connections = 1).await;
    let url = database.url().expose().to_owned();
    let app = Router::new()
        .route(
            "/held/{by}",
            get(async |db: Db| {
                db.begin().await.expect("a transaction");
                std::future::pending::<()>().await;
            }),
        )
        .route(
            "/refused",
            get(async |db: Db| User::find(1).one(&db).await.map(|_| ())),
        )
        .layer(database.layer());
    let holding = tokio::spawn({
        let app = app.clone();
        async move { status(&app, "/held/secret").await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let request = Request::get("/refused")
        .body(Body::empty())
        .expect("a request");
    let response = app.clone().oneshot(request).await.expect("a response");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let error = response
        .extensions()
        .get::<Error>()
        .cloned()
        .expect("the error");
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    let shown = error.to_string();
    for part in [
        "GET /held/{by} at ",
        "behaviour/inside.rs:",
        " for ",
        "in a transaction",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(
        !shown.contains("secret") && !shown.contains(&url),
        "{shown}"
    );
    let body = to_bytes(response.into_body(), 1 << 16)
        .await
        .expect("a body");
    assert_eq!(&body[..], b"Service Unavailable");

    holding.abort();
    let _ = holding.await;
    // Nobody is named who gave the connection back: this one is.
    let later = async {
        loop {
            let db = database.session();
            if db.begin().await.is_ok() {
                return db;
            }
        }
    };
    let db = tokio::time::timeout(Duration::from_secs(10), later)
        .await
        .expect("the connection is free again");
    let refused = database.session().begin().await.expect_err("it is held");
    let shown = refused.to_string();
    assert!(
        shown.contains("a session outside of requests at "),
        "{shown}"
    );
    assert!(!shown.contains("/held"), "{shown}");
    drop(db);
}

#[tokio::test]
async fn a_users_own_instrumentation_sees_the_session_and_spoils_nothing() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let seen = Arc::new(AtomicUsize::new(0));
    for round in 1..=2 {
        let db = database.session();
        let counter = seen.clone();
        db.instrument(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { .. } = event {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        assert_eq!(count(&db).await, 0);
        assert_eq!(seen.load(Ordering::Relaxed), round);
        drop(db);
    }
    // The next session has nothing to do with it.
    assert_eq!(count(&database.session()).await, 0);
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

async fn text(app: &Router, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = app.clone().oneshot(request).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let body = to_bytes(response.into_body(), 1 << 16)
        .await
        .expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}
