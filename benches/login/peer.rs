//! axum-login with tower-sessions on its SQL store, and sqlx, as their documentation has them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tower_sessions::SessionManagerLayer;
use tower_sessions_sqlx_store::PostgresStore;

use crate::POOL;
use crate::data::{Account, LATEST, LoginForm, Title, plain};

pub(crate) const NAME: &str = "axum-login";

pub(crate) async fn app(url: &str) -> Router {
    let pool = PgPoolOptions::new()
        .max_connections(POOL as u32)
        .connect(url)
        .await
        .expect("a pool");
    let store = PostgresStore::new(pool.clone());
    store.migrate().await.expect("a table of sessions");
    let sessions = SessionManagerLayer::new(store).with_secure(false);
    let auth = AuthManagerLayerBuilder::new(Users(pool.clone()), sessions).build();
    Router::new()
        .route("/plain", get(plain))
        .route("/account", get(account))
        .route("/login", post(log_in))
        .layer(auth)
        .with_state(pool)
}

#[derive(Debug, Clone, sqlx::FromRow)]
struct User {
    id: i32,
    username: String,
    password_hash: String,
}

impl AuthUser for User {
    type Id = i32;

    fn id(&self) -> i32 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

#[derive(Debug, Clone)]
struct Users(PgPool);

impl AuthnBackend for Users {
    type User = User;
    type Credentials = LoginForm;
    type Error = sqlx::Error;

    async fn authenticate(&self, form: LoginForm) -> Result<Option<User>, sqlx::Error> {
        let user: Option<User> =
            sqlx::query_as("SELECT id, username, password_hash FROM users WHERE username = $1")
                .bind(&form.username)
                .fetch_optional(&self.0)
                .await?;
        let verifying = tokio::task::spawn_blocking(move || {
            user.filter(|user| bcrypt::verify(form.password, &user.password_hash).unwrap_or(false))
        });
        Ok(verifying.await.expect("an end"))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as("SELECT id, username, password_hash FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.0)
            .await
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i32,
    title: String,
}

async fn account(State(pool): State<PgPool>, session: AuthSession<Users>) -> Response {
    let Some(user) = session.user else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let rows: Vec<Row> =
        sqlx::query_as("SELECT id, title FROM posts WHERE user_id = $1 ORDER BY id DESC LIMIT $2")
            .bind(user.id)
            .bind(LATEST)
            .fetch_all(&pool)
            .await
            .expect("posts");
    let posts = rows
        .into_iter()
        .map(|Row { id, title }| Title { id, title });
    let account = Account {
        username: user.username,
        posts: posts.collect(),
    };
    Json(account).into_response()
}

async fn log_in(mut session: AuthSession<Users>, Form(form): Form<LoginForm>) -> StatusCode {
    match session.authenticate(form).await.expect("an answer") {
        Some(user) => {
            session.login(&user).await.expect("a session");
            StatusCode::OK
        }
        None => StatusCode::UNAUTHORIZED,
    }
}
