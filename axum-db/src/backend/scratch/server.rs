//! A server on which databases are made and dropped.

use std::sync::Arc;
use std::thread;

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::testing::Failure;
use crate::{Backend, Config, Database, Dialect, Error};

type Job = BoxFuture<'static, ()>;

/// What is done on a connection.
type Work<B> = for<'c> fn(&'c mut <B as Backend>::Connection) -> BoxFuture<'c, QueryResult<()>>;

/// A server, and a thread for what must not depend on a test's own runtime: that is gone when its database is
/// dropped.
pub(super) struct Server<B: Backend> {
    url: String,
    variable: &'static str,
    usual: &'static str,
    jobs: mpsc::UnboundedSender<Job>,
    /// The connection that shows to other processes that this one lives.
    keeper: Arc<Mutex<Option<B::Connection>>>,
    greet: Work<B>,
}

impl<B: Backend> Server<B> {
    /// The server that `variable` names, else the `usual` one; `greet` is what the process does there first.
    pub(super) fn new(variable: &'static str, usual: &'static str, greet: Work<B>) -> Self {
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    while let Some(job) = queue.recv().await {
                        tokio::spawn(job);
                    }
                });
            }
        };
        // Where no thread can be had, every job reports that its answer never came.
        let _ = thread::Builder::new()
            .name("axum-db-testing".into())
            .spawn(work);
        Self {
            url: std::env::var(variable).unwrap_or_else(|_| usual.to_owned()),
            variable,
            usual,
            jobs,
            keeper: Arc::default(),
            greet,
        }
    }

    /// The URL of a database on this server.
    pub(super) fn url_of(&self, name: &str) -> String {
        with_database(&self.url, name)
    }

    /// A connection, after the process has shown that it lives.
    pub(super) async fn connect(&self) -> Result<B::Connection, Failure> {
        let (answer, answered) = oneshot::channel();
        let (url, keeper, greet) = (self.url.clone(), self.keeper.clone(), self.greet);
        let sent = self.jobs.send(Box::pin(async move {
            let _ = answer.send(keep::<B>(url, &keeper, greet).await);
        }));
        let lost = || Failure::from("the thread that makes databases for the tests is gone");
        sent.map_err(|_| lost())?;
        let kept = answered.await.map_err(|_| lost())?;
        let opened = match kept {
            Ok(()) => connect::<B>(self.url.clone()).await,
            Err(error) => Err(error),
        };
        opened.map_err(|error| absent(&error, B::DIALECT, self.variable, self.usual))
    }

    /// Does the last work for a database, on a connection of its own, and waits for the end of it.
    pub(super) fn clean_up<F>(&self, name: &str, work: F)
    where
        F: for<'c> FnOnce(&'c mut B::Connection) -> BoxFuture<'c, QueryResult<()>> + Send + 'static,
    {
        let (answer, answered) = std::sync::mpsc::channel();
        let url = self.url.clone();
        let _ = self.jobs.send(Box::pin(async move {
            let done = async { Ok::<_, Error>(work(&mut connect::<B>(url).await?).await?) };
            let _ = answer.send(done.await);
        }));
        if let Ok(Err(error)) = answered.recv() {
            tracing::warn!(target: "axum_db", database = name, %error, "a test's database could not be dropped");
        }
    }
}

async fn connect<B: Backend>(url: String) -> Result<B::Connection, Error> {
    let mut config = Config::new(url);
    // Another process may be making the template that this one waits for.
    config.lock_timeout = None;
    Database::<B>::with_config(config)?
        .connect_dedicated()
        .await
}

/// Sees to it that the keeper is connected.
async fn keep<B: Backend>(
    url: String,
    keeper: &Mutex<Option<B::Connection>>,
    greet: Work<B>,
) -> Result<(), Error> {
    let mut keeper = keeper.lock().await;
    let healthy = match keeper.as_mut() {
        Some(connection) => connection.batch_execute("SELECT 1").await.is_ok(),
        None => false,
    };
    if !healthy {
        *keeper = None;
        let mut connection = connect::<B>(url).await?;
        greet(&mut connection).await?;
        *keeper = Some(connection);
    }
    Ok(())
}

/// The answer where no server was found: what to do about it.
fn absent(error: &Error, dialect: Dialect, variable: &str, usual: &str) -> Failure {
    let started = match std::env::var(variable) {
        Ok(_) => format!("{variable} names it: correct the variable, or start that server"),
        Err(_) => format!(
            "{variable} is not set, so {usual} was tried: start a server there, or set {variable} to the URL of one \
             where the tests may create databases"
        ),
    };
    format!("the {dialect} server of the tests cannot be used: {error}\n{started}").into()
}

/// The answer where the server does not do what a test needs.
pub(super) fn refused(error: &diesel::result::Error, dialect: Dialect) -> Failure {
    // What the server says is shown: it is the developer's own, and there are no values in it.
    format!("the {dialect} server of the tests refused to make a database: {error}").into()
}

/// The URL of another database on the same server.
fn with_database(server: &str, name: &str) -> String {
    let (base, query) = match server.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (server, String::new()),
    };
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..]
        .find('/')
        .map_or(base.len(), |at| authority + at);
    format!("{}/{name}{query}", &base[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn a_database_is_named_beside_the_servers_own() {
        for (server, expected) in [
            ("postgres://u:p@h:1/app", "postgres://u:p@h:1/t"),
            ("mysql://h", "mysql://h/t"),
            (
                "postgres://h/app?sslmode=require",
                "postgres://h/t?sslmode=require",
            ),
            ("postgres:///app?host=/run", "postgres:///t?host=/run"),
        ] {
            assert_eq!(with_database(server, "t"), expected);
        }
    }
}
