//! deadpool and diesel-async's wrapper of a SQLite connection, without its ping.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};

use crate::POOL;
use crate::data::{LATEST, LoginForm, User, posts, users};
use crate::direct::page_of;
use crate::in_hand::{Connection, set_up};
use crate::signed::{self, UserId};

pub(crate) const NAME: &str = "diesel-async, no ping";

pub(crate) fn app(file: &str) -> Router {
    let mut config = ManagerConfig::<Connection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|file| Box::pin(set_up(file)));
    let manager = AsyncDieselConnectionManager::new_with_config(file, config);
    let pool = Pool::builder(manager)
        .max_size(POOL)
        .build()
        .expect("a pool");
    Router::new()
        .route("/account", get(account))
        .route("/login", post(log_in))
        .with_state(pool)
}

async fn account(State(pool): State<Pool<Connection>>, UserId(id): UserId) -> Response {
    let mut conn = pool.get().await.expect("a connection");
    let user = users::table.find(id).select(User::as_select());
    let user = user.first(&mut conn).await.optional().expect("an answer");
    let Some(user) = user else {
        return page_of(None);
    };
    let latest = posts::table
        .filter(posts::user_id.eq(id))
        .order(posts::id.desc())
        .limit(LATEST)
        .select((posts::id, posts::title))
        .load(&mut conn)
        .await
        .expect("posts");
    page_of(Some((user, latest)))
}

async fn log_in(State(pool): State<Pool<Connection>>, Form(form): Form<LoginForm>) -> Response {
    let mut conn = pool.get().await.expect("a connection");
    let named = users::table.filter(users::username.eq(&form.username));
    let user: User = named
        .select(User::as_select())
        .first(&mut conn)
        .await
        .expect("a user");
    match bcrypt::verify(form.password, &user.password_hash) {
        Ok(true) => signed::answer(user.id),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}
