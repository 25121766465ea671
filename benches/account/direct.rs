//! Synchronous Diesel called in place: it blocks the runtime, and is as fast as it gets.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::PRAGMAS;
use crate::data::{Account, LATEST, LoginForm, Title, User, posts, users};
use crate::signed::{self, UserId};

pub(crate) const NAME: &str = "synchronous Diesel in place";

pub(crate) fn app(file: &str) -> Router {
    let connections = Direct {
        idle: Arc::default(),
        file: file.into(),
    };
    Router::new()
        .route("/account", get(account))
        .route("/login", post(log_in))
        .with_state(connections)
}

#[derive(Clone)]
struct Direct {
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
    file: Arc<str>,
}

impl Direct {
    fn with<R>(&self, work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R>) -> R {
        let idle = self.idle.lock().expect("a lock").pop();
        let mut conn = idle.unwrap_or_else(|| {
            let mut conn = SqliteConnection::establish(&self.file).expect("a connection");
            conn.batch_execute(PRAGMAS).expect("settings");
            conn
        });
        let outcome = work(&mut conn).expect("a statement");
        self.idle.lock().expect("a lock").push(conn);
        outcome
    }
}

async fn account(State(direct): State<Direct>, UserId(id): UserId) -> Response {
    let found = direct.with(|conn| {
        let user = users::table.find(id).select(User::as_select());
        let Some(user) = user.first(conn).optional()? else {
            return Ok(None);
        };
        let latest = posts::table
            .filter(posts::user_id.eq(id))
            .order(posts::id.desc())
            .limit(LATEST)
            .select((posts::id, posts::title))
            .load(conn)?;
        Ok(Some((user, latest)))
    });
    page_of(found)
}

/// The page of the user who was found.
pub(crate) fn page_of(found: Option<(User, Vec<(i32, String)>)>) -> Response {
    let Some((user, latest)) = found else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let posts = latest.into_iter().map(|(id, title)| Title { id, title });
    let account = Account {
        username: user.username,
        posts: posts.collect(),
    };
    Json(account).into_response()
}

async fn log_in(State(direct): State<Direct>, Form(form): Form<LoginForm>) -> Response {
    let named = users::table.filter(users::username.eq(&form.username));
    let user: User = direct.with(|conn| named.select(User::as_select()).first(conn));
    match bcrypt::verify(form.password, &user.password_hash) {
        Ok(true) => signed::answer(user.id),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}
