//! `cargo xtask ci`.

use clap::Args;

use crate::packages::Packages;
use crate::{Result, long, process, test};

/// How much to check.
#[derive(Debug, Args)]
#[group(id = "ci")]
pub(crate) struct Options {
    /// Also what is too slow for every run: whether every public item has an example, every pair of features, the
    /// oldest versions of the dependencies, the README's first program against the packaged crates, short runs of the
    /// fuzz targets, the blog in a browser, migrations by turns with Diesel's own program, and the full counts of the
    /// property tests.
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    test: test::Options,
}

/// The backends, as features.
pub(crate) const BACKENDS: [&str; 3] = ["sqlite", "postgres", "mysql"];

/// Runs every step, and stops at the first that fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    process::step("format", &mut process::cargo(["fmt", "--all", "--check"]))?;
    clippy("clippy, default features", &["--workspace"])?;
    clippy("clippy, all features", &["--workspace", "--all-features"])?;
    for backend in BACKENDS {
        clippy(
            &format!("clippy, {backend} alone"),
            &[
                &[
                    "-p",
                    "axum-db",
                    "-p",
                    "axum-login-kit",
                    "-p",
                    "axum-migrate",
                    "-p",
                    "blog",
                ][..],
                &["--no-default-features", "--features", backend],
            ]
            .concat(),
        )?;
    }
    process::step(
        "docs",
        process::cargo(["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    let packages = Packages::make()?;
    packages.verify()?;
    if options.long {
        let variables = long::run(&packages)?;
        test::run_with(&options.test, &variables, "browser")
    } else {
        test::run(&options.test)
    }
}

fn clippy(name: &str, selection: &[&str]) -> Result<()> {
    let mut command = process::cargo(["clippy", "--all-targets"]);
    process::step(name, command.args(selection).args(["--", "-D", "warnings"]))
}
