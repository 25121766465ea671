//! The contenders on a SQLite file.

use axum_db::{Config, Database, Sqlite as Engine};
use diesel::prelude::*;

use crate::data::PER_PAGE;
use crate::data::schema::{posts, users, visits};
use crate::work::{Work, line, page};
use crate::{data, measure, pool_size};
use in_hand::{Connection, Direct, set_up};

#[path = "by_hand.rs"]
mod by_hand;
#[path = "in_hand.rs"]
mod in_hand;
#[path = "ours.rs"]
mod ours;

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
