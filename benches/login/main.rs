//! Requests of whoever is logged in, on PostgreSQL: this project's crates with their table of sessions, beside
//! hand-written handlers, one that looks no session up, one that does, and one that does so for all requests over one
//! connection, and axum-login with tower-sessions on its SQL store. With `storm`, other routes while logins are hammered.
//!
//!     cargo xtask bench -- --bench login [-- storm]
//!
//! Each contender is a process of its own, so that its CPU time can be told from that of the load.

mod by_hand;
mod compare;
mod data;
mod ours;
mod peer;
mod process;
mod signed;
mod storm;

use axum_db::Postgres as Engine;

const POOL: usize = 16;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [process::SERVE, name, url, cost] => process::serve(name, url, cost).await,
        ["storm"] => storm::run().await,
        _ => compare::run().await,
    }
}
