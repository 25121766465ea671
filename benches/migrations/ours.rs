//! axum-migrate, within this very program, which is run again as an application would be.

use std::path::PathBuf;
use std::process::Command;

use axum_db::{Database, Metadata, Mysql, Postgres, Sqlite};
use axum_migrate::{Engine, Migrate};
use clap::Parser;

use crate::peer::{Peer, Place};
use crate::schema;

/// The first argument of the program when it is run again.
pub(crate) const CHILD: &str = "as-the-application";

/// The line of an application that has `db` commands.
#[derive(Parser)]
struct Cli {
    engine: String,
    url: String,
    folder: PathBuf,
    /// How many tables the models have.
    tables: usize,
    #[command(subcommand)]
    db: axum_migrate::Command,
}

/// Runs the command in `arguments`.
pub(crate) async fn run(arguments: &[String]) {
    let cli = Cli::parse_from([&[CHILD.to_owned()], arguments].concat());
    match cli.engine.as_str() {
        "sqlite" => on::<Sqlite>(cli).await,
        "postgres" => on::<Postgres>(cli).await,
        _ => on::<Mysql>(cli).await,
    }
}

async fn on<B: Engine>(cli: Cli) {
    let database = Database::<B>::connect(cli.url).await.expect("a database");
    Migrate::new(&database, schema::metadata(cli.tables, true))
        .directory(cli.folder)
        .run(cli.db)
        .await
        .expect("a command that succeeds");
}

/// The process of a command.
pub(crate) fn process(place: &Place, tables: usize, words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args([CHILD, place.engine, place.database.url()])
        .arg(place.folder.join("migrations"))
        .arg(tables.to_string())
        .args(words);
    command
}

/// Makes the tables as they are before the change.
pub(crate) async fn create_tables(place: &Place, tables: usize) {
    async fn create<B: Engine>(url: &str, tables: &Metadata) {
        let database = Database::<B>::connect(url).await.expect("a database");
        database.create_all(tables).await.expect("tables");
        database.close().await;
    }
    let (url, tables) = (place.database.url(), schema::metadata(tables, false));
    match place.engine {
        "sqlite" => create::<Sqlite>(url, &tables).await,
        "postgres" => create::<Postgres>(url, &tables).await,
        _ => create::<Mysql>(url, &tables).await,
    }
}

/// `migrate`.
pub(crate) struct Generates(pub(crate) usize);

impl Peer for Generates {
    fn name(&self) -> &'static str {
        "axum-migrate, proof included"
    }

    fn absent(&self, _engine: &str) -> Option<String> {
        None
    }

    fn prepare(&self, place: &Place) -> Command {
        crate::autogenerate::fill(place, self.0);
        let init = process(place, self.0, &["init"])
            .output()
            .expect("a process");
        assert!(init.status.success());
        process(place, self.0, &["migrate", "-m", "change"])
    }

    fn check(&self, place: &Place) {
        crate::autogenerate::assert_written(&place.folder.join("migrations"));
    }
}

/// `upgrade`.
pub(crate) struct Upgrades;

impl Peer for Upgrades {
    fn name(&self) -> &'static str {
        "axum-migrate"
    }

    fn absent(&self, _engine: &str) -> Option<String> {
        None
    }

    fn prepare(&self, place: &Place) -> Command {
        crate::upgrade::write_directory(place);
        process(place, 0, &["upgrade"])
    }

    fn check(&self, place: &Place) {
        crate::upgrade::assert_done(place);
    }
}
