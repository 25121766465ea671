//! What only an engine with a server can do to its clients.

use std::time::Duration;

use axum_db::{Backend, Config, ErrorKind};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::support::{Db, Number, count, database, execute, number};
use super::{Engine, fresh};

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced_after_one_error_at_most() {
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
    // The server takes its time; nobody may meet a connection that is still about to be ended.
    loop {
        let left: Vec<Number> = diesel::sql_query(end_others)
            .get_results(&mut killer)
            .await
            .expect("those that are left");
        if left.iter().all(|row| row.n == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await; // for the end to arrive here
    let first = number(&database.session(), "SELECT COUNT(*) AS n FROM notes").await;
    if let Err(error) = first {
        // PostgreSQL's connections are seen to end while they lie idle.
        let may_be = (!POSTGRES).then_some(ErrorKind::Connection);
        assert_eq!(Some(error.kind()), may_be, "{:?}", error.database_error());
    }
    for _ in 0..4 {
        assert_eq!(count(&database.session()).await, 0);
    }
}

const POSTGRES: bool = matches!(Engine::DIALECT, axum_db::Dialect::Postgres);

/// A session with two notes, and a second session on the same database.
async fn two_sessions(database: &axum_db::Database<Engine>) -> (Db, Db) {
    let db = database.session();
    for sql in [
        "INSERT INTO notes VALUES (1, 1)",
        "INSERT INTO notes VALUES (2, 2)",
    ] {
        execute(&db, sql).await.expect("a row");
    }
    db.commit().await.expect("a commit");
    (database.session(), database.session())
}

#[tokio::test]
async fn a_deadlock_is_recognised_and_retryable() {
    let server = fresh();
    let database = database(server.url(), 4).await;
    let (left, right) = two_sessions(&database).await;
    let update = async |db: &Db, id: i32| {
        execute(db, format!("UPDATE notes SET n = n + 1 WHERE id = {id}")).await
    };
    update(&left, 1).await.expect("a lock");
    update(&right, 2).await.expect("a lock");
    let outcomes = tokio::join!(
        async {
            let outcome = update(&left, 2).await;
            let _ = left.rollback().await;
            outcome
        },
        async {
            let outcome = update(&right, 1).await;
            let _ = right.rollback().await;
            outcome
        },
    );
    let victim = match outcomes {
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => error,
        other => panic!("one of them is the victim: {other:?}"),
    };
    assert_eq!(victim.kind(), ErrorKind::Deadlock);
    assert!(victim.is_retryable());
}

#[tokio::test]
async fn a_serialization_failure_is_recognised_and_retryable() {
    let server = fresh();
    let database = database(server.url(), 4).await;
    let (late, early) = two_sessions(&database).await;
    let isolation = if POSTGRES {
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    } else {
        "SET innodb_snapshot_isolation = ON"
    };
    execute(&late, isolation).await.expect("an isolation level");
    assert_eq!(count(&late).await, 2);
    execute(&early, "UPDATE notes SET n = 10 WHERE id = 1")
        .await
        .expect("a row");
    early.commit().await.expect("a commit");
    let error = execute(&late, "UPDATE notes SET n = 20 WHERE id = 1")
        .await
        .expect_err("its snapshot is old");
    assert_eq!(error.kind(), ErrorKind::Serialization);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_statement_that_takes_too_long_and_one_that_is_cancelled() {
    let server = fresh();
    let database = database(server.url(), 4).await;
    let db = database.session();
    let outcome = if POSTGRES {
        execute(&db, "SET LOCAL statement_timeout = '50ms'")
            .await
            .expect("a setting");
        execute(&db, "SELECT pg_sleep(30)").await
    } else {
        execute(
            &db,
            "SET STATEMENT max_statement_time = 0.05 FOR \
             SELECT COUNT(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 0",
        )
        .await
    };
    let error = outcome.expect_err("it is too long");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.status(), axum::http::StatusCode::SERVICE_UNAVAILABLE);

    let victim = database.session();
    victim.begin().await.expect("a transaction");
    let own_id = if POSTGRES {
        "SELECT pg_backend_pid()::bigint AS n"
    } else {
        "SELECT CAST(CONNECTION_ID() AS SIGNED) AS n"
    };
    let id = number(&victim, own_id).await.expect("an id");
    let running = tokio::spawn(async move {
        let long = if POSTGRES {
            "SELECT pg_sleep(30)"
        } else {
            "SELECT COUNT(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 0"
        };
        execute(&victim, long).await
    });
    let mut killer = database.connect_dedicated().await.expect("a connection");
    let kill = if POSTGRES {
        format!("SELECT pg_cancel_backend({id})")
    } else {
        format!("KILL QUERY {id}")
    };
    // As often as it takes: the statement may not have begun yet.
    while !running.is_finished() {
        let _ = killer.batch_execute(&kill).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let error = running
        .await
        .expect("a task")
        .expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
}

#[tokio::test]
async fn what_the_user_may_not_do() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let error = if POSTGRES {
        execute(&db, "SET LOCAL ROLE pg_monitor")
            .await
            .expect("a role");
        execute(&db, "INSERT INTO notes VALUES (1, 1)").await
    } else {
        // Nobody may write there, not even root.
        execute(&db, "CREATE TABLE information_schema.notes (id INTEGER)").await
    }
    .expect_err("no right");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
}

#[tokio::test]
async fn errors_are_in_english_whatever_was_set_before() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let sql = if POSTGRES {
        "SELECT (current_setting('lc_messages') = 'C')::int::bigint AS n"
    } else {
        "SELECT @@lc_messages = 'en_US' AS n"
    };
    assert_eq!(
        number(&database.session(), sql).await.expect("a setting"),
        1
    );
    if POSTGRES {
        // The reset of a connection that was in hand does not lose it.
        drop(database.session().conn().await.expect("a connection"));
        assert_eq!(
            number(&database.session(), sql).await.expect("a setting"),
            1
        );
    }
}

#[tokio::test]
async fn the_server_ends_a_statement_that_takes_too_long() {
    let sleep = match Engine::DIALECT {
        axum_db::Dialect::Postgres => "SELECT pg_sleep(20)",
        _ => "SELECT SLEEP(20)",
    };
    let server = fresh();
    let mut config = Config::new(server.url());
    config.statement_timeout = Some(Duration::from_millis(100));
    let database = Db::connect(config).await.expect("a database");
    let db = database.session();
    let error = execute(&db, sleep).await.expect_err("it takes too long");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    db.rollback().await.expect("a rollback");
    let answer = number(&db, "SELECT COUNT(*) AS n FROM (SELECT 1) AS one").await;
    assert_eq!(answer.expect("an answer"), 1);
    // A migration may take longer.
    let short = sleep.replace("20", "0.2");
    let mut dedicated = database.connect_dedicated().await.expect("a connection");
    dedicated.batch_execute(&short).await.expect("no limit");
}

#[test]
fn a_database_outlives_the_runtime_that_opened_its_connections() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    };
    let server = fresh();
    let first = runtime();
    let database = first.block_on(async {
        let database = database(server.url(), 2).await;
        // Both connections are open, and one of them is in a transaction when all ends.
        let sessions = [database.session(), database.session()];
        for db in &sessions {
            count(db).await;
        }
        let [open, idle] = sessions;
        drop(idle);
        tokio::spawn(async move {
            execute(&open, "INSERT INTO notes VALUES (1, 1)")
                .await
                .expect("a row");
            std::future::pending::<()>().await;
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        database
    });
    drop(first);
    let second = runtime();
    for _ in 0..3 {
        second.block_on(async {
            let db = database.session();
            execute(&db, "DELETE FROM notes WHERE id < 0")
                .await
                .expect("a connection that lives");
            db.commit().await.expect("a commit");
            assert_eq!(count(&database.session()).await, 0);
        });
    }
}

const OWN_NUMBER: &str = if POSTGRES {
    "SELECT pg_backend_pid()::bigint AS n"
} else {
    "SELECT CAST(CONNECTION_ID() AS SIGNED) AS n"
};

const LONG: &str = if POSTGRES {
    "SELECT pg_sleep(30)"
} else {
    "SELECT SLEEP(30)"
};

#[tokio::test]
async fn a_statement_that_is_dropped_ends_on_the_server_and_its_place_is_free_at_once() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let db = database.session();
    let before = number(&db, OWN_NUMBER).await.expect("a number");
    let dropped = tokio::time::timeout(Duration::from_millis(200), execute(&db, LONG)).await;
    assert!(dropped.is_err(), "it takes long");
    drop(db);
    let begun = std::time::Instant::now();
    let after = number(&database.session(), OWN_NUMBER).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1900), "{took:?}");
    // PostgreSQL's connection is in step again; MySQL's is not, and is another one.
    assert_eq!(after.expect("a number") == before, POSTGRES);
}

/// The row is not locked, or soon no more.
async fn others_write(database: &axum_db::Database<Engine>) {
    let db = database.session();
    let writing = execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 1");
    let written = tokio::time::timeout(Duration::from_secs(6), writing).await;
    written.expect("the lock is gone").expect("a write");
}

#[tokio::test]
async fn a_query_that_is_dropped_between_its_rows_keeps_no_lock() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let (db, _) = two_sessions(&database).await;
    execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 1")
        .await
        .expect("a lock");
    // The first row fills what the server gathers before it sends.
    let rows = if POSTGRES {
        "SELECT CASE i WHEN 2 THEN pg_sleep(30)::text ELSE repeat('x', 70000) END AS t FROM generate_series(1, 2) AS i"
    } else {
        "SELECT IF(seq = 2, SLEEP(30), REPEAT('x', 70000)) AS t FROM seq_1_to_2"
    };
    let loading = axum_db::query::Fetch::all::<Letters, _, _>(diesel::sql_query(rows), &db);
    let dropped = tokio::time::timeout(Duration::from_millis(300), loading).await;
    assert!(dropped.is_err(), "it takes long");
    drop(db);
    others_write(&database).await;
}

#[derive(diesel::QueryableByName)]
#[allow(dead_code)] // it never arrives
struct Letters {
    #[diesel(sql_type = diesel::sql_types::Text)]
    t: String,
}

#[tokio::test]
async fn a_connection_that_is_closed_in_mid_statement_keeps_no_lock() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let (db, _) = two_sessions(&database).await;
    execute(&db, "UPDATE notes SET n = n + 1 WHERE id = 1")
        .await
        .expect("a lock");
    let mut conn = db.conn().await.expect("a connection");
    // What only closing the connection undoes.
    let altering = if POSTGRES {
        "PREPARE p AS SELECT 1"
    } else {
        "SET @a = 1"
    };
    conn.batch_execute(altering).await.expect("accepted");
    let sleeping = diesel::sql_query(LONG).execute(&mut *conn);
    let dropped = tokio::time::timeout(Duration::from_millis(200), sleeping).await;
    assert!(dropped.is_err(), "it takes long");
    drop(conn);
    drop(db);
    others_write(&database).await;
}

#[tokio::test]
async fn a_connection_whose_statement_in_hand_was_cancelled_is_not_used_again() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let db = database.session().with_deadline(Duration::from_millis(300));
    let before = number(&db, OWN_NUMBER).await.expect("a number");
    let mut conn = db.conn().await.expect("a connection");
    let ended = diesel::sql_query(LONG).execute(&mut *conn).await;
    drop(conn);
    if POSTGRES {
        ended.expect_err("it was cancelled"); // MySQL's SLEEP gives 1 instead
    }
    drop(db);
    // A cancel that is still on its way would hit the next user's statement.
    let after = number(&database.session(), OWN_NUMBER).await;
    assert_ne!(after.expect("a number"), before);
}

/// The step that commits, of those that a session is killed between.
const COMMIT: i64 = 4;

#[tokio::test]
async fn a_session_that_is_killed_between_any_two_statements_tells_the_truth() {
    let server = fresh();
    let database = database(server.url(), 3).await;
    let (own_number, kill, alive) = match Engine::DIALECT {
        axum_db::Dialect::Postgres => (
            "SELECT pg_backend_pid()::BIGINT AS n",
            "SELECT pg_terminate_backend({})",
            "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE pid = {}",
        ),
        _ => (
            "SELECT CAST(CONNECTION_ID() AS SIGNED) AS n",
            "KILL {}",
            "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE id = {}",
        ),
    };
    let of = |sql: &str, number: i64| sql.replace("{}", &number.to_string());
    for killed_before in 0..=COMMIT + 1 {
        let db = database.session();
        db.begin().await.expect("a transaction");
        let victim = number(&db, own_number).await.expect("its number");
        let row = |offset: i64| {
            format!(
                "INSERT INTO notes VALUES ({}, 0)",
                killed_before * 10 + offset
            )
        };
        let mut committed = false;
        for step in 0..=COMMIT + 1 {
            if step == killed_before {
                let other = database.session();
                let mut conn = other.conn().await.expect("a connection");
                conn.batch_execute(&of(kill, victim)).await.expect("a kill");
                drop(conn);
                // Within a transaction PostgreSQL would see the same list again and again.
                other.rollback().await.expect("a rollback");
                while number(&other, of(alive, victim)).await.expect("a count") > 0 {
                    tokio::task::yield_now().await;
                }
            }
            // A careless handler goes on, whatever it hears.
            let outcome = match step {
                0 => execute(&db, row(0)).await.map(drop),
                1 => number(&db, "SELECT COUNT(*) AS n FROM notes")
                    .await
                    .map(drop),
                2 => {
                    let work = db.savepoint(async |db| execute(&db, row(1)).await);
                    work.await.map(drop)
                }
                3 => match db.conn().await {
                    Ok(mut conn) => {
                        let sent = diesel::sql_query(row(2)).execute(&mut *conn).await;
                        sent.map(drop).map_err(axum_db::Error::from)
                    }
                    Err(error) => Err(error),
                },
                COMMIT => db.commit().await.inspect(|()| committed = true),
                _ => Ok(()),
            };
            if let Err(error) = outcome {
                let told = [
                    ErrorKind::Connection,
                    ErrorKind::Aborted,
                    ErrorKind::UnknownOutcome,
                ];
                assert!(
                    told.contains(&error.kind()),
                    "{killed_before} {step}: {error:?}"
                );
                assert!(step >= killed_before, "{killed_before} {step}: {error:?}");
            }
        }
        assert_eq!(committed, killed_before > COMMIT, "{killed_before}");
        let written = format!(
            "SELECT COUNT(*) AS n FROM notes WHERE id BETWEEN {} AND {}",
            killed_before * 10,
            killed_before * 10 + 9
        );
        let rows = number(&database.session(), written.clone()).await;
        let rows = match rows {
            // The connection that was killed after its commit may be the next one to be taken.
            Err(error) if error.is(ErrorKind::Connection) => {
                number(&database.session(), written).await
            }
            rows => rows,
        };
        assert_eq!(
            rows.expect("a count"),
            if committed { 3 } else { 0 },
            "{killed_before}"
        );
        db.rollback().await.expect("a rollback");
        let mut again = execute(&db, row(5)).await;
        if killed_before > COMMIT && again.is_err() {
            // Its own connection is the one that was killed.
            db.rollback().await.expect("a rollback");
            again = execute(&db, row(5)).await;
        }
        again.expect("the session goes on");
        db.commit().await.expect("a commit");
    }
}
