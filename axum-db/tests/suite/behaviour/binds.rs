//! Several databases: each bind has its session, its transaction and its tables.

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum_db::model::{ColumnDef, ForeignKeyDef, Model, TableDef};
use axum_db::prelude::*;
use axum_db::{Backend, Database, Dialect, Metadata, TransactionMode, metadata};
use diesel::sql_types::{Integer, Nullable, Text};

use super::records::user;
use super::support::status;
use super::{Engine, fresh};
use crate::models::analytics::{Analytics, NewVisitor, Visitor};
use crate::models::*;

type Db = axum_db::Db<Engine>;
type AnalyticsDb = axum_db::Db<Engine, Analytics>;

async fn both(first: &str, second: &str) -> (Database<Engine>, Database<Engine, Analytics>) {
    let main = Db::connect(first).await.expect("a database");
    let analytics = AnalyticsDb::connect(second).await.expect("a database");
    let metadata = metadata![User, Post, Visitor];
    main.create_all(&metadata).await.expect("tables");
    analytics.create_all(&metadata).await.expect("tables");
    (main, analytics)
}

async fn rows(main: &Database<Engine>, analytics: &Database<Engine, Analytics>) -> (u64, u64) {
    let users = User::query().row_count(&main.session()).await;
    let visitors = Visitor::query().row_count(&analytics.session()).await;
    (users.expect("a count"), visitors.expect("a count"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_databases_in_one_handler_are_two_transactions() {
    let (first, second) = (fresh(), fresh());
    let (main, analytics) = both(first.url(), second.url()).await;
    let write = async |db: Db, analytics: AnalyticsDb, name: &'static str| {
        user(&db, name).await;
        NewVisitor::new("curl").insert(&analytics).await.map(|_| ())
    };
    let main_only = async move |db: Db, analytics: AnalyticsDb| {
        write(db.clone(), analytics, "ann").await?;
        db.commit().await
    };
    let analytics_only = async move |db: Db, analytics: AnalyticsDb| {
        write(db, analytics.clone(), "bob").await?;
        analytics.commit().await
    };
    let neither = async move |db: Db, analytics: AnalyticsDb| write(db, analytics, "cid").await;
    let app = Router::new()
        .route("/main", get(main_only))
        .route("/analytics", get(analytics_only))
        .route("/neither", get(neither))
        .route(
            "/on-success",
            get(neither).layer(analytics.layer().mode(TransactionMode::OnSuccess)),
        )
        .layer(analytics.layer())
        .layer(main.layer());
    for (path, expected) in [
        ("/main", (1, 0)),
        ("/analytics", (1, 1)),
        ("/neither", (1, 1)),
        ("/on-success", (1, 2)), // the mode is one bind's
    ] {
        assert_eq!(status(&app, path).await, StatusCode::OK, "{path}");
        assert_eq!(rows(&main, &analytics).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_missing_layer_is_named_with_its_bind() {
    let parts = || Request::new(()).into_parts().0;
    let main = Db::from_request_parts(&mut parts(), &()).await;
    let main = main.expect_err("no layer").to_string();
    assert!(main.contains("the bind \"main\""), "{main}");
    assert!(main.contains(".layer(database.layer())"), "{main}");
    let analytics = AnalyticsDb::from_request_parts(&mut parts(), &()).await;
    let analytics = analytics.expect_err("no layer").to_string();
    assert!(analytics.contains("the bind \"analytics\""), "{analytics}");

    // The layer of one bind is not that of another.
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    let app: Router = Router::new()
        .route("/main", get(async |_: Db| ()))
        .route("/analytics", get(async |_: AnalyticsDb| ()))
        .layer(database.layer());
    assert_eq!(status(&app, "/main").await, StatusCode::OK);
    let missing = status(&app, "/analytics").await;
    assert_eq!(missing, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_created_reflected_and_dropped_for_each_bind() {
    let (first, second) = (fresh(), fresh());
    let (main, analytics) = both(first.url(), second.url()).await;
    let names = async |tables: Vec<axum_db::model::ReflectedTable>| {
        let columns = tables[0].columns.iter().map(|column| column.name.clone());
        let columns: Vec<_> = columns.collect();
        (
            tables
                .iter()
                .map(|table| table.name.clone())
                .collect::<Vec<_>>(),
            columns,
        )
    };
    let (tables, columns) = names(main.reflect().await.expect("tables")).await;
    assert_eq!(tables, ["posts", "users"]);
    assert_eq!(columns[1], "title");
    let (tables, columns) = names(analytics.reflect().await.expect("tables")).await;
    assert_eq!(tables, ["users"]);
    assert_eq!(columns, ["id", "agent"], "the same name, another table");

    analytics
        .drop_all(&metadata![User, Post, Visitor])
        .await
        .expect("dropped");
    assert!(analytics.reflect().await.expect("no tables").is_empty());
    assert_eq!(main.reflect().await.expect("tables").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_reflected_is_what_is_there() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    let hostile = "a\"b`c'; DROP TABLE \"users\"; --";
    let near = TableDef::new(hostile)
        .column(ColumnDef::new::<Integer>("z\"`'1"))
        .column(ColumnDef::new::<Text>("Select").length(40))
        .column(ColumnDef::new::<Nullable<Text>>("note %s {} ?").nullable())
        .primary_key(["Select", "z\"`'1"]);
    let far = TableDef::new("Referrers")
        .column(ColumnDef::new::<Integer>("id").auto_increment())
        .column(ColumnDef::new::<Nullable<Integer>>("number").nullable())
        .column(
            ColumnDef::new::<Nullable<Text>>("name")
                .length(40)
                .nullable(),
        )
        .column(ColumnDef::new::<Nullable<Integer>>("parent").nullable())
        .primary_key(["id"])
        .foreign_key(ForeignKeyDef::new(
            ["name", "number"],
            hostile,
            ["Select", "z\"`'1"],
        ))
        .foreign_key(ForeignKeyDef::new(["parent"], "Referrers", ["id"]));
    let metadata = Metadata::new([near, far]).with(User::table_def());
    database.create_all(&metadata).await.expect("tables");
    let mut tables = database.reflect().await.expect("tables");
    tables.sort_by_key(|table| table.name.to_lowercase());
    let names: Vec<_> = tables.iter().map(|table| &*table.name).collect();
    assert_eq!(names, [hostile, "Referrers", "users"]);

    let near = &tables[0];
    let columns: Vec<_> = near
        .columns
        .iter()
        .map(|column| (&*column.name, column.nullable))
        .collect();
    assert_eq!(
        columns,
        [("z\"`'1", false), ("Select", false), ("note %s {} ?", true)]
    );
    assert_eq!(near.primary_key, ["Select", "z\"`'1"]);
    assert!(near.foreign_keys.is_empty());
    let expected = match Engine::DIALECT {
        Dialect::Postgres => ["integer", "character varying(40)", "text"],
        Dialect::Mysql => ["int(11)", "varchar(40)", "text"],
        _ => ["INTEGER", "VARCHAR(40)", "TEXT"],
    };
    let types: Vec<_> = near
        .columns
        .iter()
        .map(|column| &*column.sql_type)
        .collect();
    if Engine::DIALECT == Dialect::Mysql {
        assert!(types[0].starts_with("int"), "MySQL 8 has no width there");
        assert_eq!(types[1..], expected[1..]);
    } else {
        assert_eq!(types, expected);
    }

    let far = &tables[1];
    assert_eq!(far.primary_key, ["id"]);
    let mut keys: Vec<_> = far
        .foreign_keys
        .iter()
        .map(|key| (key.columns.join(","), &*key.table, key.references.join(",")))
        .collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            (
                "name,number".to_owned(),
                hostile,
                "Select,z\"`'1".to_owned()
            ),
            ("parent".to_owned(), "Referrers", "id".to_owned()),
        ]
    );
    assert!(
        tables[2]
            .column("email")
            .is_some_and(|email| !email.nullable)
    );
    database.drop_all(&metadata).await.expect("dropped");
    assert!(database.reflect().await.expect("none").is_empty());
}
