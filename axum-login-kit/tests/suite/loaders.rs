//! Users from requests, and from anywhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use axum_db::prelude::*;
use axum_login_kit::testing::login_as;
use axum_login_kit::{
    AuthUser, CookieSessions, CurrentUser, Error, LoginManager, MemorySessions, RequestUser,
    SessionBackend, UserLoader,
};

use crate::browser::{Answer, Browser};
use crate::models::{User, users};
use crate::sqlite::app::{App, Db, SECRET};

/// An application whose API keys are the users' addresses.
async fn with_keys() -> App {
    let app = App::with(|builder| {
        builder.request_loader(async |parts: Parts| {
            let Some(key) = parts.headers.get("x-api-key") else {
                return Ok(RequestUser::NoCredentials);
            };
            let db = parts.extensions.get::<Db>().unwrap();
            let user = User::query()
                .filter(users::email.eq(key.to_str().unwrap().to_owned()))
                .one_or_none(db)
                .await?;
            Ok(user.map_or(RequestUser::Refused, RequestUser::User))
        })
    })
    .await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    app
}

#[tokio::test]
async fn a_request_names_its_user_and_nothing_is_kept() {
    let app = with_keys().await;
    let mut program = app.browser().with("x-api-key", "ada@example.com");
    for _ in 0..2 {
        let answer = program.get("/account").await;
        assert_eq!(answer.body, "account of ada@example.com");
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(app.sessions().await, 0);
    assert_eq!(program.get("/fresh").await.body, "false");
    assert_eq!(program.get("/devices").await.body, "");
    assert_eq!(program.post("/logout/others", "").await.body, "0");
    assert_eq!(app.browser().get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn a_program_sees_and_ends_its_users_sessions() {
    let app = with_keys().await;
    let mut program = app.browser().with("x-api-key", "ada@example.com");
    let mut bob = app.logged_in("bob@example.com").await;
    for end in ["/logout/others", "/logout/everywhere", "/revoke"] {
        let mut ada = app.logged_in("ada@example.com").await;
        let devices = program.get("/devices").await.body;
        let id = devices.split(' ').next().unwrap();
        assert!(!devices.contains("here"), "{devices}");
        let (uri, answer) = match end {
            "/revoke" => (format!("/revoke/{id}"), "true"),
            _ => (end.to_owned(), "1"),
        };
        assert_eq!(program.post(&uri, "").await.body, answer, "{uri}");
        assert_eq!(ada.get("/home").await.body, "hello stranger");
        assert_eq!(program.get("/devices").await.body, "");
    }
    assert_eq!(bob.get("/home").await.body, "hello bob@example.com");
}

#[tokio::test]
async fn it_overrides_the_session_and_leaves_it_alone() {
    let app = with_keys().await;
    let mut browser = app.logged_in("bob@example.com").await;
    let mut as_ada = browser.clone().with("x-api-key", "ada@example.com");
    assert_eq!(as_ada.get("/home").await.body, "hello ada@example.com");
    assert_eq!(browser.get("/home").await.body, "hello bob@example.com");
}

#[tokio::test]
async fn wrong_credentials_are_nobody() {
    let app = with_keys().await;
    let browser = app.logged_in("bob@example.com").await;
    let mut wrong = browser.with("x-api-key", "junk");
    let answer = wrong.get("/home").await;
    assert_eq!(answer.body, "hello stranger");
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = wrong
        .with("accept", "application/json")
        .get("/account")
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_program_is_told_and_sent_to_no_page() {
    let app = with_keys().await;
    let is_told = |answer: Answer| {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
        assert!(answer.cookies().is_empty(), "{answer:?}");
    };
    let mut browser = app.logged_in("bob@example.com").await;
    assert_eq!(
        app.browser().get("/account").await.status,
        StatusCode::SEE_OTHER
    );
    is_told(
        app.browser()
            .with("x-api-key", "wrong")
            .get("/account")
            .await,
    );
    // A right key has no password to ask for again.
    is_told(
        app.browser()
            .with("x-api-key", "ada@example.com")
            .get("/danger")
            .await,
    );
    is_told(
        browser
            .clone()
            .with("x-api-key", "wrong")
            .get("/account")
            .await,
    );
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn after_a_login_in_the_same_request_it_is_not_asked() {
    let app = with_keys().await;
    let mut program = app.browser().with("x-api-key", "ada@example.com");
    let answer = program
        .post("/login/options", "email=bob@example.com")
        .await;
    assert_eq!(answer.body, "now bob@example.com");
}

/// A member of a club without a database, found by a name that may be changed.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    handle: String,
}

impl AuthUser for Member {
    type Id = String;

    fn id(&self) -> String {
        self.handle.clone()
    }

    fn password_hash(&self) -> Option<&str> {
        None
    }
}

#[derive(Clone, Default)]
struct Club(Arc<Mutex<HashMap<String, Member>>>);

#[async_trait]
impl UserLoader<Member> for Club {
    async fn load(&self, handle: &String) -> Result<Option<Member>, Error> {
        let members = self.0.lock().unwrap();
        Ok(members.get(handle).cloned())
    }
}

async fn alternative_ids(sessions: impl SessionBackend<Member>) {
    async fn who(member: Option<CurrentUser<Member>>) -> String {
        member.map_or_else(|| "nobody".to_owned(), |member| member.name.clone())
    }
    let club = Club::default();
    let ada = Member {
        name: "Ada".into(),
        handle: "первый ✓".into(),
    };
    club.0
        .lock()
        .unwrap()
        .insert(ada.handle.clone(), ada.clone());
    let login = LoginManager::over(sessions, club.clone(), SECRET)
        .build()
        .unwrap();
    let router = Router::new().route("/", get(who)).layer(login.layer());
    let cookie = login_as(&login, &ada).await.unwrap();
    let mut browser = Browser::new(&router).with("cookie", cookie.to_str().unwrap());
    assert_eq!(browser.get("/").await.body, "Ada");
    // Another handle ends the sessions that knew the old one.
    club.0.lock().unwrap().clear();
    club.0.lock().unwrap().insert(
        "second".into(),
        Member {
            handle: "second".into(),
            ..ada
        },
    );
    assert_eq!(browser.get("/").await.body, "nobody");
}

#[tokio::test]
async fn users_come_from_anywhere_by_any_id() {
    alternative_ids(MemorySessions::new()).await;
    alternative_ids(CookieSessions::new()).await;
}
