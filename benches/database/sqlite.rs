//! The contenders on a SQLite file.

use std::sync::{Arc, Mutex};

use axum_db::{Config, Database, Sqlite as Engine};
use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};

use crate::data::PER_PAGE;
use crate::data::schema::{posts, users, visits};
use crate::work::{Work, line, page};
use crate::{data, measure, pool_size};

#[path = "by_hand.rs"]
mod by_hand;
#[path = "ours.rs"]
mod ours;

type Connection = SyncConnectionWrapper<SqliteConnection>;

/// The same as axum-db sets.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL";

async fn set_up(file: &str) -> ConnectionResult<Connection> {
    let mut conn = Connection::establish(file).await?;
    conn.batch_execute(PRAGMAS)
        .await
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

pub(crate) async fn run() {
    let file = testkit::sqlite();
    let path = file.url().trim_start_matches("sqlite://");
    let mut config = Config::new(file.url());
    config.max_connections = pool_size();
    let database = Database::<Engine>::with_config(config).expect("a database");
    data::fill(&database).await.expect("tables");
    measure(
        "SQLite",
        &[
            &Direct::new(path),
            &by_hand::ByHand::new(path),
            &by_hand::ByHandWithPing::new(path),
            &ours::Ours(database),
        ],
    )
    .await;
}

/// Synchronous Diesel called in place: it blocks the runtime, and is as fast as it gets.
#[derive(Clone)]
struct Direct {
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
    file: Arc<str>,
}

impl Direct {
    fn new(file: &str) -> Self {
        Self {
            idle: Arc::default(),
            file: file.into(),
        }
    }

    fn with<R>(&self, work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R>) -> R {
        let idle = self.idle.lock().expect("a lock").pop();
        let mut conn = idle.unwrap_or_else(|| {
            let mut conn = SqliteConnection::establish(&self.file).expect("a connection");
            conn.batch_execute(PRAGMAS).expect("settings");
            conn
        });
        let outcome = work(&mut conn).expect("a statement");
        self.idle.lock().expect("a lock").push(conn);
        outcome
    }
}

impl Work for Direct {
    const NAME: &'static str = "synchronous Diesel in place";

    async fn post(&self, id: i32) -> String {
        line(self.with(|conn| {
            posts::table
                .inner_join(users::table)
                .filter(posts::id.eq(id))
                .select((posts::id, posts::title, users::username))
                .first(conn)
        }))
    }

    async fn home(&self, number: i64) -> String {
        self.with(|conn| {
            let joined = posts::table.inner_join(users::table);
            let total = joined.count().get_result(conn)?;
            let rows = joined
                .select((posts::id, posts::title, users::username))
                .order(posts::id.desc())
                .limit(PER_PAGE)
                .offset((number - 1) * PER_PAGE)
                .load(conn)?;
            Ok(page(total, rows))
        })
    }

    async fn write(&self, id: i32) {
        self.with(|conn| {
            conn.immediate_transaction(|conn| {
                diesel::insert_into(visits::table)
                    .values(visits::post.eq(id))
                    .execute(conn)
            })
        });
    }
}
