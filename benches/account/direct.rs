//! Synchronous Diesel called in place: it blocks the runtime, and is as fast as it gets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use diesel::prelude::*;

use crate::data::{Account, LATEST, LoginForm, Title, User, posts, users};
use crate::in_hand::Direct;
use crate::signed::{self, UserId};

pub(crate) const NAME: &str = "synchronous Diesel in place";

pub(crate) fn app(file: &str) -> Router {
    Router::new()
        .route("/account", get(account))
        .route("/login", post(log_in))
        .with_state(Direct::new(file))
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
