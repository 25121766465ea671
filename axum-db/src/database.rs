//! A database: its settings, its pool, and the places sessions come from.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, QueueMode, TimeoutType, Timeouts};
use diesel_async::SimpleAsyncConnection;
use tokio::sync::Semaphore;

use crate::backend::Backend;
use crate::config::Config;
use crate::database_url::DatabaseUrl;
use crate::error::{Error, ErrorKind};
use crate::inside::{Hold, Inside, Origin, Recorder, Recording};
use crate::keys::Keys;
use crate::pool::{Checkout, Manager, Pooled, connect, no_answer, out_of_reach};
use crate::session::{Bind, Db, Main, SessionLayer, TransactionMode};

/// A database of the application: cheap to clone, made once at start-up.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// use axum::{Router, routing::get};
///
/// pub type Db = axum_db::Db<axum_db::Sqlite>;
///
/// let database = Db::connect("sqlite://:memory:").await?;
/// database.check().await?;
/// let app: Router = Router::new().route("/", get(async |_db: Db| "hello")).layer(database.layer());
/// # let request = axum::http::Request::new(axum::body::Body::empty());
/// # let response = tower::ServiceExt::oneshot(app, request).await.expect("infallible");
/// # assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct Database<B: Backend, K: Bind = Main> {
    inner: Arc<DatabaseInner<B>>,
    bind: PhantomData<fn() -> K>,
}

/// What all clones of a database share.
pub(crate) struct DatabaseInner<B: Backend> {
    pool: Pool<Manager<B>>,
    writers: Option<Arc<Semaphore>>,
    keys: Keys,
}

/// A connection that is free now, or none.
const AT_ONCE: Timeouts = Timeouts {
    wait: Some(Duration::ZERO),
    create: None,
    recycle: None,
};

impl<B: Backend, K: Bind> Database<B, K> {
    /// Prepares the database at a URL, or as a [`Config`] says.
    ///
    /// Connections are opened when they are first needed; [`Database::check`] tries one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # use axum_db::Config;
    /// # pub type Db = axum_db::Db<axum_db::Sqlite>;
    /// let database = Db::connect("sqlite://:memory:").await?;
    ///
    /// let mut config = Config::new("sqlite://:memory:");
    /// config.max_connections = 4;
    /// let database = Db::connect(config).await?;
    /// assert_eq!(database.config().max_connections, 4);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the URL or a setting cannot be used, with what to write instead.
    ///
    /// # Cancellation
    /// It waits for nothing yet, so there is nothing to cut short.
    pub async fn connect(config: impl Into<Config>) -> Result<Self, Error> {
        Self::with_config(config)
    }

    /// [`Database::connect`] for where nothing can be awaited.
    ///
    /// ```
    /// use axum_db::{Database, ErrorKind, Sqlite};
    ///
    /// let database: Database<Sqlite> = Database::with_config("sqlite://:memory:")?;
    /// assert_eq!(database.config().max_connections, 16);
    /// let refused = Database::<Sqlite>::with_config("postgres://localhost/blog").unwrap_err();
    /// assert!(refused.is(ErrorKind::Configuration));
    /// # Ok::<_, axum_db::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn with_config(config: impl Into<Config>) -> Result<Self, Error> {
        let config = config.into();
        let url = &config.url;
        let refused = |reason: &str| {
            let shown = if url.expose().is_empty() {
                "(empty)".to_owned()
            } else {
                url.to_string()
            };
            Error::new(
                ErrorKind::Configuration,
                format!("the database URL {shown} cannot be used: {reason}"),
            )
        };
        let target = B::parse(url.expose()).map_err(|reason| refused(&reason))?;
        if config.max_connections == 0 {
            return Err(Error::new(
                ErrorKind::Configuration,
                "max_connections is 0, so that no request could ever run; set at least 1",
            ));
        }
        if config.connect_timeout.is_zero() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "connect_timeout is 0, so that no connection could ever be made; set the longest time that one may take",
            ));
        }
        let size = B::max_connections(&target).unwrap_or(config.max_connections);
        let wait = config.pool_timeout;
        let inside = Inside::new(B::DIALECT.system_name(), &config);
        let manager = Manager {
            target,
            config,
            inside,
            doubtful: Mutex::default(),
        };
        let pool = Pool::builder(manager)
            .max_size(size)
            // The connection that was used last is the one whose server has everything at hand.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(wait))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        let writers = B::ONE_WRITER.then(|| Arc::new(Semaphore::new(1)));
        Ok(Self::from_inner(Arc::new(DatabaseInner {
            pool,
            writers,
            keys: Keys::default(),
        })))
    }

    pub(crate) fn from_inner(inner: Arc<DatabaseInner<B>>) -> Self {
        Self {
            inner,
            bind: PhantomData,
        }
    }

    pub(crate) fn inner(&self) -> &Arc<DatabaseInner<B>> {
        &self.inner
    }

    /// Opens a connection, or takes one, and has it answer: at start-up, and for a health check.
    ///
    /// ```
    /// use axum_db::{Database, ErrorKind, Sqlite};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// let database: Database<Sqlite> = Database::with_config("sqlite://:memory:")?;
    /// assert!(database.check().await.is_ok());
    ///
    /// let missing: Database<Sqlite> = Database::with_config("sqlite://no-such-file.db?mode=ro")?;
    /// assert!(missing.check().await.is_err_and(|error| error.is(ErrorKind::Connection)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] when the database cannot be reached, with the reason, or does not answer within
    /// [`Config::connect_timeout`]; [`ErrorKind::PoolTimeout`] when all connections are in use.
    ///
    /// # Cancellation
    /// Dropped halfway, it closes the connection it took.
    pub async fn check(&self) -> Result<(), Error> {
        let mut checkout = self.inner.check_out(None, None).await?;
        if let Some(pooled) = checkout.get() {
            let limit = self.config().connect_timeout;
            let answering = pooled.connection.batch_execute("SELECT 1");
            match tokio::time::timeout(limit, answering).await {
                Ok(answer) => answer?,
                Err(_) => return Err(out_of_reach(self.url(), &no_answer(limit))),
            }
        }
        checkout.put_back();
        Ok(())
    }

    /// The layer that gives each request its session: `.layer(database.layer())`, after the routes and after
    /// the layers that use the session.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// #[axum::debug_handler]
    /// async fn index(db: Db) -> Result<&'static str, axum_db::Error> {
    ///     db.begin().await?;
    ///     Ok("in a transaction")
    /// }
    ///
    /// let database = Db::connect("sqlite://:memory:").await?;
    /// let app: Router = Router::new().route("/", get(index)).layer(database.layer());
    /// # let request = axum::http::Request::new(axum::body::Body::empty());
    /// # let response = tower::ServiceExt::oneshot(app, request).await.expect("infallible");
    /// # assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer(&self) -> SessionLayer<B, K> {
        SessionLayer::new(self.clone())
    }

    /// A session outside any request: for scripts, seeds and jobs. What is not committed when its last
    /// handle is dropped is rolled back.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(unique, length = 40)] pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let db = database.session();
    /// NewTag::new("rust").insert(&db).await?;
    /// db.commit().await?;
    /// drop(db);
    /// assert_eq!(Tag::query().row_count(&database.session()).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn session(&self) -> Db<B, K> {
        Db::new(self.inner.clone(), TransactionMode::Explicit, None)
    }

    /// Opens a connection outside the pool, as migrations use it: its statements may take as long as they
    /// need.
    ///
    /// ```
    /// use diesel_async::SimpleAsyncConnection;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let mut connection = database.connect_dedicated().await?;
    /// let vacuumed = connection.batch_execute("VACUUM").await; // which no transaction allows
    /// assert_eq!(vacuumed, Ok(()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] when the database cannot be reached, with the reason.
    ///
    /// # Cancellation
    /// Dropped halfway, no connection stays open.
    pub async fn connect_dedicated(&self) -> Result<B::Connection, Error> {
        let manager = self.inner.pool.manager();
        let opened = connect(
            &manager.target,
            &manager.config.unhurried(),
            &manager.inside,
            false,
        )
        .await;
        opened.map(|pooled: Pooled<B>| pooled.connection)
    }

    /// Records the statements of all sessions of this database, for as long as the recorder lives: for tests that
    /// count them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let recorder = database.record(axum_db::Recording::Sql);
    /// let db = database.session();
    /// db.begin().await?;
    /// db.commit().await?;
    /// assert!(recorder.queries().iter().all(|query| query.is_transaction_control()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&self, recording: Recording) -> Recorder {
        Recorder::new(self.inner.inside().clone(), recording)
    }

    /// The URL; its password is not shown.
    ///
    /// ```
    /// use axum_db::{Database, Sqlite};
    ///
    /// let database: Database<Sqlite> = Database::with_config("sqlite://blog.db")?;
    /// assert_eq!(database.url().to_string(), "sqlite://blog.db");
    /// # Ok::<_, axum_db::Error>(())
    /// ```
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        self.inner.url()
    }

    /// The settings.
    ///
    /// ```
    /// use axum_db::{Config, Database, Sqlite};
    ///
    /// let mut config = Config::new("sqlite://blog.db");
    /// config.max_connections = 4;
    /// let database: Database<Sqlite> = Database::with_config(config)?;
    /// assert_eq!(database.config().max_connections, 4);
    /// # Ok::<_, axum_db::Error>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &Config {
        self.inner.config()
    }

    /// Lets no session take a connection any more, closes those that lie idle, and waits for those in use: at
    /// most as long as a request waits for one ([`Config::pool_timeout`]).
    ///
    /// The last thing of a program, after its server has ended. Drop the sessions of your own first
    /// ([`Database::session`], and whatever holds a [`Db`]): each keeps its connection until then, and is waited for.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # pub type Db = axum_db::Db<axum_db::Sqlite>;
    /// let database = Db::connect("sqlite://:memory:").await?;
    /// let db = database.session();
    /// db.begin().await?;
    /// db.commit().await?;
    /// drop(db);
    /// database.close().await;
    /// assert!(database.check().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancellation
    /// Dropped, it no longer waits; the database is closed all the same.
    pub async fn close(&self) {
        const STEP: Duration = Duration::from_millis(10);
        self.inner.pool.close();
        let closed = async {
            while self.inner.pool.status().size > 0 {
                tokio::time::sleep(STEP).await;
            }
        };
        let limit = self.config().pool_timeout;
        if tokio::time::timeout(limit, closed).await.is_err() {
            tracing::warn!(
                target: "axum_db",
                "{} connections are still in use {limit:?} after the database was closed; what they have not committed is lost. \
                 Drop sessions of your own before Database::close",
                self.inner.pool.status().size
            );
        }
    }
}

impl<B: Backend> DatabaseInner<B> {
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.pool.manager().config.url
    }

    pub(crate) fn config(&self) -> &Config {
        &self.pool.manager().config
    }

    pub(crate) fn writers(&self) -> Option<&Arc<Semaphore>> {
        self.writers.as_ref()
    }

    pub(crate) fn inside(&self) -> &Arc<Inside> {
        &self.pool.manager().inside
    }

    /// Adds to an error what the database alone knows of the constraint; `None` where nothing is to be waited for.
    pub(crate) fn explain<'a>(
        &'a self,
        error: &'a Error,
    ) -> Option<impl Future<Output = ()> + Send + 'a> {
        self.keys.explain(error, self.pool.manager())
    }

    /// Closes the connections that lie idle.
    pub(crate) fn drop_idle(&self) {
        let _ = self.pool.retain(|pooled, _| pooled.watch.is_permanent());
    }

    pub(crate) fn is<K: Bind>(self: &Arc<Self>, database: &Database<B, K>) -> bool {
        Arc::ptr_eq(self, &database.inner)
    }

    /// Takes a connection out of the pool, for whoever `caller` and `origin` name.
    pub(crate) async fn check_out(
        &self,
        caller: Option<&'static Location<'static>>,
        origin: Option<&Origin>,
    ) -> Result<Checkout<B>, Error> {
        // Without a timer first, which is most of the work where a connection is free.
        let mut first = Some(AT_ONCE);
        let taken = loop {
            let at_once = first.take();
            let timeouts = at_once.unwrap_or_else(|| self.pool.timeouts());
            // Boxed, as it is most of what a statement's future would be, and over with the first.
            match Box::pin(self.pool.timeout_get(&timeouts)).await {
                Err(PoolError::Timeout(TimeoutType::Wait)) if at_once.is_some() => {}
                taken => break taken,
            }
        };
        match taken {
            Ok(object) => {
                let since = Object::metrics(&object);
                let since = since.recycled.unwrap_or(since.created);
                let trail = object.watch.trail();
                let hold = Hold::new(self.inside(), trail, caller, origin, since);
                Ok(Checkout::new(object, hold))
            }
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Error::new(
                ErrorKind::PoolTimeout,
                format!(
                    "no connection became free within {:?}: all {} are in use; make transactions shorter, or raise \
                     max_connections. Held by {}",
                    self.config().pool_timeout,
                    self.pool.status().max_size,
                    self.inside().holders,
                ),
            )),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(Error::new(
                ErrorKind::Connection,
                "the database was closed (Database::close); sessions cannot begin any more",
            )),
            Err(error) => Err(Error::new(
                ErrorKind::Connection,
                format!("no connection could be had: {error}"),
            )),
        }
    }
}

impl<B: Backend, K: Bind> Clone for Database<B, K> {
    fn clone(&self) -> Self {
        Self::from_inner(self.inner.clone())
    }
}

impl<B: Backend, K: Bind> fmt::Debug for Database<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("url", self.url())
            .field("bind", &K::NAME)
            .finish_non_exhaustive()
    }
}
