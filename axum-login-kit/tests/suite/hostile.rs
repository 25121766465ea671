//! Requests as no browser of ours sends them, clocks that go wrong, and methods that nobody thinks of.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::routing::any;
use axum_login_kit::testing::FakeClock;
use axum_login_kit::{CurrentUser, FreshUser, login_required};
use chrono::NaiveDate;
use tower::ServiceExt;

use crate::browser::Browser;
use crate::models::User;
use crate::sqlite::app::App;

/// The page of whoever sends these lines of cookies.
async fn home(app: &App, lines: &[Vec<u8>]) -> String {
    let mut request = Request::get("/home").header(header::HOST, "localhost");
    for line in lines {
        request = request.header(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
    }
    let request = request.body(Body::empty()).unwrap();
    let response = app.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body(), 1_000).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn the_session_is_found_beside_whatever_cookies_others_set() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let session = browser.cookie_header().into_bytes();
    let beside = |before: &[u8], after: &[u8]| [before, &session, after].concat();
    let many = b"x=1; ".repeat(2_000);
    let long = [&b"x="[..], &b"y".repeat(60_000), b"; "].concat();
    for line in [
        beside("theme=größe; ".as_bytes(), b""),
        beside(b"x=\xff\xfe; ", b""),
        beside(b"", b"; x=\xff"),
        beside(b";;; =; ==; x; ", b"; ;"),
        beside(b"\tx = 1 ;  ", b" ; x"),
        beside(b"SESSION=x; Session=x; session-=x; xsession=x; ", b""),
        beside(b"", b"; session=planted; session="),
        beside(&many, b""),
        beside(&long, b""),
    ] {
        assert_eq!(home(&app, &[line]).await, "hello ada@example.com");
    }
    let lines = [b"x=\xff".to_vec(), session.clone(), b"session=x".to_vec()];
    assert_eq!(home(&app, &lines).await, "hello ada@example.com");
}

#[tokio::test]
async fn what_only_looks_like_the_cookie_is_not_it() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let token = browser.cookie("session").unwrap();
    for line in [
        format!("\u{a0}session={token}"),
        format!("\u{2003}session={token}"),
        format!("session\u{3000}={token}"),
        format!("session=\"{token}\""),
        format!("session=%{token}"),
        format!("session={token}\u{2003}"),
        format!("session,x={token}"),
        format!("$session={token}"),
        format!("session {token}"),
        format!("session=; session={token}"),
    ] {
        let found = home(&app, &[line.clone().into_bytes()]).await;
        assert_eq!(found, "hello stranger", "{line}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_logs_nobody_in_or_out() {
    async fn recent(user: FreshUser<User, 15>) -> String {
        user.email.clone()
    }
    let clock = FakeClock::new();
    let app = App::with(|builder| builder.clock(clock.clone())).await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let router = Router::new()
        .route("/recent", any(recent))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut recent = Browser::new(&router);
    recent.cookies = browser.cookies.clone();
    let noon = |day| NaiveDate::from_ymd_opt(2029, 6, day).unwrap();
    clock.set(noon(1).and_hms_opt(12, 0, 0).unwrap());
    assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    assert_eq!(recent.get("/recent").await.body, "ada@example.com");
    // And forward again, further than the session lasts.
    clock.set(noon(2).and_hms_opt(12, 0, 0).unwrap());
    clock.advance(Duration::from_secs(400 * 24 * 60 * 60));
    assert_eq!(browser.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn every_method_needs_the_login_but_the_one_that_asks_for_permission() {
    async fn whoever(user: CurrentUser<User>) -> String {
        user.email.clone()
    }
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let router = Router::new()
        .route("/guarded", any(async || "guarded"))
        .route_layer(login_required::<User>())
        .route("/taken", any(whoever))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::TRACE,
        Method::from_bytes(b"PROPFIND").unwrap(),
        Method::from_bytes(b"options").unwrap(),
    ];
    for method in methods {
        for path in ["/guarded", "/taken"] {
            let mut stranger = Browser::new(&router);
            let answer = stranger.send(method.clone(), path, "").await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {path}");
            let next = matches!(method, Method::GET | Method::HEAD);
            assert_eq!(
                answer.header("location").contains("next="),
                next,
                "{method}"
            );
            assert_eq!(answer.header("cache-control"), "no-store");
            let mut ada = Browser::new(&router);
            ada.cookies = browser.cookies.clone();
            assert_eq!(
                ada.send(method.clone(), path, "").await.status,
                StatusCode::OK
            );
        }
    }
    // Browsers send it without cookies before a request from another site; an extractor lets nobody in all the same.
    let mut stranger = Browser::new(&router);
    let answer = stranger.send(Method::OPTIONS, "/guarded", "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = stranger.send(Method::OPTIONS, "/taken", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}
