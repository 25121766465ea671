//! Remembered sessions, and what they may not do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use axum_db::prelude::*;
use axum_login_kit::{Auth, CurrentUser, Error, LoginEventKind, MemorySessions, SessionBackend};

use super::app::{App, Db};
use crate::browser::Browser;
use crate::models::User;

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

#[tokio::test]
async fn a_login_is_as_fresh_in_its_own_request_as_afterwards() {
    async fn log_in(db: Db, auth: Auth<User>, Path(how): Path<String>) -> Result<String, Error> {
        let user = User::query().one(&db).await?;
        match how.as_str() {
            "stale" => auth.login(&user).fresh(false).await?,
            "remembered" => auth.login(&user).remember(true).await?,
            _ => {
                db.begin().await?;
                auth.login(&user).await?;
                db.rollback().await?;
            }
        }
        Ok(auth.is_fresh().await?.to_string())
    }
    let app = App::new().await;
    app.user("ada@example.com").await;
    let router = Router::new()
        .route("/{how}", post(log_in))
        .layer(app.login.layer())
        .layer(app.database.layer());
    // Whatever the session before it was; that one alone counts after a rollback.
    let fresh = app.logged_in("ada@example.com").await;
    let mut restored = app.remembered("ada@example.com").await;
    restored.restart();
    for (before, how, is_fresh) in [
        (&app.browser(), "stale", "false"),
        (&fresh, "rolled-back", "true"),
        (&fresh, "stale", "false"),
        (&restored, "rolled-back", "false"),
        (&restored, "remembered", "true"),
    ] {
        let mut browser = Browser::new(&router);
        browser.cookies = before.cookies.clone();
        let answer = browser.post(&format!("/{how}"), "").await;
        assert_eq!(answer.body, is_fresh, "{how}");
    }
}

#[tokio::test]
async fn confirming_changes_nothing_where_it_is_rolled_back_or_the_session_has_ended() {
    async fn confirm(db: Db, auth: Auth<User>, _: CurrentUser<User>) -> Result<String, Error> {
        db.begin().await?;
        let confirmed = auth.confirm().await?;
        db.rollback().await?;
        Ok(confirmed.to_string())
    }
    let memory = MemorySessions::new();
    let sessions = memory.clone();
    let in_memory = App::with(|builder| builder.sessions(sessions)).await;
    let too_late = async move |auth: Auth<User>, user: CurrentUser<User>| {
        let backend: &dyn SessionBackend<User> = &memory;
        backend.delete_all("user", &user.id, None).await?;
        let confirmed = auth.confirm().await?;
        Ok::<_, Error>(format!("{confirmed} {}", auth.user().await?.is_some()))
    };
    let told = Arc::new(AtomicUsize::new(0));
    let listener = Arc::clone(&told);
    let app = App::with(|builder| {
        builder.on_event(move |event| {
            if event.kind == LoginEventKind::Confirmed {
                listener.fetch_add(1, Ordering::Relaxed);
            }
        })
    })
    .await;
    for (app, uri, answer) in [
        (&app, "/rolled-back", "true"),
        (&in_memory, "/too-late", "false false"),
    ] {
        app.user("ada@example.com").await;
        let mut browser = app.remembered("ada@example.com").await;
        browser.restart();
        assert_eq!(browser.get("/fresh").await.body, "false");
        let router = Router::new()
            .route("/rolled-back", post(confirm))
            .route("/too-late", post(too_late.clone()))
            .layer(app.login.layer())
            .layer(app.database.layer());
        let mut confirming = Browser::new(&router);
        confirming.cookies = browser.cookies.clone();
        assert_eq!(confirming.post(uri, "").await.body, answer);
        assert_eq!(confirming.cookie("fresh"), browser.cookie("fresh"));
        assert_eq!(browser.get("/fresh").await.body, "false");
    }
    assert_eq!(told.load(Ordering::Relaxed), 0);
}
