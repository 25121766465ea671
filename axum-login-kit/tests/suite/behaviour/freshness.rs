//! Remembered sessions, and what they may not do.

use axum::http::StatusCode;

use super::app::App;

#[tokio::test]
async fn a_session_that_is_not_remembered_ends_with_the_browser() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    assert_eq!(
        browser.get("/danger").await.body,
        "danger for ada@example.com"
    );
    assert_eq!(browser.get("/remembered").await.body, "false");
    browser.restart();
    assert_eq!(browser.get("/home").await.body, "hello stranger");
    assert_eq!(browser.get("/remembered").await.body, "false");
}

#[tokio::test]
async fn a_remembered_session_outlasts_the_browser_and_its_freshness_does_not() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    assert_eq!(
        browser.get("/danger").await.body,
        "danger for ada@example.com"
    );
    assert_eq!(browser.get("/fresh").await.body, "true");

    browser.restart();
    assert_eq!(
        browser.get("/account").await.body,
        "account of ada@example.com"
    );
    assert_eq!(browser.get("/fresh").await.body, "false");
    assert_eq!(browser.get("/remembered").await.body, "true");
    let answer = browser.get("/danger").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/login?next=%2Fdanger");
}

#[tokio::test]
async fn confirming_makes_fresh_and_stays_remembered() {
    let app = App::with(|builder| {
        builder
            .refresh_url("/confirm")
            .refresh_message("Please confirm your password.", "warning")
    })
    .await;
    app.user("ada@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    browser.restart();
    let answer = browser.get("/danger").await;
    assert_eq!(answer.header("location"), "/confirm?next=%2Fdanger");
    assert_eq!(
        browser.get("/login").await.body,
        "[warning] Please confirm your password."
    );

    assert_eq!(
        browser.post("/confirm", "password=wrong").await.body,
        "wrong"
    );
    assert_eq!(browser.get("/fresh").await.body, "false");
    assert_eq!(
        browser.post("/confirm", "password=password").await.body,
        "true"
    );
    assert_eq!(
        browser.get("/danger").await.body,
        "danger for ada@example.com"
    );
    browser.restart();
    assert_eq!(
        browser.get("/account").await.body,
        "account of ada@example.com"
    );
    assert_eq!(browser.get("/fresh").await.body, "false");
}

#[tokio::test]
async fn a_login_by_other_means_is_not_fresh_until_confirmed() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    browser
        .post("/login/options", "email=ada@example.com&stale=true")
        .await;
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    assert_eq!(browser.get("/fresh").await.body, "false");
    assert_eq!(
        browser.post("/confirm", "password=password").await.body,
        "true"
    );
    assert_eq!(browser.get("/fresh").await.body, "true");
}

#[tokio::test]
async fn a_fresh_mark_belongs_to_its_session_alone() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let ada = app.remembered("ada@example.com").await;
    let mut bob = app.remembered("bob@example.com").await;
    bob.restart();
    let mark = ada.cookies["fresh"].clone();
    bob.cookies.insert("fresh".to_owned(), mark);
    assert_eq!(bob.get("/fresh").await.body, "false");
    bob.cookies.insert("fresh".to_owned(), "junk".to_owned());
    assert_eq!(bob.get("/fresh").await.body, "false");
}

#[tokio::test]
async fn a_stranger_is_never_fresh() {
    let app = App::new().await;
    let mut browser = app.browser();
    assert_eq!(browser.get("/fresh").await.body, "false");
    let answer = browser.get("/danger").await;
    assert_eq!(answer.header("location"), "/login?next=%2Fdanger");
    assert_eq!(
        browser.post("/confirm", "password=password").await.status,
        StatusCode::SEE_OTHER
    );
}
