//! Commits whose outcome nobody knows, because the connection broke between COMMIT and its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum_db::{Backend, Database, Error, ErrorKind, Outcome, TransactionMode};
use tower::ServiceExt;

use super::proxy::{Cut, Proxy};
use super::support::{Db, count, database, execute};
use super::{Engine, fresh};

#[tokio::test]
async fn a_commit_without_an_answer_is_reported_as_unknown_and_not_run_again() {
    let server = fresh();
    let direct = database(server.url(), 2).await;
    let mut expected = 0;
    for cut in [Cut::Before, Cut::After] {
        let proxy = Proxy::before(server.url(), Engine::DIALECT).await;
        proxy.cut(cut, "COMMIT");
        let database = Database::<Engine>::connect(proxy.url()).await;
        let database = database.expect("a database");
        let (attempts, mails) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let write = {
            let (attempts, mails) = (attempts.clone(), mails.clone());
            async move |db: Db| {
                let id = cut as usize * 10 + attempts.fetch_add(1, Ordering::Relaxed);
                db.after_commit(move || {
                    mails.fetch_add(1, Ordering::Relaxed);
                });
                execute(&db, format!("INSERT INTO notes VALUES ({id}, 0)")).await?;
                db.on_finish(|outcome: Outcome, headers: &mut HeaderMap| {
                    let outcome = format!("{outcome:?}").parse().expect("a header");
                    headers.insert("x-finished", outcome);
                });
                Ok::<_, Error>(db)
            }
        };
        let told = {
            let write = write.clone();
            async move |db: Db| write(db).await?.commit().await
        };
        let swallowed = {
            let write = write.clone();
            async move |db: Db| {
                let committed = write(db).await?.commit().await;
                let error = committed.expect_err("nobody answered");
                assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
                assert!(!error.is_retryable());
                Ok::<_, Error>("all is well")
            }
        };
        let by_the_layer = async move |db: Db| write(db).await.map(|_| ());
        let app = Router::new()
            .route("/told", get(told))
            .route("/swallowed", get(swallowed))
            .route(
                "/by-the-layer",
                get(by_the_layer).layer(database.layer().mode(TransactionMode::OnSuccess)),
            )
            .layer(database.layer().with_retries(5));
        for (index, path) in ["/told", "/swallowed", "/by-the-layer"].iter().enumerate() {
            let request = axum::http::Request::get(*path)
                .body(axum::body::Body::empty())
                .expect("a request");
            let response = app.clone().oneshot(request).await.expect("a response");
            assert_eq!(
                response.status(),
                StatusCode::INTERNAL_SERVER_ERROR,
                "{cut:?} {path}"
            );
            let error = response.extensions().get::<Error>().expect("the error");
            assert_eq!(error.kind(), ErrorKind::UnknownOutcome, "{cut:?} {path}");
            assert_eq!(
                response.headers()["x-finished"],
                "Unknown",
                "{cut:?} {path}"
            );
            assert_eq!(
                attempts.load(Ordering::Relaxed),
                index + 1,
                "{cut:?} {path}"
            );
            if cut == Cut::After {
                expected += 1;
            }
            assert_eq!(count(&direct.session()).await, expected, "{cut:?} {path}");
        }
        assert_eq!(mails.load(Ordering::Relaxed), 0);
        // The session itself goes on, over another connection.
        assert_eq!(count(&database.session()).await, expected);
    }
}
