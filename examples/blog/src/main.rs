//! A blog as everyone has built it in Flask, on axum-db, axum-login-kit and axum-migrate.

mod app;
mod assets;
mod database;
mod errors;
mod forms;
mod main_pages;
mod models;
mod posts;
mod seed;
mod serve;
mod settings;
mod templates;
#[cfg(test)]
mod tests;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::settings::Settings;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
enum Command {
    /// Serve the blog (the default).
    Serve,
    /// Create and apply migrations.
    #[command(subcommand)]
    Db(axum_migrate::Command),
    /// Fill the blog with sample users and posts.
    Seed,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { settings, command } = Cli::parse();
    let command = command.unwrap_or(Command::Serve);
    // Commands print their own answers.
    let level = match command {
        Command::Serve => LevelFilter::INFO,
        Command::Db(_) | Command::Seed => LevelFilter::WARN,
    };
    let log = EnvFilter::builder().with_default_directive(level.into());
    tracing_subscriber::fmt()
        .with_env_filter(log.from_env_lossy())
        .with_writer(std::io::stderr)
        .init();

    let outcome = match command {
        Command::Serve => serve::serve(&settings).await,
        Command::Db(command) => database::migrate(&settings, command).await,
        Command::Seed => seed::seed(&settings).await,
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("blog: {error}");
            ExitCode::FAILURE
        }
    }
}
