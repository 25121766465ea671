//! Many transfers between a few accounts at once: none is lost, and no client sees a conflict.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::post;
use axum_db::{Database, Dialect, Error, Isolation, Outcome};

use super::support::{self, Db, Number, database, execute, number, serve};
use super::{Engine, fresh};

const CLIENTS: usize = 32;
const ACCOUNTS: usize = 4;

/// Where the engine looks for deadlocks only after a while, the while is short.
fn impatient(url: &str) -> String {
    match <Engine as axum_db::Backend>::DIALECT {
        Dialect::Postgres => format!("{url}?options=-c%20deadlock_timeout%3D20ms"),
        _ => url.to_owned(),
    }
}

async fn accounts(url: &str) -> Database<Engine> {
    let database = database(&impatient(url), 16).await;
    let db = database.session();
    for id in 0..ACCOUNTS {
        execute(&db, format!("INSERT INTO notes VALUES ({id}, 100)"))
            .await
            .expect("an account");
    }
    db.commit().await.expect("a commit");
    database
}

async fn balance(db: &Db, id: &str) -> Result<i64, Error> {
    number(db, format!("SELECT n FROM notes WHERE id = {id}")).await
}

async fn set(db: &Db, id: &str, value: impl std::fmt::Display) -> Result<usize, Error> {
    execute(db, format!("UPDATE notes SET n = {value} WHERE id = {id}")).await
}

/// Reads both balances and writes what becomes of them.
async fn read_then_write(db: &Db, from: &str, to: &str) -> Result<(), Error> {
    db.begin().await?;
    let (left, right) = (balance(db, from).await?, balance(db, to).await?);
    tokio::task::yield_now().await;
    set(db, from, left - 1).await?;
    set(db, to, right + 1).await?;
    db.commit().await
}

/// Locks the rows in the order in which they were named, which differs from client to client.
async fn lock_in_any_order(db: &Db, from: &str, to: &str) -> Result<(), Error> {
    set(db, from, "n - 1").await?;
    tokio::task::yield_now().await;
    set(db, to, "n + 1").await?;
    db.commit().await
}

/// The same with the connection in hand, by queries that fail when their rows are due.
async fn lock_in_hand(db: &Db, from: &str, to: &str) -> Result<(), Error> {
    use diesel_async::RunQueryDsl; // not for the whole file, where atomics have a `load` too

    let mut conn = db.conn().await?;
    let lock = match <Engine as axum_db::Backend>::DIALECT {
        Dialect::Sqlite => "",
        _ => " FOR UPDATE",
    };
    for (id, change) in [(from, -1), (to, 1)] {
        // As a range: a row that is looked up by its key alone, MariaDB locks before it answers.
        let query = format!("SELECT n FROM notes WHERE id >= {id} AND id <= {id}{lock}");
        let row: Number = diesel::sql_query(query).get_result(&mut *conn).await?;
        tokio::task::yield_now().await;
        let update = format!("UPDATE notes SET n = {} WHERE id = {id}", row.n + change);
        diesel::sql_query(update).execute(&mut *conn).await?;
    }
    drop(conn);
    db.commit().await
}

/// Who pays whom, in transfer number `number`.
fn parties(number: usize) -> (usize, usize) {
    let from = number % ACCOUNTS;
    (
        from,
        (from + 1 + number / ACCOUNTS % (ACCOUNTS - 1)) % ACCOUNTS,
    )
}

/// What each account has in the end, by arithmetic.
fn expected(transfers: usize) -> Vec<i64> {
    let mut balances = vec![100; ACCOUNTS];
    for (from, to) in (0..transfers).map(parties) {
        balances[from] -= 1;
        balances[to] += 1;
    }
    balances
}

async fn balances(database: &Database<Engine>) -> Vec<i64> {
    let db = database.session();
    let mut balances = Vec::new();
    for id in 0..ACCOUNTS {
        balances.push(balance(&db, &id.to_string()).await.expect("a balance"));
    }
    balances
}

/// How a transfer goes about its two rows.
#[derive(Clone, Copy)]
enum Way {
    ReadThenWrite,
    LockInAnyOrder,
    LockInHand,
}

async fn transfer(db: &Db, way: Way, from: &str, to: &str) -> Result<(), Error> {
    match way {
        Way::ReadThenWrite => read_then_write(db, from, to).await,
        Way::LockInAnyOrder => lock_in_any_order(db, from, to).await,
        Way::LockInHand => lock_in_hand(db, from, to).await,
    }
}

/// Sends transfers from 32 clients, and looks at what clients, hooks and accounts saw.
async fn over_http(way: Way, isolation: Option<Isolation>, each: usize) {
    let server = fresh();
    let database = accounts(server.url()).await;
    let mut layer = database.layer().with_retries(200);
    if let Some(isolation) = isolation {
        layer = layer.with_isolation(isolation);
    }
    let mails = Arc::new(AtomicUsize::new(0));
    let sent = mails.clone();
    let handler = async move |db: Db, body: String| {
        db.after_commit(move || {
            sent.fetch_add(1, Ordering::Relaxed);
        });
        let (from, to) = body.split_once(' ').expect("two accounts");
        transfer(&db, way, from, to).await?;
        db.on_finish(|outcome: Outcome, headers: &mut HeaderMap| {
            let outcome = HeaderValue::from_str(&format!("{outcome:?}")).expect("a header");
            headers.append("x-finished", outcome);
        });
        Ok::<_, Error>(())
    };
    let address = serve(Router::new().route("/", post(handler)).layer(layer)).await;
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            for turn in 0..each {
                let (from, to) = parties(client * each + turn);
                let answer = support::post(address, "/", &format!("{from} {to}")).await;
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                assert_eq!(
                    answer.matches("x-finished: Committed").count(),
                    1,
                    "{answer}"
                );
            }
        });
    }
    clients.join_all().await;
    assert_eq!(mails.load(Ordering::Relaxed), CLIENTS * each);
    assert_eq!(balances(&database).await, expected(CLIENTS * each));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_read_then_write_keep_the_sum() {
    over_http(Way::ReadThenWrite, Some(Isolation::Serializable), 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_lock_rows_in_any_order_keep_the_sum() {
    over_http(Way::LockInAnyOrder, None, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_with_the_connection_in_hand_keep_the_sum() {
    over_http(Way::LockInHand, None, 4).await;
    over_http(Way::LockInHand, Some(Isolation::RepeatableRead), 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closures_that_read_then_write_keep_the_sum() {
    let server = fresh();
    let database = accounts(server.url()).await;
    let mut tasks = tokio::task::JoinSet::new();
    let mails = Arc::new(AtomicUsize::new(0));
    for number in 0..CLIENTS {
        let (database, mails) = (database.clone(), mails.clone());
        tasks.spawn(async move {
            let (from, to) = parties(number);
            let db = database.session();
            db.retry(|db| {
                let mails = mails.clone();
                async move {
                    db.after_commit(move || {
                        mails.fetch_add(1, Ordering::Relaxed);
                    });
                    db.begin_with(Isolation::Serializable).await?;
                    read_then_write(&db, &from.to_string(), &to.to_string()).await
                }
            })
            .await
        });
    }
    for outcome in tasks.join_all().await {
        outcome.expect("every transfer succeeds");
    }
    assert_eq!(mails.load(Ordering::Relaxed), CLIENTS);
    assert_eq!(balances(&database).await, expected(CLIENTS));
}
