//! A request's time is up while another process keeps the file to itself.

use std::time::Duration;

use axum_db::{Access, ErrorKind};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel_async::SimpleAsyncConnection;

use super::fresh;
use super::support::{count, database, execute};

const SHORT: Duration = Duration::from_millis(300);

/// A connection as another process would have it.
fn another(url: &str) -> diesel::SqliteConnection {
    let file = url.trim_start_matches("sqlite://");
    diesel::SqliteConnection::establish(file).expect("a connection")
}

#[tokio::test]
async fn during_begin_the_caller_hears_of_it() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let mut other = another(server.url());
    other.batch_execute("BEGIN IMMEDIATE").expect("a lock");
    let db = database.session().with_deadline(SHORT);
    let error = db.begin().await.expect_err("the file is locked");
    assert_eq!(error.kind(), ErrorKind::Deadline);
    drop(db);
    other.batch_execute("COMMIT").expect("a commit");
    for id in 0..2 {
        let db = database.session();
        execute(&db, format!("INSERT INTO notes VALUES ({id}, 1)"))
            .await
            .expect("a row");
        db.commit().await.expect("a commit");
    }
    assert_eq!(count(&database.session()).await, 2);
}

#[tokio::test]
async fn during_commit_the_outcome_is_unknown_and_said_to_be() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    // Without the write-ahead log a reader keeps a commit waiting.
    let journal = database.session();
    journal
        .run(Access::Immediate, |conn| {
            Box::pin(conn.batch_execute("PRAGMA journal_mode = DELETE"))
        })
        .await
        .expect("a setting");
    drop(journal);
    let mut other = another(server.url());
    other
        .batch_execute("BEGIN; SELECT COUNT(*) FROM notes")
        .expect("a lock");
    let db = database.session().with_deadline(SHORT);
    execute(&db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    let error = db.commit().await.expect_err("the file is locked");
    assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
    drop(db);
    other.batch_execute("COMMIT").expect("a commit");
    // It was carried out after all, which is what nobody could know.
    assert_eq!(count(&database.session()).await, 1);
    let db = database.session();
    execute(&db, "DELETE FROM notes")
        .await
        .expect("no lock is left");
    db.commit().await.expect("a commit");
}
