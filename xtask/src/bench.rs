//! `cargo xtask bench`.

use clap::Args;

use crate::servers::{self, Kind};
use crate::{Result, process};

/// What to measure, and against which servers.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Start servers of our own even where TEST_…_URL is set or one is listening.
    #[arg(long)]
    private_servers: bool,
    /// What `cargo bench` is to run instead of everything: `-- --bench database -- postgres`.
    #[arg(last = true)]
    cargo_bench: Vec<String>,
}

/// The benchmark that is a workspace of its own.
const LOGIN: &str = "login";

/// Runs the benchmarks, which print ratios.
pub(crate) fn run(options: &Options) -> Result<()> {
    let servers = Kind::ALL
        .into_iter()
        .map(|kind| servers::find(kind, options.private_servers))
        .collect::<Result<Vec<_>>>()?;
    let is_chosen = |name: &str| {
        let mut pairs = options.cargo_bench.windows(2);
        pairs.any(|pair| pair[0] == "--bench" && pair[1] == name)
    };
    let everything = options.cargo_bench.is_empty();
    if everything || !is_chosen(LOGIN) {
        measure(&["--package", "benches"], options, &servers)?;
    }
    if everything || is_chosen(LOGIN) {
        measure(
            &["--manifest-path", "benches/login/Cargo.toml"],
            options,
            &servers,
        )?;
    }
    Ok(())
}

fn measure(which: &[&str], options: &Options, servers: &[servers::Server]) -> Result<()> {
    let mut command = process::cargo(["bench"]);
    command
        .args(which)
        .args(&options.cargo_bench)
        .env("CARGO_TARGET_DIR", process::target());
    for server in servers {
        server.export(&mut command);
    }
    process::step("bench", &mut command)
}
