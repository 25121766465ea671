//! One test: what it may ask for, and the runtime it runs on.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use axum::Router;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{Mutex, OnceCell};

use super::queries::Recorders;
use super::{Client, Engine, Failure, Fixture};
use crate::backend::{Key, Place};
use crate::{Bind, Database, Metadata};

/// A test that is running: what a [`Fixture`] is made of; see there for an example.
///
/// ```rust,test_harness
/// use axum_db::{Main, Sqlite, testing::{Failure, Fixture, Test}};
///
/// /// How many tables a test's database has.
/// struct Tables(usize);
///
/// impl Fixture for Tables {
///     async fn prepare(test: &Test) -> Result<Self, Failure> {
///         let database = test.database::<Sqlite, Main>().await?;
///         Ok(Tables(database.reflect().await?.len()))
///     }
/// }
///
/// #[axum_db::test]
/// async fn there_are_no_models(Tables(count): Tables) {
///     assert_eq!(count, 0);
/// }
/// ```
pub struct Test {
    /// A `SetUp<B, K>` for each engine and bind that has one of its own.
    setups: HashMap<TypeId, Box<dyn Any>>,
    databases: Mutex<HashMap<TypeId, Opened>>,
    app: Option<Box<MakeApp>>,
    router: OnceCell<Router>,
    recorders: Recorders,
}

type MakeApp = dyn for<'t> Fn(&'t Test) -> LocalBoxFuture<'t, Result<Router, Failure>>;

/// A database that the test has asked for.
struct Opened {
    /// A `Database<B, K>`.
    database: Box<dyn Any>,
    _place: Place,
}

/// How a test's database gets its tables, and what tells that from other ways.
struct SetUp<B: Engine, K: Bind> {
    run: Rc<RunSetUp<B, K>>,
    key: Option<Key>,
}

type RunSetUp<B, K> = dyn for<'d> Fn(&'d Database<B, K>) -> LocalBoxFuture<'d, Result<(), Failure>>;

impl Test {
    /// The test's database of this engine and bind, which all its fixtures share.
    ///
    /// ```rust,test_harness
    /// # use axum_db::{Main, Sqlite, testing::{Failure, Fixture, Test}};
    /// struct IsThere(bool);
    ///
    /// impl Fixture for IsThere {
    ///     async fn prepare(test: &Test) -> Result<Self, Failure> {
    ///         Ok(IsThere(test.database::<Sqlite, Main>().await?.check().await.is_ok()))
    ///     }
    /// }
    ///
    /// #[axum_db::test]
    /// async fn the_database_answers(IsThere(is_there): IsThere) {
    ///     assert!(is_there);
    /// }
    /// ```
    ///
    /// # Errors
    /// When there is no server, or the set-up fails.
    pub async fn database<B: Engine, K: Bind>(&self) -> Result<Database<B, K>, Failure> {
        let id = TypeId::of::<(B, K)>();
        let mut databases = self.databases.lock().await;
        let known = databases.get(&id);
        if let Some(database) = known.and_then(|opened| opened.database.downcast_ref()) {
            return Ok(Database::clone(database));
        }
        let set_up = self
            .setups
            .get(&id)
            .and_then(|set_up| set_up.downcast_ref());
        let set_up = match set_up {
            Some(SetUp { run, key }) => SetUp {
                run: run.clone(),
                key: *key,
            },
            None => create_all()?,
        };
        let place = B::scratch(set_up.key, async |url| {
            let database = Database::<B, K>::connect(url).await?;
            let outcome = (set_up.run)(&database).await;
            database.close().await;
            outcome.map_err(|error| format!("the set-up failed: {error}").into())
        })
        .await?;
        let database = Database::<B, K>::connect(&place.url).await?;
        self.recorders.add(&database);
        let opened = Opened {
            database: Box::new(database.clone()),
            _place: place,
        };
        databases.insert(id, opened);
        Ok(database)
    }

    /// A browser of its own for the application that `app = …` names. All of a test's are clients of one router.
    ///
    /// ```rust,test_harness
    /// # use axum::{Router, routing::get};
    /// # use axum_db::{Database, Sqlite, testing::{Client, Failure, Fixture, Test}};
    /// /// A browser that comes back, with a cookie from last time.
    /// struct Guest(Client);
    ///
    /// impl Fixture for Guest {
    ///     async fn prepare(test: &Test) -> Result<Self, Failure> {
    ///         Ok(Guest(test.client().await?.with_cookies("theme=dark")))
    ///     }
    /// }
    /// # fn app(_: &Database<Sqlite>) -> Router { Router::new().route("/", get(async || "hello")) }
    ///
    /// #[axum_db::test(app = app)]
    /// async fn a_guest_is_greeted(Guest(client): Guest) {
    ///     client.get("/").await.assert_text("hello");
    ///     assert_eq!(client.cookie("theme").as_deref(), Some("dark"));
    /// }
    /// ```
    ///
    /// # Errors
    /// When the attribute names no application, or that cannot be made.
    pub async fn client(&self) -> Result<Client, Failure> {
        let make = self.app.as_ref().ok_or(
            "it is not said of which application: write #[axum_db::test(app = app)], where \
             `fn app(database: &Database<…>) -> Router` puts it together",
        )?;
        let router = self.router.get_or_try_init(|| make(self)).await?;
        Ok(Client::with_recorders(
            router.clone(),
            self.recorders.clone(),
        ))
    }

    /// What `#[axum_db::test]` begins with.
    #[doc(hidden)]
    pub fn new() -> Self {
        Self {
            setups: HashMap::new(),
            databases: Mutex::default(),
            app: None,
            router: OnceCell::new(),
            recorders: Recorders::default(),
        }
    }

    /// `setup = …`.
    #[doc(hidden)]
    pub fn setup<B, K, R, T>(mut self, setup: impl AsyncFn(&Database<B, K>) -> R + 'static) -> Self
    where
        B: Engine,
        K: Bind,
        R: Outcome<T>,
    {
        let set_up = SetUp {
            key: key_of(&setup, K::NAME),
            run: {
                let setup = Rc::new(setup);
                Rc::new(move |database: &Database<B, K>| {
                    let (setup, database) = (setup.clone(), database.clone());
                    Box::pin(async move { setup(&database).await.outcome().map(drop) })
                })
            },
        };
        self.setups.insert(TypeId::of::<(B, K)>(), Box::new(set_up));
        self
    }

    /// `app = …`.
    #[doc(hidden)]
    pub fn app<B, K, R>(mut self, app: impl Fn(&Database<B, K>) -> R + 'static) -> Self
    where
        B: Engine,
        K: Bind,
        R: Outcome<Router>,
    {
        let app = Rc::new(app);
        self.app = Some(Box::new(move |test| {
            let app = app.clone();
            Box::pin(async move { app(&test.database().await?).outcome() })
        }));
        self
    }

    /// What stands for a parameter of the type `T`.
    #[doc(hidden)]
    pub async fn fixture<T: Fixture>(&self) -> T {
        match T::prepare(self).await {
            Ok(fixture) => fixture,
            Err(error) => panic!("the test's `{}` cannot be had: {error}", short_name::<T>()),
        }
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test").finish_non_exhaustive()
    }
}

/// The tables of all models of the bind, whose statements are the key: processes of many runs share it.
fn create_all<B: Engine, K: Bind>() -> Result<SetUp<B, K>, Failure> {
    let metadata = Metadata::collected()?;
    let mut hasher = DefaultHasher::new();
    let statements = metadata.bind(K::NAME).create_statements(B::DIALECT);
    ("create_all", env!("CARGO_PKG_VERSION"), statements).hash(&mut hasher);
    Ok(SetUp {
        key: Some(Key::Shared(hasher.finish())),
        run: Rc::new(move |database| {
            let (database, metadata) = (database.clone(), metadata.clone());
            Box::pin(async move { Ok(database.create_all(&metadata).await?) })
        }),
    })
}

/// The key of a set-up of the user's own, which may do tomorrow what it does not do today: it is the same for
/// this run only.
fn key_of<F: 'static>(_: &F, bind: &str) -> Option<Key> {
    // What captures something is not told by its type.
    if size_of::<F>() > 0 {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    // A process for each test is how nextest runs them.
    let run = std::env::var("NEXTEST_RUN_ID").ok();
    let program = std::env::current_exe().ok();
    (&run, program, type_name::<F>(), bind).hash(&mut hasher);
    let key = hasher.finish();
    Some(match run {
        Some(_) => Key::Shared(key),
        None => Key::Process(key),
    })
}

/// The name of a type without the modules it is in.
fn short_name<T>() -> String {
    let name = type_name::<T>();
    let generics = name.find('<').unwrap_or(name.len());
    let start = name[..generics].rfind("::").map_or(0, |at| at + 2);
    name[start..generics].to_owned()
}

/// What a set-up or an application's factory may return.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what the `app` or the `setup` of a test returns",
    note = "`app` returns a `Router`, or a `Result` with one; `setup` returns a `Result`, or nothing"
)]
pub trait Outcome<T> {
    /// The value.
    fn outcome(self) -> Result<T, Failure>;
}

impl Outcome<()> for () {
    fn outcome(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl Outcome<Router> for Router {
    fn outcome(self) -> Result<Router, Failure> {
        Ok(self)
    }
}

impl<T, E: Into<Failure>> Outcome<T> for Result<T, E> {
    fn outcome(self) -> Result<T, Failure> {
        self.map_err(Into::into)
    }
}

/// The runtime that a test runs on.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Flavor {
    /// The thread of the test.
    CurrentThread,
    /// So many threads beside it, or one per processor.
    MultiThread(Option<usize>),
}

/// Runs a test to its end, and removes what it had.
///
/// # Panics
/// When the test does.
#[doc(hidden)]
pub fn run<R>(test: Test, flavor: Flavor, body: impl AsyncFnOnce(&Test) -> R) -> R {
    use tokio::runtime::Builder;

    // In this order: at the end, and when the test panics, the runtime goes first, with all its tasks.
    let test = test;
    let mut builder = match flavor {
        Flavor::CurrentThread => Builder::new_current_thread(),
        Flavor::MultiThread(threads) => {
            let mut builder = Builder::new_multi_thread();
            if let Some(threads) = threads {
                builder.worker_threads(threads);
            }
            builder
        }
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("the test's runtime could not be started: {error}"),
    };
    runtime.block_on(body(&test))
}
