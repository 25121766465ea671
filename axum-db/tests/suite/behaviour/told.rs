//! What a handler keeps to itself, and what its response says all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::prelude::*;
use axum_db::query::Run;
use axum_db::{Error, ErrorKind, TransactionMode, metadata};
use testkit::logged;
use tracing_subscriber::filter::LevelFilter;

use super::support::{Db, count, database, execute, status};
use super::{Engine, fresh};
use crate::models::{NewUser, User};

/// Two rows of which the database takes one, and a commit that says so to nobody.
async fn fail(db: &Db) {
    execute(db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    execute(db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect_err("there is one");
    let error = db.commit().await.expect_err("a statement failed");
    assert_eq!(error.kind(), ErrorKind::Aborted);
}

#[tokio::test]
async fn a_commit_that_failed_makes_no_success_unless_it_was_rolled_back() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    for mode in [TransactionMode::Explicit, TransactionMode::OnSuccess] {
        let mails = Arc::new(AtomicUsize::new(0));
        let sent = mails.clone();
        let app = Router::new()
            .route(
                "/kept",
                get(async move |db: Db| {
                    fail(&db).await;
                    db.after_commit(move || {
                        sent.fetch_add(1, Ordering::Relaxed);
                    });
                }),
            )
            .route(
                "/rolled-back",
                get(async |db: Db| {
                    fail(&db).await;
                    db.rollback().await
                }),
            )
            .layer(database.layer().mode(mode));
        let kept = status(&app, "/kept").await;
        assert_eq!(kept, StatusCode::INTERNAL_SERVER_ERROR, "{mode:?}");
        assert_eq!(mails.load(Ordering::Relaxed), 0, "{mode:?}");
        assert_eq!(
            status(&app, "/rolled-back").await,
            StatusCode::OK,
            "{mode:?}"
        );
        assert_eq!(count(&database.session()).await, 0, "{mode:?}");
    }
}

#[tokio::test]
async fn a_row_that_is_gone_is_told_without_the_name_of_its_table() {
    let server = fresh();
    let database = axum_db::Database::<Engine>::connect(server.url())
        .await
        .expect("a database");
    database.create_all(&metadata![User]).await.expect("tables");
    let save = async |db: Db| {
        let row = NewUser::new("ada", "ada@x.org", "…").insert(&db).await?;
        execute(&db, "DELETE FROM users").await?;
        row.save(&db).await
    };
    let app = Router::new().route("/", get(save)).layer(database.layer());
    let request = axum::http::Request::get("/")
        .body(axum::body::Body::empty())
        .expect("a request");
    let response = tower::ServiceExt::oneshot(app, request)
        .await
        .expect("a response");
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let error = response.extensions().get::<Error>().expect("the error");
    assert!(error.to_string().contains("`users`"), "{error}");
    let body = axum::body::to_bytes(response.into_body(), 1000).await;
    assert_eq!(body.expect("a body"), "Not Found");
}

#[tokio::test]
async fn between_two_transactions_the_connection_is_free_for_others() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let db = database.session();
    for end in [true, false] {
        execute(&db, "INSERT INTO notes VALUES (1, 1)")
            .await
            .expect("a row");
        if end {
            db.commit().await.expect("a commit");
        } else {
            db.rollback().await.expect("a rollback");
        }
        // The pool has no other one.
        assert_eq!(count(&database.session()).await, i64::from(end));
        execute(&db, "DELETE FROM notes").await.expect("deleted");
        db.commit().await.expect("a commit");
    }
}

#[tokio::test]
async fn lost_writes_are_warned_of_and_reads_by_hand_are_not() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let (log, _guard) = logged(LevelFilter::WARN);
    let app = Router::new()
        .route(
            "/read",
            get(async |db: Db| {
                let rows: Vec<super::support::Number> =
                    diesel::sql_query("SELECT COUNT(*) AS n FROM notes")
                        .all(&db)
                        .await?;
                assert_eq!(rows[0].n, 0);
                Run::run(diesel::sql_query("SELECT 1"), &db).await.map(drop)
            }),
        )
        .route(
            "/write",
            get(async |db: Db| {
                let mut conn = db.conn().await?;
                let statement = diesel::sql_query("INSERT INTO notes VALUES (1, 1)");
                diesel_async::RunQueryDsl::execute(statement, &mut *conn).await?;
                Ok::<_, Error>(())
            }),
        )
        .layer(database.layer());
    assert_eq!(status(&app, "/read").await, StatusCode::OK);
    assert_eq!(log.text(), "");
    assert_eq!(status(&app, "/write").await, StatusCode::OK);
    assert!(log.text().contains("uncommitted writes"), "{}", log.text());
    assert_eq!(count(&database.session()).await, 0);
}
