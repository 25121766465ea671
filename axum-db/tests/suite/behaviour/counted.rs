//! SQLite has no wire: what is sent to it is counted where Diesel runs it.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel_async::AsyncConnection as _;

use axum_db::prelude::*;

use super::fresh;
use super::support::{Db, database};

diesel::table! {
    notes (id) {
        id -> Integer,
        n -> BigInt,
    }
}

/// Collects the session's statements from now on.
async fn listen(db: &Db) -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    let mut conn = db.conn().await.expect("a connection");
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let sql = text.split(" -- binds").next().unwrap_or_default();
            ear.lock().expect("a list").push(sql.to_owned());
        }
    });
    drop(conn);
    // The session keeps the connection, where a rollback would give it back and have it closed.
    db.commit().await.expect("a commit");
    heard
}

#[tokio::test]
async fn reads_are_their_own_statements_and_a_write_is_three() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let db = database.session();
    let heard = listen(&db).await;
    let heard = || std::mem::take(&mut *heard.lock().expect("a list"));
    heard();
    let rows: Vec<i64> = notes::table.select(notes::n).all(&db).await.expect("rows");
    assert_eq!(rows.len(), 0);
    assert!(!notes::table.find(1).exists(&db).await.expect("an answer"));
    let sent = heard();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(
        sent.iter().all(|sql| sql.starts_with("SELECT ")),
        "{sent:?}"
    );

    diesel::insert_into(notes::table)
        .values((notes::id.eq(1), notes::n.eq(7)))
        .run(&db)
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    let sent = heard();
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert_eq!((&*sent[0], &*sent[2]), ("BEGIN IMMEDIATE", "COMMIT"));
}
