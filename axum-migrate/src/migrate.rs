//! The entry point: what an application says once about its migrations.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum_db::{Bind, Database, Dialect, Main, Metadata};

use crate::revision::{Embedded, History, Revision, engine_folder, holds_revisions, read_folder};
use crate::runner::{self, Options, Order, Target};
use crate::{Engine, Error, ErrorKind};

/// The migrations of one database: run a [`Command`](crate::Command) on them, or bring the database up to date
/// when the program starts.
///
/// The folder is the first of these: `--dir`; [`directory`](Self::directory); the folder that
/// [`embedded`](Self::embedded) was made from, on the machine that built the program;
/// `$CARGO_MANIFEST_DIR/migrations`, as `cargo run` sets it; `./migrations`. Where there is none, commands that
/// only read the revisions use the embedded copy. A bind other than `main` has `migrations_<name>` in place of
/// `migrations`. A folder with a sub-folder `sqlite`, `postgres` or `mysql` keeps
/// one per engine, and the database's own is used.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_db::{Database, Metadata, Sqlite};
/// use axum_migrate::Migrate;
///
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite://{}/blog.db", folder.path().display());
/// let database = Database::<Sqlite>::connect(url).await?;
/// let migrate = Migrate::new(&database, Metadata::default())
///     .embedded(axum_migrate::embed!("$CARGO_MANIFEST_DIR/tests/migrations"));
/// assert_eq!(migrate.upgrade_on_start().await?.applied, 2);
/// assert_eq!(migrate.upgrade_on_start().await?.applied, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing happens until `run` or `upgrade_on_start` is awaited"]
pub struct Migrate<B: Engine, K: Bind = Main> {
    database: Database<B, K>,
    metadata: Metadata,
    directory: Option<PathBuf>,
    embedded: Option<Embedded>,
    per_engine: bool,
    options: Options,
    program: Option<clap::Command>,
}

/// What `upgrade_on_start` did.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let database = database::<Main>(&folder).await;
/// let migrate = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
/// let Upgraded { applied, .. } = migrate.upgrade_on_start().await?;
/// assert_eq!(applied, 2); // as many as the folder has
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upgraded {
    /// How many revisions were applied; 0 when another process had already done it.
    pub applied: usize,
}

/// Where the revisions were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Folder(PathBuf),
    Program,
}

impl<B: Engine, K: Bind> Migrate<B, K> {
    /// The migrations of `database`, whose schema the models in `metadata` describe.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// use axum_db::{metadata, prelude::*};
    ///
    /// #[model]
    /// pub struct Post {
    ///     #[model(primary_key)]
    ///     pub id: i32,
    ///     #[model(length = 100)]
    ///     pub title: String,
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// # let migrations = folder.path().join("migrations");
    /// let migrate = Migrate::new(&database, metadata![Post]).directory(&migrations);
    /// migrate.run(command("init")).await?;
    /// let mut answer = Vec::new();
    /// migrate.run_into(command("migrate -m first --dry-run"), &mut answer).await?;
    /// assert!(String::from_utf8(answer)?.contains("+ table posts"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(database: &Database<B, K>, metadata: Metadata) -> Self {
        Self {
            database: database.clone(),
            metadata,
            directory: None,
            embedded: None,
            per_engine: false,
            options: Options::new(Duration::from_secs(60)),
            program: None,
        }
    }

    /// The migrations folder. Default: found as described at [`Migrate`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrate = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// assert_eq!(migrate.upgrade_on_start().await?.applied, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn directory(mut self, folder: impl Into<PathBuf>) -> Self {
        self.directory = Some(folder.into());
        self
    }

    /// The copy of the migrations inside the program, from [`embed!`](crate::embed). Default: none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrate = Migrate::new(&database, Metadata::default())
    ///     .directory("not on this machine")
    ///     .embedded(axum_migrate::embed!("$CARGO_MANIFEST_DIR/tests/migrations"));
    /// let mut answer = Vec::new();
    /// migrate.run_into(command("history"), &mut answer).await?; // from the copy
    /// assert!(String::from_utf8(answer)?.contains("create books"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn embedded(mut self, embedded: Embedded) -> Self {
        self.embedded = Some(embedded);
        self
    }

    /// Makes `init` begin with one sub-folder per engine. Default: one folder, unless there are such
    /// sub-folders already.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrations = folder.path().join("migrations");
    /// let migrate = Migrate::new(&database, Metadata::default()).directory(&migrations).per_engine();
    /// migrate.run(command("init")).await?;
    /// assert!(migrations.join("sqlite").is_dir());
    /// # Ok(())
    /// # }
    /// ```
    pub fn per_engine(mut self) -> Self {
        self.per_engine = true;
        self
    }

    /// How long an upgrade waits for another one of the same database, and for locks of tables. Default: 60 seconds.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// // Two programs that start at once: one upgrades, the other one waits for it.
    /// let migrate = || {
    ///     let migrate = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    ///     migrate.lock_deadline(Duration::from_secs(120))
    /// };
    /// let (one, two) = (migrate(), migrate());
    /// let (one, two) = tokio::join!(one.upgrade_on_start(), two.upgrade_on_start());
    /// assert_eq!(one?.applied + two?.applied, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock_deadline(mut self, wait: Duration) -> Self {
        self.options.wait = wait;
        self
    }

    /// How long a statement queues for the lock of a table before it gives way to those who queue behind it, and is
    /// tried again; zero is as long as it takes. Default: 5 seconds.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrate = Migrate::new(&database, Metadata::default())
    ///     .directory("tests/migrations")
    ///     .lock_timeout(Duration::from_secs(1)); // nobody queues behind it for longer
    /// assert_eq!(migrate.upgrade_on_start().await?.applied, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.options.lock_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        self
    }

    /// Refuses revisions that sort before one that the database already has. Default: they run, unless an applied
    /// one builds on them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// # let migrations = folder.path().join("migrations");
    /// let migrate = Migrate::new(&database, Metadata::default()).directory(&migrations).linear();
    /// write_revision(&migrations, "2026-03-02-090000-0000_tags", "CREATE TABLE tags (name TEXT);");
    /// migrate.upgrade_on_start().await?;
    /// write_revision(&migrations, "2026-03-01-090000-0000_posts", "CREATE TABLE posts (title TEXT);"); // of another branch
    /// let error = migrate.upgrade_on_start().await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::OutOfOrder);
    /// # Ok(())
    /// # }
    /// ```
    pub fn linear(mut self) -> Self {
        self.options.order = Order::Linear;
        self
    }

    /// The program's own command line, as `Cli::command()` of [`clap::CommandFactory`], for `completions`. Default:
    /// as far as the typed command shows it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clap::{CommandFactory, Parser};
    ///
    /// #[derive(Parser)]
    /// #[command(name = "blog")]
    /// enum Cli {
    ///     Serve,
    ///     #[command(subcommand)]
    ///     Db(Command),
    /// }
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrate = Migrate::new(&database, Metadata::default()).program(Cli::command());
    /// let Cli::Db(command) = Cli::parse_from(["blog", "db", "completions", "bash"]) else { unreachable!() };
    /// let mut script = Vec::new();
    /// migrate.run_into(command, &mut script).await?;
    /// assert!(String::from_utf8(script)?.contains("serve")); // also what is not of this crate
    /// # Ok(())
    /// # }
    /// ```
    pub fn program(mut self, command: clap::Command) -> Self {
        self.program = Some(command);
        self
    }

    /// Brings the database up to date: for a program that does so before it serves.
    ///
    /// The embedded copy is used where there is one, except under `cargo run`, where the folder itself is read: Cargo
    /// does not notice the first file in an empty folder. Programs that start at the same time wait for each other,
    /// and each revision runs once.
    ///
    /// For tests it is the set-up of a database, with `#[axum_db::test(setup = migrate)]`:
    ///
    /// ```
    /// # use axum_db::{Database, Metadata, Sqlite};
    /// # use axum_migrate::{Error, Migrate, Upgraded};
    /// async fn migrate(database: &Database<Sqlite>) -> Result<Upgraded, Error> {
    ///     Migrate::new(database, Metadata::default()).directory("tests/migrations").upgrade_on_start().await
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = format!("sqlite://{}/blog.db", folder.path().display());
    /// # assert_eq!(migrate(&Database::connect(url).await?).await?.applied, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Database`] when it cannot be reached, [`ErrorKind::DatabaseNewer`] when it has revisions that
    /// this program does not know, [`ErrorKind::Locked`] when the deadline passed, [`ErrorKind::Script`] when a
    /// revision failed, and [`ErrorKind::Missing`], [`ErrorKind::Edited`], [`ErrorKind::OutOfOrder`] or
    /// [`ErrorKind::Interrupted`] for what a person has to look at first.
    ///
    /// # Cancellation
    /// As [`run`](Self::run).
    pub async fn upgrade_on_start(&self) -> Result<Upgraded, Error> {
        let history = match &self.embedded {
            Some(embedded) if !embedded.is_run_by_cargo() => {
                History::new(embedded.read(B::DIALECT)?)?
            }
            _ => self.read(None)?.1,
        };
        let (database, options) = (&self.database, &self.options);
        let applied = runner::upgrade(database, &history, &Target::Heads, options, &mut ()).await?;
        Ok(Upgraded { applied })
    }

    pub(crate) fn database(&self) -> &Database<B, K> {
        &self.database
    }

    pub(crate) fn program_command(&self) -> Option<&clap::Command> {
        self.program.as_ref()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// The statements that make the tables of the models that belong to this database's bind.
    pub(crate) fn models(&self) -> Result<Vec<String>, Error> {
        let tables = self.tables();
        let valid = tables.validate_for(B::DIALECT);
        valid
            .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()).with_source(error))?;
        Ok(tables.create_statements(B::DIALECT))
    }

    /// The models' tables of this database.
    pub(crate) fn tables(&self) -> Metadata {
        self.metadata.bind(K::NAME)
    }

    /// The sub-folders that a command's folder has, one for each engine; part of the program `axum-migrate`, and not for
    /// users.
    #[doc(hidden)]
    pub fn engine_folders(&self, mut command: crate::Command) -> Vec<(Dialect, PathBuf)> {
        let Some(folder) = command.binds() else {
            return Vec::new();
        };
        let base = self.base(folder.dir.as_deref());
        [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql]
            .into_iter()
            .map(|dialect| (dialect, base.join(dialect.name())))
            .filter(|(_, folder)| folder.is_dir())
            .collect()
    }

    /// Where the folder is, or where `init` creates it.
    pub(crate) fn folder(&self, named: Option<&Path>) -> PathBuf {
        let base = self.base(named);
        let folder = engine_folder(&base, B::DIALECT);
        if self.per_engine && folder == base && !holds_revisions(&base) {
            base.join(B::DIALECT.name())
        } else {
            folder
        }
    }

    fn base(&self, named: Option<&Path>) -> PathBuf {
        if let Some(named) = named {
            return named.to_path_buf();
        }
        if let Some(directory) = &self.directory {
            return directory.clone();
        }
        if let Some(source) = self.embedded.and_then(|embedded| embedded.source()) {
            return source;
        }
        // Each bind of a program has a folder of its own.
        let name = match K::NAME {
            name if name == Main::NAME => "migrations".to_owned(),
            name => format!("migrations_{name}"),
        };
        let here = PathBuf::from(&name);
        match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => {
                let beside = Path::new(&package).join(&name);
                if beside.is_dir() || !here.is_dir() {
                    beside
                } else {
                    here
                }
            }
            None => here,
        }
    }

    /// The revisions, from the folder or from inside the program.
    pub(crate) fn read(&self, named: Option<&Path>) -> Result<(Source, History), Error> {
        self.read_with(named, History::new)
    }

    /// The revisions, in whatever order, for the commands that find or mend that.
    pub(crate) fn read_lenient(&self, named: Option<&Path>) -> Result<(Source, History), Error> {
        self.read_with(named, History::lenient)
    }

    fn read_with(
        &self,
        named: Option<&Path>,
        history: fn(Vec<Revision>) -> Result<History, Error>,
    ) -> Result<(Source, History), Error> {
        let folder = self.folder(named);
        if let (None, Some(embedded)) = (named, &self.embedded)
            && !folder.is_dir()
        {
            return Ok((Source::Program, history(embedded.read(B::DIALECT)?)?));
        }
        let history = history(read_folder(&folder)?)?;
        Ok((Source::Folder(folder), history))
    }

    /// The revisions of a folder that is about to get another.
    pub(crate) fn read_to_write(&self, named: Option<&Path>) -> Result<(PathBuf, History), Error> {
        self.writable(named, self.read(named)?)
    }

    /// Fails unless what was read is a folder.
    pub(crate) fn writable(
        &self,
        named: Option<&Path>,
        read: (Source, History),
    ) -> Result<(PathBuf, History), Error> {
        match read {
            (Source::Folder(folder), history) => Ok((folder, history)),
            (Source::Program, _) => Err(Error::new(
                ErrorKind::Directory,
                format!(
                    "there is no migrations folder at {}, only the copy inside the program, which cannot be \
                     written to; run this where the source is, or name the folder with --dir",
                    self.folder(named).display()
                ),
            )),
        }
    }
}
