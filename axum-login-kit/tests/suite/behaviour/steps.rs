//! Several logins and logouts in one request, and what becomes of them when it fails.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum_db::TransactionMode;
use axum_db::prelude::*;
use axum_login_kit::{Auth, CurrentUser, Error, Flash};
use futures_util::FutureExt;

use super::app::{App, Db, Kept};
use crate::browser::Browser;
use crate::models::{User, users};

/// Does the steps of the path one after the other, and says who is logged in then.
async fn steps(
    db: Db,
    auth: Auth<User>,
    flash: Flash,
    Path(steps): Path<String>,
) -> Result<Response, Error> {
    for step in steps.split(',') {
        match step {
            "logout" => auth.logout().await?,
            "begin" => db.begin().await?,
            "commit" => db.commit().await?,
            "rollback" => db.rollback().await?,
            "flash" => flash.info("hello"),
            "look" => drop(auth.user().await?),
            "fail" => return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            "refuse" => return Ok(StatusCode::UNPROCESSABLE_ENTITY.into_response()),
            "panic" => panic!("on purpose"),
            name => {
                let email = format!("{name}@example.com");
                let query = User::query().filter(users::email.eq(email));
                auth.login(&query.one(&db).await?).await?;
            }
        }
    }
    let user = auth.user().await?;
    let name = user.map_or_else(|| "nobody".to_owned(), |user| user.email.clone());
    let own = [(header::SET_COOKIE, HeaderValue::from_static("own=1"))];
    Ok((own, name).into_response())
}

async fn home(user: Option<CurrentUser<User>>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.email.clone())
}

/// What tower-http's `CatchPanicLayer` does.
async fn catch_panic(request: Request, next: Next) -> Response {
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answer = answering.await;
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn router(app: &App, mode: TransactionMode) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/{steps}", post(steps))
        .layer(from_fn(catch_panic))
        .layer(app.login.layer())
        .layer(app.database.layer().mode(mode))
}

async fn app(kept: Kept) -> App {
    let app = App::with(|builder| kept.set(builder)).await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    app
}

/// What a browser that is logged in as ada makes of the steps; how many sessions are in the table then.
async fn after(kept: Kept, mode: TransactionMode, steps: &str) -> (String, i64) {
    let app = app(kept).await;
    let mut browser = Browser::new(&router(&app, mode));
    assert_eq!(browser.post("/ada", "").await.body, "ada@example.com");
    browser.post(&format!("/{steps}"), "").await;
    let who = browser.get("/").await.body;
    (who, app.sessions().await)
}

#[tokio::test]
async fn the_last_of_several_counts_wherever_sessions_are() {
    for kept in Kept::ALL {
        for mode in [TransactionMode::Explicit, TransactionMode::OnSuccess] {
            for (steps, who) in [
                ("bob", "bob@example.com"),
                ("bob,bob", "bob@example.com"),
                ("bob,ada", "ada@example.com"),
                ("logout", "nobody"),
                ("bob,logout", "nobody"),
                ("logout,bob", "bob@example.com"),
                ("logout,bob,logout,ada", "ada@example.com"),
                ("bob,logout,logout", "nobody"),
            ] {
                let (found, rows) = after(kept, mode, steps).await;
                assert_eq!(found, who, "{kept:?}, {mode:?}, {steps}");
                let expected = i64::from(kept == Kept::Table && who != "nobody");
                assert_eq!(rows, expected, "{kept:?}, {mode:?}, {steps}");
            }
        }
    }
}

#[tokio::test]
async fn whatever_fails_one_whole_session_is_left() {
    for (steps, who) in [
        // Without a transaction it is done at once, whatever comes then.
        ("bob,fail", "bob@example.com"),
        ("bob,refuse", "bob@example.com"),
        ("bob,panic", "bob@example.com"),
        ("logout,fail", "nobody"),
        ("logout,panic", "nobody"),
        // Within one it goes with it.
        ("begin,bob,fail", "ada@example.com"),
        ("begin,bob,panic", "ada@example.com"),
        ("begin,bob,rollback", "ada@example.com"),
        ("begin,logout,rollback", "ada@example.com"),
        ("begin,bob,commit,panic", "bob@example.com"),
        ("begin,bob,commit,begin,logout,panic", "bob@example.com"),
        // What follows a rollback knows what the browser presented.
        ("begin,bob,rollback,bob", "bob@example.com"),
        ("begin,bob,rollback,logout", "nobody"),
    ] {
        let (found, rows) = after(Kept::Table, TransactionMode::Explicit, steps).await;
        assert_eq!(found, who, "{steps}");
        assert_eq!(rows, i64::from(who != "nobody"), "{steps}");
    }
}

#[tokio::test]
async fn a_request_whose_login_is_rolled_back_goes_on_with_the_session_before() {
    for (steps, who) in [
        ("begin,bob", "bob@example.com"),
        ("begin,bob,look,commit", "bob@example.com"),
        ("begin,bob,rollback", "ada@example.com"),
        ("look,begin,bob,rollback", "ada@example.com"),
        ("begin,bob,look,rollback", "ada@example.com"),
        ("bob,look,begin,ada,look,rollback", "bob@example.com"),
        // Whoever logged out is nobody for the rest of the request, whatever becomes of it.
        ("logout,begin,bob,rollback", "nobody"),
        ("begin,logout,rollback", "nobody"),
        ("begin,bob,logout,rollback", "nobody"),
    ] {
        let app = app(Kept::Table).await;
        let mut browser = Browser::new(&router(&app, TransactionMode::Explicit));
        browser.post("/ada", "").await;
        let answer = browser.post(&format!("/{steps}"), "").await;
        assert_eq!(answer.body, who, "{steps}");
    }
    // These take no part in the transaction.
    for kept in [Kept::Memory, Kept::Cookies] {
        let app = app(kept).await;
        let mut browser = Browser::new(&router(&app, TransactionMode::Explicit));
        browser.post("/ada", "").await;
        let answer = browser.post("/look,begin,bob,rollback", "").await;
        assert_eq!(answer.body, "bob@example.com", "{kept:?}");
        assert_eq!(browser.get("/").await.body, "bob@example.com", "{kept:?}");
    }
}

#[tokio::test]
async fn the_applications_own_cookies_are_kept_beside_the_kits() {
    let app = app(Kept::Table).await;
    let mut browser = Browser::new(&router(&app, TransactionMode::Explicit));
    let answer = browser.post("/ada,flash", "").await;
    let names: Vec<&str> = answer
        .cookies()
        .iter()
        .map(|cookie| cookie.split_once('=').unwrap().0)
        .collect();
    assert_eq!(names, ["own", "flash", "session"]);
    for name in [header::VARY, header::CACHE_CONTROL] {
        let name: HeaderName = name;
        assert_eq!(answer.headers.get_all(&name).iter().count(), 1, "{name}");
    }
}
