//! How connections are opened, and tried when they come out of the pool.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;

use super::Watch;
use crate::backend::Backend;
use crate::config::Config;
use crate::database_url::DatabaseUrl;
use crate::error::{Error, ErrorKind};
use crate::inside::{Inside, Trail};

/// How long a connection that lay idle has to answer.
const PING_LIMIT: Duration = Duration::from_secs(2);

/// A connection with what the pool knows of it.
pub(crate) struct Pooled<B: Backend> {
    pub(crate) connection: B::Connection,
    pub(crate) canceller: B::Canceller,
    pub(crate) watch: Arc<Watch>,
}

impl<B: Backend> Pooled<B> {
    /// Whether the connection can go back as it is.
    pub(crate) fn is_clean(&self) -> bool {
        // Two hold the watch, this and the connection: one means that a user replaced the observer.
        !self.watch.in_flight() && !self.watch.altered() && Arc::strong_count(&self.watch) == 2
    }

    /// Where the connection refuses writes outside a transaction: allows those that follow, or refuses them
    /// again.
    pub(crate) fn allow_writes(&mut self, allow: bool) -> QueryResult<()> {
        self.watch.set_writes_alone(allow);
        B::allow_writes(&mut self.connection, &self.canceller, allow)
    }
}

/// Opens the connections of one database.
pub(crate) struct Manager<B: Backend> {
    pub(crate) target: B::Target,
    pub(crate) config: Config,
    pub(crate) inside: Arc<Inside>,
    /// Those that were in use before this are not to be trusted: one of them no longer answers.
    pub(crate) doubtful: Mutex<Option<Instant>>,
}

impl<B: Backend> Manager<B> {
    /// Has a connection that lay idle answer.
    async fn ping(&self, pooled: &mut Pooled<B>) -> Result<(), Error> {
        let limit = PING_LIMIT.min(self.config.connect_timeout);
        let answering = pooled.connection.batch_execute("SELECT 1");
        let answer = match tokio::time::timeout(limit, answering).await {
            Ok(answer) => answer.map_err(Error::from),
            Err(_) => Err(Error::new(ErrorKind::Connection, "no answer in time")),
        };
        if answer.is_err() {
            let mut doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
            *doubtful = Some(Instant::now());
        }
        answer
    }
}

/// Opens a connection, for the pool or for someone else.
pub(crate) async fn connect<B: Backend>(
    target: &B::Target,
    config: &Config,
    inside: &Arc<Inside>,
    pooled: bool,
) -> Result<Pooled<B>, Error> {
    let watch = Watch::new(
        B::max_connections(target) == Some(1),
        Trail::new(inside.clone()),
    );
    // Boxed: rare, and so large that every future which may open a connection would be.
    let opening = Box::pin(B::establish(target, config, &watch, pooled));
    match tokio::time::timeout(config.connect_timeout, opening).await {
        Ok(Ok((connection, canceller))) => Ok(Pooled {
            connection,
            canceller,
            watch,
        }),
        Ok(Err(reason)) => Err(out_of_reach(&config.url, &reason)),
        Err(_) => Err(out_of_reach(
            &config.url,
            &no_answer(config.connect_timeout),
        )),
    }
}

/// The error of a database that cannot be reached.
pub(crate) fn out_of_reach(url: &DatabaseUrl, reason: &str) -> Error {
    Error::new(
        ErrorKind::Connection,
        format!(
            "no connection to {url}: {reason}; check that the database runs and that the URL is right"
        ),
    )
}

/// The reason of a silent one.
pub(crate) fn no_answer(limit: Duration) -> String {
    format!("no answer within {limit:?}")
}

impl<B: Backend> managed::Manager for Manager<B> {
    // Boxed: it is moved some twenty times on its way out of the pool and back.
    type Type = Box<Pooled<B>>;
    type Error = Error;

    async fn create(&self) -> Result<Self::Type, Error> {
        // Boxed, as deadpool's future has room for this one several times.
        let connecting = Box::pin(connect(&self.target, &self.config, &self.inside, true));
        connecting.await.map(Box::new)
    }

    async fn recycle(&self, pooled: &mut Self::Type, metrics: &Metrics) -> RecycleResult<Error> {
        if !pooled.is_clean() {
            return Err(RecycleError::message("it came back dirty"));
        }
        if B::has_ended(&pooled.canceller) {
            return Err(RecycleError::message("it has ended"));
        }
        let used = metrics.recycled.unwrap_or(metrics.created);
        let doubtful = *self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        if doubtful.is_some_and(|since| used < since) && !pooled.watch.is_permanent() {
            // What befell one that lay idle, a firewall perhaps, befell the others too, and each would be a wait.
            return Err(RecycleError::message("another one no longer answers"));
        }
        if metrics.last_used() >= self.config.ping_after_idle {
            // Boxed, as it is rare: every wait for a connection has this one in it.
            Box::pin(self.ping(pooled))
                .await
                .map_err(RecycleError::Backend)?;
        }
        Ok(())
    }
}
