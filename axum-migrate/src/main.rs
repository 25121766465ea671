//! The commands that need no models, for a database that has no program of its own yet.

use std::process::ExitCode;

use axum_db::{Database, Dialect, Metadata, Mysql, Postgres, Sqlite};
use axum_migrate::{Command, Engine, Migrate};
use clap::{CommandFactory as _, Parser};

/// Migrations in Diesel's format, for SQLite, PostgreSQL and MySQL
///
/// Takes over databases that exist (`adopt`, `models`) and runs their migrations. What compares with models, `migrate`
/// above all, is done by your own program, which has them: see https://docs.rs/axum-migrate.
#[derive(Parser)]
#[command(name = "axum-migrate", version)]
struct Cli {
    /// The database: sqlite://file.db, postgres://user@host/name or mysql://user@host/name
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, String> {
    if cli.command.needs_models() {
        return Err(
            "this command compares the database with models, and those are in your own program: give its command \
             line axum_migrate::Command, as https://docs.rs/axum-migrate shows, and run it there. `models` writes \
             models of the tables that are there; `revision` writes an empty migration to fill in by hand"
                .to_owned(),
        );
    }
    let url = match cli.database_url.filter(|url| !url.is_empty()) {
        Some(url) => url,
        // They read and write files; no connection is opened.
        None if !cli.command.needs_database() => return without_database(cli.command).await,
        None => {
            return Err(
                "which database? Say --database-url, or set DATABASE_URL: sqlite://file.db, \
                 postgres://user@host/name or mysql://user@host/name"
                    .to_owned(),
            );
        }
    };
    match url.split(':').next() {
        Some("sqlite" | "file") => on::<Sqlite>(url, cli.command).await,
        Some("postgres" | "postgresql") => on::<Postgres>(url, cli.command).await,
        Some("mysql") => on::<Mysql>(url, cli.command).await,
        _ => Err(
            "that URL is of no database that is known here; it begins with sqlite://, postgres:// or mysql://"
                .to_owned(),
        ),
    }
}

/// The engine is the one whose folder is there.
async fn without_database(command: Command) -> Result<ExitCode, String> {
    let memory = "sqlite://:memory:";
    let database = Database::<Sqlite>::connect(memory)
        .await
        .map_err(|error| error.to_string())?;
    let folders = Migrate::new(&database, Metadata::default()).engine_folders(command.clone());
    let [first, _, ..] = folders.as_slice() else {
        return match folders.first() {
            None | Some((Dialect::Sqlite, _)) => on::<Sqlite>(memory.to_owned(), command).await,
            Some((Dialect::Postgres, _)) => {
                on::<Postgres>("postgres://localhost/none".to_owned(), command).await
            }
            Some((Dialect::Mysql, _)) => {
                on::<Mysql>("mysql://localhost/none".to_owned(), command).await
            }
        };
    };
    let names: Vec<&str> = folders.iter().map(|(engine, _)| engine.name()).collect();
    Err(format!(
        "these migrations have a folder for each of {}: name one of those with --dir, as `--dir {}`, or the \
         database with --database-url",
        names.join(", "),
        first.1.display()
    ))
}

async fn on<B: Engine>(url: String, command: Command) -> Result<ExitCode, String> {
    let database = Database::<B>::connect(url)
        .await
        .map_err(|error| error.to_string())?;
    Migrate::new(&database, Metadata::default())
        .program(Cli::command())
        .run(command)
        .await
        .map_err(|error| error.to_string())
}
