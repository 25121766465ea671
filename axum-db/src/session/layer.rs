//! The layer that gives each request its session.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

use super::deadline::Deadline;
use super::future::SessionFuture;
use super::handle::{Bind, Db, Main};
use super::retry::{ResponseFuture, attempts, attempts_within};
use super::transaction::Isolation;
use crate::backend::Backend;
use crate::database::Database;
use crate::inside::{Origin, Recording};

/// What happens at the end of a request to what was not committed.
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
/// use axum::{Router, routing::post};
/// use axum_db::TransactionMode;
///
/// type Db = axum_db::Db<axum_db::Sqlite>;
///
/// #[axum::debug_handler]
/// async fn write(db: Db) -> Result<(), axum_db::Error> {
///     NewTag::new("rust").insert(&db).await?;
///     Ok(()) // no db.commit()
/// }
///
/// # let database: axum_db::Database<axum_db::Sqlite> = database;
/// let app: Router = Router::new()
///     .route("/explicit", post(write))
///     .route("/on_success", post(write).layer(database.layer().mode(TransactionMode::OnSuccess)))
///     .route("/read_only", post(write).layer(database.layer().mode(TransactionMode::ReadOnly)))
///     .layer(database.layer());
/// # for (path, status, rows) in [("/explicit", 200, 0), ("/read_only", 500, 0), ("/on_success", 200, 1)] {
/// #     let request = axum::http::Request::post(path).body(axum::body::Body::empty()).expect("a request");
/// #     let response = tower::ServiceExt::oneshot(app.clone(), request).await.expect("infallible");
/// #     assert_eq!(response.status(), status);
/// #     assert_eq!(Tag::query().row_count(&database.session()).await?, rows);
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum TransactionMode {
    /// It is rolled back: handlers call [`Db::commit`].
    #[default]
    Explicit,
    /// It is committed when the response is below 400, before the response leaves, and rolled back
    /// otherwise.
    OnSuccess,
    /// There is nothing: writes are refused.
    ReadOnly,
}

/// Gives each request its session; made by [`Database::layer`].
///
/// It goes outside of whatever uses the session: `.layer(login.layer()).layer(database.layer())`. On a
/// router or route inside another such layer of the same database it only changes what it is given.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{Router, routing::{get, post}};
/// use axum_db::{Recording, TransactionMode};
/// use std::time::Duration;
///
/// type Db = axum_db::Db<axum_db::Sqlite>;
///
/// # let database = Db::connect("sqlite://:memory:").await?;
/// let reports = get(async |db: Db| db.begin().await.map(|()| db.recorded().len().to_string()))
///     .layer(database.layer().mode(TransactionMode::ReadOnly).record_queries(Recording::Sql));
/// let app: Router = Router::new()
///     .route("/reports", reports)
///     .route("/orders", post(async |db: Db| db.begin().await))
///     .layer(database.layer().with_retries(3).with_deadline(Duration::from_secs(30)));
/// # use axum::{body::{Body, to_bytes}, http::Request};
/// # let request = Request::get("/reports").body(Body::empty())?;
/// # let response = tower::ServiceExt::oneshot(app, request).await?;
/// # assert_ne!(&to_bytes(response.into_body(), 99).await?[..], b"0");
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing until it is given to a router: .layer(database.layer())"]
pub struct SessionLayer<B: Backend, K: Bind = Main> {
    database: Database<B, K>,
    mode: Option<TransactionMode>,
    deadline: Option<Duration>,
    isolation: Option<Isolation>,
    pub(super) retries: u32,
    pub(super) retry_body_limit: usize,
    pub(super) recording: Recording,
}

impl<B: Backend, K: Bind> SessionLayer<B, K> {
    pub(crate) fn new(database: Database<B, K>) -> Self {
        Self {
            database,
            mode: None,
            deadline: None,
            isolation: None,
            retries: 0,
            retry_body_limit: 2 * 1024 * 1024,
            recording: Recording::Off,
        }
    }

    /// What happens to what was not committed. Default: [`TransactionMode::Explicit`]; see [`TransactionMode`]
    /// for an example.
    ///
    /// On a route inside another layer of the same database it replaces that one's mode for the rest of the
    /// request.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum::{Router, routing::post};
    /// use axum_db::{TransactionMode, testing::Client};
    ///
    /// async fn create(db: Db) -> Result<String, axum_db::Error> {
    ///     Ok(NewUser::new("dora").insert(&db).await?.name) // and no commit
    /// }
    ///
    /// let layer = database.layer().mode(TransactionMode::OnSuccess);
    /// let client = Client::new(Router::new().route("/", post(create)).layer(layer));
    /// client.post("/").await.assert_text("dora");
    /// assert!(User::find(4).exists(&db).await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mode(mut self, mode: TransactionMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How long the request may take until its response, as far as the database is concerned. Default: for ever.
    ///
    /// The time covers every wait: for a pooled connection, for SQLite's only writer, for BEGIN, for a statement,
    /// for COMMIT. When it is up, the waiting operation fails with [`ErrorKind::Deadline`], which is a 503 with
    /// `Retry-After` as a response, the server is told to cancel the running statement, and the transaction is
    /// rolled back, all of which nobody waits for. Later statements of the request fail at once in the same way.
    /// A COMMIT that was already sent may have been carried out: that is [`ErrorKind::UnknownOutcome`].
    ///
    /// Two things cannot be cut short. A statement on a connection in hand ([`Db::conn`]) is awaited by the
    /// handler: it is cancelled on the server, and gets the server's error; where the server says nothing for two
    /// seconds, PostgreSQL's gets one of the kind [`ErrorKind::Connection`], and MySQL's waits. And SQLite ends its
    /// statement by itself: the caller is answered in time, but other writers wait until then.
    ///
    /// It costs no statement. On a route inside another layer of the same database it replaces that one's
    /// deadline from there on. A body that streams on after the response has no deadline.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use axum::{Router, routing::get};
    ///
    /// type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// #[axum::debug_handler]
    /// async fn late(db: Db) -> Result<(), axum_db::Error> {
    ///     tokio::time::sleep(Duration::from_millis(20)).await;
    ///     db.begin().await
    /// }
    ///
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// let app = Router::new()
    ///     .route("/", get(late))
    ///     .layer(database.layer().with_deadline(Duration::from_millis(10)));
    /// # use axum::{body::Body, http::Request};
    /// # use tower::ServiceExt;
    /// let response = app.oneshot(Request::new(Body::empty())).await?;
    /// assert_eq!(response.status(), 503);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`ErrorKind::Connection`]: crate::ErrorKind::Connection
    /// [`ErrorKind::Deadline`]: crate::ErrorKind::Deadline
    /// [`ErrorKind::UnknownOutcome`]: crate::ErrorKind::UnknownOutcome
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// What the sessions of these routes record, for [`Db::recorded`]; never less than
    /// [`Config::record_queries`](crate::Config::record_queries). Default: [`Recording::Off`]; see
    /// [`Db::recorded`] for an example.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum::{Router, routing::get};
    /// use axum_db::{Recording, testing::Client};
    ///
    /// async fn count(db: Db) -> Result<String, axum_db::Error> {
    ///     let users = User::query().row_count(&db).await?;
    ///     Ok(format!("{users} users, {} statement", db.recorded().len()))
    /// }
    ///
    /// let layer = database.layer().record_queries(Recording::Sql);
    /// let client = Client::new(Router::new().route("/", get(count)).layer(layer));
    /// client.get("/").await.assert_text("3 users, 1 statement");
    /// # Ok(())
    /// # }
    /// ```
    pub fn record_queries(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }

    /// The level of transactions that are begun without one ([`Db::begin`], the first write). Default: the
    /// server's; see [`Isolation`], and [`SessionLayer::with_retries`] for an example.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum::{Router, routing::get};
    /// use axum_db::{Isolation, testing::Client};
    ///
    /// async fn sum(db: Db) -> Result<String, axum_db::Error> {
    ///     db.begin().await?; // serializable here
    ///     Ok(User::query().row_count(&db).await?.to_string())
    /// }
    ///
    /// let layer = database.layer().with_isolation(Isolation::Serializable);
    /// let client = Client::new(Router::new().route("/", get(sum)).layer(layer));
    /// client.get("/").await.assert_text("3");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = Some(isolation);
        self
    }

    /// How often a request is run again that lost against a concurrent one (a serialization failure or a
    /// deadlock; [`Error::is_retryable`](crate::Error::is_retryable)). Default: 0.
    ///
    /// Everything inside of this layer runs again, with a session of its own, after a short random pause:
    /// middleware, extractors, handler. The conflict counts, not the response: a page that the handler made
    /// of the error is thrown away. So are the hooks of the lost attempt ([`Db::on_finish`],
    /// [`Db::after_commit`]); what a handler does outside the database without them is done again. Once
    /// something was committed in the request, or may have been, it is not run again. A deadline
    /// ([`SessionLayer::with_deadline`]) is that of all attempts together.
    ///
    /// On a route inside another layer of the same database, the unit of work ends with the route, and the
    /// route is run again; where a middleware had opened the transaction before, it is not.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Account {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub balance: i32,
    /// # }
    /// use axum::{Router, routing::post};
    /// use axum_db::Isolation;
    ///
    /// type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// #[axum::debug_handler]
    /// async fn withdraw(db: Db) -> Result<String, axum_db::Error> {
    ///     db.begin().await?; // read in order to write
    ///     let mut account = Account::find(1).one_or_404(&db).await?;
    ///     account.balance -= 3;
    ///     account.save(&db).await?;
    ///     db.commit().await?;
    ///     Ok(account.balance.to_string())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Account]).await?;
    /// # let db = database.session();
    /// # NewAccount::new(10).insert(&db).await?;
    /// # db.commit().await?;
    /// # drop(db);
    /// let layer = database.layer().with_isolation(Isolation::Serializable).with_retries(10);
    /// let app = Router::new().route("/withdraw", post(withdraw)).layer(layer);
    /// # use axum::{body::Body, http::Request};
    /// # use tower::ServiceExt;
    /// # let request = Request::post("/withdraw").body(Body::empty())?;
    /// # let response = app.oneshot(request).await?;
    /// # assert_eq!(&axum::body::to_bytes(response.into_body(), 99).await?[..], b"7");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How many bytes a request's body may have where [`SessionLayer::with_retries`] keeps it for another
    /// attempt. A larger one is answered with 413, one that breaks off with 400. Default: 2 MiB.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{Router, routing::post};
    ///
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let layer = database.layer().with_retries(3).with_retry_body_limit(4);
    /// let app = Router::new().route("/", post(async |text: String| text)).layer(layer);
    /// # use axum::{body::Body, http::Request};
    /// # for (text, status) in [("four", 200), ("longer", 413)] {
    /// #     let response = tower::ServiceExt::oneshot(app.clone(), Request::post("/").body(Body::from(text))?).await?;
    /// #     assert_eq!(response.status(), status);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_retry_body_limit(mut self, bytes: usize) -> Self {
        self.retry_body_limit = bytes;
        self
    }

    /// When the time of a request is up that comes now.
    fn deadline(&self) -> Option<Deadline> {
        self.deadline.map(Deadline::after)
    }

    /// A session with these settings.
    pub(super) fn session(&self, deadline: Deadline, origin: Origin) -> Db<B, K> {
        let mode = self.mode.unwrap_or_default();
        let db = Db::new(self.database.inner().clone(), mode, Some(origin));
        db.shared.record_queries(self.recording);
        {
            let mut notes = db.shared.notes();
            notes.isolation = self.isolation;
            notes.deadline = deadline;
        }
        db
    }
}

impl<B: Backend, K: Bind> Clone for SessionLayer<B, K> {
    fn clone(&self) -> Self {
        Self {
            database: self.database.clone(),
            mode: self.mode,
            deadline: self.deadline,
            isolation: self.isolation,
            retries: self.retries,
            retry_body_limit: self.retry_body_limit,
            recording: self.recording,
        }
    }
}

impl<B: Backend, K: Bind> fmt::Debug for SessionLayer<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("mode", &self.mode)
            .field("deadline", &self.deadline)
            .field("isolation", &self.isolation)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl<S, B: Backend, K: Bind> Layer<S> for SessionLayer<B, K> {
    type Service = SessionService<S, B, K>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service of [`SessionLayer`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum::{body::Body, http::{Request, Response}};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// // Around any service of HTTP, not only around a router.
/// let count = service_fn(async |request: Request<Body>| {
///     let db = request.extensions().get::<Db>().expect("a session");
///     let users = User::query().row_count(db).await?;
///     Ok::<_, axum_db::Error>(Response::new(Body::from(users.to_string())))
/// });
/// let response = database.layer().layer(count).oneshot(Request::new(Body::empty())).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct SessionService<S, B: Backend, K: Bind = Main> {
    inner: S,
    layer: SessionLayer<B, K>,
}

impl<S: Clone, B: Backend, K: Bind> Clone for SessionService<S, B, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, B: Backend, K: Bind> fmt::Debug for SessionService<S, B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, K> Service<Request> for SessionService<S, B, K>
where
    S: Service<Request, Future: Send> + Clone + Send + 'static,
    S::Response: IntoResponse,
    B: Backend,
    K: Bind,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let Self { inner, layer } = self;
        // The service that is ready is the one to call.
        let ready = |inner: &mut S| {
            let next = inner.clone();
            std::mem::replace(inner, next)
        };
        let outer = request
            .extensions()
            .get::<Db<B, K>>()
            .filter(|db| db.shared.database.is(&layer.database))
            .cloned();
        let deadline = layer.deadline();
        if let Some(db) = outer {
            if let Some(mode) = layer.mode {
                db.shared.set_mode(mode);
            }
            if let Some(deadline) = deadline {
                db.shared.notes().deadline = deadline;
            }
            db.shared.record_queries(layer.recording);
            if layer.isolation.is_some() {
                db.shared.notes().isolation = layer.isolation;
            }
            if layer.retries > 0 {
                let (inner, layer) = (ready(inner), layer.clone());
                return ResponseFuture::many(attempts_within(inner, layer, db, request));
            }
            return ResponseFuture::once(SessionFuture::new(inner.call(request), None));
        }
        let deadline = deadline.unwrap_or_default();
        if layer.retries > 0 {
            let (inner, layer) = (ready(inner), layer.clone());
            return ResponseFuture::many(attempts(inner, layer, deadline, request));
        }
        let db = layer.session(deadline, Origin::of(request.method(), request.extensions()));
        let shared = db.shared.clone();
        request.extensions_mut().insert(db);
        ResponseFuture::once(SessionFuture::new(inner.call(request), Some(shared)))
    }
}
