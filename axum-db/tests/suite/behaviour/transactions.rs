//! Isolation levels, savepoints within savepoints, hooks after the commit, and SQL of one's own.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::query::{Fetch, Run};
use axum_db::{Backend, Database, Dialect, Error, ErrorKind, Isolation, TransactionMode};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::support::{CutOff, Db, Number, count, database, execute, number, status};
use super::{Engine, fresh};

const LEVELS: [Isolation; 3] = [
    Isolation::ReadCommitted,
    Isolation::RepeatableRead,
    Isolation::Serializable,
];

/// Whether a transaction sees what another one commits between two of its reads; where it is `expected` to, the other one
/// gets its time on a busy machine too.
async fn sees_others(db: &Db, expected: bool) -> bool {
    let before = count(db).await;
    let rival = db.database().session();
    let writing = tokio::spawn(async move {
        let id = 1000 + before;
        execute(&rival, format!("INSERT INTO notes VALUES ({id}, 0)")).await?;
        rival.commit().await
    });
    // A level that locks what it read, or the only writer's place, makes the rival wait.
    let limit = Duration::from_millis(if expected { 20_000 } else { 300 });
    let _ = tokio::time::timeout(limit, async {
        while count(&db.database().session()).await == before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let after = count(db).await;
    db.commit().await.expect("a commit");
    writing.await.expect("a task").expect("the rival's commit");
    after > before
}

#[tokio::test]
async fn a_level_is_that_of_its_transaction_only() {
    let server = fresh();
    let database = database(server.url(), 3).await;
    let db = database.session();
    let default_sees = Engine::DIALECT == Dialect::Postgres;
    for level in LEVELS {
        db.begin_with(level).await.expect("a transaction");
        db.begin_with(level).await.expect("the same level");
        db.begin().await.expect("any level");
        let sees = level == Isolation::ReadCommitted && Engine::DIALECT != Dialect::Sqlite;
        assert_eq!(sees_others(&db, sees).await, sees, "{level:?}");
        // The same connection, and a transaction that asks for no level.
        db.begin().await.expect("a transaction");
        let saw = sees_others(&db, default_sees).await;
        assert_eq!(saw, default_sees, "after {level:?}");
    }
}

#[tokio::test]
async fn a_layer_sets_the_level_of_transactions_that_ask_for_none() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let handler = async |db: Db| {
        execute(&db, "UPDATE notes SET n = 0").await?;
        db.begin_with(Isolation::Serializable).await?;
        let error = db
            .begin_with(Isolation::ReadCommitted)
            .await
            .expect_err("another level");
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains("Serializable"), "{error}");
        db.commit().await?;
        db.begin_with(Isolation::ReadCommitted).await
    };
    let without = async |db: Db| {
        execute(&db, "UPDATE notes SET n = 0").await?;
        let error = db
            .begin_with(Isolation::Serializable)
            .await
            .expect_err("no level was asked for");
        assert_eq!(error.kind(), ErrorKind::Usage);
        Ok::<_, Error>(())
    };
    let app = Router::new()
        .route(
            "/with",
            get(handler).layer(database.layer().with_isolation(Isolation::Serializable)),
        )
        .route("/without", get(without))
        .layer(database.layer());
    assert_eq!(status(&app, "/with").await, StatusCode::OK);
    assert_eq!(status(&app, "/without").await, StatusCode::OK);
}

#[tokio::test]
async fn savepoints_within_savepoints_fail_one_by_one() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let row =
        async |db: &Db, id: i64| execute(db, format!("INSERT INTO notes VALUES ({id}, 0)")).await;
    let kept = db
        .savepoint(async |db| {
            row(&db, 1).await?;
            let lost = db
                .savepoint(async |db| {
                    row(&db, 2).await?;
                    db.savepoint(async |db| row(&db, 3).await).await?;
                    db.savepoint(async |db| row(&db, 1).await).await
                })
                .await;
            assert_eq!(lost.expect_err("taken").kind(), ErrorKind::UniqueViolation);
            row(&db, 4).await?;
            let own = db
                .savepoint(async |db| {
                    row(&db, 5).await?;
                    Err::<(), _>(Error::not_found("of the closure's own"))
                })
                .await;
            assert_eq!(own.expect_err("its own").kind(), ErrorKind::NotFound);
            let within = db.commit().await.expect_err("within a savepoint");
            assert_eq!(within.kind(), ErrorKind::Usage);
            row(&db, 6).await
        })
        .await;
    kept.expect("the outer savepoint");
    db.commit().await.expect("a commit");
    assert_eq!(count(&database.session()).await, 3);
}

#[tokio::test]
async fn a_savepoint_begins_no_other_after_a_failure_within_it() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 0)")
        .await
        .expect("a row");
    let outer = db.savepoint(async |db| {
        let taken = execute(&db, "INSERT INTO notes VALUES (1, 0)").await;
        assert!(taken.is_err(), "and nobody cares");
        let inner = db.savepoint(async |db| execute(&db, "INSERT INTO notes VALUES (2, 0)").await);
        let refused = inner.await.expect_err("the outer one has failed");
        assert_eq!(refused.kind(), ErrorKind::Aborted);
        Ok::<_, Error>(())
    });
    outer.await.expect_err("a statement failed");
    db.commit().await.expect("a commit");
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn a_savepoint_dropped_halfway_ends_the_transaction() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 0)")
        .await
        .expect("a row");
    let dropped = db
        .savepoint(async |db| {
            let inner = db.savepoint(async |db| {
                execute(&db, "INSERT INTO notes VALUES (2, 0)").await?;
                std::future::pending::<Result<(), Error>>().await
            });
            let limit = Duration::from_millis(200);
            assert!(tokio::time::timeout(limit, inner).await.is_err());
            let refused = execute(&db, "INSERT INTO notes VALUES (3, 0)").await;
            assert_eq!(refused.expect_err("rolled back").kind(), ErrorKind::Aborted);
            Ok::<_, Error>(())
        })
        .await;
    assert_eq!(dropped.expect_err("rolled back").kind(), ErrorKind::Aborted);
    let refused = db.commit().await.expect_err("rolled back");
    assert_eq!(refused.kind(), ErrorKind::Aborted);
    assert_eq!(count(&database.session()).await, 0);
    execute(&db, "INSERT INTO notes VALUES (4, 0)")
        .await
        .expect("a new transaction");
    db.commit().await.expect("a commit");
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn a_savepoint_dropped_as_it_ends_ends_the_transaction() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    for polls in 0.. {
        let db = database.session();
        let id = 10 * polls;
        execute(&db, format!("INSERT INTO notes VALUES ({id}, 0)"))
            .await
            .expect("a row");
        // Another task of the request keeps the session busy when the savepoint is to end.
        let (end, ended) = tokio::sync::oneshot::channel();
        let released = Cell::new(false);
        let savepoint = async {
            let work = db.savepoint(async |db| {
                execute(&db, format!("INSERT INTO notes VALUES ({}, 0)", id + 1)).await?;
                let _ = end.send(());
                Ok::<_, Error>(())
            });
            work.await.inspect(|()| released.set(true))
        };
        let busy = async {
            let _ = ended.await;
            count(&db).await
        };
        let polls = usize::try_from(polls).expect("a count");
        let both = CutOff::after(polls, async { tokio::join!(savepoint, busy) }).await;
        let committed = db.commit().await;
        let kept = i64::from(committed.is_ok() && released.get());
        if let Err(refused) = &committed {
            assert_eq!(refused.kind(), ErrorKind::Aborted, "{polls}");
        }
        let query = format!("SELECT COUNT(*) AS n FROM notes WHERE id = {}", id + 1);
        let others = number(&database.session(), query).await;
        assert_eq!(others.expect("a count"), kept, "{polls}");
        if let Some((savepoint, _)) = both {
            savepoint.expect("a savepoint");
            committed.expect("a commit");
            break;
        }
    }
}

#[tokio::test]
async fn savepoints_that_overlap_or_lose_their_transaction_are_told_so() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let (left, leave) = tokio::sync::oneshot::channel::<()>();
    let (entered, enter) = tokio::sync::oneshot::channel::<()>();
    let first = db.savepoint(async |db| {
        execute(&db, "INSERT INTO notes VALUES (1, 0)").await?;
        let _ = entered.send(());
        let _ = tokio::time::timeout(Duration::from_millis(200), leave).await;
        Ok::<_, Error>(())
    });
    let second = async {
        let _ = enter.await;
        let inner = db.savepoint(async |db| {
            execute(&db, "INSERT INTO notes VALUES (2, 0)").await?;
            std::future::pending::<Result<(), Error>>().await
        });
        let limit = Duration::from_millis(500);
        let outcome = tokio::time::timeout(limit, inner).await;
        drop(left);
        outcome
    };
    let (first, _second) = tokio::join!(first, second);
    let error = first.expect_err("the second one is within the first");
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    assert!(db.commit().await.is_err());
    assert_eq!(count(&database.session()).await, 0);

    let db = database.session();
    let ended = db.savepoint(async |db| {
        execute(&db, "INSERT INTO notes VALUES (1, 0)").await?;
        db.rollback().await
    });
    let error = ended.await.expect_err("there is nothing to end");
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    db.commit().await.expect("nothing to commit");

    // A commit within a savepoint is refused, and no success is claimed for it.
    let swallowed = async |db: Db| {
        let within = db.savepoint(async |db| {
            execute(&db, "INSERT INTO notes VALUES (3, 0)").await?;
            assert!(
                db.commit()
                    .await
                    .is_err_and(|error| error.is(ErrorKind::Usage))
            );
            Ok::<_, Error>(())
        });
        within.await
    };
    let app = Router::new()
        .route("/", get(swallowed))
        .layer(database.layer());
    assert_eq!(status(&app, "/").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(count(&database.session()).await, 0);
}

fn names() -> (impl Fn(&Db, &'static str) + Clone, Receiver<&'static str>) {
    let (sender, names): (Sender<&'static str>, _) = channel();
    let register = move |db: &Db, name: &'static str| {
        let sender = sender.clone();
        db.after_commit(move || sender.send(name).expect("a receiver"));
    };
    (register, names)
}

fn ran(names: &Receiver<&'static str>) -> Vec<&'static str> {
    names.try_iter().collect()
}

#[tokio::test]
async fn what_follows_a_commit_runs_once_and_only_then() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let (after_commit, names) = names();
    let row =
        async |db: &Db, id: i64| execute(db, format!("INSERT INTO notes VALUES ({id}, 0)")).await;

    after_commit(&db, "before the first write");
    row(&db, 1).await.expect("a row");
    after_commit(&db, "after it");
    db.savepoint(async |db| {
        after_commit(&db, "within a savepoint");
        let undone = db
            .savepoint(async |db| {
                after_commit(&db, "undone with its savepoint");
                row(&db, 1).await
            })
            .await;
        assert!(undone.is_err());
        row(&db, 2).await
    })
    .await
    .expect("a savepoint");
    assert!(ran(&names).is_empty());
    db.commit().await.expect("a commit");
    assert_eq!(
        ran(&names),
        ["before the first write", "after it", "within a savepoint"]
    );
    db.commit().await.expect("nothing to commit");
    assert!(ran(&names).is_empty());

    after_commit(&db, "nothing to commit");
    db.commit().await.expect("nothing to commit");
    assert_eq!(ran(&names), ["nothing to commit"]);

    after_commit(&db, "rolled back");
    row(&db, 3).await.expect("a row");
    db.rollback().await.expect("a rollback");
    after_commit(&db, "failed");
    assert!(row(&db, 1).await.is_err());
    assert!(db.commit().await.is_err());
    db.commit().await.expect("nothing to commit");
    assert!(ran(&names).is_empty());

    after_commit(&db, "dropped with the session");
    row(&db, 3).await.expect("a row");
    drop(db);
    assert_eq!(count(&database.session()).await, 2);
    assert!(ran(&names).is_empty());
}

#[tokio::test]
async fn what_follows_a_commit_runs_at_the_end_of_a_request() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let (after_commit, names) = names();
    let write = {
        let after_commit = after_commit.clone();
        async move |db: Db| {
            after_commit(&db, "written");
            execute(&db, "UPDATE notes SET n = 0").await.map(|_| ())
        }
    };
    let refuse = {
        let after_commit = after_commit.clone();
        async move |db: Db| {
            after_commit(&db, "refused");
            execute(&db, "UPDATE notes SET n = 0")
                .await
                .map(|_| StatusCode::BAD_REQUEST)
        }
    };
    let nothing = async move |db: Db| after_commit(&db, "nothing");
    let routes = Router::new()
        .route("/write", get(write))
        .route("/refuse", get(refuse))
        .route("/nothing", get(nothing));
    let on_success = routes
        .clone()
        .layer(database.layer().mode(TransactionMode::OnSuccess));
    status(&on_success, "/write").await;
    status(&on_success, "/refuse").await;
    status(&on_success, "/nothing").await;
    assert_eq!(ran(&names), ["written", "nothing"]);
    let explicit = routes.layer(database.layer());
    status(&explicit, "/write").await;
    status(&explicit, "/nothing").await;
    assert!(ran(&names).is_empty());
}

/// A row that the engine refuses while it gives rows back, where it can.
fn refused_while_loading() -> &'static str {
    match Engine::DIALECT {
        Dialect::Mysql => "SELECT (SELECT id FROM notes UNION ALL SELECT 2) AS n",
        _ => "INSERT INTO notes VALUES (1, 0) RETURNING n",
    }
}

#[tokio::test]
async fn a_query_that_fails_while_its_rows_arrive_fails_the_transaction() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    for in_hand in [false, true] {
        let db = database.session();
        execute(&db, "INSERT INTO notes VALUES (1, 0)")
            .await
            .expect("a row");
        let query = diesel::sql_query(refused_while_loading());
        let rows: Result<Vec<Number>, Error> = if in_hand {
            let mut conn = db.conn().await.expect("the connection");
            query.load(&mut *conn).await.map_err(Error::from)
        } else {
            Fetch::all(query, &db).await
        };
        assert!(rows.is_err());
        let committed = db.commit().await;
        if in_hand && Engine::DIALECT == Dialect::Mysql {
            // Diesel tells nobody of it, and MySQL goes on after a failed statement.
            committed.expect("a commit");
            return;
        }
        let error = committed.expect_err("a statement failed");
        assert_eq!(error.kind(), ErrorKind::Aborted, "{in_hand}");
        assert_eq!(count(&database.session()).await, 0, "{in_hand}");
        // A savepoint confines it.
        execute(&db, "INSERT INTO notes VALUES (1, 0)")
            .await
            .expect("a row");
        let confined = db.savepoint(async |db| {
            execute(&db, "INSERT INTO notes VALUES (7, 0)").await?;
            let query = diesel::sql_query(refused_while_loading());
            if in_hand {
                let mut conn = db.conn().await?;
                let rows: Result<Vec<Number>, _> = query.load(&mut *conn).await;
                assert!(rows.is_err(), "and nobody cares");
                Ok::<_, Error>(())
            } else {
                Fetch::all::<Number, _, _>(query, &db).await.map(drop)
            }
        });
        confined.await.expect_err("a statement failed");
        db.commit().await.expect("a commit");
        assert_eq!(count(&database.session()).await, 1, "{in_hand}");
        execute(&db, "DELETE FROM notes").await.expect("deleted");
        db.commit().await.expect("a commit");
    }
}

#[tokio::test]
async fn transactions_by_sql_of_ones_own_are_an_error_that_says_so() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    for (sql, in_hand) in [
        ("COMMIT", true),
        ("ROLLBACK", true),
        ("rollback", false),
        ("COMMIT", false),
        ("/* all; done */ COMMIT", true),
        ("-- it's done\nROLLBACK", false),
    ] {
        let db = database.session();
        execute(&db, "UPDATE notes SET n = 0")
            .await
            .expect("a write");
        if in_hand {
            let mut conn = db.conn().await.expect("the connection");
            conn.batch_execute(sql).await.expect("accepted");
        } else {
            Run::run(diesel::sql_query(sql), &db)
                .await
                .expect("accepted");
        }
        let error = db.commit().await.expect_err("it is not ours any more");
        assert_eq!(error.kind(), ErrorKind::Usage, "{sql}");
        assert!(error.to_string().contains("db.commit()"), "{error}");
    }
    // A transaction begun so, on a connection without one, reaches nobody else.
    let db = database.session();
    {
        let mut conn = db.conn().await.expect("the connection");
        let _ = conn.batch_execute("BEGIN").await;
        let _ = conn.batch_execute("INSERT INTO notes VALUES (7, 7)").await;
    }
    assert!(db.commit().await.is_err());
    drop(db);
    writes(&database).await;
    assert_eq!(count(&database.session()).await, 1);
}

async fn writes(database: &Database<Engine>) {
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (8, 8)")
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
}

#[tokio::test]
async fn a_commit_whose_future_is_dropped_is_neither_done_nor_undone() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let (after_commit, names) = names();
    for attempt in 1.. {
        let db = database.session();
        execute(&db, format!("INSERT INTO notes VALUES ({attempt}, 0)"))
            .await
            .expect("a row");
        after_commit(&db, "unknown");
        // SQLite is near: now and then one poll is enough.
        if CutOff::after(1, db.commit()).await.is_some() {
            assert_eq!(ran(&names), ["unknown"]);
            continue;
        }
        let write = execute(&db, "INSERT INTO notes VALUES (99, 0)").await;
        assert_eq!(
            write.expect_err("in doubt").kind(),
            ErrorKind::UnknownOutcome
        );
        let commit = db.commit().await.expect_err("in doubt");
        assert_eq!(commit.kind(), ErrorKind::UnknownOutcome);
        assert!(ran(&names).is_empty());
        db.commit().await.expect("nothing to commit");
        break;
    }
    let swallowed = async move |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1000, 0)").await?;
        Ok::<_, Error>(match CutOff::after(1, db.commit()).await {
            Some(_) => StatusCode::IM_A_TEAPOT,
            None => StatusCode::OK,
        })
    };
    let app = Router::new()
        .route("/", get(swallowed))
        .layer(database.layer());
    let answer = status(&app, "/").await;
    assert!(
        [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::IM_A_TEAPOT].contains(&answer),
        "{answer}"
    );
}
