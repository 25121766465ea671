//! The tables, and what is in them.

use axum_db::prelude::*;
use axum_db::{Access, Backend, Database, Error, Metadata, metadata};

pub(crate) const USERS: i32 = 1_000;
pub(crate) const POSTS: i32 = 10_000;
pub(crate) const PER_PAGE: i64 = 10;
pub(crate) const PAGES: i64 = POSTS as i64 / PER_PAGE;

#[model]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 20)]
    pub username: String,
}

#[model]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 100)]
    pub title: String,
    #[model(references = User, index, relation = author)]
    pub user_id: i32,
}

/// Rows that are written while it is measured.
#[model]
pub struct Visit {
    #[model(primary_key)]
    pub id: i32,
    pub post: i32,
}

/// The same table as hand-written Diesel sees it.
pub(crate) mod schema {
    diesel::table! {
        users (id) { id -> Integer, username -> Text, }
    }
    diesel::table! {
        posts (id) { id -> Integer, title -> Text, user_id -> Integer, }
    }
    diesel::table! {
        visits (id) { id -> Integer, post -> Integer, }
    }
    diesel::joinable!(posts -> users (user_id));
    diesel::allow_tables_to_appear_in_same_query!(users, posts);
}

pub(crate) fn tables() -> Metadata {
    metadata![User, Post, Visit]
}

/// Makes the tables and fills them.
pub(crate) async fn fill<B: Backend>(database: &Database<B>) -> Result<(), Error>
where
    for<'c> diesel::query_builder::SqlQuery:
        diesel_async::methods::ExecuteDsl<B::Connection, B::Diesel>,
{
    database.create_all(&tables()).await?;
    let db = database.session();
    let users = (1..=USERS).map(|id| format!("({id}, 'user{id}')"));
    let posts = (1..=POSTS).map(|id| format!("({id}, 'title {id}', {})", 1 + id % USERS));
    for (table, rows) in [
        ("users (id, username)", users.collect::<Vec<_>>()),
        ("posts (id, title, user_id)", posts.collect()),
    ] {
        for rows in rows.chunks(500) {
            let sql = format!("INSERT INTO {table} VALUES {}", rows.join(", "));
            let insert = diesel::sql_query(sql);
            db.run(Access::Write, |conn| {
                Box::pin(diesel_async::RunQueryDsl::execute(insert, conn))
            })
            .await?;
        }
    }
    db.commit().await
}
