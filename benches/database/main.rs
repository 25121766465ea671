//! The session against deadpool + diesel-async by hand and against hand-written driver code, on each engine:
//! its statements alone, and whole requests over loopback.
//!
//!     cargo xtask bench [-- --bench database -- sqlite|postgres|mysql …]
//!
//! Of one contender alone, counted from 0, so many requests within the router and on one thread: what valgrind
//! counts the instructions of, by the difference of two runs. With as many of them at once, and a pool of that size,
//! the memory that they take.
//!
//!     … --bench database -- postgres alone=3 path=/post requests=600 at_once=1 pool=16

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

fn main() {
    let runtime = if setting("alone").is_some() {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    } else {
        tokio::runtime::Runtime::new()
    };
    runtime.expect("a runtime").block_on(run());
}

/// How many connections a pool has.
pub(crate) fn pool_size() -> usize {
    setting("pool").map_or(16, |size| size.parse().expect("a number"))
}

/// What the command line says of `name`, as `name=value`.
fn setting(name: &str) -> Option<String> {
    std::env::args()
        .find_map(|argument| Some(argument.strip_prefix(name)?.strip_prefix('=')?.into()))
}

/// Sends requests to the router without a network, so many at once, and prints what memory that took.
async fn alone(app: axum::Router) {
    // As `axum::serve` does: the routes are made once, and not for each request.
    let app = app.with_state(());
    let path = setting("path").unwrap_or_else(|| "/post".into());
    let number = |name, default| setting(name).map_or(default, |n| n.parse().expect("a number"));
    let (requests, at_once) = (number("requests", 600), number("at_once", 1));
    let request = async |step: usize| {
        let (method, target) = match path.as_str() {
            "/plain" => ("GET", path.clone()),
            "/home" => (
                "GET",
                format!("/home?page={}", 1 + some_post(step) % PAGES as i32),
            ),
            "/write" => ("POST", format!("/write/{}", some_post(step))),
            _ => ("GET", format!("{path}/{}", some_post(step))),
        };
        let request = axum::http::Request::builder().method(method).uri(target);
        let request = request.body(axum::body::Body::empty());
        let answer = tower::ServiceExt::oneshot(app.clone(), request.expect("a request")).await;
        assert!(answer.expect("an answer").status().is_success());
    };
    for first in (0..requests).step_by(at_once) {
        let requests = first..requests.min(first + at_once);
        futures_util::future::join_all(requests.map(&request)).await;
    }
    // Linux only; elsewhere there is nothing to print.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("Vm")) {
        if line.starts_with("VmHWM") || line.starts_with("VmRSS") {
            println!("{line}");
        }
    }
}

async fn run() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-') && !argument.contains('='))
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
    if let Some(chosen) = setting("alone") {
        return alone(contenders[chosen.parse::<usize>().expect("a number")].app()).await;
    }
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
