//! What the behaviours share: a table, statements on it, and requests.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum_db::{Access, Config, Database, Error};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::Engine;

pub(crate) type Db = axum_db::Db<Engine>;

diesel::table! {
    notes (id) {
        id -> Integer,
        n -> BigInt,
    }
}

#[derive(diesel::QueryableByName)]
pub(crate) struct Number {
    #[diesel(sql_type = BigInt)]
    pub(crate) n: i64,
}

/// Runs a write.
pub(crate) async fn execute(db: &Db, sql: impl Into<String>) -> Result<usize, Error> {
    let statement = diesel::sql_query(sql.into());
    db.run(Access::Write, move |conn| Box::pin(statement.execute(conn)))
        .await
}

/// Runs a read of one number called `n`.
pub(crate) async fn number(db: &Db, sql: impl Into<String>) -> Result<i64, Error> {
    let query = diesel::sql_query(sql.into());
    let row = db
        .run(Access::Read, |conn| {
            Box::pin(query.get_result::<Number>(conn))
        })
        .await?;
    Ok(row.n)
}

/// How many notes there are.
pub(crate) async fn count(db: &Db) -> i64 {
    number(db, "SELECT COUNT(*) AS n FROM notes")
        .await
        .expect("a count")
}

/// A database with an empty table of notes.
pub(crate) async fn database(url: &str, connections: usize) -> Database<Engine> {
    let mut config = Config::new(url);
    config.max_connections = connections;
    let database = Database::with_config(config).expect("a database");
    let db = database.session();
    execute(
        &db,
        "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, n BIGINT NOT NULL)",
    )
    .await
    .expect("a table");
    db.commit().await.expect("a commit");
    database
}

/// The status that the application answers with.
pub(crate) async fn status(app: &Router, path: &str) -> StatusCode {
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

/// Polls a future a number of times and then drops it, wherever it stands.
pub(crate) struct CutOff<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> CutOff<F> {
    pub(crate) fn after(polls: usize, future: F) -> Self {
        Self {
            future: Box::pin(future),
            polls,
        }
    }
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        match self.future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Serves the application on a port of its own, for as long as the test runs.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Posts a body over a connection of its own, and gives the whole answer as text.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// Waits until `done`, which is soon or never.
pub(crate) async fn soon(done: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen within 12 s");
}
