//! Futures dropped anywhere, panics, disconnects, and many requests at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::{Access, Backend, Config, Database, Error, ErrorKind, Isolation, TransactionMode};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::io::AsyncWriteExt;

use super::support::{CutOff, Db, Number, count, database, execute, number, status};
use super::{Engine, fresh};

/// Waits until another connection can write, which a lock left behind would prevent.
async fn others_can_write(database: &Database<Engine>) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let db = database.session();
        let attempt = tokio::time::timeout(Duration::from_secs(2), async {
            execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 1").await?;
            db.commit().await
        });
        match attempt.await {
            Ok(Ok(())) => return,
            outcome => assert!(tokio::time::Instant::now() < deadline, "{outcome:?}"),
        }
    }
}

/// Holds all connections of the pool at once, which one that was lost would prevent.
async fn the_pool_is_whole(database: &Database<Engine>, connections: usize) {
    let sessions: Vec<Db> = (0..connections).map(|_| database.session()).collect();
    for db in &sessions {
        let reading = tokio::time::timeout(Duration::from_secs(10), count(db));
        reading.await.expect("a connection of its own");
    }
}

/// Reads a nonce, writes, reads again and commits; whatever comes back must be its own.
async fn unit_of_work(db: Db, nonce: i64) {
    db.begin_with(Isolation::RepeatableRead)
        .await
        .expect("a transaction");
    assert_eq!(
        number(
            &db,
            format!("SELECT n - n + {nonce} AS n FROM notes WHERE id = 1")
        )
        .await
        .expect("a nonce"),
        nonce
    );
    db.savepoint(async |db| {
        execute(&db, format!("INSERT INTO notes VALUES ({nonce}, {nonce})")).await?;
        let taken = db.savepoint(async |db| {
            execute(&db, format!("INSERT INTO notes VALUES ({nonce}, -1)")).await
        });
        assert!(taken.await.is_err());
        Ok::<_, Error>(())
    })
    .await
    .expect("a row");
    let mut conn = db.conn().await.expect("a connection");
    let own: Number = diesel::sql_query(format!("SELECT n FROM notes WHERE id = {nonce}"))
        .get_result(&mut *conn)
        .await
        .expect("its own row");
    assert_eq!(own.n, nonce);
    drop(conn);
    db.commit().await.expect("a commit");
}

#[tokio::test]
async fn dropped_at_every_await_point_nobody_gets_anothers_rows() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 0)")
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    drop(db);
    let mut finished = 0;
    for polls in 0.. {
        let nonce = 1_000 + i64::from(polls);
        let work = unit_of_work(database.session(), nonce);
        let outcome = CutOff::after(usize::try_from(polls).expect("a count"), work).await;
        // The next user of the pool sees its own answers, and finds no lock.
        for probe in [nonce + 500_000, nonce + 600_000] {
            let db = database.session();
            let answer = number(
                &db,
                format!("SELECT n - n + {probe} AS n FROM notes WHERE id = 1"),
            )
            .await;
            assert_eq!(answer.expect("an answer"), probe);
        }
        others_can_write(&database).await;
        if outcome.is_some() {
            finished += 1;
            if finished == 3 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_request_dropped_at_every_await_point_is_done_or_undone_whole() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 0)")
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    drop(db);
    let confirmed = Arc::new(AtomicI64::new(0));
    let told = confirmed.clone();
    let handler = async move |db: Db, Path(id): Path<i64>| {
        unit_of_work(db.clone(), id).await;
        execute(&db, format!("INSERT INTO notes VALUES ({}, 0)", id + 1)).await?;
        execute(&db, format!("INSERT INTO notes VALUES ({}, 0)", id + 2)).await?;
        db.after_commit(move || told.store(id, Ordering::Relaxed));
        Ok::<_, Error>(())
    };
    let layer = database.layer().mode(TransactionMode::OnSuccess);
    let app = Router::new()
        .route("/{id}", get(handler))
        .layer(layer.with_retries(3));
    let mut finished = 0;
    for polls in 0.. {
        let id = 1_000 + i64::from(polls) * 10;
        let path = format!("/{id}");
        let request = CutOff::after(
            usize::try_from(polls).expect("a count"),
            status(&app, &path),
        );
        let answer = request.await;
        others_can_write(&database).await;
        the_pool_is_whole(&database, 2).await;
        let rows = |from: i64, to: i64| {
            let query = format!("SELECT COUNT(*) AS n FROM notes WHERE id BETWEEN {from} AND {to}");
            async { number(&database.session(), query).await.expect("a count") }
        };
        let (first, second) = (rows(id, id).await, rows(id + 1, id + 2).await);
        assert!(
            first == 0 || first == 1 && [0, 2].contains(&second),
            "{first} {second}"
        );
        if AtomicI64::load(&confirmed, Ordering::Relaxed) == id {
            assert_eq!(second, 2);
        }
        if let Some(answer) = answer {
            assert_eq!(answer, StatusCode::OK);
            assert_eq!(
                (second, AtomicI64::load(&confirmed, Ordering::Relaxed)),
                (2, id)
            );
            finished += 1;
            if finished == 3 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_gets_no_connection_says_so_and_leaves_the_pool_whole() {
    let server = fresh();
    let mut config = Config::new(server.url());
    config.max_connections = 2;
    config.pool_timeout = Duration::from_millis(100);
    drop(database(server.url(), 2).await);
    let database = Database::<Engine>::with_config(config).expect("a database");
    let holders = [database.session(), database.session()];
    for db in &holders {
        count(db).await;
    }
    let app = Router::new()
        .route(
            "/read",
            get(async |db: Db| {
                number(&db, "SELECT COUNT(*) AS n FROM notes")
                    .await
                    .map(drop)
            }),
        )
        .route("/begin", get(async |db: Db| db.begin().await))
        .layer(database.layer().with_retries(3));
    for path in ["/read", "/begin"] {
        assert_eq!(status(&app, path).await, StatusCode::SERVICE_UNAVAILABLE);
    }
    drop(holders);
    the_pool_is_whole(&database, 2).await;
    assert_eq!(status(&app, "/begin").await, StatusCode::OK);
    others_can_write(&database).await;
}

#[tokio::test]
async fn random_cancels_mix_nothing_up() {
    let rounds: i64 = std::env::var("AXUM_DB_CANCELS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(150);
    let server = fresh();
    let database = database(server.url(), 4).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 0)")
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    drop(db);
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..rounds {
        let database = database.clone();
        tasks.spawn(async move {
            // A fixed spread over the first microseconds to milliseconds of the work.
            let limit = Duration::from_micros(u64::try_from(round * 7919 % 6007).unwrap_or(1));
            let nonce = 10_000 + round;
            let _ = tokio::time::timeout(limit, unit_of_work(database.session(), nonce)).await;
            let probe = number(
                &database.session(),
                format!("SELECT n - n + {nonce} AS n FROM notes WHERE id = 1"),
            )
            .await;
            assert_eq!(probe.expect("an answer"), nonce);
        });
        if tasks.len() >= 16 {
            tasks
                .join_next()
                .await
                .expect("a task")
                .expect("no mismatch");
        }
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no mismatch");
    }
    others_can_write(&database).await;
    the_pool_is_whole(&database, 4).await;
}

#[tokio::test]
async fn a_statement_cut_off_ends_the_transaction_with_an_error() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    // SQLite is near: only a long statement is still running after one poll.
    let statement = match Engine::DIALECT {
        axum_db::Dialect::Sqlite => {
            "INSERT INTO notes WITH RECURSIVE c(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) \
             SELECT x, x FROM c"
        }
        _ => "INSERT INTO notes VALUES (2, 1)",
    };
    let cut = CutOff::after(1, execute(&db, statement)).await;
    assert!(cut.is_none(), "one poll does not reach the server and back");
    let committed = db.commit().await.expect_err("half of it may be there");
    assert_eq!(committed.kind(), ErrorKind::Aborted);
    execute(&db, "INSERT INTO notes VALUES (3, 1)")
        .await
        .expect("a new transaction");
    db.commit().await.expect("a commit");
    assert_eq!(count(&database.session()).await, 1);
}

/// Writes and then waits for ever.
async fn write_and_hang(db: Db) {
    execute(&db, "INSERT INTO notes VALUES (100, 1)")
        .await
        .expect("a row");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_disconnect_leaves_no_lock() {
    let server = fresh();
    let database = database(server.url(), 4).await;
    let app = Router::new()
        .route("/hang", get(write_and_hang))
        .layer(database.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    for _ in 0..4 {
        let mut stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("a connection");
        stream
            .write_all(b"GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .expect("a request");
        // Once the handler holds its lock, leave.
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(stream);
        others_can_write(&database).await;
    }
    assert_eq!(count(&database.session()).await, 0);
    serving.abort();
}

#[tokio::test]
async fn a_panic_leaves_no_lock() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let handler = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)")
            .await
            .expect("a row");
        assert!(db.commit().await.is_err(), "this test's own panic");
    };
    let in_hand = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (2, 1)")
            .await
            .expect("a row");
        let _guard = db.conn().await.expect("a connection");
        assert!(!db.in_transaction(), "this test's own panic");
    };
    let app = Router::new()
        .route("/", get(handler))
        .route("/in-hand", get(in_hand))
        .layer(database.layer());
    for path in ["/", "/in-hand"] {
        let app = app.clone();
        let outcome = tokio::spawn(async move { status(&app, path).await }).await;
        assert!(outcome.is_err_and(|error| error.is_panic()));
        others_can_write(&database).await;
        the_pool_is_whole(&database, 2).await;
    }
}

#[tokio::test]
async fn a_task_that_outlives_the_request_keeps_no_lock() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let app = Router::new()
        .route(
            "/",
            get(async |db: Db| {
                execute(&db, "INSERT INTO notes VALUES (1, 1)")
                    .await
                    .expect("a row");
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                    drop(db);
                });
            }),
        )
        .layer(database.layer());
    assert_eq!(status(&app, "/").await, StatusCode::OK);
    others_can_write(&database).await;
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn a_task_that_outlives_a_dropped_request_keeps_no_lock() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let handler = async |db: Db| {
        tokio::spawn({
            let db = db.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                drop(db);
            }
        });
        write_and_hang(db).await;
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer());
    let request = tokio::time::timeout(Duration::from_millis(300), status(&app, "/"));
    assert!(request.await.is_err(), "the handler hangs");
    others_can_write(&database).await;
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn a_statement_that_outlives_the_request_takes_its_lock_with_it() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let slow = match Engine::DIALECT {
        axum_db::Dialect::Sqlite => {
            "INSERT INTO notes WITH RECURSIVE c(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) \
             SELECT x, x FROM c"
        }
        axum_db::Dialect::Postgres => "SELECT pg_sleep(0.5)",
        axum_db::Dialect::Mysql => "SELECT SLEEP(0.5)",
    };
    let handler = async move |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)")
            .await
            .expect("a row");
        let task = db.clone();
        tokio::spawn(async move {
            let _ = execute(&task, slow).await;
            std::future::pending::<()>().await;
            drop(task);
        });
        // The statement is under way when the handler returns.
        tokio::task::yield_now().await;
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer());
    assert_eq!(status(&app, "/").await, StatusCode::OK);
    others_can_write(&database).await;
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn who_has_read_and_waits_to_write_keeps_no_other_writer_from_the_only_connection() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let reader = database.session();
    assert_eq!(count(&reader).await, 0);
    let writer = database.session();
    let writing = tokio::spawn(async move {
        execute(&writer, "INSERT INTO notes VALUES (1, 0)").await?;
        writer.commit().await
    });
    // Where writers queue, this one is at the head of the queue, and has no connection.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let both = async {
        execute(&reader, "INSERT INTO notes VALUES (2, 0)").await?;
        reader.commit().await?;
        drop(reader);
        writing.await.expect("a task")
    };
    let both = tokio::time::timeout(Duration::from_secs(5), both).await;
    both.expect("in time").expect("both are written");
    assert_eq!(count(&database.session()).await, 2);
}

#[tokio::test]
async fn a_pool_of_one_serves_many_whose_parts_all_use_the_database() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let handler = async |first: Db, second: Db, Path(id): Path<i64>| {
        assert_eq!(
            number(&first, "SELECT COUNT(*) AS n FROM notes WHERE n < 0").await?,
            0
        );
        execute(&second, format!("INSERT INTO notes VALUES ({id}, {id})")).await?;
        assert_eq!(
            number(&first, format!("SELECT n FROM notes WHERE id = {id}")).await?,
            id
        );
        second.commit().await
    };
    let middleware =
        async |db: Db, request: axum::extract::Request, next: axum::middleware::Next| {
            number(&db, "SELECT COUNT(*) AS n FROM notes WHERE n < 0")
                .await
                .expect("a read");
            next.run(request).await
        };
    let app = Router::new()
        .route("/{id}", get(handler))
        .layer(axum::middleware::from_fn(middleware))
        .layer(database.layer());
    let mut requests = tokio::task::JoinSet::new();
    for id in 1..=64 {
        let app = app.clone();
        requests.spawn(async move { status(&app, &format!("/{id}")).await });
    }
    while let Some(answer) = requests.join_next().await {
        assert_eq!(answer.expect("an answer"), StatusCode::OK);
    }
    assert_eq!(count(&database.session()).await, 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_read_then_write_loses_no_update() {
    // SQLite's `begin` takes the place of the only writer; elsewhere the row is locked as it is read.
    let read = match Engine::DIALECT {
        axum_db::Dialect::Sqlite => "SELECT n FROM notes WHERE id = 1",
        _ => "SELECT n FROM notes WHERE id = 1 FOR UPDATE",
    };
    let server = fresh();
    let database = database(server.url(), 16).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 0)")
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
    drop(db);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..640 {
        let database = database.clone();
        tasks.spawn(async move {
            let db = database.session();
            db.begin().await?;
            let n = number(&db, read).await?;
            execute(&db, format!("UPDATE notes SET n = {} WHERE id = 1", n + 1)).await?;
            db.commit().await
        });
    }
    for outcome in tasks.join_all().await {
        outcome.expect("every request succeeds");
    }
    let n = number(&database.session(), "SELECT n FROM notes WHERE id = 1")
        .await
        .expect("a counter");
    assert_eq!(n, 640);
}

#[tokio::test]
async fn readers_who_then_write_do_not_starve_the_writer() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..24 {
        let database = database.clone();
        tasks.spawn(async move {
            let db = database.session();
            count(&db).await;
            tokio::task::yield_now().await;
            execute(&db, format!("INSERT INTO notes VALUES ({id}, 1)")).await?;
            db.commit().await
        });
    }
    for outcome in tasks.join_all().await {
        outcome.expect("a write");
    }
    assert_eq!(count(&database.session()).await, 24);
}

#[tokio::test]
async fn settings_made_through_the_connection_stay_in_their_request() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let set = match Engine::DIALECT {
        axum_db::Dialect::Sqlite => "PRAGMA cache_size = 77",
        axum_db::Dialect::Postgres => "SET statement_timeout = 77",
        axum_db::Dialect::Mysql => "SET SESSION net_read_timeout = 77",
    };
    {
        let db = database.session();
        let mut conn = db.conn().await.expect("a connection");
        conn.batch_execute(set).await.expect("a setting");
        drop(conn);
        db.commit().await.expect("a commit");
    }
    let query = match Engine::DIALECT {
        axum_db::Dialect::Sqlite => {
            "SELECT CAST(cache_size AS INTEGER) AS n FROM pragma_cache_size"
        }
        axum_db::Dialect::Postgres => {
            "SELECT setting::BIGINT AS n FROM pg_settings WHERE name = 'statement_timeout'"
        }
        axum_db::Dialect::Mysql => "SELECT CAST(@@net_read_timeout AS SIGNED) AS n",
    };
    assert_ne!(
        number(&database.session(), query).await.expect("a setting"),
        77
    );
}

#[tokio::test]
async fn a_streaming_body_that_writes_after_the_response_is_its_own_unit_of_work() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let handler = async |db: Db, Path(id): Path<i64>| {
        if id == 1 {
            count(&db).await;
        } else {
            execute(&db, "INSERT INTO notes VALUES (9, 1)").await?; // and rolled back
        }
        Ok::<_, Error>(axum::body::Body::from_stream(futures_util::stream::once(
            async move {
                execute(&db, format!("INSERT INTO notes VALUES ({id}, 1)")).await?;
                db.commit().await?;
                Ok::<_, axum_db::Error>("written")
            },
        )))
    };
    let app = Router::new()
        .route("/{id}", get(handler))
        .layer(database.layer());
    let ask = async |path: &str| {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty());
        let response = tower::ServiceExt::oneshot(app.clone(), request.expect("a request"));
        response.await.expect("a response")
    };
    // The response holds the handle, and no connection: after a rollback as after a read.
    let written = ask("/2").await;
    let other = database.session();
    let others = tokio::time::timeout(Duration::from_secs(5), count(&other));
    assert_eq!(others.await.expect("a connection is free"), 0);
    drop((written, other));
    let response = ask("/1").await;
    assert_eq!(count(&database.session()).await, 0);
    let body = axum::body::to_bytes(response.into_body(), 100)
        .await
        .expect("a body");
    assert_eq!(&body[..], b"written");
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn a_replaced_observer_closes_the_connection() {
    use diesel_async::AsyncConnection as _;
    let server = fresh();
    let database = database(server.url(), 1).await;
    let db = database.session();
    {
        let mut conn = db.conn().await.expect("a connection");
        conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {});
    }
    db.commit().await.expect("a commit");
    drop(db);
    let db = database.session();
    db.run(Access::Write, |conn| {
        Box::pin(diesel::sql_query("INSERT INTO notes VALUES (1, 1)").execute(conn))
    })
    .await
    .expect("a write on another connection");
}
