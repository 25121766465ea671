//! A unit of work that lost against a concurrent one is run again; on the engines where one can lose.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use axum_db::{
    Access, Backend, Database, Dialect, Error, ErrorKind, Isolation, Outcome, TransactionMode,
};
use diesel_async::RunQueryDsl;
use testkit::logged;
use tower::ServiceExt;
use tracing_subscriber::filter::LevelFilter;

use super::support::{Db, Number, count, database, execute, number};
use super::{Engine, fresh};

async fn notes(url: &str) -> Database<Engine> {
    let database = database(url, 4).await;
    let db = database.session();
    execute(
        &db,
        "INSERT INTO notes VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)",
    )
    .await
    .expect("rows");
    db.commit().await.expect("a commit");
    database
}

/// Has the session's transaction lose against another one, and gives the error.
async fn lose(db: &Db) -> Error {
    let rival = db.database().session();
    match Engine::DIALECT {
        // The row became another since the snapshot was taken.
        Dialect::Postgres => {
            db.begin_with(Isolation::RepeatableRead)
                .await
                .expect("a transaction");
            count(db).await;
            execute(&rival, "UPDATE notes SET n = n + 1 WHERE id = 1")
                .await
                .expect("the rival's write");
            rival.commit().await.expect("the rival's commit");
            execute(db, "UPDATE notes SET n = n + 1 WHERE id = 1")
                .await
                .expect_err("the row has changed")
        }
        // Each waits for the other; the one that wrote less is the victim.
        _ => {
            execute(db, "UPDATE notes SET n = n + 1 WHERE id = 1")
                .await
                .expect("a lock");
            execute(
                &rival,
                "UPDATE notes SET n = n + 1 WHERE id BETWEEN 2 AND 5",
            )
            .await
            .expect("the rival's locks");
            let waiting = tokio::spawn(async move {
                execute(&rival, "UPDATE notes SET n = n + 1 WHERE id = 1").await
            });
            let error = execute(db, "UPDATE notes SET n = n + 1 WHERE id = 2")
                .await
                .expect_err("a deadlock");
            waiting.await.expect("a task").expect("the rival goes on");
            error
        }
    }
}

/// Counts, and gives the count before.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn seen(&self) -> usize {
        AtomicUsize::load(&self.0, Ordering::Relaxed)
    }
}

/// Has the response tell how the transaction ended, once per hook that runs.
fn tell(outcome: Outcome, headers: &mut HeaderMap) {
    let outcome = HeaderValue::from_str(&format!("{outcome:?}")).expect("a header");
    headers.append("x-finished", outcome);
}

fn told(response: &Response) -> Vec<&str> {
    let outcomes = response.headers().get_all("x-finished").iter();
    outcomes.filter_map(|value| value.to_str().ok()).collect()
}

async fn call(app: &Router, body: impl Into<Body>) -> Response {
    let request = Request::post("/").extension(7_u32).body(body.into());
    let request = request.expect("a request");
    app.clone().oneshot(request).await.expect("a response")
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 1000).await;
    String::from_utf8(body.expect("a body").to_vec()).expect("a text")
}

#[tokio::test]
async fn a_lost_request_is_run_again_whole_and_its_hooks_fire_once() {
    let server = fresh();
    let database = notes(server.url()).await;
    let (attempts, mails, hooks) = (Counter::default(), Counter::default(), Counter::default());
    let (tried, sent, ran) = (attempts.clone(), mails.clone(), hooks.clone());
    let handler = async move |db: Db, Extension(seven): Extension<u32>, body: String| {
        db.on_finish(move |outcome, headers| {
            ran.count();
            tell(outcome, headers);
        });
        db.after_commit(move || {
            sent.count();
        });
        assert_eq!(seven, 7);
        if tried.count() < 2 {
            let error = lose(&db).await;
            // The handler makes a page of it, and may even tidy up.
            if attempts_are_even(tried.seen()) {
                db.rollback().await?;
            }
            return Ok(format!("sorry: {error}"));
        }
        execute(&db, "INSERT INTO notes VALUES (9, 9)").await?;
        db.commit().await?;
        Ok::<_, Error>(body)
    };
    let app = Router::new()
        .route("/", post(handler))
        .layer(database.layer().with_retries(5));
    let response = call(&app, "the whole body").await;
    assert_eq!(told(&response), ["Committed"]);
    assert_eq!(text(response).await, "the whole body");
    assert_eq!((attempts.seen(), mails.seen(), hooks.seen()), (3, 1, 1));
    assert_eq!(count(&database.session()).await, 6);
}

fn attempts_are_even(attempts: usize) -> bool {
    attempts.is_multiple_of(2)
}

#[tokio::test]
async fn the_last_attempt_answers_and_tells_its_hooks() {
    let server = fresh();
    let database = notes(server.url()).await;
    for retries in [0, 2] {
        let (attempts, mails) = (Counter::default(), Counter::default());
        let (tried, sent) = (attempts.clone(), mails.clone());
        let handler = async move |db: Db| {
            tried.count();
            db.after_commit(move || {
                sent.count();
            });
            let error = lose(&db).await;
            assert!(error.is_retryable(), "{error}");
            db.on_finish(tell);
            Err::<(), Error>(error)
        };
        let app = Router::new()
            .route("/", post(handler))
            .layer(database.layer().with_retries(retries));
        let response = call(&app, "").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(told(&response).len(), 1);
        assert_eq!(
            attempts.seen(),
            1 + usize::try_from(retries).expect("a count")
        );
        assert_eq!(mails.seen(), 0);
    }
}

#[tokio::test]
async fn nothing_is_run_again_once_something_was_committed() {
    let server = fresh();
    let database = notes(server.url()).await;
    let attempts = Counter::default();
    let tried = attempts.clone();
    let handler = async move |db: Db| {
        tried.count();
        execute(&db, "INSERT INTO notes VALUES (9, 9)").await?;
        db.commit().await?;
        Err::<(), Error>(lose(&db).await)
    };
    let app = Router::new()
        .route("/", post(handler))
        .layer(database.layer().with_retries(5));
    let response = call(&app, "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(attempts.seen(), 1);
}

#[tokio::test]
async fn nothing_is_run_again_once_a_write_by_itself_may_have_been_carried_out() {
    let server = fresh();
    let database = notes(server.url()).await;
    let attempts = Counter::default();
    let tried = attempts.clone();
    let handler = async move |db: Db| {
        tried.count();
        let sleep = match Engine::DIALECT {
            Dialect::Postgres => "SELECT pg_sleep(30)",
            _ => "SELECT SLEEP(30)",
        };
        let writing = db.run(Access::Immediate, |conn| {
            Box::pin(diesel::sql_query(sleep).execute(conn))
        });
        let dropped = tokio::time::timeout(Duration::from_millis(100), writing).await;
        assert!(dropped.is_err(), "it takes long");
        Err::<(), Error>(lose(&db).await)
    };
    let app = Router::new()
        .route("/", post(handler))
        .layer(database.layer().with_retries(5));
    let response = call(&app, "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(attempts.seen(), 1);
}

#[tokio::test]
async fn a_conflict_on_the_connection_in_hand_counts_too() {
    for with_rows in [false, true] {
        for mode in [TransactionMode::OnSuccess, TransactionMode::Explicit] {
            let server = fresh();
            let database = notes(server.url()).await;
            let attempts = Counter::default();
            let tried = attempts.clone();
            let handler = async move |db: Db| {
                if tried.count() == 0 {
                    lose_in_hand(&db, with_rows).await;
                    return Ok("lost");
                }
                let mut conn = db.conn().await?;
                diesel::sql_query("INSERT INTO notes VALUES (9, 9)")
                    .execute(&mut *conn)
                    .await?;
                drop(conn);
                db.commit().await?;
                Ok::<_, Error>("won")
            };
            let layer = database.layer().mode(mode).with_retries(5);
            let app = Router::new().route("/", post(handler)).layer(layer);
            assert_eq!(text(call(&app, "").await).await, "won", "{with_rows}");
            assert_eq!(attempts.seen(), 2);
            assert_eq!(count(&database.session()).await, 6);
        }
    }
}

#[tokio::test]
async fn a_commit_that_lost_is_made_good_by_the_attempt_after_it() {
    let server = fresh();
    let database = notes(server.url()).await;
    let attempts = Counter::default();
    let tried = attempts.clone();
    let handler = async move |db: Db| {
        let bought = db.retry(async |db: Db| {
            if tried.count() > 0 {
                return Err(Error::not_found("sold out"));
            }
            lose(&db).await;
            Ok(()) // its commit fails
        });
        match bought.await {
            Err(error) if error.is(ErrorKind::NotFound) => Ok("sold out"),
            other => other.map(|()| "bought"),
        }
    };
    let app = Router::new()
        .route("/", post(handler))
        .layer(database.layer());
    let response = call(&app, "").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, "sold out");
    assert_eq!(attempts.seen(), 2);
}

#[tokio::test]
async fn what_follows_an_ignored_conflict_in_hand_is_not_committed() {
    for (with_rows, within_savepoint) in
        [(false, false), (true, false), (false, true), (true, true)]
    {
        let server = fresh();
        let database = notes(server.url()).await;
        let db = database.session();
        let ignore = async |db: Db| {
            lose_in_hand(&db, with_rows).await;
            let mut conn = db.conn().await?;
            // PostgreSQL refuses it, which is ignored as well.
            let _ = diesel::sql_query("INSERT INTO notes VALUES (9, 9)")
                .execute(&mut *conn)
                .await;
            Ok::<_, Error>(())
        };
        let ignored = if within_savepoint {
            db.begin_with(Isolation::RepeatableRead)
                .await
                .expect("a transaction");
            db.savepoint(ignore).await
        } else {
            ignore(db.clone()).await
        };
        let committed = match ignored {
            Ok(()) => db.commit().await,
            Err(error) => Err(error),
        };
        let error = committed.expect_err("the transaction is gone");
        assert_eq!(error.kind(), ErrorKind::Aborted, "{error}");
        db.rollback().await.expect("a rollback");
        // Nor does what was set for it stay on the connection.
        execute(&db, "INSERT INTO notes VALUES (10, 10)")
            .await
            .expect("a write");
        db.commit().await.expect("a commit");
        assert_eq!(count(&database.session()).await, 6);
    }
}

#[tokio::test]
async fn writes_by_themselves_are_committed_on_a_connection_that_was_in_hand() {
    let server = fresh();
    let database = notes(server.url()).await;
    let db = database.session();
    for id in [11, 12] {
        let mut conn = db.conn().await.expect("the connection");
        diesel::sql_query("INSERT INTO notes VALUES (9, 9)")
            .execute(&mut *conn)
            .await
            .expect("a row");
        drop(conn);
        match id {
            11 => db.commit().await.expect("a commit"),
            _ => db.rollback().await.expect("a rollback"),
        }
        let sql = format!("INSERT INTO notes VALUES ({id}, 0)");
        db.run(Access::Immediate, |conn| {
            Box::pin(async move { diesel::sql_query(sql).execute(conn).await })
        })
        .await
        .expect("a row by itself");
        execute(&db, "DELETE FROM notes WHERE id = 9")
            .await
            .expect("deleted");
        db.commit().await.expect("a commit");
    }
    assert_eq!(count(&database.session()).await, 7);
}

/// As `lose`, with the statement that loses on the connection itself; with rows, it is a query.
async fn lose_in_hand(db: &Db, with_rows: bool) {
    let rival = db.database().session();
    db.begin_with(Isolation::RepeatableRead)
        .await
        .expect("a transaction");
    execute(db, "UPDATE notes SET n = n + 1 WHERE id = 1")
        .await
        .expect("a lock");
    execute(
        &rival,
        "UPDATE notes SET n = n + 1 WHERE id BETWEEN 2 AND 5",
    )
    .await
    .expect("the rival's locks");
    let mut conn = db.conn().await.expect("the connection");
    let waiting = match Engine::DIALECT {
        Dialect::Postgres => {
            rival.commit().await.expect("the rival's commit");
            None
        }
        _ => Some(tokio::spawn(async move {
            execute(&rival, "UPDATE notes SET n = n + 1 WHERE id = 1").await
        })),
    };
    if with_rows {
        let locking = diesel::sql_query("SELECT n FROM notes WHERE id > 1 AND id < 3 FOR UPDATE");
        let rows: Result<Vec<Number>, _> = locking.load(&mut *conn).await;
        assert!(rows.is_err(), "a conflict");
    } else {
        diesel::sql_query("UPDATE notes SET n = n + 1 WHERE id = 2")
            .execute(&mut *conn)
            .await
            .expect_err("a conflict");
    }
    if let Some(waiting) = waiting {
        waiting.await.expect("a task").expect("the rival goes on");
    }
}

#[tokio::test]
async fn a_route_is_run_again_within_the_session_of_the_router() {
    let server = fresh();
    let database = notes(server.url()).await;
    for (written_before, expected) in [(false, 2), (true, 1)] {
        let (attempts, mails) = (Counter::default(), Counter::default());
        let (tried, sent) = (attempts.clone(), mails.clone());
        let handler = async move |db: Db, body: String| {
            if tried.count() == 0 {
                db.on_finish(tell);
                return Err(lose(&db).await);
            }
            execute(&db, "INSERT INTO notes VALUES (9, 9)").await?;
            db.on_finish(tell);
            db.commit().await?;
            Ok::<_, Error>(body)
        };
        let middleware = move |db: Db, request: axum::extract::Request, next: Next| {
            let sent = sent.clone();
            async move {
                db.after_commit(move || {
                    sent.count();
                });
                if written_before {
                    db.begin_with(Isolation::RepeatableRead).await?;
                    execute(&db, "INSERT INTO notes VALUES (10, 10)").await?;
                }
                Ok::<_, Error>(next.run(request).await)
            }
        };
        let app = Router::new()
            .route("/", post(handler).layer(database.layer().with_retries(5)))
            .layer(from_fn(middleware))
            .layer(database.layer());
        let response = call(&app, "the whole body").await;
        assert_eq!(attempts.seen(), expected);
        assert_eq!(response.status().is_success(), !written_before);
        assert_eq!(told(&response).len(), 1);
        assert_eq!(mails.seen(), usize::from(!written_before));
    }
    assert_eq!(count(&database.session()).await, 6);
}

#[tokio::test]
async fn an_attempt_is_not_run_again_for_a_conflict_of_one_before() {
    let server = fresh();
    let database = notes(server.url()).await;
    let (log, _guard) = logged(LevelFilter::WARN);
    let attempts = Counter::default();
    let tried = attempts.clone();
    // It loses once, and then has nothing to commit: "that is sold out".
    let handler = async move |db: Db| {
        for _ in 0..6 {
            count(&db).await;
        }
        db.rollback().await?;
        if tried.count() == 0 {
            return Err(lose(&db).await);
        }
        execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 3").await?;
        Ok::<_, Error>(StatusCode::CONFLICT)
    };
    let app = Router::new()
        .route("/", post(handler).layer(database.layer().with_retries(5)))
        .layer(database.layer());
    assert_eq!(call(&app, "").await.status(), StatusCode::CONFLICT);
    assert_eq!(attempts.seen(), 2);
    // Nothing went wrong that anybody has to see to, and six times twice is not twelve times.
    let told = log.text();
    assert!(!told.contains("ERROR"), "{told}");
    assert!(!told.contains("ran the same statement"), "{told}");

    let attempts = Counter::default();
    let refused: Result<(), Error> = database
        .session()
        .retry(|db| {
            let attempt = attempts.count();
            async move {
                if attempt == 0 {
                    return Err(lose(&db).await);
                }
                execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 3").await?;
                Err(Error::not_found("that is sold out"))
            }
        })
        .await;
    assert!(refused.is_err_and(|error| error.is(ErrorKind::NotFound)));
    assert_eq!(attempts.seen(), 2);
}

#[tokio::test]
async fn a_savepoint_does_not_confine_a_conflict() {
    let server = fresh();
    let database = notes(server.url()).await;
    let db = database.session();
    db.begin_with(Isolation::RepeatableRead)
        .await
        .expect("a transaction");
    let outcome = db
        .savepoint(async |db| {
            let inner = db
                .savepoint(async |db| Err::<(), _>(lose(&db).await))
                .await
                .expect_err("the error of the closure");
            assert!(inner.is_retryable(), "{inner}");
            // The transaction is gone: this must not be written by itself.
            let refused = execute(&db, "INSERT INTO notes VALUES (9, 9)").await;
            assert_eq!(refused.expect_err("gone").kind(), ErrorKind::Aborted);
            Ok::<_, Error>(())
        })
        .await;
    assert_eq!(outcome.expect_err("gone").kind(), ErrorKind::Aborted);
    let refused = db.commit().await.expect_err("gone");
    assert_eq!(refused.kind(), ErrorKind::Aborted);
    assert_eq!(count(&database.session()).await, 5);
}

#[tokio::test]
async fn a_closure_is_run_again_and_its_hooks_fire_once() {
    let server = fresh();
    let database = notes(server.url()).await;
    let db = database.session();
    let (attempts, before, within) = (Counter::default(), Counter::default(), Counter::default());
    let sent = before.clone();
    db.after_commit(move || {
        sent.count();
    });
    let n = db
        .retry(|db| {
            let (attempts, sent) = (attempts.clone(), within.clone());
            async move {
                db.after_commit(move || {
                    sent.count();
                });
                if attempts.count() < 2 {
                    return Err(lose(&db).await);
                }
                execute(&db, "INSERT INTO notes VALUES (9, 9)").await?;
                number(&db, "SELECT n FROM notes WHERE id = 9").await
            }
        })
        .await;
    assert_eq!(n.expect("the third attempt wins"), 9);
    assert_eq!((attempts.seen(), before.seen(), within.seen()), (3, 1, 1));
    assert_eq!(count(&database.session()).await, 6);
}

#[tokio::test]
async fn a_closure_is_not_run_again_for_anything_but_a_conflict() {
    let server = fresh();
    let database = notes(server.url()).await;
    let db = database.session();
    let attempts = Counter::default();

    let taken = db
        .retry(async |db| {
            attempts.count();
            execute(&db, "INSERT INTO notes VALUES (8, 8)").await?;
            execute(&db, "INSERT INTO notes VALUES (1, 1)").await
        })
        .await;
    assert_eq!(taken.expect_err("taken").kind(), ErrorKind::UniqueViolation);
    assert_eq!(attempts.seen(), 1);

    let committed = db
        .retry(async |db| {
            attempts.count();
            execute(&db, "INSERT INTO notes VALUES (9, 9)").await?;
            db.commit().await?;
            Err::<(), _>(lose(&db).await)
        })
        .await;
    assert!(committed.expect_err("lost").is_retryable());
    assert_eq!(attempts.seen(), 2);

    db.begin().await.expect("a transaction");
    let open = db
        .retry(async |_| {
            attempts.count();
            Ok::<_, Error>(())
        })
        .await;
    assert_eq!(open.expect_err("open").kind(), ErrorKind::Usage);
    assert_eq!(attempts.seen(), 2);
    drop(db);
    assert_eq!(count(&database.session()).await, 6);
}

#[tokio::test]
async fn a_body_too_large_to_keep_is_refused_before_the_handler() {
    let server = fresh();
    let database = notes(server.url()).await;
    let layer = database.layer().with_retries(1).with_retry_body_limit(10);
    let app = Router::new()
        .route("/", post(async |body: String| body))
        .layer(layer);
    assert_eq!(text(call(&app, "0123456789").await).await, "0123456789");
    let response = call(&app, "0123456789+").await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let broken = futures_util::stream::iter([Ok("0123"), Err("broken off")]);
    let response = call(&app, Body::from_stream(broken)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}
