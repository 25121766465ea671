//! `cargo xtask test`.

use clap::Args;

use crate::counts::Counts;
use crate::servers::{self, Kind, Server};
use crate::{Result, process};

/// What to test, and against which servers.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Test SQLite alone. The summary says so.
    #[arg(long, conflicts_with = "private_servers")]
    sqlite_only: bool,
    /// Start servers of our own even where TEST_…_URL is set or one is listening.
    #[arg(long)]
    private_servers: bool,
    /// Instead of everything, what `cargo test` is to run against these servers: `-- -p axum-db pool`.
    #[arg(last = true)]
    cargo_test: Vec<String>,
}

/// Every backend of every crate: with the blog's own features the whole workspace is compiled for one set of
/// dependencies only. That each backend compiles alone is for `cargo xtask ci` to check.
const EVERY_BACKEND: &str = "axum-db/sqlite,axum-db/postgres,axum-db/mysql,\
     axum-login-kit/sqlite,axum-login-kit/postgres,axum-login-kit/mysql,\
     axum-migrate/sqlite,axum-migrate/postgres,axum-migrate/mysql";

/// Runs the tests and prints how many passed.
pub(crate) fn run(options: &Options) -> Result<()> {
    run_with(options, &[], "")
}

/// Runs the tests with variables set for them, and the blog's with a further feature.
pub(crate) fn run_with(
    options: &Options,
    variables: &[(&str, String)],
    blog_feature: &str,
) -> Result<()> {
    let servers = if options.sqlite_only {
        Vec::new()
    } else {
        Kind::ALL
            .into_iter()
            .map(|kind| servers::find(kind, options.private_servers))
            .collect::<Result<Vec<Server>>>()?
    };
    let mut counts = Counts::default();
    let outcome = steps(options, blog_feature)
        .into_iter()
        .try_for_each(|(name, arguments)| {
            let mut command = process::cargo(["test", "--no-fail-fast"]);
            command
                .args(&arguments)
                .envs(variables.iter().map(|(name, value)| (*name, value)));
            for server in &servers {
                server.export(&mut command);
            }
            let repeat = format!("cargo xtask test -- {}", arguments.join(" "));
            process::test_step(name, &repeat, &mut command, &mut counts)
        });

    println!();
    if options.sqlite_only {
        println!(
            "Tested SQLite alone (--sqlite-only): nothing is known about PostgreSQL and MariaDB."
        );
    } else {
        let servers: Vec<String> = servers.iter().map(Server::describe).collect();
        println!("Tested SQLite (bundled), {}.", servers.join(", "));
    }
    println!("{counts}");
    outcome
}

/// The runs of `cargo test`: a name, and the arguments that select what is tested.
fn steps(options: &Options, blog_feature: &str) -> Vec<(&'static str, Vec<String>)> {
    if !options.cargo_test.is_empty() {
        return vec![("tests", options.cargo_test.clone())];
    }
    let words = |arguments: &str| arguments.split_whitespace().map(String::from).collect();
    if options.sqlite_only {
        return vec![("tests, SQLite", words("--workspace"))];
    }
    let blog = |backend: &str| {
        let mut features = vec![backend, EVERY_BACKEND];
        features.extend((!blog_feature.is_empty()).then_some(blog_feature));
        let features = features.join(",");
        words(&format!(
            "-p blog --no-default-features --features {features}"
        ))
    };
    vec![
        (
            "crates, every backend",
            words("--workspace --exclude blog --all-features"),
        ),
        ("blog, SQLite", blog("sqlite")),
        ("blog, PostgreSQL", blog("postgres")),
        ("blog, MariaDB", blog("mysql")),
    ]
}
