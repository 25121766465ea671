//! The migrations against `diesel` and Alembic, each as the process that a user starts: `migrate` on schemas of
//! growing size, and `upgrade` of 500 small revisions, where the engine's own client is what counts.
//!
//!     cargo xtask bench [-- --bench migrations -- sqlite|postgres|mysql … 10|100|500|1000 …]
//!
//! Peers that are not on the PATH are left out, and named.

mod alembic;
mod autogenerate;
mod diesel_cli;
mod ours;
mod peer;
mod schema;
mod upgrade;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == ours::CHILD) {
        return ours::run(&arguments[1..]).await;
    }
    let chosen: Vec<&String> = arguments
        .iter()
        .filter(|one| !one.starts_with('-'))
        .collect();
    let (sizes, engines): (Vec<&String>, Vec<&String>) = chosen
        .into_iter()
        .partition(|one| one.parse::<usize>().is_ok());
    let sizes: Vec<usize> = sizes.iter().filter_map(|one| one.parse().ok()).collect();
    for engine in ["sqlite", "postgres", "mysql"] {
        if engines.is_empty() || engines.iter().any(|one| *one == engine) {
            autogenerate::measure(engine, &sizes);
            upgrade::measure(engine);
        }
    }
}
