//! The limit: axum with tokio-postgres and deadpool-postgres, statements that are kept, and a signed cookie that names
//! the user. No session is looked up, so none can be ended.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio_postgres::NoTls;

use crate::POOL;
use crate::data::{Account, LATEST, LoginForm, SECRET, Title, plain};

pub(crate) const NAME: &str = "by-hand";

pub(crate) fn app(url: &str) -> Router {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse().expect("a URL"), NoTls, config);
    let pool = Pool::builder(manager)
        .max_size(POOL)
        .build()
        .expect("a pool");
    Router::new()
        .route("/plain", get(plain))
        .route("/account", get(account))
        .route("/login", post(log_in))
        .with_state(pool)
}

/// The id in a cookie whose signature is right.
struct UserId(i32);

impl<S: Sync> FromRequestParts<S> for UserId {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let cookies = parts
            .headers
            .get(header::COOKIE)
            .and_then(|value| value.to_str().ok());
        let value = cookies.and_then(|cookies| {
            cookies
                .split("; ")
                .find_map(|one| one.strip_prefix("user="))
        });
        let id = value
            .and_then(|value| value.split_once('.'))
            .and_then(|(id, code)| {
                let code = BASE64.decode(code).ok()?;
                mac(id).verify_slice(&code).ok()?;
                id.parse().ok()
            });
        id.map(UserId).ok_or(StatusCode::UNAUTHORIZED)
    }
}

fn mac(id: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key of any length");
    mac.update(id.as_bytes());
    mac
}

async fn account(State(pool): State<Pool>, UserId(id): UserId) -> Response {
    let client = pool.get().await.expect("a connection");
    let user = client
        .prepare_cached("SELECT id, username, password_hash FROM users WHERE id = $1")
        .await
        .expect("a statement");
    let Some(user) = client.query_opt(&user, &[&id]).await.expect("an answer") else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let latest = client
        .prepare_cached("SELECT id, title FROM posts WHERE user_id = $1 ORDER BY id DESC LIMIT $2")
        .await
        .expect("a statement");
    let rows = client.query(&latest, &[&id, &LATEST]).await.expect("posts");
    let posts = rows.iter().map(|row| Title {
        id: row.get(0),
        title: row.get(1),
    });
    let account = Account {
        username: user.get(1),
        posts: posts.collect(),
    };
    Json(account).into_response()
}

async fn log_in(State(pool): State<Pool>, Form(form): Form<LoginForm>) -> Response {
    let client = pool.get().await.expect("a connection");
    let sql = "SELECT id, password_hash FROM users WHERE username = $1";
    let row = client
        .query_one(sql, &[&form.username])
        .await
        .expect("a user");
    drop(client);
    let hash: String = row.get(1);
    let verifying = tokio::task::spawn_blocking(move || bcrypt::verify(form.password, &hash));
    if !verifying.await.expect("an end").expect("a hash") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let id: i32 = row.get(0);
    let code = BASE64.encode(mac(&id.to_string()).finalize().into_bytes());
    [(
        header::SET_COOKIE,
        format!("user={id}.{code}; HttpOnly; SameSite=Lax; Path=/"),
    )]
    .into_response()
}
