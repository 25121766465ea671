//! Logging in and out.

use axum::http::StatusCode;
use axum_db::prelude::*;

use super::app::App;
use crate::models::User;

#[tokio::test]
async fn a_login_lasts_over_requests() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    assert_eq!(browser.get("/home").await.body, "hello stranger");

    let answer = browser
        .post(
            "/login?next=/account%3Ftab%3D2",
            "email=ada@example.com&password=password",
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/account?tab=2");
    for _ in 0..2 {
        assert_eq!(
            browser.get("/account").await.body,
            "account of ada@example.com"
        );
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    }
}

#[tokio::test]
async fn wrong_passwords_and_unknown_users_get_the_same_answer() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    for form in [
        "email=ada@example.com&password=wrong",
        "email=nobody@example.com&password=password",
        "email=nobody@example.com&password=a%00b",
    ] {
        let answer = browser.post("/login", form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), "/login");
        assert!(browser.cookie("session").is_none());
        let message = "[danger] Login unsuccessful. Please check email and password.";
        assert_eq!(browser.get("/login").await.body, message);
    }
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn an_inactive_user_is_refused_unless_forced() {
    let app = App::new().await;
    let mut user = app.user("ada@example.com").await;
    user.blocked = true;
    app.save(&user).await;
    let mut browser = app.browser();
    let answer = browser
        .post("/login", "email=ada@example.com&password=password")
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.body, "this account is not active");
    assert!(answer.cookies().is_empty());

    let answer = browser
        .post("/login/options", "email=ada@example.com&force=true")
        .await;
    assert_eq!(answer.body, "now ada@example.com");
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn logout_ends_the_session_and_works_without_one() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    assert_eq!(app.sessions().await, 1);
    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(app.sessions().await, 0);
    assert_eq!(browser.get("/home").await.body, "hello stranger");

    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_up() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut remembered = app.remembered("ada@example.com").await;
    let mut idle = app.logged_in("ada@example.com").await;
    // Two days unused: too long for a session that is not remembered.
    app.execute("UPDATE auth_sessions SET last_seen_at = '2020-01-01 00:00:00'")
        .await;
    assert_eq!(idle.get("/home").await.body, "hello stranger");
    assert_eq!(remembered.get("/home").await.body, "hello ada@example.com");

    app.execute("UPDATE auth_sessions SET expires_at = '2020-01-01 00:00:00'")
        .await;
    assert_eq!(remembered.get("/home").await.body, "hello stranger");
    assert_eq!(app.sessions().await, 2);
    assert_eq!(app.login.delete_expired().await.unwrap(), 2);
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn a_login_may_last_as_long_as_it_says() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    let form = "email=ada@example.com&remember=true&seconds=90";
    let answer = browser.post("/login/options", form).await;
    let session = answer.cookies()[0];
    assert!(session.starts_with("session="), "{session}");
    assert!(session.ends_with("Max-Age=90"), "{session}");
    // Longer than any calendar is the end of the calendar.
    let form = format!("email=ada@example.com&remember=true&seconds={}", u64::MAX);
    let answer = browser.post("/login/options", &form).await;
    assert_eq!(answer.body, "now ada@example.com");

    let answer = browser
        .post("/login/options", "email=ada@example.com&seconds=0")
        .await;
    assert_eq!(answer.body, "now ");
    assert_eq!(browser.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn other_sessions_end_on_demand() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let mut first = app.logged_in("ada@example.com").await;
    let mut second = app.remembered("ada@example.com").await;
    let mut third = app.logged_in("ada@example.com").await;
    let mut bob = app.logged_in("bob@example.com").await;
    assert_eq!(first.post("/logout/others", "").await.body, "2");
    assert_eq!(first.get("/home").await.body, "hello ada@example.com");
    assert_eq!(second.get("/home").await.body, "hello stranger");
    assert_eq!(third.get("/home").await.body, "hello stranger");
    assert_eq!(bob.get("/home").await.body, "hello bob@example.com");
    assert_eq!(app.browser().post("/logout/others", "").await.body, "0");
}

#[tokio::test]
async fn tests_log_in_without_a_password() {
    let app = App::new().await;
    let user: User = app.user("ada@example.com").await;
    let cookie = axum_login_kit::testing::login_as(&app.login, &user)
        .await
        .unwrap();
    for host in ["localhost", "example.com"] {
        let mut browser = app
            .browser()
            .on_host(host)
            .with("cookie", cookie.to_str().unwrap());
        assert_eq!(
            browser.get("/danger").await.body,
            "danger for ada@example.com"
        );
    }
    let db = app.database.session();
    user.delete(&db).await.unwrap();
    db.commit().await.unwrap();
    drop(db);
    let mut browser = app.browser().with("cookie", cookie.to_str().unwrap());
    assert_eq!(browser.get("/home").await.body, "hello stranger");
    assert_eq!(
        User::query()
            .row_count(&app.database.session())
            .await
            .unwrap(),
        0
    );
}
