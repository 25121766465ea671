//! `GET /account` on a SQLite file: this project's crates, with their table of sessions, beside synchronous Diesel in
//! place and diesel-async, where a signed cookie names the user and no session is looked up.
//!
//!     cargo xtask bench -- --bench account

mod direct;
mod wrapper;

// What `--bench database` and `--bench login`, a workspace of its own, have.
#[path = "../login/data.rs"]
mod data;
#[path = "../database/in_hand.rs"]
mod in_hand;
#[path = "../login/ours.rs"]
mod ours;
#[path = "../login/signed.rs"]
mod signed;

use std::sync::Arc;

use axum_db::Sqlite as Engine;
use benches::load::{Request, Server};
use benches::{Contender, compare};

const POOL: usize = 16;
const CONNECTIONS: [usize; 2] = [16, 64];
const REQUESTS: usize = 1920;
const ROUNDS: usize = 11;
/// The least there is: logins are not measured here.
const COST: u32 = 4;

#[tokio::main]
async fn main() {
    let database = testkit::sqlite();
    let url = database.url();
    data::fill::<Engine>(url, COST).await.expect("tables");
    let file = url.trim_start_matches("sqlite://");
    let mut servers = Vec::new();
    for (name, app) in [
        (direct::NAME, direct::app(file)),
        (wrapper::NAME, wrapper::app(file)),
        (ours::NAME, ours::app(url, COST)),
    ] {
        let server = Server::start(app).await;
        let mut cookies = Vec::new();
        for user in 0..64 {
            let cookie = server.log_in(&data::form(user)).await;
            cookies.push(cookie.expect("a cookie"));
        }
        let request: Request = Arc::new(move |step| {
            let cookie = &cookies[step % cookies.len()];
            ("GET /account".to_owned(), format!("cookie: {cookie}\r\n"))
        });
        servers.push((name, server, request));
    }
    for connections in CONNECTIONS {
        let contenders: Vec<Contender<'_>> = servers
            .iter()
            .map(|(name, server, request)| {
                Contender::new(name, move || {
                    server.load(connections, REQUESTS, request.clone())
                })
            })
            .collect();
        let title = format!("SQLite: GET /account, {connections} connections");
        compare(&title, ROUNDS, REQUESTS as u32, &contenders).await;
    }
}
