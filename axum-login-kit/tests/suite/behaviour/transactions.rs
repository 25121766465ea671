//! A cookie is set only if its row stands.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use axum_db::TransactionMode;
use axum_db::prelude::*;
use axum_login_kit::LoginEventKind::LoggedIn;
use axum_login_kit::{Auth, Error};
use tokio::sync::Notify;

use super::app::{self, App, Db};
use crate::browser::Browser;
use crate::models::User;

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

/// Over a pool of one connection, which the request has.
#[tokio::test]
async fn an_administrator_blocks_a_user_in_one_transaction() {
    async fn block(db: Db, auth: Auth<User>, id: String) -> Result<String, Error> {
        let (id, end) = id.split_once(' ').unwrap();
        let id: i32 = id.parse().unwrap();
        db.begin().await?;
        let mut user = User::find(id).one(&db).await?;
        user.epoch += 1;
        user.save(&db).await?;
        let ended = auth.end_sessions_of(&id).await?;
        match end {
            "commit" => db.commit().await?,
            _ => db.rollback().await?,
        }
        Ok(ended.to_string())
    }
    let app = App::new().await;
    let user = app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let router = Router::new()
        .route("/block", post(block))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut administrator = Browser::new(&router);
    for (end, left) in [("rollback", 1), ("commit", 0)] {
        let answer = administrator
            .post("/block", &format!("{} {end}", user.id))
            .await;
        assert_eq!(answer.body, "1", "{end}");
        assert_eq!(app.sessions().await, left, "{end}");
    }
    assert_eq!(browser.get("/home").await.body, "hello stranger");
}

/// Whoever listens is told what is committed, also where nobody waits for the answer any more.
#[tokio::test]
async fn what_is_committed_is_told_if_the_request_is_dropped_then() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let app = App::with(|builder| {
        builder.on_event(move |event| listener.lock().unwrap().push(event.kind))
    })
    .await;
    app.user("ada@example.com").await;
    let committed = Arc::new(Notify::new());
    let reached = Arc::clone(&committed);
    let log_in = async move |db: Db, auth: Auth<User>| -> Result<(), Error> {
        db.begin().await?;
        let user = User::query().one(&db).await?;
        auth.login(&user).await?;
        db.commit().await?;
        reached.notify_one();
        std::future::pending().await
    };
    let router = Router::new()
        .route("/login", post(log_in))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut browser = Browser::new(&router);
    tokio::select! {
        _ = browser.post("/login", "") => unreachable!("it waits for ever"),
        () = committed.notified() => {}
    }
    assert_eq!(*told.lock().unwrap(), [LoggedIn]);
    assert_eq!(app.sessions().await, 1);
}
