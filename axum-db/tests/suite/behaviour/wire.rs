//! What goes over the wire: a request's own statements and nothing else, in as few waits as can be.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::{
    Access, Backend, Config, Database, Dialect, Error, ErrorKind, Isolation, prelude::*,
};
use testkit::TestDatabase;

use super::proxy::{Proxy, Traffic};
use super::support::{self, Db, count, execute, notes, status};
use super::{Engine, fresh};

/// A database with a table of notes behind a proxy.
async fn behind_a_proxy(
    configure: impl FnOnce(&mut Config),
) -> (TestDatabase, Proxy, Database<Engine>) {
    let server = fresh();
    support::database(server.url(), 1).await.close().await;
    let proxy = Proxy::before(server.url(), Engine::DIALECT).await;
    let mut config = Config::new(proxy.url());
    config.max_connections = 1;
    configure(&mut config);
    let database = Database::with_config(config).expect("a database");
    (server, proxy, database)
}

/// The messages of one engine or the other.
fn messages(postgres: &[&str], mysql: &[&str]) -> Vec<String> {
    let own = match Engine::DIALECT {
        Dialect::Postgres => postgres,
        _ => mysql,
    };
    own.iter().map(|&message| message.to_owned()).collect()
}

async fn insert(db: &Db, id: i32) -> Result<usize, Error> {
    diesel::insert_into(notes::table)
        .values((notes::id.eq(id), notes::n.eq(7)))
        .run(db)
        .await
}

#[tokio::test]
async fn a_handler_that_only_reads_sends_its_own_statements_prepared_once() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    insert(&database.session(), 1)
        .await
        .expect("a row that is not kept");
    let handler = async |db: Db| {
        let rows: Vec<i64> = notes::table.select(notes::n).all(&db).await?;
        assert!(rows.is_empty());
        let one: Option<i64> = notes::table
            .find(1)
            .select(notes::n)
            .one_or_none(&db)
            .await?;
        assert_eq!(one, None);
        Ok::<_, Error>(())
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer());
    assert_eq!(status(&app, "/").await, StatusCode::OK);
    let first = proxy.take().messages;
    let prepared = |messages: &[String]| {
        let preparing = |message: &&String| {
            message.starts_with("Parse SELECT") || message.starts_with("Prepare SELECT")
        };
        messages.iter().filter(preparing).count()
    };
    assert_eq!(prepared(&first), 2, "{first:?}");
    for _ in 0..3 {
        assert_eq!(status(&app, "/").await, StatusCode::OK);
        let own = messages(
            &["Bind", "Execute", "Sync", "Bind", "Execute", "Sync"],
            &["Execute", "Execute"],
        );
        assert_eq!(
            proxy.take(),
            Traffic {
                messages: own,
                waits: 2
            }
        );
    }
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_select_that_locks_opens_the_transaction_each_time() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    for _ in 0..3 {
        let db = database.session();
        let plain: Vec<i64> = notes::table.select(notes::n).all(&db).await.expect("rows");
        let begun = |traffic: Traffic| {
            let begins = |message: &String| message.starts_with("Query BEGIN");
            traffic.messages.iter().any(begins)
        };
        assert!(!begun(proxy.take()));
        let locked: Vec<i64> = notes::table
            .select(notes::n)
            .for_update()
            .all(&db)
            .await
            .expect("rows");
        assert!(begun(proxy.take()));
        assert_eq!(plain, locked);
        db.commit().await.expect("a commit");
    }
}

#[tokio::test]
async fn begin_travels_with_the_first_write_where_the_protocol_lets_it() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    let handler = async |db: Db, Path(id): Path<i32>| {
        insert(&db, id).await?;
        db.commit().await
    };
    let app = Router::new()
        .route("/{id}", get(handler))
        .layer(database.layer());
    assert_eq!(status(&app, "/1").await, StatusCode::OK);
    proxy.take();
    for id in 2..5 {
        assert_eq!(status(&app, &format!("/{id}")).await, StatusCode::OK);
        let own = messages(
            &[
                "Query BEGIN READ WRITE",
                "Bind",
                "Execute",
                "Sync",
                "Query COMMIT",
            ],
            &["Query BEGIN", "Execute", "Query COMMIT"],
        );
        let waits = if Engine::DIALECT == Dialect::Postgres {
            2
        } else {
            3
        };
        assert_eq!(
            proxy.take(),
            Traffic {
                messages: own,
                waits
            }
        );
    }
    assert_eq!(count(&database.session()).await, 4);
}

#[tokio::test]
async fn a_record_that_is_read_back_costs_one_statement_more_where_there_is_no_returning() {
    let server = fresh();
    super::records::database(server.url()).await.close().await;
    let proxy = Proxy::before(server.url(), Engine::DIALECT).await;
    let database: Database<Engine> = Database::connect(proxy.url()).await.expect("a database");
    for name in ["ann", "bob", "cid"] {
        proxy.take();
        let db = database.session();
        super::records::user(&db, name).await;
        db.commit().await.expect("a commit");
    }
    let own = messages(
        &[
            "Query BEGIN READ WRITE",
            "Bind",
            "Execute",
            "Sync",
            "Query COMMIT",
        ],
        &["Query BEGIN", "Execute", "Execute", "Query COMMIT"],
    );
    let waits = if Engine::DIALECT == Dialect::Postgres {
        2
    } else {
        4
    };
    assert_eq!(
        proxy.take(),
        Traffic {
            messages: own,
            waits
        }
    );
}

#[tokio::test]
async fn a_write_by_itself_is_one_wait_and_the_next_one_needs_a_transaction_again() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    let bookkeeping = async |id: i32| {
        let row = diesel::insert_into(notes::table).values((notes::id.eq(id), notes::n.eq(7)));
        let db = database.session();
        db.run(Access::Immediate, |conn| {
            Box::pin(diesel_async::RunQueryDsl::execute(row, conn))
        })
        .await
        .expect("a row");
    };
    bookkeeping(1).await;
    let rows = notes::table.row_count(&database.session()).await;
    assert_eq!(rows.expect("a count"), 1);
    proxy.take();
    bookkeeping(2).await;
    let sent = proxy.take();
    let own = messages(
        &[
            "Query SET default_transaction_read_only = off",
            "Bind",
            "Execute",
            "Sync",
        ],
        &["Execute"],
    );
    assert_eq!(sent.messages[..own.len()], own);
    assert_eq!(count(&database.session()).await, 2);
    if Engine::DIALECT == Dialect::Postgres {
        // A SELECT that writes runs outside of a transaction, where the server refuses it now.
        let sequence = "SELECT SETVAL(PG_GET_SERIAL_SEQUENCE('counted', 'id'), 5) AS n";
        let db = database.session();
        execute(&db, "CREATE TABLE counted (id SERIAL PRIMARY KEY)")
            .await
            .expect("a table");
        db.commit().await.expect("a commit");
        let refused = support::number(&db, sequence)
            .await
            .expect_err("no transaction is open");
        assert_eq!(refused.kind(), ErrorKind::ReadOnly);
        db.begin().await.expect("a transaction");
        assert_eq!(support::number(&db, sequence).await.expect("a number"), 5);
    }
}

#[tokio::test]
async fn a_write_by_itself_that_is_dropped_leaves_no_right_to_write_behind() {
    if Engine::DIALECT != Dialect::Postgres {
        return; // no other refuses a write outside of a transaction
    }
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    let db = database.session();
    let sleep = diesel::sql_query("SELECT pg_sleep(30)");
    let writing = db.run(Access::Immediate, |conn| {
        Box::pin(diesel_async::RunQueryDsl::execute(sleep, conn))
    });
    let dropped = tokio::time::timeout(Duration::from_millis(200), writing).await;
    assert!(dropped.is_err(), "it takes long");
    drop(db);
    let guard =
        "SELECT (current_setting('default_transaction_read_only') = 'on')::int::bigint AS n";
    let guarded = support::number(&database.session(), guard).await;
    assert_eq!(guarded.expect("a setting"), 1);
    assert_eq!(
        proxy.connections(),
        2,
        "the connection, and what cancelled it"
    );
}

#[tokio::test]
async fn a_begin_that_fails_lets_nothing_be_written() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    for warm in 0..2 {
        let db = database.session();
        insert(&db, warm).await.expect("a row");
        db.commit().await.expect("a commit");
    }
    proxy.garble(Some("BEGIN"));
    let db = database.session();
    insert(&db, 10).await.expect_err("there is no transaction");
    let second = insert(&db, 11).await;
    assert!(second.is_err(), "nor is there one now");
    db.commit().await.err();
    drop(db);
    proxy.garble(None);
    let db = database.session();
    assert_eq!(count(&db).await, 2);
    insert(&db, 12).await.expect("a row");
    db.commit().await.expect("a commit");
    assert_eq!(count(&db).await, 3);
}

#[tokio::test]
async fn a_level_whose_begin_failed_is_not_that_of_the_next_transaction() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    database.check().await.expect("a connection");
    proxy.garble(Some("BEGIN"));
    let begun = database.session().begin_with(Isolation::Serializable).await;
    begun.expect_err("there is no such statement");
    proxy.garble(None);
    let db = database.session();
    db.begin().await.expect("a transaction");
    assert_eq!(
        proxy.connections(),
        2,
        "the level may have stayed with the first"
    );
}

#[tokio::test]
async fn dropped_before_begin_is_answered_nothing_is_written() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    let db = database.session();
    insert(&db, 1).await.expect("a row");
    db.commit().await.expect("a commit");
    proxy.hold_after("BEGIN");
    let answered = tokio::time::timeout(Duration::from_millis(200), insert(&db, 10)).await;
    assert!(answered.is_err(), "the answer to BEGIN is held back");
    let committed = db.commit().await.expect_err("the statement was cut off");
    assert_eq!(committed.kind(), ErrorKind::Aborted);
    drop(db);
    proxy.release();
    let db = database.session();
    assert_eq!(count(&db).await, 1);
    insert(&db, 2).await.expect("a row");
    db.commit().await.expect("a commit");
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn a_first_write_that_fails_behaves_as_any_other() {
    let (_server, _proxy, database) = behind_a_proxy(|_| ()).await;
    let db = database.session();
    insert(&db, 1).await.expect("a row");
    db.commit().await.expect("a commit");
    let twice = insert(&db, 1).await.expect_err("the key is taken");
    assert_eq!(twice.kind(), ErrorKind::UniqueViolation);
    assert_eq!(count(&db).await, 1);
    let committed = db.commit().await.expect_err("a statement failed");
    assert_eq!(committed.kind(), ErrorKind::Aborted);
    insert(&db, 2).await.expect("a row");
    let confined = db.savepoint(async |db| insert(&db, 2).await).await;
    assert!(confined.is_err_and(|error| error.is(ErrorKind::UniqueViolation)));
    db.commit().await.expect("a commit");
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn a_connection_is_tried_only_after_it_lay_idle() {
    let (_server, proxy, database) =
        behind_a_proxy(|config| config.ping_after_idle = Duration::ZERO).await;
    let read = async || {
        let rows: Vec<i64> = notes::table
            .select(notes::n)
            .all(&database.session())
            .await?;
        Ok::<_, Error>(rows.len())
    };
    assert_eq!(read().await.expect("rows"), 0);
    proxy.take();
    assert_eq!(read().await.expect("rows"), 0);
    let own = messages(
        &["Query SELECT 1", "Bind", "Execute", "Sync"],
        &["Query SELECT 1", "Execute"],
    );
    assert_eq!(
        proxy.take(),
        Traffic {
            messages: own,
            waits: 2
        }
    );
}

#[tokio::test]
async fn opening_a_connection_says_each_thing_once() {
    let (_server, proxy, database) = behind_a_proxy(|_| ()).await;
    database.check().await.expect("a connection");
    assert_eq!(proxy.connections(), 1);
    let mut said = proxy.take().messages;
    assert_eq!(
        said.pop().as_deref(),
        Some("Query SELECT 1"),
        "the check itself"
    );
    said.retain(|message| !["Bind", "Describe", "Execute", "Sync", "Close"].contains(&&**message));
    let mut texts = said.clone();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), said.len(), "{said:#?}");
    // The settings of the driver, of diesel-async and of our own; the language of errors; MySQL's driver asks for the server's.
    let expected = [
        "Startup",
        "Handshake",
        "Parse SET ",
        "Prepare SET ",
        "Query SET ",
        "Query SELECT @@max_allowed_packet",
        "Query SELECT CASE current_setting",
    ];
    for message in said {
        assert!(
            expected
                .iter()
                .any(|beginning| message.starts_with(beginning)),
            "{message}"
        );
    }
}
