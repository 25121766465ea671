//! Throw-away databases for tests, as each engine makes them best.

use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::backend::Backend;
use crate::testing::Failure;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;

/// How every throw-away database is called, so that those of killed runs are known again.
const PREFIX: &str = "axum_db_test_";

/// An engine that has databases for tests: all have. The trait is sealed, as [`Backend`] is.
///
/// ```rust,test_harness
/// use axum_db::testing::{Engine, Failure, Fixture, Test};
/// use axum_db::{Database, Sqlite};
///
/// /// A database that answers, whichever it is.
/// struct Awake<B: Engine>(Database<B>);
///
/// impl<B: Engine> Fixture for Awake<B> {
///     async fn prepare(test: &Test) -> Result<Self, Failure> {
///         let database: Database<B> = test.database().await?;
///         database.check().await?;
///         Ok(Awake(database))
///     }
/// }
///
/// #[axum_db::test]
/// async fn there_are_connections(Awake(database): Awake<Sqlite>) {
///     assert!(database.config().max_connections > 1);
/// }
/// ```
pub trait Engine: Backend {
    /// Makes a database that `prepare` has set up, or a copy of one: where there is a `key`, every database
    /// of that key is the same.
    #[doc(hidden)]
    fn scratch(
        key: Option<Key>,
        prepare: impl AsyncFn(&str) -> Result<(), Failure>,
    ) -> impl Future<Output = Result<Place, Failure>>;
}

/// What tells one set-up from others.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// The same set-up has it in every process.
    Shared(u64),
    /// It means something in this process only.
    Process(u64),
}

/// A throw-away database, which goes with this value.
pub struct Place {
    pub(crate) url: String,
    _guard: Box<dyn Any>,
}

impl Place {
    fn new(url: String, guard: impl Any) -> Self {
        Self {
            url,
            _guard: Box::new(guard),
        }
    }
}

/// Tells this process from all others, on this machine and others.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let random = RandomState::new();
    format!(
        "{:016x}",
        random.hash_one((std::process::id(), std::time::SystemTime::now()))
    )
});

/// A name that no other database has; it tells the process.
fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}_{number}", *PROCESS)
}

/// The process that a database belongs to, of those that [`unique_name`] names.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn process_of(name: &str) -> Option<&str> {
    let (process, number) = name.strip_prefix(PREFIX)?.split_once('_')?;
    let is_process = process.len() == 16 && process.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_process && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(process)
}
