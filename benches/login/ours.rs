//! axum-db and axum-login-kit, as their documentation has them, with sessions in their table.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use axum_db::prelude::*;
use axum_db::{Config, Database};
use axum_login_kit::{Auth, Bcrypt, CurrentUser, Error, LoginManager};

use crate::data::{
    Account, LATEST, LoginForm, Post, SECRET, Title, User, line, plain, posts, users,
};
use crate::{Engine, POOL};

pub(crate) const NAME: &str = "axum-login-kit";

type Db = axum_db::Db<Engine>;

pub(crate) fn app(url: &str, cost: u32) -> Router {
    let mut config = Config::new(url);
    config.max_connections = POOL;
    let database = Database::<Engine>::with_config(config).expect("a database");
    let login = LoginManager::<User>::new(&database, SECRET)
        .passwords(Bcrypt::with_cost(cost).expect("a cost"))
        .build()
        .expect("a manager");
    Router::new()
        .route("/plain", get(plain))
        .route("/post/{id}", get(show))
        .route("/account", get(account))
        .route("/login", post(log_in))
        .layer(login.layer())
        .layer(database.layer())
}

async fn show(db: Db, Path(id): Path<i32>) -> Result<String, Error> {
    let row: (i32, String, String) = Post::table()
        .inner_join(users::table)
        .filter(posts::id.eq(id))
        .select((posts::id, posts::title, users::username))
        .one_or_404(&db)
        .await?;
    Ok(line(row))
}

async fn account(db: Db, user: CurrentUser<User>) -> Result<Json<Account>, Error> {
    let rows: Vec<(i32, String)> = Post::table()
        .filter(posts::user_id.eq(user.id))
        .order(posts::id.desc())
        .limit(LATEST)
        .select((posts::id, posts::title))
        .all(&db)
        .await?;
    let posts = rows.into_iter().map(|(id, title)| Title { id, title });
    Ok(Json(Account {
        username: user.username.clone(),
        posts: posts.collect(),
    }))
}

async fn log_in(
    db: Db,
    auth: Auth<User>,
    Form(form): Form<LoginForm>,
) -> Result<StatusCode, Error> {
    let user = User::query()
        .filter(users::username.eq(&form.username))
        .one_or_none(&db)
        .await?;
    match auth.verify_password(user, &form.password).await? {
        Some(user) => {
            auth.login(&user).await?;
            Ok(StatusCode::OK)
        }
        None => Ok(StatusCode::UNAUTHORIZED),
    }
}
