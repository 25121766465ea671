//! What a setting does, on every engine that has it.

use std::time::Duration;

use axum_db::Config;

use super::fresh;
use super::support::Db;

#[tokio::test]
async fn limits_beyond_what_a_server_takes_are_its_longest_and_off_is_none() {
    let server = fresh();
    for limit in [Some(Duration::MAX), Some(Duration::from_nanos(1)), None] {
        let mut config = Config::new(server.url());
        config.lock_timeout = limit;
        config.idle_in_transaction_timeout = limit;
        if limit != Some(Duration::from_nanos(1)) {
            config.statement_timeout = limit;
        }
        let database = Db::connect(config).await.expect("a database");
        database.check().await.expect("a connection");
    }
}
