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

/// Tells several databases of one application apart: `Db<Sqlite>` and `Db<Sqlite, Analytics>`.
///
/// ```
/// pub struct Analytics;
/// impl axum_db::Bind for Analytics {
///     const NAME: &'static str = "analytics";
/// }
/// pub type AnalyticsDb = axum_db::Db<axum_db::Sqlite, Analytics>;
/// # fn main() {}
/// ```
pub trait Bind: Send + Sync + 'static {
    /// The name that `#[model(bind = "…")]` and `--bind` use.
    const NAME: &'static str;
}

/// The bind of an application's only, or first, database.
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
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// pub type Db = axum_db::Db<axum_db::Sqlite>;
///
/// let database = Db::connect("sqlite://:memory:").await?;
/// let db = database.session();
/// db.begin().await?;
/// db.commit().await?;
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
}

impl<B: Backend, K: Bind> Db<B, K> {
    /// Prepares the database at a URL, or as a [`Config`] says: the same as [`Database::connect`].
    ///
    /// # Errors
    /// When the URL or a setting cannot be used. No connection is opened yet; [`Database::check`] tries one.
    pub async fn connect(config: impl Into<Config>) -> Result<Database<B, K>, Error> {
        Database::connect(config).await
    }

    pub(crate) fn new(database: Arc<DatabaseInner<B>>, mode: TransactionMode) -> Self {
        Self {
            shared: Arc::new(Shared {
                database,
                mode: AtomicU8::new(mode as u8),
                state: tokio::sync::Mutex::new(State::default()),
                cut_off: AtomicBool::new(false),
                notes: Mutex::default(),
            }),
            bind: PhantomData,
        }
    }

    /// The database this session works on.
    #[must_use]
    pub fn database(&self) -> Database<B, K> {
        Database::from_inner(self.shared.database.clone())
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
