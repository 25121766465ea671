//! The handle that everyone in a request shares.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::deadline::Deadline;
use super::finish::{AfterCommit, Hook};
use super::layer::TransactionMode;
use super::state::State;
use super::transaction::Isolation;
use crate::backend::Backend;
use crate::config::Config;
use crate::database::{Database, DatabaseInner};
use crate::error::Error;
use crate::inside::{Insight, Origin, RecordedQuery, Recording};

/// Tells several databases of one application apart: `Db<Sqlite>` and `Db<Sqlite, Analytics>`.
///
/// ```
/// pub struct Analytics;
/// impl axum_db::Bind for Analytics {
///     const NAME: &'static str = "analytics";
/// }
/// pub type AnalyticsDb = axum_db::Db<axum_db::Sqlite, Analytics>;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// let analytics = AnalyticsDb::connect("sqlite://:memory:").await?; // a database of its own
/// assert!(analytics.check().await.is_ok());
/// # Ok(())
/// # }
/// ```
pub trait Bind: Send + Sync + 'static {
    /// The name that `#[model(bind = "…")]` and `--bind` use.
    ///
    /// ```
    /// struct Analytics;
    /// impl axum_db::Bind for Analytics {
    ///     const NAME: &'static str = "analytics";
    /// }
    /// assert_eq!(<Analytics as axum_db::Bind>::NAME, "analytics");
    /// ```
    const NAME: &'static str;
}

/// The bind of an application's only, or first, database.
///
/// ```
/// use axum_db::{Bind, Main};
///
/// // `Db<Sqlite>` is `Db<Sqlite, Main>`, and a model without `bind` is in it.
/// assert_eq!(Main::NAME, "main");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Main;

impl Bind for Main {
    const NAME: &'static str = "main";
}

/// A handle to the unit of work of a request, as an extractor; outside a request
/// [`Database::session`] makes one.
///
/// All handles of a request, in middleware, extractors and handler, are one session: at most one pooled
/// connection, taken at the first statement, and at most one transaction. Reads run by themselves; the
/// first write opens the transaction, and [`Db::commit`] makes it last. What is not committed when the
/// response is ready, or when a session made outside a request is dropped, is rolled back.
///
/// Every method waits for the statement that another handle may be running.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// let db = database.session();
/// let bob = User::find(2).one(&db).await?; // by itself
/// assert!(!db.in_transaction());
/// bob.delete(&db).await?; // opens the transaction
/// assert!(db.in_transaction());
/// db.rollback().await?;
/// assert_eq!(User::query().row_count(&db).await?, 3);
/// # Ok(())
/// # }
/// ```
pub struct Db<B: Backend, K: Bind = Main> {
    pub(super) shared: Arc<Shared<B>>,
    bind: PhantomData<fn() -> K>,
}

/// What the handles of one session share.
pub(super) struct Shared<B: Backend> {
    pub(super) database: Arc<DatabaseInner<B>>,
    mode: AtomicU8,
    pub(super) state: tokio::sync::Mutex<State<B>>,
    /// A statement began whose end the session did not see: its future was dropped.
    pub(super) cut_off: AtomicBool,
    pub(super) insight: Insight,
    notes: Mutex<Notes>,
}

/// What is known without waiting for the state.
#[derive(Default)]
pub(super) struct Notes {
    /// Where the connection was taken in hand, while it is.
    pub(super) holder: Option<&'static Location<'static>>,
    /// Whether a transaction is open.
    pub(super) in_transaction: bool,
    /// When the session's time is up.
    pub(super) deadline: Deadline,
    pub(super) hooks: Vec<Hook>,
    /// What runs once the open transaction, or the next one, is committed.
    pub(super) after_commit: AfterCommit,
    /// The level of transactions that ask for none.
    pub(super) isolation: Option<Isolation>,
    /// How often a transaction lost against a concurrent one.
    pub(super) conflicts: u32,
    /// How often something was committed, or may have been.
    pub(super) commits: u32,
    /// The request is run again after a conflict, so its hooks may be discarded.
    pub(super) expendable: bool,
    /// It, or some work in it, is run again after a conflict.
    pub(super) repeatable: bool,
}

impl<B: Backend, K: Bind> Db<B, K> {
    /// Prepares the database at a URL, or as a [`Config`] says: the same as [`Database::connect`], by the name
    /// that an application gives its session.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// pub type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// let database = Db::connect("sqlite://:memory:").await?;
    /// assert!(database.check().await.is_ok());
    /// assert!(Db::connect("sqlit://app.db").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the URL or a setting cannot be used. No connection is opened yet; [`Database::check`] tries one.
    pub async fn connect(config: impl Into<Config>) -> Result<Database<B, K>, Error> {
        Database::connect(config).await
    }

    pub(crate) fn new(
        database: Arc<DatabaseInner<B>>,
        mode: TransactionMode,
        origin: Option<Origin>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                database,
                mode: AtomicU8::new(mode as u8),
                state: tokio::sync::Mutex::new(State::default()),
                cut_off: AtomicBool::new(false),
                insight: Insight::new(origin),
                notes: Mutex::default(),
            }),
            bind: PhantomData,
        }
    }

    /// The statements that this session ran so far, the last 1,000 of them, where
    /// [`Config::record_queries`](crate::Config::record_queries) or
    /// [`SessionLayer::record_queries`](crate::SessionLayer::record_queries) asks for it: Flask-SQLAlchemy's
    /// `get_recorded_queries`.
    ///
    /// ```
    /// use axum::{Router, middleware, response::Response, routing::get};
    /// use axum_db::{Recording, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// type Db = axum_db::Db<axum_db::Sqlite>;
    ///
    /// async fn count_statements(db: Db, request: axum::extract::Request, next: middleware::Next) -> Response {
    ///     let mut response = next.run(request).await;
    ///     response.headers_mut().insert("x-statements", db.recorded().len().into());
    ///     response
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # database.create_all(&axum_db::metadata![Tag]).await?;
    /// let app: Router = Router::new()
    ///     .route("/", get(async |db: Db| Tag::query().all(&db).await.map(|_| ())))
    ///     .layer(middleware::from_fn(count_statements))
    ///     .layer(database.layer().record_queries(Recording::Sql));
    /// # let request = axum::extract::Request::new(axum::body::Body::empty());
    /// # let response = tower::ServiceExt::oneshot(app, request).await?;
    /// # assert_eq!(response.headers()["x-statements"], "1");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn recorded(&self) -> Vec<RecordedQuery> {
        self.shared.insight.recorded()
    }

    /// Has an observer of your own see this session's statements, as Diesel shows them: with their values. Another
    /// one takes its place.
    ///
    /// Set it here and not on the connection itself, where it would replace the session's own, without which a
    /// connection cannot be used again.
    ///
    /// ```
    /// use diesel::connection::InstrumentationEvent;
    /// # use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let (db, begun) = (database.session(), Arc::new(AtomicUsize::new(0)));
    /// let count = begun.clone();
    /// db.instrument(move |event: InstrumentationEvent<'_>| {
    ///     if let InstrumentationEvent::BeginTransaction { .. } = event {
    ///         count.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// });
    /// db.begin().await?;
    /// assert_eq!(begun.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn instrument(&self, instrumentation: impl diesel::connection::Instrumentation) {
        let inside = self.shared.database.inside();
        self.shared
            .insight
            .open(inside)
            .instrument(Box::new(instrumentation));
    }

    /// The database this session works on: for what a handler does outside of its unit of work, with a session
    /// of its own.
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
    /// # let db = database.session();
    /// let own = db.database().session();
    /// NewTag::new("kept").insert(&own).await?;
    /// own.commit().await?; // whatever becomes of `db`
    /// drop(own);
    /// assert_eq!(Tag::query().row_count(&db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn database(&self) -> Database<B, K> {
        Database::from_inner(self.shared.database.clone())
    }

    /// Whether a transaction is open: for a library's own bookkeeping, which must neither be rolled back with the
    /// request's work nor wait for another connection while that is under way.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// let db = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?.session();
    /// assert!(!db.in_transaction());
    /// db.begin().await?;
    /// assert!(db.in_transaction());
    /// db.commit().await?;
    /// assert!(!db.in_transaction());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.shared.notes().in_transaction
    }
}

impl<B: Backend> Shared<B> {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.notes().deadline
    }

    pub(super) fn mode(&self) -> TransactionMode {
        match self.mode.load(Ordering::Acquire) {
            mode if mode == TransactionMode::OnSuccess as u8 => TransactionMode::OnSuccess,
            mode if mode == TransactionMode::ReadOnly as u8 => TransactionMode::ReadOnly,
            _ => TransactionMode::Explicit,
        }
    }

    /// Records at least that much from now on.
    pub(super) fn record_queries(&self, recording: Recording) {
        if recording > Recording::Off {
            self.insight.open(self.database.inside()).record(recording);
        }
    }

    pub(super) fn set_mode(&self, mode: TransactionMode) {
        self.mode.store(mode as u8, Ordering::Release);
    }
}

impl<B: Backend, K: Bind> Clone for Db<B, K> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            bind: PhantomData,
        }
    }
}

impl<B: Backend, K: Bind> fmt::Debug for Db<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("url", &self.shared.database.url())
            .finish_non_exhaustive()
    }
}

impl<B: Backend> Drop for Shared<B> {
    fn drop(&mut self) {
        // The last handle is gone: a session outside a request, a panic, a disconnect, or a body that
        // used its handle after the response.
        let cut_off = *self.cut_off.get_mut();
        self.state
            .get_mut()
            .end_in_background(cut_off, "its last handle was dropped");
    }
}
