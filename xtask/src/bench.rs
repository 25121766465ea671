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

/// Runs the benchmarks, which print ratios.
pub(crate) fn run(options: &Options) -> Result<()> {
    let servers = Kind::ALL
        .into_iter()
        .map(|kind| servers::find(kind, options.private_servers))
        .collect::<Result<Vec<_>>>()?;
    let mut command = process::cargo(["bench", "--package", "benches"]);
    command.args(&options.cargo_bench);
    for server in &servers {
        server.export(&mut command);
    }
    process::step("bench", &mut command)
}
