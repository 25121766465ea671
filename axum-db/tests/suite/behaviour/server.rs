//! What only an engine with a server can do to its clients.

use axum_db::{Backend, ErrorKind};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::support::{Db, Number, count, database, number};
use super::{Engine, fresh};

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced_after_one_error() {
    let end_others = match Engine::DIALECT {
        axum_db::Dialect::Postgres => {
            "SELECT COUNT(pg_terminate_backend(pid)) AS n FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()"
        }
        _ => {
            "SELECT CAST(id AS SIGNED) AS n FROM information_schema.processlist \
             WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        }
    };
    let server = fresh();
    let database = database(server.url(), 4).await;
    let sessions: Vec<Db> = (0..3).map(|_| database.session()).collect();
    for db in &sessions {
        assert_eq!(count(db).await, 0);
    }
    drop(sessions);
    let mut killer = database.connect_dedicated().await.expect("a connection");
    let ended: Vec<Number> = diesel::sql_query(end_others)
        .get_results(&mut killer)
        .await
        .expect("their ids");
    if Engine::DIALECT == axum_db::Dialect::Mysql {
        for id in ended {
            killer
                .batch_execute(&format!("KILL CONNECTION {}", id.n))
                .await
                .expect("a kill");
        }
    }
    let first = number(&database.session(), "SELECT COUNT(*) AS n FROM notes").await;
    if let Err(error) = first {
        assert_eq!(error.kind(), ErrorKind::Connection);
    }
    for _ in 0..4 {
        assert_eq!(count(&database.session()).await, 0);
    }
}
