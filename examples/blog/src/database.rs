//! The database the blog is built for, and its migrations: the only lines that name an engine.

use std::error::Error;
use std::process::ExitCode;

use axum_db::{Metadata, MetadataError};
use axum_migrate::Migrate;

use crate::models::User;
use crate::settings::Settings;

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("choose the database of the blog: --features sqlite, postgres or mysql");

#[cfg(feature = "sqlite")]
type Backend = axum_db::Sqlite;
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
type Backend = axum_db::Postgres;
#[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
type Backend = axum_db::Mysql;

/// The session of a request.
pub type Db = axum_db::Db<Backend>;

/// The pool that the sessions come from.
pub type Database = axum_db::Database<Backend>;

/// The database of the settings, brought up to date.
pub async fn open(settings: &Settings) -> Result<Database, Box<dyn Error>> {
    let database = Db::connect(settings.database()?).await?;
    upgrade(&database).await?;
    Ok(database)
}

/// Runs the migrations that the database does not have yet.
pub async fn upgrade(database: &Database) -> Result<(), Box<dyn Error>> {
    migrations(database)?.upgrade_on_start().await?;
    Ok(())
}

/// Runs a `blog db` command.
pub async fn migrate(
    settings: &Settings,
    command: axum_migrate::Command,
) -> Result<ExitCode, Box<dyn Error>> {
    let database = Db::connect(settings.database()?).await?;
    Ok(migrations(&database)?.run(command).await?)
}

/// The migrations, which are part of the program, and the tables that they should lead to: those of the
/// models, and the login kit's sessions and lockouts.
fn migrations(database: &Database) -> Result<Migrate<Backend>, MetadataError> {
    let tables = Metadata::collected()?
        .with(axum_login_kit::tables::<User>())
        .with(axum_login_kit::lockout_table());
    Ok(Migrate::new(database, tables)
        .embedded(axum_migrate::embed!())
        .per_engine())
}
