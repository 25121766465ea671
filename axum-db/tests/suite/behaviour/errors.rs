//! What goes wrong, classified from the database's own answer; and what visitors are told.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use axum_db::query::Page;
use axum_db::{Backend, Config, Constraint, Database, Dialect, Error, ErrorKind, Reference};
use diesel_async::SimpleAsyncConnection;

use super::support::{Db, database, execute};
use super::{Engine, fresh};

const DIALECT: Dialect = Engine::DIALECT;

const AUTHORS: &str = "CREATE TABLE authors (id INTEGER NOT NULL PRIMARY KEY, realm INTEGER NOT NULL, \
     name VARCHAR(20) NOT NULL, mail VARCHAR(20), age INTEGER, \
     CONSTRAINT authors_realm_name_key UNIQUE (realm, name), CONSTRAINT own_mail UNIQUE (mail), \
     CONSTRAINT grown_up CHECK (age > 17))";
const BOOKS: &str = "CREATE TABLE books (id INTEGER NOT NULL PRIMARY KEY, author INTEGER NOT NULL, \
     CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id) ON DELETE RESTRICT)";

/// A library of one author and one book.
async fn library(url: &str) -> Database<Engine> {
    let database = database(url, 2).await;
    let db = database.session();
    for sql in [
        AUTHORS,
        BOOKS,
        "INSERT INTO authors VALUES (1, 1, 'ann', 'ann@a.b', 20)",
        "INSERT INTO books VALUES (1, 1)",
    ] {
        execute(&db, sql).await.expect("a library");
    }
    db.commit().await.expect("a commit");
    database
}

/// Why the statement is refused.
async fn refused(database: &Database<Engine>, sql: &str) -> Error {
    let error = execute(&database.session(), sql).await.expect_err(sql);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "a value is shown: {shown}");
    error
}

fn names(constraint: &Constraint) -> (Option<&str>, Option<&str>, Vec<&str>) {
    (
        constraint.name.as_deref(),
        constraint.table.as_deref(),
        constraint.columns.iter().map(String::as_str).collect(),
    )
}

#[tokio::test]
async fn a_unique_violation_tells_whose() {
    let server = fresh();
    let database = library(server.url()).await;

    let error = refused(
        &database,
        "INSERT INTO authors VALUES (2, 1, 'ann', 'secret', 20)",
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::UniqueViolation);
    let name = "authors_realm_name_key";
    assert_eq!(
        names(error.constraint().expect("a constraint")),
        match DIALECT {
            Dialect::Sqlite => (None, Some("authors"), vec!["realm", "name"]),
            _ => (Some(name), Some("authors"), vec!["realm", "name"]),
        }
    );
    assert!(error.violates_unique("authors", &["realm", "name"]));
    assert!(!error.violates_unique("authors", &["name"]));
    assert!(!error.violates_unique("authors", &["mail"]));
    assert!(!error.violates_unique("books", &["realm", "name"]));

    // A name of the user's own, and a value that looks like the end of the message.
    let error = refused(
        &database,
        "INSERT INTO authors VALUES (2, 2, 'secret', 'ann@a.b', 20)",
    )
    .await;
    assert!(error.violates_unique("authors", &["mail"]));
    assert!(!error.violates_unique("authors", &["realm", "name"]));

    let error = refused(
        &database,
        "INSERT INTO authors VALUES (1, 2, 'secret', 'secret', 20)",
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::UniqueViolation);
    if DIALECT != Dialect::Mysql {
        assert!(error.violates_unique("authors", &["id"]));
    }
}

#[tokio::test]
async fn a_models_constraints_are_known_by_their_names() {
    use crate::models::{NewUser, User};
    let server = fresh();
    let database = database(server.url(), 2).await;
    database
        .create_all(&axum_db::metadata![User])
        .await
        .expect("a table");
    let db = database.session();
    NewUser::new("ann", "ann@a.b", "secret")
        .insert(&db)
        .await
        .expect("a row");
    let error = NewUser::new("ann", "bob@a.b", "secret")
        .insert(&db)
        .await
        .expect_err("the name is taken");
    let constraint = error.constraint().expect("a constraint");
    assert_eq!(constraint.table.as_deref(), Some("users"));
    assert_eq!(constraint.columns, ["username"]);
    assert!(error.violates_unique("users", &["username"]));
    assert!(!error.violates_unique("users", &["email"]));
    assert!(error.to_string().contains("users.username"), "{error}");
}

#[tokio::test]
async fn a_foreign_key_tells_which_side() {
    let server = fresh();
    let database = library(server.url()).await;
    let missing = refused(&database, "INSERT INTO books VALUES (2, 77)").await;
    let in_use = refused(&database, "DELETE FROM authors WHERE id = 1").await;
    for (error, side) in [(missing, Reference::Missing), (in_use, Reference::InUse)] {
        assert_eq!(error.kind(), ErrorKind::ForeignKeyViolation, "{side:?}");
        let constraint = error.constraint().expect("a constraint");
        if DIALECT == Dialect::Sqlite {
            assert_eq!(*constraint, Constraint::default(), "SQLite tells nothing");
            continue;
        }
        assert_eq!(constraint.name.as_deref(), Some("books_author_fkey"));
        assert_eq!(constraint.table.as_deref(), Some("books"));
        assert_eq!(constraint.reference, Some(side));
        if DIALECT == Dialect::Mysql || side == Reference::Missing {
            assert_eq!(constraint.columns, ["author"]);
        }
    }
}

#[tokio::test]
async fn not_null_and_check_name_their_column_and_constraint() {
    let server = fresh();
    let database = library(server.url()).await;
    for sql in [
        "INSERT INTO authors VALUES (2, 1, NULL, 'secret', 20)",
        "INSERT INTO authors (id, realm, mail) VALUES (2, 1, 'secret')",
    ] {
        let error = refused(&database, sql).await;
        assert_eq!(error.kind(), ErrorKind::NotNullViolation, "{sql}");
        let constraint = error.constraint().expect("a constraint");
        assert_eq!(constraint.columns, ["name"]);
        if DIALECT != Dialect::Mysql {
            assert_eq!(constraint.table.as_deref(), Some("authors"));
        }
    }
    let error = refused(
        &database,
        "INSERT INTO authors VALUES (2, 1, 'bob', 'secret', 3)",
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::CheckViolation);
    let constraint = error.constraint().expect("a constraint");
    assert_eq!(constraint.name.as_deref(), Some("grown_up"));
    if DIALECT != Dialect::Sqlite {
        assert_eq!(constraint.table.as_deref(), Some("authors"));
    }
    assert!(error.to_string().contains("grown_up"), "{error}");
}

#[tokio::test]
async fn values_that_do_not_fit_and_tables_that_are_not_there() {
    let server = fresh();
    let database = library(server.url()).await;
    let unfit: &[&str] = match DIALECT {
        Dialect::Sqlite => &["INSERT INTO books VALUES ('secret', 1)"],
        _ => &[
            "INSERT INTO authors VALUES (2, 1, 'a name of more than twenty characters', 'secret', 20)",
            "INSERT INTO authors VALUES (2, 99999999999, 'bob', 'secret', 20)",
            "INSERT INTO authors VALUES (2, 'secret', 'bob', 'secret', 20)",
        ],
    };
    for sql in unfit {
        assert_eq!(
            refused(&database, sql).await.kind(),
            ErrorKind::InvalidValue,
            "{sql}"
        );
    }
    for sql in [
        "INSERT INTO nowhere VALUES (1)",
        "UPDATE authors SET nope = 1",
        "INSERT INTO authors (nope) VALUES (1)",
        "SELECT nope FROM authors",
    ] {
        let error = refused(&database, sql).await;
        assert_eq!(
            error.kind(),
            ErrorKind::MissingTable,
            "{sql}: {:?}",
            error.database_error()
        );
        assert!(error.to_string().contains("migrations"), "{error}");
    }
    assert_eq!(
        refused(&database, "SELEKT 1").await.kind(),
        ErrorKind::Query
    );
}

#[tokio::test]
async fn a_lock_that_is_not_free_in_time() {
    let server = fresh();
    let database = library(server.url()).await;
    let holder = database.session();
    execute(&holder, "UPDATE authors SET age = 30 WHERE id = 1")
        .await
        .expect("a lock");
    // Another process, as far as SQLite's queue of writers is concerned.
    let mut config = Config::new(server.url());
    config.lock_timeout = Some(std::time::Duration::from_millis(50));
    let other = Database::<Engine>::with_config(config).expect("a database");
    let db = other.session();
    let error = execute(&db, "UPDATE authors SET age = 31 WHERE id = 1")
        .await
        .expect_err("the lock is held");
    assert_eq!(error.kind(), ErrorKind::LockTimeout);
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_database_that_only_reads() {
    let server = fresh();
    let database = library(server.url()).await;
    let read_only = match DIALECT {
        Dialect::Sqlite => {
            let url = format!("{}?mode=ro", server.url());
            Database::<Engine>::with_config(url).expect("a database")
        }
        _ => database,
    };
    let db = read_only.session();
    let sql = "UPDATE authors SET age = 30";
    let error = match DIALECT {
        Dialect::Postgres => {
            execute(&db, "SET TRANSACTION READ ONLY")
                .await
                .expect("a setting");
            execute(&db, sql).await.expect_err("it only reads")
        }
        Dialect::Mysql => {
            let mut conn = db.conn().await.expect("a connection");
            conn.batch_execute("COMMIT; START TRANSACTION READ ONLY")
                .await
                .expect("a transaction");
            let refused = conn.batch_execute(sql).await;
            refused.expect_err("it only reads").into()
        }
        Dialect::Sqlite => execute(&db, sql).await.expect_err("it only reads"),
    };
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
}

#[tokio::test]
async fn visitors_are_told_nothing_of_the_inside() {
    let server = fresh();
    let database = library(server.url()).await;
    let run = |sql: &'static str| get(async move |db: Db| execute(&db, sql).await.map(|_| ()));
    let app = Router::new()
        .route(
            "/unique",
            run("INSERT INTO authors VALUES (1, 2, 'secret', 'secret', 20)"),
        )
        .route("/key", run("INSERT INTO books VALUES (2, 77)"))
        .route("/null", run("INSERT INTO books VALUES (2, NULL)"))
        .route(
            "/check",
            run("INSERT INTO authors VALUES (2, 1, 'bob', 'secret', 3)"),
        )
        .route(
            "/value",
            run(match DIALECT {
                Dialect::Sqlite => "INSERT INTO books VALUES ('secret', 1)",
                _ => "INSERT INTO authors VALUES (2, 1, 'a name of more than twenty characters', 'secret', 20)",
            }),
        )
        .route("/table", run("INSERT INTO nowhere VALUES ('secret')"))
        .layer(database.layer());
    for (path, status, text) in [
        ("/unique", StatusCode::CONFLICT, "Conflict"),
        ("/key", StatusCode::CONFLICT, "Conflict"),
        (
            "/null",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Unprocessable Entity",
        ),
        (
            "/check",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Unprocessable Entity",
        ),
        (
            "/value",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Unprocessable Entity",
        ),
        (
            "/table",
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal Server Error",
        ),
    ] {
        let response = ask(&app, path, "text/html").await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(body(response).await, text, "{path}");
    }
}

/// What an application does with errors that no handler answered: pages for people, JSON for programs.
async fn error_pages(request: Request, next: Next) -> Response {
    let json = request
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept == "application/json");
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<Error>() else {
        return response;
    };
    let kind = format!("{:?}", error.kind());
    if json {
        (error.status(), Json(kind)).into_response()
    } else {
        (error.status(), Html(format!("<h1>{kind}</h1>"))).into_response()
    }
}

#[tokio::test]
async fn one_middleware_renders_every_error() {
    let server = fresh();
    let database = library(server.url()).await;
    let swallowed = async |db: Db| {
        let _ = execute(&db, "INSERT INTO books VALUES (1, 1)").await;
        let _ = db.commit().await;
    };
    let app = Router::new()
        .route(
            "/missing",
            get(async |_: Db| Error::not_found("There is no such book.")),
        )
        .route("/page", get(async |_: Page| ()))
        .route("/swallowed", get(swallowed))
        .layer(database.layer())
        .route("/no-layer", get(async |_: Db| ()))
        .layer(middleware::from_fn(error_pages));
    for (path, status, kind) in [
        ("/missing", StatusCode::NOT_FOUND, "NotFound"),
        ("/page?page=x", StatusCode::NOT_FOUND, "NotFound"),
        ("/swallowed", StatusCode::INTERNAL_SERVER_ERROR, "Aborted"),
        (
            "/no-layer",
            StatusCode::INTERNAL_SERVER_ERROR,
            "Configuration",
        ),
    ] {
        let page = ask(&app, path, "text/html").await;
        assert_eq!(page.status(), status, "{path}");
        assert_eq!(body(page).await, format!("<h1>{kind}</h1>"));
        let json = ask(&app, path, "application/json").await;
        assert_eq!(json.status(), status, "{path}");
        assert_eq!(body(json).await, format!("\"{kind}\""));
    }
}

async fn ask(app: &Router, path: &str, accept: &str) -> Response {
    let request = Request::get(path)
        .header(header::ACCEPT, accept)
        .body(Body::empty())
        .expect("a request");
    tower::ServiceExt::oneshot(app.clone(), request)
        .await
        .expect("a response")
}

async fn body(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 16)
        .await
        .expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}
