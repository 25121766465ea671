//! Several databases of one program under one set of commands.

use std::io::Write;
use std::process::ExitCode;

use axum_db::Bind;
use futures_util::future::{BoxFuture, FutureExt as _};

use crate::cli::{Output, stdout_has_colours};
use crate::{Command, Engine, Error, ErrorKind, Migrate, Upgraded};

/// The migrations of a program with several databases, each with a folder of its own.
///
/// Commands go to the first database, unless `--bind NAME` names another, or `--all-binds` says all of them. A bind
/// other than `main` keeps its revisions in `migrations_<name>`, beside `migrations`, unless
/// [`Migrate::directory`] says otherwise.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_db::{Bind, Database, Main, Metadata, Sqlite};
/// use axum_migrate::Migrate;
///
/// struct Analytics;
/// impl Bind for Analytics {
///     const NAME: &'static str = "analytics";
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let (one, two) = (folder.path().join("blog.db"), folder.path().join("visits.db"));
/// # let (one, two) = (format!("sqlite://{}", one.display()), format!("sqlite://{}", two.display()));
/// let database = Database::<Sqlite>::connect(one).await?;
/// let analytics = Database::<Sqlite, Analytics>::connect(two).await?;
/// let metadata = Metadata::default();
/// let binds = Migrate::new(&database, metadata.clone())
///     .directory("tests/migrations")
///     .and(Migrate::new(&analytics, metadata).directory("tests/migrations"));
/// assert_eq!(binds.upgrade_on_start().await?.applied, 4); // two in each
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens until `run` or `upgrade_on_start` is awaited"]
pub struct Binds {
    members: Vec<Box<dyn Member>>,
}

/// One database, whatever its engine.
trait Member: Send + Sync {
    fn name(&self) -> &'static str;

    fn answer<'a>(
        &'a self,
        command: Command,
        out: &'a mut Output<'_>,
    ) -> BoxFuture<'a, Result<ExitCode, Error>>;

    fn upgrade_on_start(&self) -> BoxFuture<'_, Result<Upgraded, Error>>;
}

impl<B: Engine, K: Bind> Member for Migrate<B, K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn answer<'a>(
        &'a self,
        command: Command,
        out: &'a mut Output<'_>,
    ) -> BoxFuture<'a, Result<ExitCode, Error>> {
        Migrate::answer(self, command, out).boxed()
    }

    fn upgrade_on_start(&self) -> BoxFuture<'_, Result<Upgraded, Error>> {
        Migrate::upgrade_on_start(self).boxed()
    }
}

impl<B: Engine, K: Bind> Migrate<B, K> {
    /// Puts the migrations of another database beside these, for one set of commands.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let (database, analytics) = (database::<Main>(&folder).await, database::<Analytics>(&folder).await);
    /// let main = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// let visits = Migrate::new(&analytics, Metadata::default()).directory("tests/migrations");
    /// let mut answer = Vec::new();
    /// main.and(visits).run_into(command("current --all-binds"), &mut answer).await?;
    /// let answer = String::from_utf8(answer)?;
    /// assert!(answer.contains("── main ──") && answer.contains("── analytics ──"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn and<C: Engine, L: Bind>(self, other: Migrate<C, L>) -> Binds {
        let members: Vec<Box<dyn Member>> = vec![Box::new(self)];
        Binds { members }.and(other)
    }
}

impl Binds {
    /// One more database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # struct Archive;
    /// # impl Bind for Archive {
    /// #     const NAME: &'static str = "archive";
    /// # }
    /// # let folder = tempfile::tempdir()?;
    /// # let archive = database::<Archive>(&folder).await;
    /// # let (database, analytics) = (database::<Main>(&folder).await, database::<Analytics>(&folder).await);
    /// # let main = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// # let visits = Migrate::new(&analytics, Metadata::default()).directory("tests/migrations");
    /// # let archive = Migrate::new(&archive, Metadata::default()).directory("tests/migrations");
    /// let binds = main.and(visits).and(archive);
    /// assert_eq!(binds.upgrade_on_start().await?.applied, 6); // two in each
    /// # Ok(())
    /// # }
    /// ```
    pub fn and<B: Engine, K: Bind>(mut self, other: Migrate<B, K>) -> Self {
        self.members.push(Box::new(other));
        self
    }

    /// Runs a command on the first database, the one that `--bind` names, or, with `--all-binds`, on each, and prints
    /// the answers; the exit code is the first that is not 0.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let (database, analytics) = (database::<Main>(&folder).await, database::<Analytics>(&folder).await);
    /// # let main = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// # let binds = main.and(Migrate::new(&analytics, Metadata::default()).directory("tests/migrations"));
    /// assert_eq!(binds.run(command("upgrade --bind analytics")).await?, ExitCode::SUCCESS);
    /// assert_eq!(binds.upgrade_on_start().await?.applied, 2); // those of `main`, which were not meant
    /// let error = binds.run(command("upgrade --bind analitics")).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Usage);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Migrate::run`], at the first database that has one.
    ///
    /// # Cancellation
    /// As [`Migrate::run`].
    pub async fn run(&self, command: Command) -> Result<ExitCode, Error> {
        let mut stdout = std::io::stdout();
        self.answer(command, &mut Output::new(&mut stdout, stdout_has_colours()))
            .await
    }

    /// As [`run`](Self::run), with the answers written to `sink`, without colours, instead of the standard output.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let (database, analytics) = (database::<Main>(&folder).await, database::<Analytics>(&folder).await);
    /// # let main = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// # let binds = main.and(Migrate::new(&analytics, Metadata::default()).directory("tests/migrations"));
    /// let mut answer = Vec::new();
    /// binds.run_into(command("current --all-binds"), &mut answer).await?;
    /// let answer = String::from_utf8(answer)?;
    /// let lines: Vec<&str> = answer.lines().collect();
    /// assert_eq!(lines[..2], ["── main ──", "base (no revision is applied)"]);
    /// assert_eq!(lines[3..5], ["── analytics ──", "base (no revision is applied)"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run), and when `sink` takes no more.
    ///
    /// # Cancellation
    /// As [`Migrate::run`].
    pub async fn run_into(
        &self,
        command: Command,
        sink: &mut (dyn Write + Send),
    ) -> Result<ExitCode, Error> {
        self.answer(command, &mut Output::new(sink, false)).await
    }

    async fn answer(&self, mut command: Command, out: &mut Output<'_>) -> Result<ExitCode, Error> {
        let json = command.wants_json();
        let (bind, all) = match command.binds() {
            Some(binds) => (binds.bind.take(), std::mem::take(&mut binds.all_binds)),
            None => (None, false),
        };
        if !all {
            return self.find(bind.as_deref())?.answer(command, out).await;
        }
        let mut worst = ExitCode::SUCCESS;
        let mut answers = serde_json::Map::new();
        for member in &self.members {
            if json {
                out.collect();
            } else {
                out.line(format!("── {} ──", member.name()))?;
            }
            let code = member.answer(command.clone(), out).await?;
            if worst == ExitCode::SUCCESS {
                worst = code;
            }
            if let Some(answer) = out.collected() {
                answers.insert(member.name().to_owned(), answer);
            }
        }
        if json {
            out.json(&serde_json::Value::Object(answers))?;
        }
        Ok(worst)
    }

    fn find(&self, name: Option<&str>) -> Result<&dyn Member, Error> {
        let found = match name {
            None => self.members.first(),
            Some(name) => self.members.iter().find(|member| member.name() == name),
        };
        found.map(|member| &**member).ok_or_else(|| {
            let names: Vec<&str> = self.members.iter().map(|member| member.name()).collect();
            unknown(name.unwrap_or_default(), &names)
        })
    }

    /// Brings every database up to date, one after the other, and tells how many revisions that took.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let (database, analytics) = (database::<Main>(&folder).await, database::<Analytics>(&folder).await);
    /// # let main = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// # let binds = main.and(Migrate::new(&analytics, Metadata::default()).directory("tests/migrations"));
    /// assert_eq!(binds.upgrade_on_start().await?.applied, 4); // two in each
    /// assert_eq!(binds.upgrade_on_start().await?.applied, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Migrate::upgrade_on_start`], at the first database that has one.
    ///
    /// # Cancellation
    /// As [`Migrate::run`].
    pub async fn upgrade_on_start(&self) -> Result<Upgraded, Error> {
        let mut applied = 0;
        for member in &self.members {
            applied += member.upgrade_on_start().await?.applied;
        }
        Ok(Upgraded { applied })
    }
}

/// The error for a bind that a program has not.
pub(crate) fn unknown(name: &str, names: &[&str]) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!(
            "this program has no database called {name:?}; it has {}",
            names.join(", ")
        ),
    )
}

impl std::fmt::Debug for Binds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.members.iter().map(|member| member.name());
        f.debug_list().entries(names).finish()
    }
}
