//! Throw-away databases for the tests of the workspace.
//!
//! ```
//! let database = testkit::sqlite();
//! assert!(database.url().starts_with("sqlite://"));
//! ```
//!
//! Servers are found at `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`, or at the standard ports of
//! 127.0.0.1. `cargo xtask test` sets the variables and starts servers where there are none; a test that
//! needs a server and finds none fails.

mod log;

use std::sync::atomic::{AtomicU32, Ordering};

pub use log::{Log, logged};
use mysql_async::prelude::Queryable;
pub use servers::{Kind, PrivateServer};

/// A database of its own for one test, removed when this value is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    Sqlite { _folder: tempfile::TempDir },
    Postgres { server: String, name: String },
    Mysql { server: String, name: String },
}

impl TestDatabase {
    /// The URL to connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// An empty SQLite file in a folder of its own.
///
/// # Panics
/// When the folder cannot be made.
#[must_use]
pub fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    TestDatabase {
        url,
        origin: Origin::Sqlite { _folder: folder },
    }
}

/// An empty PostgreSQL database.
///
/// # Panics
/// When no server answers.
#[must_use]
pub fn postgres() -> TestDatabase {
    let server = postgres_server();
    let name = unique_name();
    blocking(postgres_execute(
        server.clone(),
        format!("CREATE DATABASE {name}"),
    ));
    let url = with_database(&server, &name);
    TestDatabase {
        url,
        origin: Origin::Postgres { server, name },
    }
}

/// An empty MySQL or MariaDB database.
///
/// # Panics
/// When no server answers.
#[must_use]
pub fn mysql() -> TestDatabase {
    let server = mysql_server();
    let name = unique_name();
    blocking(mysql_execute(
        server.clone(),
        format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    ));
    let url = with_database(&server, &name);
    TestDatabase {
        url,
        origin: Origin::Mysql { server, name },
    }
}

/// A server of this test's own, which it may configure, stop and start; see [`PrivateServer::start`].
///
/// # Panics
/// When the machine has no such server's programs, or it does not start.
#[must_use]
pub fn private_server(kind: Kind, files: &[(&str, String)], settings: &[&str]) -> PrivateServer {
    PrivateServer::start(kind, files, settings)
        .unwrap_or_else(|error| panic!("{} of the test's own: {error}", kind.name()))
}

/// The URL of the PostgreSQL server the tests use.
#[must_use]
pub fn postgres_server() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into())
}

/// The URL of the MySQL or MariaDB server the tests use.
#[must_use]
pub fn mysql_server() -> String {
    std::env::var("TEST_MYSQL_URL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/mysql".into())
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.origin {
            Origin::Sqlite { .. } => {}
            Origin::Postgres { server, name } => blocking(postgres_execute(
                server.clone(),
                format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            )),
            Origin::Mysql { server, name } => {
                blocking(mysql_drop(server.clone(), name.clone()));
            }
        }
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos());
    format!(
        "t_{}_{}_{nanos:x}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

fn with_database(server: &str, name: &str) -> String {
    let (base, query) = server
        .split_once('?')
        .map_or((server, None), |(b, q)| (b, Some(q)));
    let scheme_end = base.find("://").map_or(0, |at| at + 3);
    let authority_end = base[scheme_end..]
        .find('/')
        .map_or(base.len(), |at| scheme_end + at);
    let query = query.map(|q| format!("?{q}")).unwrap_or_default();
    format!("{}/{name}{query}", &base[..authority_end])
}

/// Runs `work` on a runtime and thread of its own, so that it can be called inside an async test.
fn blocking(work: impl Future<Output = Result<(), String>> + Send + 'static) {
    let outcome = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?
            .block_on(work)
    })
    .join()
    .unwrap_or_else(|_| Err("the helper thread panicked".into()));
    if let Err(error) = outcome {
        assert!(
            std::thread::panicking(),
            "the test server did not answer: {error}\n`cargo xtask test` finds or starts the servers"
        );
    }
}

async fn postgres_execute(server: String, sql: String) -> Result<(), String> {
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls)
        .await
        .map_err(|error| error.to_string())?;
    let driver = tokio::spawn(connection);
    let outcome = client
        .batch_execute(&sql)
        .await
        .map_err(|error| error.to_string());
    drop(client);
    let _ = driver.await;
    outcome
}

async fn mysql_execute(server: String, sql: String) -> Result<(), String> {
    let options = mysql_async::Opts::from_url(&server).map_err(|error| error.to_string())?;
    let mut connection = mysql_async::Conn::new(options)
        .await
        .map_err(|error| error.to_string())?;
    let outcome = connection
        .query_drop(sql)
        .await
        .map_err(|error| error.to_string());
    let _ = connection.disconnect().await;
    outcome
}

/// Drops a database with whatever a test left connected to it, as PostgreSQL's FORCE does.
async fn mysql_drop(server: String, name: String) -> Result<(), String> {
    let text = |error: mysql_async::Error| error.to_string();
    let options = mysql_async::Opts::from_url(&server).map_err(|error| error.to_string())?;
    let mut connection = mysql_async::Conn::new(options).await.map_err(text)?;
    let left: Vec<u64> = connection
        .exec(
            "SELECT id FROM information_schema.processlist WHERE db = ?",
            (&name,),
        )
        .await
        .map_err(text)?;
    for id in left {
        // It may have gone by itself meanwhile.
        let _ = connection.query_drop(format!("KILL CONNECTION {id}")).await;
    }
    connection
        .query_drop(format!("DROP DATABASE IF EXISTS {name}"))
        .await
        .map_err(text)?;
    connection.disconnect().await.map_err(text)
}
