// What the short examples of the documentation begin with: databases in a folder that goes away, their migrations and
// what is typed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use axum_db::{Bind, Database, Dialect, Main, Metadata, Sqlite};
use axum_migrate::schema::*;
use axum_migrate::*;
use clap::{CommandFactory as _, Parser as _};
use tempfile::TempDir;

pub struct Analytics;

impl Bind for Analytics {
    const NAME: &'static str = "analytics";
}

/// A database in the folder.
pub async fn database<K: Bind>(folder: &TempDir) -> Database<Sqlite, K> {
    let file = folder.path().join(K::NAME);
    Database::connect(format!("sqlite://{}.db", file.display())).await.unwrap()
}

/// Writes a revision, as a person would.
pub fn write_revision(migrations: &Path, name: &str, up: &str) {
    let revision = migrations.join(name);
    std::fs::create_dir_all(&revision).unwrap();
    std::fs::write(revision.join("up.sql"), up).unwrap();
}

#[derive(clap::Parser)]
#[command(no_binary_name = true)]
struct Typed {
    #[command(subcommand)]
    command: Command,
}

/// What was typed after the program's name.
pub fn command(typed: &str) -> Command {
    Typed::parse_from(typed.split(' ')).command
}

/// A connection to a database in memory.
pub async fn connection() -> <Sqlite as axum_db::Backend>::Connection {
    let database = Database::<Sqlite>::connect("sqlite://:memory:").await.unwrap();
    database.connect_dedicated().await.unwrap()
}

/// The schema that a script makes on SQLite.
pub async fn schema_of(script: &str) -> Schema {
    let mut conn = connection().await;
    <Sqlite as Engine>::execute(&mut conn, script).await.unwrap();
    Sqlite::introspect(&mut conn).await.unwrap()
}

/// A table with that one.
pub fn table_of(column: Column) -> Table {
    Table { name: "posts".into(), columns: vec![column], ..Table::default() }
}
