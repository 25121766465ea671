//! What those who listen are told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use axum_login_kit::LoginEventKind::{self, *};
use axum_login_kit::{Auth, Error};

use crate::browser::Browser;
use crate::models::User;
use crate::sqlite::app::{App, Db, Kept};

type Told = Arc<Mutex<Vec<(LoginEventKind, Option<i32>)>>>;

async fn listening(kept: Kept) -> (App, Told) {
    let told = Told::default();
    let listener = Arc::clone(&told);
    let app = App::with(|builder| {
        kept.set(builder).on_event(move |event| {
            listener.lock().unwrap().push((event.kind, event.user_id));
        })
    })
    .await;
    (app, told)
}

fn take(told: &Told) -> Vec<(LoginEventKind, Option<i32>)> {
    std::mem::take(&mut *told.lock().unwrap())
}

#[tokio::test]
async fn every_kind_is_told_once() {
    for kept in Kept::ALL {
        let (app, told) = listening(kept).await;
        let id = Some(app.user("ada@example.com").await.id);
        let mut browser = app.browser();
        browser.get("/account").await;
        assert_eq!(take(&told), [(Unauthorized, None)], "{kept:?}");
        browser.get("/home").await;
        browser.get("/plain").await;
        assert_eq!(take(&told), []);
        browser
            .post("/login", "email=ada@example.com&password=wrong")
            .await;
        assert_eq!(take(&told), [(LoginFailed, id)]);
        browser
            .post("/login", "email=nobody@example.com&password=wrong")
            .await;
        assert_eq!(take(&told), [(LoginFailed, None)]);

        let mut browser = app.remembered("ada@example.com").await;
        assert_eq!(take(&told), [(LoggedIn, id)], "{kept:?}");
        browser.get("/account").await;
        assert_eq!(take(&told), []);
        browser.restart();
        browser.get("/account").await;
        browser.get("/account").await;
        assert_eq!(
            take(&told),
            [(Remembered, id)],
            "{kept:?}: once a browser session"
        );
        browser.get("/danger").await;
        assert_eq!(take(&told), [(FreshLoginRequired, id)]);
        browser.post("/confirm", "password=password").await;
        assert_eq!(take(&told), [(Confirmed, id)]);
        browser.post("/logout", "").await;
        assert!(matches!(take(&told)[..], [(LoggedOut, _)]), "{kept:?}");
        browser.post("/logout", "").await;
        assert_eq!(take(&told), [], "nobody was logged in");
    }
}

#[tokio::test]
async fn what_is_ended_from_elsewhere_is_told() {
    let (app, told) = listening(Kept::Table).await;
    let user = app.user("ada@example.com").await;
    let id = Some(user.id);
    app.logged_in("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    take(&told);
    browser.post("/logout/others", "").await;
    assert_eq!(take(&told), [(Revoked, id)]);
    let mut leaving = app.logged_in("ada@example.com").await;
    take(&told);
    leaving.post("/logout/everywhere", "").await;
    assert_eq!(take(&told), [(Revoked, id), (LoggedOut, id)]);
    app.login.end_sessions_of(&user.id).await.unwrap();
    assert_eq!(take(&told), [(Revoked, id)]);
}

#[tokio::test]
async fn a_login_that_is_rolled_back_did_not_happen() {
    let (app, told) = listening(Kept::Table).await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    for (end, events) in [("fail", 0), ("rollback", 0), ("commit", 1)] {
        let uri = format!("/login/transaction?email=ada@example.com&end={end}");
        browser.post(&uri, "").await;
        assert_eq!(take(&told).len(), events, "{end}");
    }

    async fn not_after_all(db: Db, auth: Auth<User>) -> Result<String, Error> {
        db.begin().await?;
        let ended = auth.logout_others().await?;
        db.rollback().await?;
        Ok(ended.to_string())
    }
    let router = Router::new()
        .route("/", post(not_after_all))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut other = app.logged_in("ada@example.com").await;
    let mut ending = Browser::new(&router);
    ending.cookies = browser.cookies;
    take(&told);
    assert_eq!(ending.post("/", "").await.body, "1");
    assert_eq!(take(&told), []);
    assert_eq!(other.get("/home").await.body, "hello ada@example.com");
}
