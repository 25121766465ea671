//! A project in a temporary folder, with a database of its own, driven through the command line's parser.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use axum_db::{Database, Metadata};
use axum_migrate::{Command, Engine, Error, Migrate};
use clap::Parser;
use diesel_async::SimpleAsyncConnection as _;

/// The command line of an application.
#[derive(Debug, Parser)]
#[command(name = "db")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// An engine whose rows the tests read.
pub(crate) trait Tested: Engine {
    fn database() -> testkit::TestDatabase;
    /// The rows of a query with one text column called `value`.
    async fn rows(conn: &mut Self::Connection, sql: &str) -> Vec<String>;
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

macro_rules! tested {
    ($($feature:literal $engine:ident $database:ident;)*) => {$(
        #[cfg(feature = $feature)]
        impl Tested for axum_db::$engine {
            fn database() -> testkit::TestDatabase {
                testkit::$database()
            }

            async fn rows(conn: &mut Self::Connection, sql: &str) -> Vec<String> {
                let rows: Vec<Row> = diesel_async::RunQueryDsl::load(diesel::sql_query(sql), conn)
                    .await
                    .unwrap_or_else(|error| panic!("{sql}: {error}"));
                rows.into_iter().map(|row| row.value).collect()
            }
        }
    )*};
}

tested! {
    "sqlite" Sqlite sqlite;
    "postgres" Postgres postgres;
    "mysql" Mysql mysql;
}

/// Compiles each test once for each engine.
#[macro_export]
macro_rules! on_every_engine {
    ($($test:ident),* $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test::<axum_db::Sqlite>().await; })*
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test::<axum_db::Postgres>().await; })*
        }
        #[cfg(feature = "mysql")]
        mod mysql {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test::<axum_db::Mysql>().await; })*
        }
    };
}

pub(crate) struct Project<B: Tested> {
    folder: tempfile::TempDir,
    server: testkit::TestDatabase,
    pub(crate) database: Database<B>,
}

impl<B: Tested> Project<B> {
    pub(crate) async fn new() -> Self {
        let server = B::database();
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: Database::connect(server.url()).await.expect("a usable URL"),
            server,
        }
    }

    pub(crate) fn url(&self) -> &str {
        self.server.url()
    }

    pub(crate) fn migrations(&self) -> PathBuf {
        self.folder.path().join("migrations")
    }

    /// Adds a revision as diesel_cli would.
    pub(crate) fn add(&self, name: &str, up: &str, down: &str) -> PathBuf {
        let folder = self.migrations().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("up.sql"), up).expect("up.sql");
        std::fs::write(folder.join("down.sql"), down).expect("down.sql");
        folder
    }

    /// Adds one that runs outside the runner's transaction.
    pub(crate) fn add_bare(&self, name: &str, up: &str, down: &str) -> PathBuf {
        let folder = self.add(name, up, down);
        std::fs::write(folder.join("metadata.toml"), "run_in_transaction = false\n")
            .expect("metadata");
        folder
    }

    /// Writes a revision with an id of its own, and fills it in; `options` are those of `revision`.
    pub(crate) async fn revision(&self, id: &str, up: &str, down: &str, options: &str) -> PathBuf {
        self.ok(&format!("revision -m 'make {id}' --rev-id {id} {options}"))
            .await;
        let name = format!("make_{id}");
        let folder = self
            .entries()
            .into_iter()
            .find(|entry| entry.ends_with(&name))
            .expect("the new folder");
        let folder = self.migrations().join(folder);
        std::fs::write(folder.join("up.sql"), up).expect("up.sql");
        std::fs::write(folder.join("down.sql"), down).expect("down.sql");
        folder
    }

    /// Writes a revision that makes a table of its name.
    pub(crate) async fn table(&self, id: &str, options: &str) -> PathBuf {
        let (up, down) = (
            format!("CREATE TABLE {id} (id INTEGER PRIMARY KEY);\n"),
            format!("DROP TABLE {id};\n"),
        );
        self.revision(id, &up, &down, options).await
    }

    pub(crate) fn migrate(&self, models: Metadata) -> Migrate<B> {
        Migrate::new(&self.database, models).directory(self.migrations())
    }

    /// Runs a command line; the answer, with this project's folder written as `…`, or the error.
    pub(crate) async fn run(&self, models: &Metadata, line: &str) -> Result<(u8, String), Error> {
        run(&self.migrate(models.clone()), line, self.folder.path()).await
    }

    /// Runs a command line that needs no models and must succeed.
    pub(crate) async fn ok(&self, line: &str) -> String {
        match self.run(&Metadata::default(), line).await {
            Ok((0, text)) => text,
            Ok((code, text)) => panic!("`{line}` exited with {code}:\n{text}"),
            Err(error) => panic!("`{line}` failed: {error}"),
        }
    }

    /// Runs a command line that needs no models and must fail.
    pub(crate) async fn err(&self, line: &str) -> Error {
        match self.run(&Metadata::default(), line).await {
            Ok((code, text)) => panic!("`{line}` exited with {code}:\n{text}"),
            Err(error) => error,
        }
    }

    pub(crate) async fn connection(&self) -> B::Connection {
        self.database
            .connect_dedicated()
            .await
            .expect("a connection")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.connection()
            .await
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        B::rows(&mut self.connection().await, sql).await
    }

    /// The versions in Diesel's table.
    pub(crate) async fn versions(&self) -> Vec<String> {
        self.rows("SELECT version AS value FROM __diesel_schema_migrations ORDER BY version")
            .await
    }

    /// The names of the user's tables.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let schema = B::introspect(&mut self.connection().await)
            .await
            .expect("the schema");
        schema.tables.into_keys().collect()
    }

    /// The names of everything in the migrations folder, sorted.
    pub(crate) fn entries(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.migrations())
            .expect("the migrations folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

/// Parses and runs a command line.
pub(crate) async fn run<B: Engine>(
    migrate: &Migrate<B>,
    line: &str,
    hide: &Path,
) -> Result<(u8, String), Error> {
    let words = split_words(line);
    let cli = Cli::try_parse_from(std::iter::once("db".to_owned()).chain(words))
        .unwrap_or_else(|error| panic!("`{line}`: {error}"));
    let mut text = Vec::new();
    let code = migrate.run_into(cli.command, &mut text).await?;
    let text = String::from_utf8(text).expect("UTF-8");
    let code = [0, 1, 2, 3]
        .into_iter()
        .find(|known| code == ExitCode::from(*known));
    Ok((
        code.expect("a documented exit code"),
        text.replace(&hide.display().to_string(), "…"),
    ))
}

/// Words of a line; single quotes keep several together.
fn split_words(line: &str) -> Vec<String> {
    line.split('\'')
        .enumerate()
        .flat_map(|(at, part)| -> Vec<String> {
            if at % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}
