//! What is logged, at the finest level.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::StatusCode;
use axum::routing::post;
use axum_login_kit::{Auth, Error, Lockout};
use testkit::logged;
use tracing_subscriber::filter::LevelFilter;

use crate::browser::Browser;
use crate::models::User;
use crate::sqlite::app::App;

#[tokio::test]
async fn no_secret_is_logged() {
    let app = App::new().await;
    let user = app.user("ada@example.com").await;
    let (log, guard) = logged(LevelFilter::TRACE);
    let mut browser = app.browser();
    let wrong = "email=ada@example.com&password=a+wrong+secret";
    browser.post("/login", wrong).await;
    let mut browser = app.remembered("ada@example.com").await;
    browser.get("/account").await;
    let token = browser.cookie("session").unwrap().to_owned();
    let mark = browser.cookie("fresh").unwrap().to_owned();
    browser.post("/logout", "").await;
    app.execute("DROP TABLE auth_sessions").await;
    browser.cookies.insert("session".to_owned(), token.clone());
    browser.get("/account").await;
    drop(guard);

    let logged = log.text();
    assert!(logged.contains("logged in"), "{logged}");
    assert!(logged.contains("logged out"), "{logged}");
    let secrets = [
        &token,
        &mark,
        &user.password_hash,
        "wrong secret",
        "wrong+secret",
        "secret for tests",
    ];
    for secret in secrets {
        assert!(!logged.contains(secret), "{secret} in {logged}");
    }
}

/// Settings that count less than they seem to are told of, once.
#[tokio::test]
async fn a_lockout_that_cannot_count_says_why() {
    async fn without(auth: Auth<User>) -> Result<(), Error> {
        auth.verify_password(None, "guess").await.map(drop)
    }
    async fn with(auth: Auth<User>) -> Result<(), Error> {
        let verifying = auth.verify_password(None, "guess").account("ada");
        verifying.await.map(drop)
    }
    async fn said(proxies: usize, from: Option<&str>, forwarded: &str, uri: &str) -> String {
        let app = App::with(|builder| {
            let builder = builder.lockout(Lockout::in_memory());
            builder.behind_proxies(proxies)
        })
        .await;
        let mut router = Router::new()
            .route("/without", post(without))
            .route("/with", post(with))
            .layer(app.login.layer())
            .layer(app.database.layer());
        if let Some(from) = from {
            let address: SocketAddr = from.parse().unwrap();
            router = router.layer(MockConnectInfo(address));
        }
        let mut browser = Browser::new(&router);
        if !forwarded.is_empty() {
            browser = browser.with("x-forwarded-for", forwarded);
        }
        let (log, _guard) = logged(LevelFilter::WARN);
        for _ in 0..3 {
            assert_eq!(browser.post(uri, "").await.status, StatusCode::OK);
        }
        log.text()
    }
    for (proxies, from, forwarded, uri, expected) in [
        (0, Some("192.0.2.1:80"), "", "/without", ".account(&name)"),
        (0, None, "", "/with", "into_make_service_with_connect_info"),
        (1, Some("10.0.0.1:80"), "", "/with", "fewer addresses"),
        (
            0,
            Some("10.0.0.1:80"),
            "192.0.2.1",
            "/with",
            ".behind_proxies(1)",
        ),
        (0, Some("192.0.2.1:80"), "", "/with", ""),
        (1, Some("10.0.0.1:80"), "192.0.2.1", "/with", ""),
    ] {
        let said = said(proxies, from, forwarded, uri).await;
        let lines = said.lines().count();
        assert_eq!(lines, usize::from(!expected.is_empty()), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
