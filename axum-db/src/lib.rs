//! Flask-SQLAlchemy for Axum: models declared once, and one lazy, pooled Diesel session per request.
//!
//! It stays [Diesel](https://docs.rs/diesel), with all its type safety; what goes away is the pool, the
//! `table!` lists, the transaction bookkeeping and the connections that came back dirty.
//!
//! # A complete program
//!
//! ```
//! use axum::{Router, extract::Path, http::StatusCode, routing::{get, post}};
//! use axum_db::prelude::*;
//!
//! #[model] // table "notes"
//! #[derive(Debug, Clone)]
//! pub struct Note {
//!     #[model(primary_key)]
//!     pub id: i32,
//!     #[model(length = 100)]
//!     pub title: String,
//! }
//!
//! pub type Db = axum_db::Db<axum_db::Sqlite>; // the only line that names the engine
//!
//! #[axum::debug_handler]
//! async fn show(db: Db, Path(id): Path<i32>) -> Result<String, axum_db::Error> {
//!     let note = Note::find(id).first_or_404(&db).await?;
//!     Ok(note.title)
//! }
//!
//! #[axum::debug_handler]
//! async fn create(db: Db, title: String) -> Result<(StatusCode, String), axum_db::Error> {
//!     let note = NewNote::new(title).insert(&db).await?;
//!     db.commit().await?; // what is not committed is rolled back
//!     Ok((StatusCode::CREATED, note.id.to_string()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Db::connect("sqlite://:memory:").await?;
//! database.create_all(&axum_db::metadata![Note]).await?;
//! let app = Router::new()
//!     .route("/notes", post(create))
//!     .route("/notes/{id}", get(show))
//!     .layer(database.layer());
//! # use axum::{body::Body, http::Request};
//! # use tower::ServiceExt;
//! # let request = Request::post("/notes").body(Body::from("milk"))?;
//! # assert_eq!(app.clone().oneshot(request).await?.status(), StatusCode::CREATED);
//! # let request = Request::get("/notes/1").body(Body::empty())?;
//! # let response = app.clone().oneshot(request).await?;
//! # assert_eq!(&axum::body::to_bytes(response.into_body(), 99).await?[..], b"milk");
//! # let request = Request::get("/notes/2").body(Body::empty())?;
//! # assert_eq!(app.oneshot(request).await?.status(), StatusCode::NOT_FOUND);
//! # Ok(())
//! # }
//! ```
//!
//! A program's `Cargo.toml` needs `axum-db`, `axum`, `tokio`, and `diesel` for the names that its queries and
//! `#[model]` use: `diesel = { version = "2.3", default-features = false }`.
//!
//! # The types, and how they relate
//!
//! | type | is |
//! |---|---|
//! | [`model`](macro@model) | the attribute that makes a struct the row of a table |
//! | [`Database`], [`Config`] | the database: its URL and settings, its pool; made once, cloned at will |
//! | [`Db`] | the request's session: extractor, and `&db` in every query |
//! | [`Sqlite`], [`Postgres`], [`Mysql`] | the engines, each a [`Backend`] |
//! | [`Bind`] | tells several databases of one application apart |
//! | [`types`] | UUIDs, points in time, JSON and decimals, the same on every engine; [`DbEnum`] for enums |
//! | [`prelude`] | `#[model]`, the helpers on queries, Diesel's query builder |
//! | [`query::Fetch`], [`query::Run`] | `.all(&db)`, `.one_or_404(&db)`, `.paginate(page, &db)` …; `.run(&db)` for statements |
//! | [`query::Preload`] | `.preload(Post::AUTHOR, &db)`: a relation of all rows in one query |
//! | [`query::OnConflict`] | `NewUser::on_conflict(users::email)`, beside `insert`, `insert_or_ignore` and `insert_all` |
//! | [`query::Page`], [`query::Pagination`] | `?page=` as an extractor, and a page of rows with its numbers |
//! | [`SessionLayer`], [`TransactionMode`], [`Isolation`] | what begins and ends the unit of work, and runs it again |
//! | [`Outcome`] | how the transaction ended, for [`Db::on_finish`] |
//! | [`Metadata`] | all models' tables: for [`Database::create_all`] and for migrations |
//! | [`model::ReflectedTable`] | a table as the database describes it: [`Database::reflect`] |
//! | [`Recording`], [`RecordedQuery`], [`Recorder`] | the statements that ran: [`Db::recorded`], [`Database::record`] |
//! | [`testing`], [`test`](macro@test) | tests with a database of their own, and a client for them (feature `testing`) |
//! | [`Error`], [`ErrorKind`], [`Constraint`] | what went wrong, as a program can act on it, and as a response |
//!
//! # The unit of work
//!
//! Reads run by themselves and cost their own statement only. The first write, or [`Db::conn`], opens the
//! transaction. Whoever reads in order to write from what was read calls [`Db::begin`] first, or writes
//! `SET n = n + 1`. [`Db::commit`] makes the writes last; what was not committed is rolled back when the
//! response is ready, when the client goes away, and when the handler panics.
//!
//! A statement that fails within a transaction ends it: later reads go on, later writes and the commit are
//! errors that say so, on every engine. [`Db::savepoint`] confines a failure that is expected.
//!
//! [`Db::begin_with`] takes an isolation level; what loses against a concurrent transaction is run again by
//! [`SessionLayer::with_retries`] or [`Db::retry`], whole and with its hooks ([`Db::after_commit`],
//! [`Db::on_finish`]) firing once. [`SessionLayer::with_deadline`] limits every wait of a request together.
//!
//! # Seeing inside
//!
//! Each statement is a `tracing` event at DEBUG under `axum_db::query`, in the span `unit_of_work`, with
//! OpenTelemetry's names and never with values. [`Db::recorded`] lists a session's statements with the lines
//! that ran them; a line that repeats one in a request is warned of ([`Config::repeated_queries`]); an
//! exhausted pool names who holds its connections; [`Db::instrument`] takes an observer of your own.
//!
//! # What it does not do
//!
//! - Read replicas, and a transaction over several databases.
//! - An identity map, and lazy loading: a relation is a query, run when `.one(&db)`, `.all(&db)` or `.preload(…)`
//!   says so.
//! - Streams of rows: the helpers load all that a query asks for. [`Db::conn`] is the diesel-async connection,
//!   which has them.
//! - Changes of a schema that lives on: they are the work of `axum-migrate`.
//!
//! # Features
//!
//! | feature | default | for |
//! |---|---|---|
//! | `sqlite` | yes | SQLite, compiled in: embedded, needs a C compiler and nothing else |
//! | `postgres` | no | PostgreSQL, by a driver in pure Rust |
//! | `mysql` | no | MySQL and MariaDB, by a driver in pure Rust |
//! | `tls` | no | encrypted connections to them, by rustls; see [`Postgres`] and [`Mysql`] |
//! | `uuid`, `json`, `decimal` | no | `Uuid`, `Json<T>` and `Decimal` of [`types`], each with the crate it wraps |
//! | `testing` | no | `#[axum_db::test]` and the client of [`testing`]: for dev-dependencies |
//!
//! Any set of them compiles together.
//!
//! # Reading compile errors
//!
//! - *"`X` is not a model"*: the struct lacks `#[model]`, or the module with it is not in scope.
//! - *"this query cannot be loaded as `X` on the backend `Y`"*: what the query selects is not what the
//!   annotation says; without `.select(…)` a model's query gives the model.
//! - *"no method named `all` found"*: the file lacks `use axum_db::prelude::*;`, or the value is not a query.
//! - *"`X` is not one of axum-db's own column types"*: a field is another crate's `Uuid` or `Decimal`; the types of
//!   [`types`] convert from and into those.
//! - *"`X` does not tell one row of `NewUser` from all others"*: `on_conflict` takes a unique column that is never
//!   NULL, or the tuple of those that are unique together.
//! - *"`i32` is not the type of the primary key of `X`"*: a field with `references = X` has the type of that key.
//! - *"expected `Once`, found `Never`"*: the query names a column of a table that it does not join.
//! - *"table contains more than 32 columns"*: add Diesel's feature to the program,
//!   `diesel = { version = "2.3", default-features = false, features = ["64-column-tables"] }`.
//! - *"expected `Analytics`, found `Main`"*: the session is that of another database than the model's.
//! - *`type annotations needed` at `User::query()`*: give the query to a helper together with `&db`; the
//!   engine is inferred from there.
#![deny(missing_docs)]
// Without any engine there is nothing to call most of it: that is for libraries that leave the engine to others.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code, unused_imports)
)]

// The documentation's examples and the macros name the crate as a user does.
extern crate self as axum_db;

mod backend;
mod config;
mod database;
mod database_url;
mod error;
mod inside;
mod keys;
pub mod model;
mod pool;
pub mod prelude;
pub mod query;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod types;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// An enum as the type of a column.
///
/// ```
/// use axum_db::{Dialect, metadata, prelude::*};
///
/// #[derive(DbEnum, Debug, Clone, Copy, PartialEq)]
/// pub enum Status {
///     Draft,
///     InReview,
///     #[db_enum(name = "public")]
///     Published,
/// }
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Essay {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(db_enum, default = Status::Draft)]
///     pub status: Status,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Essay]).await?;
/// # let db = database.session();
/// let mut essay = NewEssay::new().insert(&db).await?;
/// assert_eq!(essay.status, Status::Draft);
/// essay.status = Status::InReview;
/// essay.save(&db).await?;
/// let in_review = Essay::query().filter(essays::status.eq(Status::InReview));
/// assert_eq!(in_review.row_count(&db).await?, 1);
///
/// let sql = metadata![Essay].create_statements(Dialect::Postgres).remove(0);
/// assert_eq!(sql, "CREATE TYPE \"status\" AS ENUM ('draft', 'in_review', 'public')");
/// # Ok(())
/// # }
/// ```
///
pub use axum_db_macros::DbEnum;
/// A struct as the row of a table.
///
/// ```
/// use axum_db::{metadata, prelude::*};
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct User {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(unique, length = 20)]
///     pub username: String,
///     #[model(default = "default.jpg")]
///     pub image_file: String,
/// }
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Post {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(length = 100)]
///     pub title: String,
///     #[model(default = now)]
///     pub date_posted: chrono::NaiveDateTime,
///     #[model(references = User, on_delete = cascade, index, relation = author, backref = posts)]
///     pub user_id: i32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// database.create_all(&metadata![User, Post]).await?;
/// let db = database.session();
///
/// let user = NewUser::new("corey").image_file("me.png").insert(&db).await?;
/// let mut post = NewPost::new("First", user.id).insert(&db).await?;
/// post.title = "My first".into();
/// post.save(&db).await?;
///
/// assert_eq!(post.author().one(&db).await?.username, "corey");
/// assert_eq!(user.posts().order(posts::date_posted.desc()).all(&db).await?[0].title, "My first");
/// let both: Vec<(Post, User)> = posts::table
///     .inner_join(users::table)
///     .select((Post::as_select(), User::as_select()))
///     .all(&db)
///     .await?;
/// assert_eq!(both.len(), 1);
/// # Ok(())
/// # }
/// ```
///
pub use axum_db_macros::model;
/// An async function as a test with a database of its own.
///
/// ```rust,test_harness
/// use axum_db::prelude::*;
///
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Note { #[model(primary_key)] pub id: i32, #[model(length = 100)] pub title: String }
/// type Db = axum_db::Db<axum_db::Sqlite>;
///
/// #[axum_db::test]
/// async fn a_note_is_kept(db: Db) -> Result<(), axum_db::Error> {
///     let note = NewNote::new("milk").insert(&db).await?;
///     assert_eq!(Note::find(note.id).one(&db).await?.title, "milk");
///     Ok(())
/// }
/// ```
///
#[cfg(feature = "testing")]
pub use axum_db_macros::test;
#[cfg(feature = "mysql")]
pub use backend::Mysql;
#[cfg(feature = "postgres")]
pub use backend::Postgres;
pub use backend::{Backend, Dialect};
#[cfg(feature = "sqlite")]
pub use backend::{ConnectionThread, Sqlite};
pub use config::Config;
pub use database::Database;
pub use database_url::DatabaseUrl;
pub use error::{Constraint, Error, ErrorKind, Reference};
pub use inside::{RecordedQuery, Recorder, Recording};
pub use model::DbEnum;
pub use model::{Metadata, MetadataError};
pub use session::{
    Access, Attempt, Bind, Connection, Db, Isolation, Lease, Main, MissingLayer, Outcome,
    ResponseFuture, SessionLayer, SessionService, TransactionMode,
};

// Named by the sealed half of `Backend`; not for users.
#[doc(hidden)]
pub use pool::Watch;
