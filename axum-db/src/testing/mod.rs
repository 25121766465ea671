//! Tests with a database of their own, and a client for the application: behind the feature `testing`.
//!
//! ```toml
//! [dev-dependencies]
//! axum-db = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A test of a handler is three lines:
//!
//! ```rust,test_harness
//! use axum::{Router, extract::Path, routing::get};
//! use axum_db::{prelude::*, testing::Client};
//!
//! # #[model]
//! # #[derive(Debug, Clone)]
//! # pub struct Note { #[model(primary_key)] pub id: i32, #[model(length = 100)] pub title: String }
//! # pub type Db = axum_db::Db<axum_db::Sqlite>;
//! # pub type Database = axum_db::Database<axum_db::Sqlite>;
//! # #[axum::debug_handler]
//! # async fn show(db: Db, Path(id): Path<i32>) -> Result<String, axum_db::Error> {
//! #     Ok(Note::find(id).first_or_404(&db).await?.title)
//! # }
//! fn app(database: &Database) -> Router {
//!     Router::new().route("/notes/{id}", get(show)).layer(database.layer())
//! }
//!
//! #[axum_db::test(app = app)]
//! async fn a_missing_note_is_404(client: Client) {
//!     client.get("/notes/1").await.assert_status(404);
//! }
//!
//! #[axum_db::test(app = app)]
//! async fn a_note_is_shown(db: Db, client: Client) -> Result<(), axum_db::Error> {
//!     let note = NewNote::new("milk").insert(&db).await?;
//!     db.commit().await?;
//!     client.get(format!("/notes/{}", note.id)).await.assert_status(200).assert_text("milk");
//!     Ok(())
//! }
//! ```
//!
//! [`test`](macro@crate::test) is the attribute, [`Client`] the client, and [`Fixture`] what a test can ask for
//! with a parameter.
//!
//! # The databases
//!
//! Every test has a database to itself, with the tables of [`Metadata::collected`](crate::Metadata::collected) or
//! whatever `setup` makes, so that tests run in parallel, within a process and in several at once (as under
//! [nextest](https://nexte.st)). It goes with the end of the test, also when that is a panic; what a killed
//! process left is removed by the next one that starts.
//!
//! | engine | server | how a database is made |
//! |---|---|---|
//! | SQLite | none | a file in a temporary folder, copied from the first one that was set up |
//! | PostgreSQL | `TEST_POSTGRES_URL`, else `postgres://postgres@127.0.0.1:5432/postgres` | `CREATE DATABASE … TEMPLATE`, from a template per set-up that all processes of a run share |
//! | MySQL, MariaDB | `TEST_MYSQL_URL`, else `mysql://root@127.0.0.1:3306/mysql` | the set-up runs in each |
//!
//! The user in the URL must be allowed to create databases. Their names begin with `axum_db_test_`; the database
//! in the URL itself is not touched. `DATABASE_URL` is never read: a test must not reach what an application uses.

mod case;
mod client;
mod cookies;
mod fixture;
mod queries;
mod request;
mod response;

pub use crate::backend::Engine;
pub use case::Test;
pub use client::Client;
pub use fixture::Fixture;
pub use queries::assert_queries;
pub use request::Request;
pub use response::Response;

#[doc(hidden)]
pub use case::{Flavor, Outcome, run};

/// Why a test's database, application or fixture could not be made: any error.
///
/// ```
/// # use axum_db::testing::Failure;
/// fn port(text: &str) -> Result<u16, Failure> {
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(port("3000").unwrap(), 3000);
/// assert!(port("http").is_err());
/// ```
pub type Failure = Box<dyn std::error::Error>;
