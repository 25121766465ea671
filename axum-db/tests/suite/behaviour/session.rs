//! Sessions: reads, writes, commit and rollback, and the layer.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum_db::{Access, Config, Database, Error, ErrorKind, TransactionMode};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use tower::ServiceExt;

use super::{Engine, fresh};

type Db = axum_db::Db<Engine>;

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn execute(db: &Db, sql: &'static str) -> Result<usize, Error> {
    db.run(Access::Write, move |conn| {
        Box::pin(diesel::sql_query(sql).execute(conn))
    })
    .await
}

async fn count(db: &Db) -> i64 {
    let query = diesel::sql_query("SELECT COUNT(*) AS n FROM notes");
    db.run(Access::Read, |conn| {
        Box::pin(query.get_result::<Count>(conn))
    })
    .await
    .expect("a count")
    .n
}

async fn notes(database: &Database<Engine>) {
    let db = database.session();
    execute(
        &db,
        "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL)",
    )
    .await
    .expect("a table");
    db.commit().await.expect("a commit");
}

async fn database(url: &str, connections: usize) -> Database<Engine> {
    let mut config = Config::default();
    config.max_connections = connections;
    let database = Database::with_config(url, config).expect("a database");
    notes(&database).await;
    database
}

async fn status(app: &Router, path: &str) -> StatusCode {
    let request = Request::builder()
        .uri(path)
        .body(Body::empty())
        .expect("a request");
    app.clone()
        .oneshot(request)
        .await
        .expect("a response")
        .status()
}

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
