//! Sessions: reads, writes, commit and rollback, and the layer.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::{Backend, ErrorKind, TransactionMode};

use super::support::{Db, Number, count, database, execute, status};
use super::{Engine, fresh};
use diesel_async::RunQueryDsl;

#[tokio::test]
async fn what_is_not_committed_is_rolled_back() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let insert = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)")
            .await
            .map(|_| ())
    };
    let insert_and_commit = async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (2, 2)").await?;
        db.commit().await
    };
    let app = Router::new()
        .route("/lost", get(insert))
        .route("/kept", get(insert_and_commit))
        .layer(database.layer());
    assert_eq!(status(&app, "/lost").await, StatusCode::OK);
    assert_eq!(count(&database.session()).await, 0);
    assert_eq!(status(&app, "/kept").await, StatusCode::OK);
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn a_commit_of_a_failed_transaction_is_an_error_and_swallowed_becomes_500() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let swallow = async |db: Db| {
        let _ = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
        let second = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
        assert!(second.is_err_and(|error| error.is(ErrorKind::UniqueViolation)));
        let committed = db.commit().await;
        assert!(committed.is_err_and(|error| error.is(ErrorKind::Aborted)));
    };
    let no_commit = async |db: Db| {
        let _ = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
        let _ = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
        assert_eq!(count(&db).await, 0, "reads go on after a failure");
        "that number is taken"
    };
    let on_success = async |db: Db| {
        let _ = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
        let _ = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
    };
    let app = Router::new()
        .route("/swallow", get(swallow))
        .route("/no-commit", get(no_commit))
        .route(
            "/on-success",
            get(on_success).layer(database.layer().mode(TransactionMode::OnSuccess)),
        )
        .layer(database.layer());
    assert_eq!(
        status(&app, "/swallow").await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(status(&app, "/no-commit").await, StatusCode::OK);
    assert_eq!(
        status(&app, "/on-success").await,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(count(&database.session()).await, 0);
}

#[tokio::test]
async fn a_failed_insert_that_returns_its_row_fails_the_transaction_too() {
    use crate::models::{NewUser, User};
    let server = fresh();
    let database = database(server.url(), 2).await;
    database
        .create_all(&axum_db::metadata![User])
        .await
        .expect("a table");
    let db = database.session();
    NewUser::new("ann", "ann@a.b", "x")
        .insert(&db)
        .await
        .expect("a row");
    let again = NewUser::new("ann", "bob@a.b", "x").insert(&db).await;
    assert!(again.is_err_and(|error| error.is(ErrorKind::UniqueViolation)));
    let committed = db.commit().await;
    assert!(
        committed.is_err_and(|error| error.is(ErrorKind::Aborted)),
        "nothing was written"
    );
    drop(db);

    // Nor does such a failure on the connection itself go past the commit, where the server undid everything.
    let db = database.session();
    let mut conn = db.conn().await.expect("a connection");
    let insert = |id: i32| {
        diesel::sql_query(format!(
            "INSERT INTO notes (id, n) VALUES ({id}, 1) RETURNING n"
        ))
    };
    for written in [true, false] {
        let rows: Result<Vec<Number>, _> = insert(1).get_results(&mut *conn).await;
        assert_eq!(rows.is_ok(), written);
    }
    drop(conn);
    let committed = db.commit().await.is_ok();
    drop(db);
    assert_eq!(count(&database.session()).await, i64::from(committed));
}

#[tokio::test]
async fn on_success_commits_below_400_and_read_only_refuses_writes() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let app = Router::new()
        .route(
            "/ok",
            get(async |db: Db| {
                execute(&db, "INSERT INTO notes VALUES (1, 1)")
                    .await
                    .map(|_| ())
            }),
        )
        .route(
            "/redirect",
            get(async |db: Db| {
                execute(&db, "INSERT INTO notes VALUES (2, 1)")
                    .await
                    .map(|_| axum::response::Redirect::to("/"))
            }),
        )
        .route(
            "/refused",
            get(async |db: Db| {
                execute(&db, "INSERT INTO notes VALUES (3, 1)")
                    .await
                    .map(|_| StatusCode::BAD_REQUEST)
            }),
        )
        .route(
            "/kept-then-refused",
            get(async |db: Db| {
                execute(&db, "INSERT INTO notes VALUES (4, 1)").await?;
                db.commit().await.map(|()| StatusCode::BAD_REQUEST)
            }),
        )
        .layer(database.layer().mode(TransactionMode::OnSuccess));
    for (path, expected) in [
        ("/ok", 1),
        ("/redirect", 2),
        ("/refused", 2),
        ("/kept-then-refused", 3),
    ] {
        status(&app, path).await;
        assert_eq!(count(&database.session()).await, expected, "{path}");
    }

    let read_only = Router::new()
        .route(
            "/write",
            get(async |db: Db| {
                let refused = execute(&db, "INSERT INTO notes VALUES (9, 1)").await;
                assert!(refused.is_err_and(|error| error.is(ErrorKind::ReadOnly)));
                assert_eq!(count(&db).await, 3);
            }),
        )
        .route(
            "/raw",
            get(async |db: Db| {
                use diesel_async::SimpleAsyncConnection as _;
                let mut conn = db.conn().await.expect("a connection");
                assert!(
                    conn.batch_execute("INSERT INTO notes VALUES (9, 1)")
                        .await
                        .is_err()
                );
            }),
        )
        .route("/begin", get(async |db: Db| db.begin().await))
        .layer(database.layer().mode(TransactionMode::ReadOnly));
    assert_eq!(status(&read_only, "/write").await, StatusCode::OK);
    assert_eq!(status(&read_only, "/raw").await, StatusCode::OK);
    assert_eq!(status(&read_only, "/begin").await, StatusCode::OK);
    // The connection that was told to refuse writes takes them again.
    for id in 20..24 {
        let db = database.session();
        execute(&db, format!("INSERT INTO notes VALUES ({id}, 1)"))
            .await
            .expect("a write");
        db.commit().await.expect("a commit");
    }
}

#[tokio::test]
async fn a_connection_in_hand_is_not_waited_for() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let guard = db.conn().await.expect("a connection");
    let error = db.commit().await.expect_err("the guard is alive");
    assert_eq!(error.kind(), ErrorKind::Held);
    let both_places = error.to_string();
    assert_eq!(
        both_places.matches("session.rs:").count(),
        2,
        "{both_places}"
    );
    drop(guard);
    db.commit().await.expect("the guard is gone");
}

#[tokio::test]
async fn a_connection_that_is_taken_while_another_waits_is_no_hang() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let (done, other_is_done) = tokio::sync::oneshot::channel::<()>();
    let holds = async {
        let guard = db.conn().await.expect("a connection");
        let _ = other_is_done.await;
        drop(guard);
    };
    let waits = async {
        // Asked for while the connection is on its way to the other.
        let outcome = db.begin().await;
        let _ = done.send(());
        outcome
    };
    let both = async { tokio::join!(holds, waits) };
    let both = tokio::time::timeout(std::time::Duration::from_secs(20), both).await;
    let ((), outcome) = both.expect("no hang");
    let error = outcome.expect_err("the guard is alive");
    assert_eq!(error.kind(), ErrorKind::Held, "{error}");
    db.commit().await.expect("the guard is gone");
}

#[tokio::test]
async fn a_savepoint_undoes_only_itself() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    execute(&db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a row");
    let twice = db
        .savepoint(async |db| {
            execute(&db, "INSERT INTO notes VALUES (2, 1)").await?;
            db.savepoint(async |db| execute(&db, "INSERT INTO notes VALUES (3, 1)").await)
                .await?;
            execute(&db, "INSERT INTO notes VALUES (1, 1)").await
        })
        .await;
    assert!(twice.is_err_and(|error| error.is(ErrorKind::UniqueViolation)));
    let swallowed = db
        .savepoint(async |db| {
            let _ = execute(&db, "INSERT INTO notes VALUES (1, 1)").await;
            Ok::<_, axum_db::Error>(())
        })
        .await;
    assert!(swallowed.is_err_and(|error| error.is(ErrorKind::Aborted)));
    db.savepoint(async |db| execute(&db, "INSERT INTO notes VALUES (4, 1)").await)
        .await
        .expect("a row");
    db.commit()
        .await
        .expect("the savepoints undid the failures");
    assert_eq!(count(&database.session()).await, 2);
}

#[tokio::test]
async fn diesels_own_savepoints_on_the_connection_undo_failures_too() {
    use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    {
        let mut conn = db.conn().await.expect("a connection");
        diesel::sql_query("INSERT INTO notes VALUES (1, 1)")
            .execute(&mut *conn)
            .await
            .expect("a row");
        let inner = conn
            .transaction::<_, diesel::result::Error, _>(async |conn| {
                diesel::sql_query("INSERT INTO notes VALUES (1, 1)")
                    .execute(conn)
                    .await
            })
            .await;
        assert!(inner.is_err());
    }
    db.commit().await.expect("a commit");
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn hooks_learn_how_their_transaction_ended() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let handler = async |db: Db| {
        let tell = |name: &'static str| {
            move |outcome: axum_db::Outcome, headers: &mut axum::http::HeaderMap| {
                headers.insert(name, format!("{outcome:?}").parse().expect("a header"));
            }
        };
        db.on_finish(tell("outside"));
        execute(&db, "INSERT INTO notes VALUES (1, 1)").await?;
        db.on_finish(tell("first"));
        db.commit().await?;
        execute(&db, "INSERT INTO notes VALUES (2, 1)").await?;
        db.on_finish(tell("second"));
        Ok::<_, axum_db::Error>(())
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(database.layer());
    let request = axum::http::Request::new(axum::body::Body::empty());
    let response = tower::ServiceExt::oneshot(app, request)
        .await
        .expect("a response");
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    assert_eq!(header("outside"), Some("Committed"));
    assert_eq!(header("first"), Some("Committed"));
    assert_eq!(header("second"), Some("RolledBack"));
}

#[tokio::test]
async fn a_route_may_have_a_mode_of_its_own_in_the_same_session() {
    let server = fresh();
    let database = database(server.url(), 1).await;
    let inner = get(async |db: Db| {
        execute(&db, "INSERT INTO notes VALUES (1, 1)")
            .await
            .map(|_| ())
    })
    .layer(database.layer().mode(TransactionMode::OnSuccess));
    let app = Router::new().route("/", inner).layer(database.layer());
    assert_eq!(status(&app, "/").await, StatusCode::OK);
    assert_eq!(count(&database.session()).await, 1);
}

#[tokio::test]
async fn without_the_layer_the_answer_is_500_and_the_log_names_the_line() {
    let app: Router = Router::new().route("/", get(async |_: Db| ()));
    assert_eq!(status(&app, "/").await, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_foreign_key_refuses_the_row_at_the_latest_at_the_commit() {
    let server = fresh();
    let database = database(server.url(), 2).await;
    let db = database.session();
    let deferred = Engine::DIALECT != axum_db::Dialect::Mysql; // which checks each row at once
    let when = if deferred {
        "DEFERRABLE INITIALLY DEFERRED"
    } else {
        ""
    };
    let table = "CREATE TABLE replies (id INTEGER NOT NULL PRIMARY KEY, note INTEGER";
    execute(
        &db,
        format!("{table}, FOREIGN KEY (note) REFERENCES notes (id) {when})"),
    )
    .await
    .expect("a table");
    db.commit().await.expect("a commit");
    let inserted = execute(&db, "INSERT INTO replies VALUES (1, 77)").await;
    let committed = db.commit().await.expect_err("there is no note 77");
    if deferred {
        inserted.expect("checked at the end");
        assert_eq!(committed.kind(), ErrorKind::ForeignKeyViolation);
    } else {
        let refused = inserted.expect_err("checked at once");
        assert_eq!(refused.kind(), ErrorKind::ForeignKeyViolation);
        assert_eq!(committed.kind(), ErrorKind::Aborted);
    }
    execute(&db, "INSERT INTO notes VALUES (1, 1)")
        .await
        .expect("a new transaction");
    db.commit().await.expect("a commit");
    assert_eq!(count(&database.session()).await, 1);
}
