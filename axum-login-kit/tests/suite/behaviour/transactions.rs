//! A cookie is set only if its row stands.

use axum::http::StatusCode;

use axum_db::TransactionMode;

use super::app::{self, App};
use crate::browser::Browser;

const URI: &str = "/login/transaction?email=bob@example.com&end=";

#[tokio::test]
async fn a_login_that_is_rolled_back_leaves_the_old_session() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let before = browser.cookies.clone();
    for end in ["fail", "rollback", "savepoint", "forgotten"] {
        let answer = browser.post(&format!("{URI}{end}"), "").await;
        assert!(answer.cookies().is_empty(), "{end}");
        assert_eq!(browser.cookies, before);
        assert_eq!(
            browser.get("/home").await.body,
            "hello ada@example.com",
            "{end}"
        );
        assert_eq!(app.sessions().await, 1);
    }
}

#[tokio::test]
async fn a_login_that_is_committed_replaces_it() {
    for end in ["commit", "commit-then-lose"] {
        let app = App::new().await;
        app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        let mut browser = app.logged_in("ada@example.com").await;
        let answer = browser.post(&format!("{URI}{end}"), "").await;
        assert_eq!(answer.cookies().len(), 1, "{end}");
        assert_eq!(
            browser.get("/home").await.body,
            "hello bob@example.com",
            "{end}"
        );
        assert_eq!(app.sessions().await, 1);
    }
}

#[tokio::test]
async fn a_login_outside_a_transaction_stands_whatever_follows() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let answer = browser
        .post("/login/then/fail?email=bob@example.com&end=", "")
        .await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.get("/home").await.body, "hello bob@example.com");
    assert_eq!(app.sessions().await, 1);
}

#[tokio::test]
async fn sessions_begin_and_end_in_every_mode() {
    for mode in [
        TransactionMode::Explicit,
        TransactionMode::OnSuccess,
        TransactionMode::ReadOnly,
    ] {
        let app = App::new().await;
        app.user("ada@example.com").await;
        let router = app::router(app.gate.clone())
            .layer(app.login.layer())
            .layer(app.database.layer().mode(mode));
        let mut browser = Browser::new(&router);
        let form = "email=ada@example.com&password=password";
        let answer = browser.post("/login", form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{mode:?}: {answer:?}");
        assert_eq!(
            browser.get("/home").await.body,
            "hello ada@example.com",
            "{mode:?}"
        );
        browser.post("/logout", "").await;
        assert_eq!(
            browser.get("/home").await.body,
            "hello stranger",
            "{mode:?}"
        );
        assert_eq!(app.sessions().await, 0, "{mode:?}");
    }
}

#[tokio::test]
async fn under_on_success_the_status_decides_over_a_login_in_the_transaction() {
    for (end, who) in [("fail", "stranger"), ("open", "bob@example.com")] {
        let app = App::new().await;
        app.user("bob@example.com").await;
        let router = app::router(app.gate.clone())
            .layer(app.login.layer())
            .layer(app.database.layer().mode(TransactionMode::OnSuccess));
        let mut browser = Browser::new(&router);
        browser.post(&format!("{URI}{end}"), "").await;
        assert_eq!(browser.get("/home").await.body, format!("hello {who}"));
    }
}
