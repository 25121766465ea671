//! Two engines in one program.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_db::prelude::*;
use axum_db::{Mysql, Postgres, Sqlite, metadata};
use tower::ServiceExt;

use crate::models::analytics::{Analytics, NewVisitor, Visitor, users};
use crate::models::{NewUser, User};

type Db = axum_db::Db<Sqlite>;
type OnPostgres = axum_db::Db<Postgres, Analytics>;
type OnMysql = axum_db::Db<Mysql, Analytics>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_handler_uses_three_engines() {
    let (first, second, third) = (testkit::sqlite(), testkit::postgres(), testkit::mysql());
    let sqlite = Db::connect(first.url()).await.expect("a database");
    let postgres = OnPostgres::connect(second.url()).await.expect("a database");
    let mysql = OnMysql::connect(third.url()).await.expect("a database");
    let all = metadata![User, Visitor];
    sqlite.create_all(&all).await.expect("tables");
    postgres.create_all(&all).await.expect("tables");
    mysql.create_all(&all).await.expect("tables");

    let handler = async |db: Db, postgres: OnPostgres, mysql: OnMysql| {
        NewUser::new("ann", "ann@example.org", "hash")
            .insert(&db)
            .await?;
        NewVisitor::new("curl").insert(&postgres).await?;
        NewVisitor::new("wget").insert(&mysql).await?;
        postgres.commit().await?;
        mysql.commit().await // and what SQLite wrote is rolled back
    };
    let app: Router = Router::new()
        .route("/", get(handler))
        .layer(mysql.layer())
        .layer(postgres.layer())
        .layer(sqlite.layer());
    let request = axum::http::Request::new(axum::body::Body::empty());
    let response = app.oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::OK);
    let on_postgres = Visitor::query().one(&postgres.session()).await;
    assert_eq!(on_postgres.expect("a row").agent, "curl");
    let on_mysql = Visitor::query().one(&mysql.session()).await;
    assert_eq!(on_mysql.expect("a row").agent, "wget");
    assert!(
        !User::query()
            .exists(&sqlite.session())
            .await
            .expect("no row")
    );
}

/// The text of a query is kept, and quotes names in the way of its engine.
#[tokio::test]
async fn one_query_is_written_for_each_engine() {
    let (first, second) = (testkit::postgres(), testkit::mysql());
    let postgres = OnPostgres::connect(first.url()).await.expect("a database");
    let mysql = OnMysql::connect(second.url()).await.expect("a database");
    let all = metadata![Visitor];
    postgres.create_all(&all).await.expect("a table");
    mysql.create_all(&all).await.expect("a table");
    let agents = || users::table.select(users::agent).order(users::id.asc());
    for _ in 0..2 {
        let found: Vec<String> = agents().all(&postgres.session()).await.expect("rows");
        assert!(found.is_empty());
        let found: Vec<String> = agents().all(&mysql.session()).await.expect("rows");
        assert!(found.is_empty());
    }
}
