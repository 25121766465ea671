//! What a request costs the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use axum_db::prelude::*;
use axum_login_kit::{Auth, Bcrypt, Error};
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel_async::AsyncConnection;
use futures_util::future::join_all;

use super::app::{self, App, Db};
use crate::browser::Browser;
use crate::models::User;

/// Counts the statements on the connection it is set on.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { .. } = event {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Counts what happens between the database's layer and the end of the handler.
async fn count(State(counter): State<Counter>, db: Db, request: Request, next: Next) -> Response {
    db.conn()
        .await
        .unwrap()
        .set_instrumentation(counter.clone());
    counter.0.store(0, Ordering::SeqCst);
    let response = next.run(request).await;
    let counted = counter.0.load(Ordering::SeqCst);
    let (mut parts, body) = response.into_parts();
    parts.headers.insert("x-queries", counted.into());
    Response::from_parts(parts, body)
}

fn counted(app: &App) -> Router {
    app::router(app.gate.clone())
        .layer(app.login.layer())
        .layer(from_fn_with_state(Counter::default(), count))
        .layer(app.database.layer())
}

#[tokio::test]
async fn an_authenticated_request_costs_one_query_and_others_none() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let mut known = Browser::new(&counted(&app));
    known.cookies = browser.cookies;
    let mut stranger = Browser::new(&counted(&app));
    for (uri, queries) in [
        ("/account", "1"),
        ("/home", "1"),
        ("/plain", "0"),
        ("/login", "0"),
    ] {
        let answer = known.get(uri).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-queries"), queries, "{uri}");
    }
    for uri in ["/account", "/home", "/plain", "/login"] {
        assert_eq!(stranger.get(uri).await.header("x-queries"), "0", "{uri}");
    }
    // A cookie that cannot be a token is not looked up either.
    stranger
        .cookies
        .insert("session".to_owned(), "junk".to_owned());
    assert_eq!(stranger.get("/home").await.header("x-queries"), "0");
}

#[tokio::test]
async fn several_extractors_share_the_one_query() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let guarded = app::router(app.gate.clone())
        .route_layer(axum::middleware::from_extractor::<
            axum_login_kit::CurrentUser<crate::models::User>,
        >())
        .layer(app.login.layer())
        .layer(from_fn_with_state(Counter::default(), count))
        .layer(app.database.layer());
    let mut known = Browser::new(&guarded);
    known.cookies = browser.cookies;
    let answer = known.get("/danger").await;
    assert_eq!(answer.body, "danger for ada@example.com");
    assert_eq!(answer.header("x-queries"), "1");
}

const MAKE_OLD: &str = "UPDATE auth_sessions SET last_seen_at = '2020-01-01 00:00:00'";
const SEEN_LATELY: &str =
    "(SELECT COUNT(*) FROM auth_sessions WHERE last_seen_at > '2020-01-02 00:00:00')";

/// Waits until the sessions were noted as seen, which happens after the response.
async fn seen(app: &App) {
    while app.count(SEEN_LATELY).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn last_seen_is_written_after_the_response_when_it_is_minutes_old() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    app.execute(MAKE_OLD).await;
    browser.get("/home").await;
    seen(&app).await;

    // And no sooner.
    let recorder = app.database.record(axum_db::Recording::Sql);
    for _ in 0..3 {
        browser.get("/home").await;
        tokio::task::yield_now().await;
        app.database.session().begin().await.unwrap();
    }
    let statements = recorder.take();
    let mut texts = statements.iter().map(axum_db::RecordedQuery::sql);
    assert!(!texts.any(|text| text.starts_with("UPDATE")));

    // The request's own transaction, rolled back at its end, takes no part in it.
    app.execute(MAKE_OLD).await;
    let mut counting = Browser::new(&counted(&app));
    counting.cookies = browser.cookies.clone();
    assert_eq!(counting.get("/home").await.header("x-queries"), "1");
    seen(&app).await;
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_is_not_brought_back_by_its_last_use() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    let mut slow = browser.clone();
    app.execute(MAKE_OLD).await;
    let slow = tokio::spawn(async move { slow.get("/slow").await });
    app.gate.entered.notified().await;
    browser.post("/logout", "").await;
    app.gate.open.notify_one();
    assert_eq!(slow.await.unwrap().body, "at last, ada@example.com");
    // With one connection, whoever comes next comes after the late write.
    app.database.session().begin().await.unwrap();
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn one_connection_serves_logins_and_pages_at_once() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let visits = (0..32).map(|number| {
        let (mut known, mut new) = (browser.clone(), app.browser());
        async move {
            if number % 4 == 0 {
                let form = "email=ada@example.com&password=password";
                assert_eq!(new.post("/login", form).await.header("location"), "/");
            } else {
                assert_eq!(
                    known.get("/account").await.body,
                    "account of ada@example.com"
                );
            }
        }
    });
    join_all(visits).await;
    assert_eq!(app.sessions().await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_hashes_holds_no_connection() {
    // A tenth of a second of hashing, beside a page that takes milliseconds and needs the only connection.
    let app = App::with(|builder| builder.passwords(Bcrypt::with_cost(11).unwrap())).await;
    let user = app.user("ada@example.com").await;
    let cookie = axum_login_kit::testing::login_as(&app.login, &user)
        .await
        .unwrap();
    async fn register(db: Db, auth: Auth<User>) -> Result<String, Error> {
        User::query().one(&db).await?;
        auth.hash_password("password").await
    }
    let router = app::router(app.gate.clone())
        .merge(Router::new().route("/register", post(register)))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut known = app.browser().with("cookie", cookie.to_str().unwrap());
    for (uri, status) in [
        ("/login", StatusCode::SEE_OTHER),
        ("/register", StatusCode::OK),
    ] {
        let mut new = Browser::new(&router);
        let hashing = new.post(uri, "email=ada@example.com&password=wrong");
        let page = async {
            // The request's own query comes first: afterwards the connection is free.
            tokio::task::yield_now().await;
            known.get("/account").await
        };
        tokio::pin!(hashing, page);
        let answer = tokio::select! {
            biased;
            _ = &mut hashing => panic!("the page waited for the hash"),
            answer = &mut page => answer,
        };
        assert_eq!(answer.body, "account of ada@example.com");
        assert_eq!(hashing.await.status, status);
    }
}
