//! The contenders on PostgreSQL.

use axum_db::{Config, Database, Postgres as Engine};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use diesel::ConnectionResult;
use diesel_async::{AsyncConnection, AsyncPgConnection as Connection};
use tokio_postgres::NoTls;

use crate::data::PER_PAGE;
use crate::work::{Work, line, page};
use crate::{data, measure, pool_size};

#[path = "by_hand.rs"]
mod by_hand;
#[path = "ours.rs"]
mod ours;

async fn set_up(url: &str) -> ConnectionResult<Connection> {
    Connection::establish(url).await
}

pub(crate) async fn run() {
    let server = testkit::postgres();
    let mut config = Config::new(server.url());
    config.max_connections = pool_size();
    let database = Database::<Engine>::with_config(config).expect("a database");
    data::fill(&database).await.expect("tables");
    measure(
        "PostgreSQL",
        &[
            &Driver(pool(server.url())),
            &by_hand::ByHand::new(server.url()),
            &by_hand::ByHandWithPing::new(server.url()),
            &ours::Ours(database),
        ],
    )
    .await;
}

/// tokio-postgres and deadpool-postgres by hand, with cached statements.
#[derive(Clone)]
struct Driver(Pool);

fn pool(url: &str) -> Pool {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let url = url.parse().expect("a URL");
    Pool::builder(Manager::from_config(url, NoTls, config))
        .max_size(pool_size())
        .build()
        .expect("a pool")
}

impl Work for Driver {
    const NAME: &'static str = "tokio-postgres by hand";

    async fn post(&self, id: i32) -> String {
        let client = self.0.get().await.expect("a connection");
        let statement = client
            .prepare_cached(
                "SELECT posts.id, posts.title, users.username FROM posts \
                 JOIN users ON users.id = posts.user_id WHERE posts.id = $1",
            )
            .await
            .expect("a statement");
        let row = client.query_one(&statement, &[&id]).await.expect("a post");
        line((row.get(0), row.get(1), row.get(2)))
    }

    async fn home(&self, number: i64) -> String {
        let client = self.0.get().await.expect("a connection");
        let count = client
            .prepare_cached("SELECT COUNT(*) FROM posts JOIN users ON users.id = posts.user_id")
            .await
            .expect("a statement");
        let total: i64 = client.query_one(&count, &[]).await.expect("a count").get(0);
        let statement = client
            .prepare_cached(
                "SELECT posts.id, posts.title, users.username FROM posts \
                 JOIN users ON users.id = posts.user_id ORDER BY posts.id DESC LIMIT $1 OFFSET $2",
            )
            .await
            .expect("a statement");
        let rows = client
            .query(&statement, &[&PER_PAGE, &((number - 1) * PER_PAGE)])
            .await
            .expect("posts");
        let rows = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2)));
        page(total, rows.collect())
    }

    async fn write(&self, id: i32) {
        let mut client = self.0.get().await.expect("a connection");
        let transaction = client.transaction().await.expect("a transaction");
        let statement = transaction
            .prepare_cached("INSERT INTO visits (post) VALUES ($1)")
            .await
            .expect("a statement");
        transaction
            .execute(&statement, &[&id])
            .await
            .expect("a write");
        transaction.commit().await.expect("a commit");
    }
}
