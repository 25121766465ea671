//! The tables, and what is in them.

use axum_db::prelude::*;
use axum_db::{Access, Backend, Database, Error, metadata};
use axum_login_kit::{AuthUser, Bcrypt};
use diesel_async::SimpleAsyncConnection;
use futures_util::FutureExt;
use serde::Serialize;

pub(crate) const USERS: i32 = 1_000;
pub(crate) const POSTS: i32 = 10_000;
pub(crate) const LATEST: i64 = 5;
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const SECRET: &[u8] = b"a secret for benchmarks, long enough to be one";

#[model]
#[derive(Debug, Clone)]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 20)]
    pub username: String,
    pub password_hash: String,
}

impl AuthUser for User {
    type Id = i32;

    fn id(&self) -> i32 {
        self.id
    }

    fn password_hash(&self) -> Option<&str> {
        Some(&self.password_hash)
    }
}

#[model]
#[derive(Debug)]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 100)]
    pub title: String,
    #[model(references = User, index)]
    pub user_id: i32,
}

/// A page of one's own, as every contender answers it.
#[derive(Serialize)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) posts: Vec<Title>,
}

#[derive(Serialize)]
pub(crate) struct Title {
    pub(crate) id: i32,
    pub(crate) title: String,
}

/// The form of every contender's `POST /login`.
#[derive(serde::Deserialize)]
pub(crate) struct LoginForm {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// The form that the user with this number sends.
pub(crate) fn form(user: usize) -> String {
    format!(
        "username=user{}&password=correct+horse",
        1 + user % USERS as usize
    )
}

pub(crate) async fn plain() -> &'static str {
    "hello"
}

/// A row as every contender writes it.
pub(crate) fn line((id, title, author): (i32, String, String)) -> String {
    format!("{id} {title} by {author}\n")
}

/// Makes the tables and fills them; all have the same password, hashed at this cost.
pub(crate) async fn fill<B: Backend>(
    url: &str,
    cost: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::<B>::connect(url).await?;
    let tables = metadata![User, Post].with(axum_login_kit::tables::<User>());
    database.create_all(&tables).await?;
    let hash = Bcrypt::with_cost(cost)?.hash(PASSWORD).await?;
    let users = (1..=USERS).map(|id| format!("({id}, 'user{id}', '{hash}')"));
    let posts = (1..=POSTS).map(|id| format!("({id}, 'title {id}', {})", 1 + id % USERS));
    let db = database.session();
    for (table, rows) in [
        (
            "users (id, username, password_hash)",
            users.collect::<Vec<_>>(),
        ),
        ("posts (id, title, user_id)", posts.collect()),
    ] {
        for rows in rows.chunks(500) {
            let sql = format!("INSERT INTO {table} VALUES {}", rows.join(", "));
            db.run(Access::Write, |conn| {
                async move { conn.batch_execute(&sql).await }.boxed()
            })
            .await?;
        }
    }
    db.commit().await?;
    analyze(&database).await?;
    Ok(())
}

/// Lets no contender find the statistics that another one did not.
async fn analyze<B: Backend>(database: &Database<B>) -> Result<(), Error> {
    let db = database.session();
    db.run(Access::Write, |conn| conn.batch_execute("ANALYZE").boxed())
        .await?;
    db.commit().await
}
