//! Every setting of the cookies.

use std::time::Duration;

use axum_login_kit::testing::FakeClock;
use axum_login_kit::{ConfigError, CookieConfig, LoginManager, RememberConfig, SameSite};

use crate::models::User;
use crate::sqlite::app::{App, Kept, SECRET};

const LOGIN: &str = "email=ada@example.com&password=password";
const REMEMBER: &str = "email=ada@example.com&password=password&remember=true";
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn attributes<'a>(cookies: &[&'a str], name: &str) -> Option<&'a str> {
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.starts_with(&format!("{name}=")))?;
    cookie.split_once("; ").map(|(_, attributes)| attributes)
}

#[tokio::test]
async fn a_remember_cookie_may_have_everything_of_its_own() {
    for kept in Kept::ALL {
        let mut remember = RememberConfig::default();
        remember.name = Some("remember_token".into());
        remember.domain = Some("example.com".into());
        remember.path = Some("/".into());
        remember.secure = Some(true);
        remember.http_only = Some(false);
        remember.same_site = Some(SameSite::Strict);
        remember.duration = Duration::from_secs(3_600);
        let app = App::with(|builder| kept.set(builder).remember(remember)).await;
        app.user("ada@example.com").await;
        let mut browser = app.browser().on_host("www.example.com");
        let answer = browser.post("/login", REMEMBER).await;
        let cookies = answer.cookies();
        assert_eq!(
            attributes(&cookies, "remember_token"),
            Some("SameSite=Strict; Secure; Path=/; Domain=example.com; Max-Age=3600"),
            "{kept:?}: {cookies:?}"
        );
        assert_eq!(attributes(&cookies, "__Host-session"), None);
        assert_eq!(
            browser.get("/danger").await.body,
            "danger for ada@example.com"
        );
        browser.restart();
        assert_eq!(
            browser.get("/home").await.body,
            "hello ada@example.com",
            "{kept:?}"
        );
        assert_eq!(browser.get("/fresh").await.body, "false");

        // A login that is not remembered takes its place.
        let answer = browser.post("/login", LOGIN).await;
        let removed = attributes(&answer.cookies(), "remember_token").unwrap();
        assert!(
            removed.contains("Domain=example.com; Max-Age=0"),
            "{removed}"
        );
        assert!(browser.cookie("__Host-session").is_some());
        browser.post("/login", REMEMBER).await;
        assert!(
            browser.cookie("__Host-session").is_none(),
            "and the other way round"
        );
        browser.post("/logout", "").await;
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    }
}

#[tokio::test]
async fn logout_wins_over_remember() {
    let mut remember = RememberConfig::default();
    remember.name = Some("remember_token".into());
    let app = App::with(|builder| builder.remember(remember)).await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let remembered = app.remembered("ada@example.com").await;
    // Both at once, as after a restored backup of the browser.
    browser.cookies.extend(remembered.cookies.clone());
    assert_eq!(app.sessions().await, 2);
    browser.post("/logout", "").await;
    assert!(browser.cookies.is_empty());
    assert_eq!(app.sessions().await, 0);
    // A dead session's cookie does not hide a remembered one that stands.
    let mut browser = app.remembered("ada@example.com").await;
    browser.cookies.insert("session".into(), "A".repeat(43));
    assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
}

#[tokio::test]
async fn a_remembered_session_is_refreshed_by_use_if_wanted() {
    for kept in Kept::ALL {
        for refreshes in [true, false] {
            let clock = FakeClock::new();
            let turned = clock.clone();
            let mut remember = RememberConfig::default();
            remember.duration = 10 * DAY;
            remember.refresh_each_request = refreshes;
            let app = App::with(|builder| kept.set(builder).clock(turned).remember(remember)).await;
            app.user("ada@example.com").await;
            let mut browser = app.remembered("ada@example.com").await;
            // The browser keeps it for as long as browsers do, and the server says when it ends.
            let days = if refreshes { 400 } else { 10 };
            let max_age = format!("Max-Age={}", days * 24 * 60 * 60);
            let cookie = &browser.cookies["session"];
            assert!(cookie.contains(&max_age), "{kept:?}: {cookie}");
            for _ in 0..3 {
                clock.advance(4 * DAY);
                let answer = browser.get("/home").await;
                let cookies = answer.cookies();
                assert_eq!(attributes(&cookies, "session"), None, "{kept:?}");
                // The write follows the response; with one connection, whoever comes next comes after it.
                tokio::task::yield_now().await;
                app.database.session().begin().await.unwrap();
            }
            let who = if refreshes {
                "ada@example.com"
            } else {
                "stranger"
            };
            assert_eq!(
                browser.get("/home").await.body,
                format!("hello {who}"),
                "{kept:?}"
            );
        }
    }
}

/// Its answer comes after that to the logout.
#[tokio::test]
async fn a_slow_request_brings_no_refreshed_session_back() {
    for kept in Kept::ALL {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let mut remember = RememberConfig::default();
        remember.refresh_each_request = true;
        let app = App::with(|builder| kept.set(builder).clock(turned).remember(remember)).await;
        app.user("ada@example.com").await;
        let mut browser = app.remembered("ada@example.com").await;
        let mut leaving = browser.clone();
        clock.advance(DAY);
        let slow = browser.get("/slow");
        let logout = async {
            app.gate.entered.notified().await;
            leaving.post("/logout", "").await;
            app.gate.open.notify_one();
        };
        let (answer, ()) = tokio::join!(slow, logout);
        assert_eq!(answer.body, "at last, ada@example.com", "{kept:?}");
        // One jar of cookies for both.
        for cookie in answer.cookies() {
            let (name, value) = cookie.split_once('=').unwrap();
            leaving.cookies.insert(name.to_owned(), value.to_owned());
        }
        assert_eq!(
            leaving.get("/home").await.body,
            "hello stranger",
            "{kept:?}"
        );
    }
}

#[tokio::test]
async fn a_remember_cookie_whose_name_differs_by_its_prefix_is_found() {
    for (host, own) in [("localhost:3000", true), ("example.com", false)] {
        let mut remember = RememberConfig::default();
        remember.secure = Some(own);
        let app = App::with(|builder| builder.remember(remember)).await;
        app.user("ada@example.com").await;
        let mut browser = app.browser().on_host(host);
        browser.post("/login", REMEMBER).await;
        browser.restart();
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
        browser.post("/logout", "").await;
        assert_eq!(browser.get("/home").await.body, "hello stranger");
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    }
}

#[tokio::test]
async fn cookies_for_other_sites_are_secure_on_this_machine_too() {
    let mut cookie = CookieConfig::default();
    cookie.same_site = SameSite::None;
    let app = App::with(|builder| builder.session_cookie(cookie)).await;
    app.user("ada@example.com").await;
    let answer = app.browser().post("/login", LOGIN).await;
    let expected = "HttpOnly; SameSite=None; Secure; Path=/";
    assert_eq!(
        attributes(&answer.cookies(), "__Host-session"),
        Some(expected)
    );
}

#[tokio::test]
async fn cookies_that_cannot_be_told_apart_are_refused_when_built() {
    let app = App::new().await;
    let build = |session: &str, remember: RememberConfig| {
        let mut cookie = CookieConfig::default();
        cookie.name = session.into();
        let builder = LoginManager::<User>::new(&app.database, SECRET);
        builder.session_cookie(cookie).remember(remember).build()
    };
    let named = |name: &str| {
        let mut remember = RememberConfig::default();
        remember.name = Some(name.into());
        remember
    };
    for (session, remember) in [
        ("flash", RememberConfig::default()),
        ("session", named("fresh")),
        ("session", named("state")),
        ("session", named("visitor")),
        ("session", named("flash")),
        ("sid", named("sid-fresh")),
    ] {
        let error = build(session, remember).unwrap_err();
        assert!(
            matches!(error, ConfigError::Cookie { .. }),
            "{session}: {error}"
        );
    }
    for elsewhere in [
        |remember: &mut RememberConfig| remember.domain = Some("example.com".into()),
        |remember: &mut RememberConfig| remember.path = Some("/app".into()),
    ] {
        let mut remember = named("session");
        elsewhere(&mut remember);
        let error = build("session", remember).unwrap_err().to_string();
        assert!(error.contains("RememberConfig::name"), "{error}");
        let mut remember = RememberConfig::default();
        elsewhere(&mut remember);
        build("session", remember).unwrap();
    }
    for (session, remember) in [("session", named("session")), ("sid", named("fresh"))] {
        build(session, remember).unwrap();
    }
}

#[tokio::test]
async fn the_session_cookie_may_be_another_one() {
    let mut cookie = CookieConfig::default();
    cookie.name = "sid".into();
    cookie.domain = Some("example.com".into());
    cookie.same_site = SameSite::None;
    let app = App::with(|builder| builder.session_cookie(cookie)).await;
    app.user("ada@example.com").await;
    let mut browser = app.browser().on_host("www.example.com");
    let answer = browser.post("/login", REMEMBER).await;
    let expected = "HttpOnly; SameSite=None; Secure; Path=/; Domain=example.com; Max-Age=2592000";
    assert_eq!(attributes(&answer.cookies(), "sid"), Some(expected));
    let fresh = attributes(&answer.cookies(), "sid-fresh");
    assert!(fresh.is_some(), "{:?}", answer.cookies());
    assert_eq!(
        browser.get("/danger").await.body,
        "danger for ada@example.com"
    );
    browser.post("/logout", "").await;
    assert!(browser.cookies.is_empty());

    // A path of its own drops the prefix, too.
    let mut cookie = CookieConfig::default();
    cookie.path = "/app".into();
    let app = App::with(|builder| builder.session_cookie(cookie)).await;
    app.user("ada@example.com").await;
    let answer = app
        .browser()
        .on_host("example.com")
        .post("/login", LOGIN)
        .await;
    let expected = "HttpOnly; SameSite=Lax; Secure; Path=/app";
    assert_eq!(attributes(&answer.cookies(), "session"), Some(expected));
}

#[tokio::test]
async fn cookies_that_cannot_work_are_refused_when_built() {
    let app = App::new().await;
    let refused = |change: &dyn Fn(&mut CookieConfig)| {
        let mut cookie = CookieConfig::default();
        change(&mut cookie);
        let builder = LoginManager::<User>::new(&app.database, SECRET).session_cookie(cookie);
        let error = builder.build().unwrap_err();
        assert!(matches!(error, ConfigError::Cookie { .. }), "{error}");
    };
    refused(&|cookie| cookie.name = String::new());
    refused(&|cookie| cookie.name = "a b".into());
    refused(&|cookie| cookie.name = "a=b".into());
    refused(&|cookie| cookie.name = "__Host-session".into());
    refused(&|cookie| cookie.domain = Some("a;b".into()));
    refused(&|cookie| cookie.path = "app".into());
    refused(&|cookie| cookie.path = "/a;b".into());
    refused(&|cookie| {
        cookie.same_site = SameSite::None;
        cookie.secure = Some(false);
    });
    let mut remember = RememberConfig::default();
    remember.name = Some("\r\n".into());
    let builder = LoginManager::<User>::new(&app.database, SECRET).remember(remember);
    assert!(builder.build().is_err());
}

#[tokio::test]
async fn a_logout_may_clear_what_the_browser_keeps_of_the_site() {
    let app = App::with(|builder| builder.clear_site_data(true)).await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.header("clear-site-data"), "", "nobody was logged in");

    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.header("clear-site-data"), "", "nobody asked for it");
}
