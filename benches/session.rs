//! The session against deadpool and diesel-async by hand, on a SQLite file.
//!
//!     cargo bench -p benches

use axum_db::{Access, Config, Database, Sqlite};
use benches::{Contender, compare};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{FutureExt, join_all};

mod schema {
    diesel::table! {
        users (id) { id -> Integer, username -> Text, }
    }
    diesel::table! {
        posts (id) { id -> Integer, user_id -> Integer, title -> Text, views -> Integer, }
    }
    diesel::joinable!(posts -> users (user_id));
    diesel::allow_tables_to_appear_in_same_query!(users, posts);
}
use schema::{posts, users};

const USERS: i32 = 1_000;
const POSTS: i32 = 10_000;
const POOL: usize = 16;
const TASKS: i32 = 16;
const PER_TASK: i32 = 100;
const ROUNDS: usize = 15;

type Wrapped = SyncConnectionWrapper<SqliteConnection>;
type Row = (i32, String, String);

#[tokio::main]
async fn main() {
    let file = testkit::sqlite();
    let by_hand = by_hand(file.url().trim_start_matches("sqlite://"));
    fill(&mut by_hand.get().await.expect("a connection")).await;

    let mut config = Config::default();
    config.max_connections = POOL;
    let database: Database<Sqlite> = Database::with_config(file.url(), config).expect("a database");
    let (pool, database) = (&by_hand, &database);
    let units = (TASKS * PER_TASK).unsigned_abs();

    compare(
        "A post with its author",
        ROUNDS,
        units,
        &[
            Contender::new("deadpool + diesel-async, no ping", || {
                each(|id| async move { read_by_hand(pool, id).await })
            }),
            Contender::new("Db", || each(|id| async move { read(database, id).await })),
        ],
    )
    .await;
    compare(
        "BEGIN IMMEDIATE, UPDATE, COMMIT",
        ROUNDS,
        units,
        &[
            Contender::new("deadpool + diesel-async, no ping", || {
                each(|id| async move { write_by_hand(pool, id).await })
            }),
            Contender::new("Db", || each(|id| async move { write(database, id).await })),
        ],
    )
    .await;
}

/// One round: tasks side by side, each of which does the work for its share of the posts.
fn each<'a, F: Future<Output = ()> + Send + 'a>(
    work: impl Fn(i32) -> F + Copy + Send + 'a,
) -> futures_util::future::BoxFuture<'a, ()> {
    join_all((0..TASKS).map(move |task| async move {
        for step in 0..PER_TASK {
            work((task * PER_TASK + step) * 7 % POSTS + 1).await;
        }
    }))
    .map(drop)
    .boxed()
}

async fn read_by_hand(pool: &Pool<Wrapped>, id: i32) {
    let mut conn = pool.get().await.expect("a connection");
    let row: Row = post(id).first(&mut conn).await.expect("a post");
    assert_eq!(row.0, id);
}

async fn read(database: &Database<Sqlite>, id: i32) {
    let db = database.session();
    let row: Row = db
        .run(Access::Read, |conn| post(id).first(conn).boxed())
        .await
        .expect("a post");
    assert_eq!(row.0, id);
}

async fn write_by_hand(pool: &Pool<Wrapped>, id: i32) {
    let mut conn = pool.get().await.expect("a connection");
    let view = diesel::update(posts::table.find(id)).set(posts::views.eq(posts::views + 1));
    conn.immediate_transaction(async |conn| view.execute(conn).await)
        .await
        .expect("an update");
}

async fn write(database: &Database<Sqlite>, id: i32) {
    let db = database.session();
    let view = diesel::update(posts::table.find(id)).set(posts::views.eq(posts::views + 1));
    db.run(Access::Write, |conn| view.execute(conn).boxed())
        .await
        .expect("an update");
    db.commit().await.expect("a commit");
}

#[diesel::dsl::auto_type(no_type_alias)]
fn post(id: i32) -> _ {
    posts::table
        .inner_join(users::table)
        .filter(posts::id.eq(id))
        .select((posts::id, posts::title, users::username))
}

/// The same pragmas as axum-db sets, and no ping at checkout.
fn by_hand(file: &str) -> Pool<Wrapped> {
    let mut config = ManagerConfig::<Wrapped>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|file| {
        async move {
            let mut conn = Wrapped::establish(file).await?;
            conn.batch_execute(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                 PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL",
            )
            .await
            .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(file, config))
        .max_size(POOL)
        .build()
        .expect("a pool")
}

async fn fill(conn: &mut Object<Wrapped>) {
    conn.batch_execute(&format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT NOT NULL);
         CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id),
                             title TEXT NOT NULL, views INTEGER NOT NULL DEFAULT 0);
         INSERT INTO users WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {USERS})
             SELECT i, 'user' || i FROM n;
         INSERT INTO posts (id, user_id, title)
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {POSTS})
             SELECT i, 1 + i % {USERS}, 'title ' || i FROM n;"
    ))
    .await
    .expect("the tables");
}
