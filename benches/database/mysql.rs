//! The contenders on MySQL or MariaDB.

use axum_db::{Config, Database, Mysql as Engine};
use diesel::ConnectionResult;
use diesel_async::{AsyncConnection, AsyncMysqlConnection as Connection};
use mysql_async::prelude::Queryable;
use mysql_async::{Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, TxOpts};

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
    let server = testkit::mysql();
    // All over the network: left to itself the driver goes over to the server's socket.
    let url = format!("{}?prefer_socket=false", server.url());
    let mut config = Config::new(&url);
    config.max_connections = pool_size();
    let database = Database::<Engine>::with_config(config).expect("a database");
    data::fill(&database).await.expect("tables");
    let driver = Driver(pool(&url));
    measure(
        "MySQL",
        &[
            &driver,
            &by_hand::ByHand::new(&url),
            &by_hand::ByHandWithPing::new(&url),
            &ours::Ours(database),
        ],
    )
    .await;
    driver.0.disconnect().await.expect("an end");
}

/// mysql_async by hand, which caches statements by itself.
#[derive(Clone)]
struct Driver(Pool);

fn pool(url: &str) -> Pool {
    let pool = PoolOpts::new()
        // A connection beyond the least number is closed as soon as it comes back.
        .with_constraints(PoolConstraints::new(pool_size(), pool_size()).expect("constraints"))
        .with_reset_connection(false);
    let opts = Opts::from_url(url).expect("a URL");
    Pool::new(OptsBuilder::from_opts(opts).pool_opts(pool))
}

impl Work for Driver {
    const NAME: &'static str = "mysql_async by hand, no reset";

    async fn post(&self, id: i32) -> String {
        let mut conn = self.0.get_conn().await.expect("a connection");
        let row = conn
            .exec_first(
                "SELECT posts.id, posts.title, users.username FROM posts \
                 JOIN users ON users.id = posts.user_id WHERE posts.id = ?",
                (id,),
            )
            .await
            .expect("a query");
        line(row.expect("a post"))
    }

    async fn home(&self, number: i64) -> String {
        let mut conn = self.0.get_conn().await.expect("a connection");
        let total: Option<i64> = conn
            .exec_first(
                "SELECT COUNT(*) FROM posts JOIN users ON users.id = posts.user_id",
                (),
            )
            .await
            .expect("a count");
        let rows = conn
            .exec(
                "SELECT posts.id, posts.title, users.username FROM posts \
                 JOIN users ON users.id = posts.user_id ORDER BY posts.id DESC LIMIT ? OFFSET ?",
                (PER_PAGE, (number - 1) * PER_PAGE),
            )
            .await
            .expect("posts");
        page(total.expect("a count"), rows)
    }

    async fn write(&self, id: i32) {
        let mut conn = self.0.get_conn().await.expect("a connection");
        let mut transaction = conn
            .start_transaction(TxOpts::default())
            .await
            .expect("a transaction");
        transaction
            .exec_drop("INSERT INTO visits (post) VALUES (?)", (id,))
            .await
            .expect("a write");
        transaction.commit().await.expect("a commit");
    }
}
