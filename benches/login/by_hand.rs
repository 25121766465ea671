//! The limit: axum with tokio-postgres and deadpool-postgres, and statements that are kept; once with a signed cookie
//! that names the user, where no session is looked up and none can be ended, once with sessions in a table, and once
//! with the lookups of all requests pipelined over one connection.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod};
use hmac::Mac;
use sha2::{Digest, Sha256};
use tokio_postgres::{NoTls, Row};

use crate::POOL;
use crate::data::{Account, LATEST, LoginForm, Title, plain};
use crate::signed::{self, UserId, cookie, mac, set_cookie};

pub(crate) const NAME: &str = "by-hand";
/// The same with sessions in the table of axum-login-kit.
pub(crate) const WITH_SESSIONS: &str = "by-hand-sessions";
/// The same, where one connection looks all sessions up.
pub(crate) const PIPELINED: &str = "by-hand-pipelined";

const FIND: &str = "SELECT users.id, users.username, users.password_hash, s.auth_tag, s.created_at, \
     s.authenticated_at, s.last_seen_at, s.expires_at, s.remembered, s.fingerprint, s.data \
     FROM auth_sessions s JOIN users ON users.id = s.user_id WHERE s.token_hash = $1 AND s.realm = 'hand'";

pub(crate) fn app(url: &str) -> Router {
    Router::new()
        .route("/plain", get(plain))
        .route("/account", get(account))
        .route("/login", post(log_in))
        .with_state(pool(url))
}

pub(crate) fn app_with_sessions(url: &str) -> Router {
    Router::new()
        .route("/plain", get(plain))
        .route("/account", get(account_of_session))
        .route("/login", post(begin_session))
        .with_state(pool(url))
}

pub(crate) async fn app_pipelined(url: &str) -> Router {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    let find = client.prepare(FIND).await.expect("a statement");
    let lookup = Arc::new((client, find));
    let account = async move |State(pool): State<Pool>, headers: HeaderMap| {
        let Some(token) = cookie(&headers, "session=") else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        let (client, find) = &*lookup;
        let found = client.query_opt(find, &[&hash(token)]).await;
        let client = pool.get().await.expect("a connection");
        page_of(&client, found.expect("an answer")).await
    };
    Router::new()
        .route("/plain", get(plain))
        .route("/account", get(account))
        .route("/login", post(begin_session))
        .with_state(pool(url))
}

fn pool(url: &str) -> Pool {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse().expect("a URL"), NoTls, config);
    Pool::builder(manager)
        .max_size(POOL)
        .build()
        .expect("a pool")
}

async fn account(State(pool): State<Pool>, UserId(id): UserId) -> Response {
    let client = pool.get().await.expect("a connection");
    let user = client
        .prepare_cached("SELECT id, username, password_hash FROM users WHERE id = $1")
        .await
        .expect("a statement");
    let found = client.query_opt(&user, &[&id]).await;
    page_of(&client, found.expect("an answer")).await
}

async fn account_of_session(State(pool): State<Pool>, headers: HeaderMap) -> Response {
    let Some(token) = cookie(&headers, "session=") else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let client = pool.get().await.expect("a connection");
    let find = client.prepare_cached(FIND).await.expect("a statement");
    let found = client.query_opt(&find, &[&hash(token)]).await;
    page_of(&client, found.expect("an answer")).await
}

/// What is kept of a token.
fn hash(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page of the user who was found.
async fn page_of(client: &Client, user: Option<Row>) -> Response {
    let Some(user) = user else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let id: i32 = user.get(0);
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
    match verified(&pool, form).await {
        Some(id) => signed::answer(id),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn begin_session(State(pool): State<Pool>, Form(form): Form<LoginForm>) -> Response {
    const INSERT: &str = "INSERT INTO auth_sessions (realm, token_hash, user_id, auth_tag, created_at, last_seen_at, \
         expires_at, remembered) VALUES ('hand', $1, $2, '', NOW(), NOW(), NOW() + INTERVAL '14 days', false) \
         ON CONFLICT (token_hash) DO NOTHING";
    let Some(id) = verified(&pool, form).await else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    // A real one would be random.
    let token = BASE64.encode(mac(&format!("session of {id}")).finalize().into_bytes());
    let client = pool.get().await.expect("a connection");
    let inserted = client.execute(INSERT, &[&hash(&token), &id]).await;
    inserted.expect("a session");
    set_cookie(&format!("session={token}"))
}

async fn verified(pool: &Pool, form: LoginForm) -> Option<i32> {
    let client = pool.get().await.expect("a connection");
    let sql = "SELECT id, password_hash FROM users WHERE username = $1";
    let row = client
        .query_one(sql, &[&form.username])
        .await
        .expect("a user");
    drop(client);
    let hash: String = row.get(1);
    let verifying = tokio::task::spawn_blocking(move || bcrypt::verify(form.password, &hash));
    let is_right = verifying.await.expect("an end").expect("a hash");
    is_right.then(|| row.get(0))
}
