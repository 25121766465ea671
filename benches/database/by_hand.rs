//! deadpool and diesel-async by hand.

use diesel::prelude::*;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{Connection, set_up};
use crate::data::PER_PAGE;
use crate::data::schema::{posts, users, visits};
use crate::pool_size;
use crate::work::{Work, line, page};

/// Without the ping that diesel-async sends at each checkout.
#[derive(Clone)]
pub(crate) struct ByHand(Pool<Connection>);

/// With it, as by default.
#[derive(Clone)]
pub(crate) struct ByHandWithPing(Pool<Connection>);

impl ByHand {
    pub(crate) fn new(url: &str) -> Self {
        Self(pool(url, RecyclingMethod::Fast))
    }
}

impl ByHandWithPing {
    pub(crate) fn new(url: &str) -> Self {
        Self(pool(url, RecyclingMethod::Verified))
    }
}

fn pool(url: &str, recycling: RecyclingMethod<Connection>) -> Pool<Connection> {
    let mut config = ManagerConfig::<Connection>::default();
    config.recycling_method = recycling;
    config.custom_setup = Box::new(|url| Box::pin(set_up(url)));
    Pool::builder(AsyncDieselConnectionManager::new_with_config(url, config))
        .max_size(pool_size())
        .build()
        .expect("a pool")
}

impl Work for ByHand {
    const NAME: &'static str = "deadpool + diesel-async, no ping";

    async fn post(&self, id: i32) -> String {
        show(&self.0, id).await
    }

    async fn home(&self, number: i64) -> String {
        home(&self.0, number).await
    }

    async fn write(&self, id: i32) {
        write(&self.0, id).await;
    }
}

impl Work for ByHandWithPing {
    const NAME: &'static str = "deadpool + diesel-async, defaults";

    async fn post(&self, id: i32) -> String {
        show(&self.0, id).await
    }

    async fn home(&self, number: i64) -> String {
        home(&self.0, number).await
    }

    async fn write(&self, id: i32) {
        write(&self.0, id).await;
    }
}

async fn get(pool: &Pool<Connection>) -> Object<Connection> {
    pool.get().await.expect("a connection")
}

async fn show(pool: &Pool<Connection>, id: i32) -> String {
    let row: (i32, String, String) = posts::table
        .inner_join(users::table)
        .filter(posts::id.eq(id))
        .select((posts::id, posts::title, users::username))
        .first(&mut get(pool).await)
        .await
        .expect("a post");
    line(row)
}

async fn home(pool: &Pool<Connection>, number: i64) -> String {
    let mut conn = get(pool).await;
    let total: i64 = posts::table
        .inner_join(users::table)
        .count()
        .get_result(&mut conn)
        .await
        .expect("a count");
    let rows = posts::table
        .inner_join(users::table)
        .select((posts::id, posts::title, users::username))
        .order(posts::id.desc())
        .limit(PER_PAGE)
        .offset((number - 1) * PER_PAGE)
        .load(&mut conn)
        .await
        .expect("posts");
    page(total, rows)
}

async fn write(pool: &Pool<Connection>, id: i32) {
    let mut conn = get(pool).await;
    let insert = diesel::insert_into(visits::table).values(visits::post.eq(id));
    conn.transaction(async |conn| insert.execute(conn).await)
        .await
        .expect("a write");
}
