//! The commands of the project: `cargo xtask test`, `cargo xtask ci` and `cargo xtask bench`.

#[cfg(not(unix))]
compile_error!("cargo xtask needs Unix: on Windows run it inside WSL");

mod bench;
mod ci;
mod counts;
mod examples;
mod long;
mod packages;
mod process;
mod servers;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// What every function here returns: the message of a failure is what the caller reads.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Xtask {
    /// Test everything: SQLite, PostgreSQL, MariaDB, doctests, guides, compile errors.
    ///
    /// PostgreSQL and MariaDB are found in this order: TEST_POSTGRES_URL and TEST_MYSQL_URL; a server that
    /// listens on the standard port of 127.0.0.1 and lets `postgres` or `root` in without a password; server
    /// programs on this machine, started in a temporary folder and stopped afterwards; Debian's packages,
    /// installed when you are root. Where none works, the command fails and says what to install.
    Test(test::Options),
    /// Everything a change must pass: format, clippy, tests, docs, packages.
    Ci(ci::Options),
    /// Measure against hand-written code and other libraries; what counts are the ratios.
    ///
    /// Servers are found as for `test`. docs/performance.md has the results, and how to read them.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let command = Xtask::parse();
    let outcome = process::catch_interrupts().and_then(|()| match command {
        Xtask::Test(options) => test::run(&options),
        Xtask::Ci(options) => ci::run(&options),
        Xtask::Bench(options) => bench::run(&options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_make_sense() {
        super::Xtask::command().debug_assert();
    }
}
