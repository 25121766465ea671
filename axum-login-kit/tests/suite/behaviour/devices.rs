//! The sessions of a user on all devices: listed, and ended one, others, all.

use axum::http::StatusCode;
use axum_login_kit::testing::FakeClock;
use testkit::logged;
use tracing_subscriber::filter::LevelFilter;

use super::app::{App, Kept};
use crate::browser::Browser;

const STORED: [Kept; 2] = [Kept::Table, Kept::Memory];

async fn device(app: &App, email: &str, name: &str) -> Browser {
    let mut browser = app.browser().with("user-agent", name);
    let form = format!("email={email}&password=password");
    browser.post("/login", &form).await;
    browser
}

/// The id and the rest of each line.
async fn devices(browser: &mut Browser) -> Vec<(String, String)> {
    let page = browser.get("/devices").await.body;
    let lines = page.lines().map(|line| line.split_once(' ').unwrap());
    lines
        .map(|(id, rest)| (id.to_owned(), rest.to_owned()))
        .collect()
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    for kept in STORED {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let app = App::with(|builder| kept.set(builder).clock(turned)).await;
        app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        let mut phone = device(&app, "ada@example.com", "phone").await;
        clock.advance(std::time::Duration::from_secs(60));
        let mut laptop = device(&app, "ada@example.com", "laptop").await;
        let mut bobs = device(&app, "bob@example.com", "bob's").await;

        let listed = devices(&mut laptop).await;
        let names: Vec<_> = listed.iter().map(|(_, name)| &**name).collect();
        assert_eq!(names, ["laptop here", "phone"], "{kept:?}");
        assert_eq!(devices(&mut bobs).await.len(), 1);
        assert!(app.browser().get("/devices").await.body.is_empty());

        // Nobody ends another user's session, though the id is known.
        let phones = format!("/revoke/{}", listed[1].0);
        assert_eq!(bobs.post(&phones, "").await.body, "false");
        assert_eq!(app.browser().post(&phones, "").await.body, "false");
        assert_eq!(phone.get("/home").await.body, "hello ada@example.com");

        assert_eq!(laptop.post(&phones, "").await.body, "true");
        assert_eq!(laptop.post(&phones, "").await.body, "false");
        assert_eq!(phone.get("/home").await.body, "hello stranger");
        assert_eq!(devices(&mut laptop).await.len(), 1);
        let junk = laptop.post("/revoke/junk", "").await;
        assert_eq!(junk.status, StatusCode::BAD_REQUEST);

        // One's own is a logout.
        let own = format!("/revoke/{}", listed[0].0);
        assert_eq!(laptop.post(&own, "").await.body, "true");
        assert!(laptop.cookies.is_empty());
        assert_eq!(laptop.get("/home").await.body, "hello stranger");
        assert_eq!(bobs.get("/home").await.body, "hello bob@example.com");
    }
}

#[tokio::test]
async fn all_sessions_end_at_once() {
    for kept in STORED {
        let app = App::with(|builder| kept.set(builder)).await;
        let user = app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        let mut first = device(&app, "ada@example.com", "phone").await;
        let mut second = device(&app, "ada@example.com", "laptop").await;
        let mut bobs = device(&app, "bob@example.com", "bob's").await;
        assert_eq!(first.post("/logout/everywhere", "").await.body, "2");
        assert!(first.cookies.is_empty(), "{kept:?}");
        assert_eq!(second.get("/home").await.body, "hello stranger");
        assert_eq!(first.post("/logout/everywhere", "").await.body, "0");
        assert_eq!(bobs.get("/home").await.body, "hello bob@example.com");

        // The same from the outside, for an administrator.
        let mut third = device(&app, "ada@example.com", "phone").await;
        assert_eq!(app.login.end_sessions_of(&user.id).await.unwrap(), 1);
        assert_eq!(third.get("/home").await.body, "hello stranger");
        assert_eq!(bobs.get("/home").await.body, "hello bob@example.com");
    }
}

#[tokio::test]
async fn only_sessions_that_stand_are_listed() {
    let app = App::new().await;
    let mut user = app.user("ada@example.com").await;
    device(&app, "ada@example.com", "before the change").await;
    user.epoch += 1;
    app.save(&user).await;
    let mut browser = device(&app, "ada@example.com", "after it").await;
    let listed = devices(&mut browser).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].1, "after it here");
}

#[tokio::test]
async fn sessions_in_cookies_say_what_they_cannot_do() {
    let app = App::with(|builder| Kept::Cookies.set(builder)).await;
    let mut user = app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    assert_eq!(app.sessions().await, 0);
    let (log, _guard) = logged(LevelFilter::ERROR);
    for answer in [
        browser.get("/devices").await,
        browser.post("/logout/others", "").await,
        browser.post("/logout/everywhere", "").await,
    ] {
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.body, "");
    }
    assert_eq!(
        log.text().matches("session_epoch").count(),
        3,
        "{}",
        log.text()
    );
    let error = app.login.end_sessions_of(&user.id).await.unwrap_err();
    assert_eq!(error.kind(), axum_login_kit::ErrorKind::Unsupported);
    assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    user.epoch += 1;
    app.save(&user).await;
    assert_eq!(browser.get("/home").await.body, "hello stranger");
}
