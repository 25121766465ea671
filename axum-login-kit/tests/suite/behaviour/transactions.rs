//! A cookie is set only if its row stands.

use axum::http::StatusCode;

use super::app::App;

const URI: &str = "/login/transaction?email=bob@example.com&end=";

#[tokio::test]
async fn a_login_that_is_rolled_back_leaves_the_old_session() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let before = browser.cookies.clone();
    for end in ["fail", "rollback", "forgotten"] {
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
