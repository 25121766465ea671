//! The session against deadpool + diesel-async by hand and against hand-written driver code, on each engine:
//! its statements alone, and whole requests over loopback.
//!
//!     cargo xtask bench [-- --bench database -- sqlite|postgres|mysql …]

// One file serves three engines.
#![allow(clippy::duplicate_mod)]

use std::sync::Arc;

use benches::load::{Request, Server};
use benches::{Contender, compare};

mod data;
mod mysql;
mod postgres;
mod sqlite;
mod work;

use data::{PAGES, POSTS};

const POOL: usize = 16;
const TASKS: i32 = 16;
const PER_TASK: i32 = 25;
const CONNECTIONS: [usize; 2] = [16, 64];
const REQUESTS: usize = 960;
const ROUNDS: usize = 11;

/// What is requested, each time another page.
fn requested() -> [(&'static str, Request); 4] {
    fn to(target: fn(usize) -> String) -> Request {
        Arc::new(move |step| (target(step), String::new()))
    }
    [
        ("GET /plain", to(|_| "GET /plain".into())),
        (
            "GET /post/{id}",
            to(|step| format!("GET /post/{}", some_post(step))),
        ),
        (
            "GET /home",
            to(|step| format!("GET /home?page={}", 1 + some_post(step) % PAGES as i32)),
        ),
        (
            "POST /write",
            to(|step| format!("POST /write/{}", some_post(step))),
        ),
    ]
}

/// The key of a post, another for each step.
fn some_post(step: usize) -> i32 {
    step as i32 * 7 % POSTS + 1
}

#[tokio::main]
async fn main() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_chosen = |engine: &str| chosen.is_empty() || chosen.iter().any(|one| one == engine);
    if is_chosen("sqlite") {
        sqlite::run().await;
    }
    if is_chosen("postgres") {
        postgres::run().await;
    }
    if is_chosen("mysql") {
        mysql::run().await;
    }
}

/// Compares the contenders in all that is measured.
pub(crate) async fn measure(engine: &str, contenders: &[&dyn work::Any]) {
    let units = (TASKS * PER_TASK).unsigned_abs();
    for (title, step) in [
        ("a post with its author", work::Step::Post),
        ("a page of posts", work::Step::Home),
        ("BEGIN, INSERT, COMMIT", work::Step::Write),
    ] {
        let contenders: Vec<Contender<'_>> = contenders
            .iter()
            .map(|one| Contender::new(one.name(), move || one.round(step)))
            .collect();
        compare(&format!("{engine}: {title}"), ROUNDS, units, &contenders).await;
    }
    let mut servers = Vec::new();
    for one in contenders {
        servers.push((one.name(), Server::start(one.app()).await));
    }
    for connections in CONNECTIONS {
        for (path, request) in &requested() {
            let contenders: Vec<Contender<'_>> = servers
                .iter()
                .map(|(name, server)| {
                    Contender::new(name, move || {
                        server.load(connections, REQUESTS, request.clone())
                    })
                })
                .collect();
            let title = format!("{engine}: {path}, {connections} connections");
            compare(&title, ROUNDS, REQUESTS as u32, &contenders).await;
        }
    }
}
