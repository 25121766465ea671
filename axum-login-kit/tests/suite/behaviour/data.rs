//! What an application keeps in sessions, and for visitors.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use axum_db::prelude::*;
use axum_login_kit::{Auth, Error};
use futures_util::future::join_all;

use super::app::{self, App, Cart, Db, Kept};
use crate::browser::Browser;
use crate::models::{User, users};

const LOGIN: &str = "email=ada@example.com&password=password";

#[tokio::test]
async fn a_visitors_cart_becomes_the_users_and_goes_with_the_logout() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        app.user("ada@example.com").await;
        let mut browser = app.browser();
        assert_eq!(browser.get("/cart").await.body, "", "{kept:?}");
        assert_eq!(browser.post("/cart", "apple").await.body, "1");
        assert_eq!(browser.post("/cart", "pear").await.body, "2");
        assert_eq!(app.sessions().await, 0, "visitors cost no rows");
        let mut stranger = app.browser();
        assert_eq!(stranger.get("/cart").await.body, "");

        browser.post("/login", LOGIN).await;
        assert!(browser.cookie("visitor").is_none());
        assert_eq!(browser.get("/cart").await.body, "apple,pear", "{kept:?}");
        assert_eq!(browser.post("/cart", "plum").await.body, "3");
        assert_eq!(browser.get("/cart").await.body, "apple,pear,plum");

        // A login as the same user keeps it.
        browser.post("/login", LOGIN).await;
        assert_eq!(browser.get("/cart").await.body, "apple,pear,plum");
        browser.post("/logout", "").await;
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
        assert_eq!(browser.get("/cart").await.body, "", "{kept:?}");
    }
}

#[tokio::test]
async fn another_user_begins_with_nothing() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        let mut browser = app.logged_in("ada@example.com").await;
        browser.post("/cart", "diary").await;
        browser
            .post("/login", "email=bob@example.com&password=password")
            .await;
        assert_eq!(browser.get("/cart").await.body, "", "{kept:?}");
        browser.post("/cart", "hat").await;
        assert_eq!(browser.get("/cart").await.body, "hat");
    }
}

#[tokio::test]
async fn a_cookie_that_would_be_too_large_is_refused_and_the_old_one_stays() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    browser.post("/cart", "apple").await;
    let answer = browser.post("/cart", &"x".repeat(4_000)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.get("/cart").await.body, "apple");
    // A table holds more.
    browser.post("/login", LOGIN).await;
    let large = "x".repeat(40_000);
    browser.post("/cart", &large).await;
    assert_eq!(browser.get("/cart").await.body, format!("apple,{large}"));
}

#[tokio::test]
async fn what_visitors_forge_is_nothing() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    browser.post("/cart", "apple").await;
    let sealed = browser.cookie("visitor").unwrap().to_owned();
    for forged in ["junk".to_owned(), sealed[1..].to_owned(), String::new()] {
        browser.cookies.insert("visitor".to_owned(), forged);
        assert_eq!(browser.get("/cart").await.body, "");
    }
    // Neither is it a session, nor a flash message.
    let mut confused = app.browser();
    for name in ["session", "state", "fresh", "flash"] {
        confused.cookies.insert(name.to_owned(), sealed.clone());
    }
    assert_eq!(confused.get("/home").await.body, "hello stranger");
    assert_eq!(confused.get("/login").await.body, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_at_once_lose_nothing() {
    for kept in [Kept::Table, Kept::Memory] {
        let app = App::with_connections(4, |builder| kept.set(builder)).await;
        app.user("ada@example.com").await;
        let mut browser = app.logged_in("ada@example.com").await;
        let additions = (0..8).map(|number| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.post("/cart", &number.to_string()).await.status })
        });
        for status in join_all(additions).await {
            assert_eq!(status.unwrap(), StatusCode::OK, "{kept:?}");
        }
        let cart = browser.get("/cart").await.body;
        let mut items: Vec<_> = cart.split(',').collect();
        items.sort_unstable();
        assert_eq!(items, ["0", "1", "2", "3", "4", "5", "6", "7"], "{kept:?}");
    }
}

#[tokio::test]
async fn a_visitor_who_logs_out_leaves_nothing_either() {
    let app = App::new().await;
    let mut browser = app.browser();
    browser.post("/cart", "apple").await;
    browser.post("/logout", "").await;
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(browser.get("/cart").await.body, "");
}

#[tokio::test]
async fn data_of_one_realm_is_nothing_in_another() {
    let app = App::new().await;
    let mut browser = app.browser();
    browser.post("/cart", "apple").await;
    let admins = app::manager(&app.database, "admin").build().unwrap();
    let router = app::router(app.gate.clone())
        .layer(admins.layer())
        .layer(app.database.layer());
    let mut planted = Browser::new(&router);
    let sealed = browser.cookies["visitor"].clone();
    planted.cookies.insert("visitor-admin".to_owned(), sealed);
    assert_eq!(planted.get("/cart").await.body, "");
}

#[tokio::test]
async fn data_ends_with_the_login_within_a_request_and_with_its_transaction() {
    async fn steps(db: Db, auth: Auth<User>, Path(steps): Path<String>) -> Result<String, Error> {
        for step in steps.split(',') {
            match step {
                "begin" => db.begin().await?,
                "rollback" => db.rollback().await?,
                "logout" => auth.logout().await?,
                "login" => {
                    let query = User::query().filter(users::email.eq("ada@example.com"));
                    auth.login(&query.one(&db).await?).await?;
                }
                item => {
                    let item = item.to_owned();
                    auth.update_data(|cart: &mut Cart| cart.0.push(item.clone()))
                        .await?;
                }
            }
        }
        Ok(auth.data::<Cart>().await?.0.join(","))
    }
    let app = App::new().await;
    app.user("ada@example.com").await;
    let router = Router::new()
        .route("/{steps}", post(steps))
        .layer(app.login.layer())
        .layer(app.database.layer());
    for (steps, then, left) in [
        ("apple,login", "apple", "apple"),
        ("apple,login,pear", "apple,pear", "apple,pear"),
        ("apple,login,logout", "", ""),
        ("apple,logout", "", ""),
        ("apple,begin,login,rollback", "apple", "apple"),
        ("begin,apple,rollback", "apple", ""),
    ] {
        let mut browser = Browser::new(&router);
        let answer = browser.post(&format!("/{steps}"), "").await;
        assert_eq!(answer.body, then, "{steps}");
        let mut later = app.browser();
        later.cookies = browser.cookies;
        assert_eq!(later.get("/cart").await.body, left, "{steps}");
    }
}

#[tokio::test]
async fn a_session_in_a_cookie_that_would_be_too_large_is_refused() {
    let app = App::with(|builder| Kept::Cookies.set(builder)).await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    browser.post("/cart", "apple").await;
    let answer = browser.post("/cart", &"x".repeat(4_000)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.get("/cart").await.body, "apple");
}

#[tokio::test]
async fn what_an_ended_session_left_in_a_cookie_is_no_part_of_the_next() {
    let app = App::with(|builder| Kept::Cookies.set(builder)).await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    browser.post("/cart", "apple").await;
    let state = browser.cookies["state"].clone();
    assert!(!state.contains("Max-Age"), "it ends with the browser");
    browser.post("/logout", "").await;
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    let mut browser = app.logged_in("ada@example.com").await;
    browser.cookies.insert("state".to_owned(), state);
    assert_eq!(browser.get("/cart").await.body, "");
    // The next login takes it away.
    browser.post("/login", LOGIN).await;
    assert!(browser.cookie("state").is_none());
}

#[tokio::test]
async fn what_a_visitor_may_fill_a_login_has_room_for() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        app.user("ada@example.com").await;
        for item in ["x".repeat(50), "\"\\".repeat(25), "ä".repeat(25)] {
            let mut browser = app.browser();
            let mut items = 0;
            loop {
                let answer = browser.post("/cart", &item).await;
                if answer.status != StatusCode::OK {
                    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{kept:?}");
                    break;
                }
                items += 1;
            }
            assert!(items > 8, "{kept:?}: {items}");
            let form = "email=ada@example.com&password=password";
            let answer = browser.post("/login", form).await;
            assert_eq!(answer.header("location"), "/", "{kept:?}: {answer:?}");
            let cart = browser.get("/cart").await.body;
            assert_eq!(cart, vec![item; items].join(","), "{kept:?}");
        }
    }
}
