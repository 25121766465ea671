//! A page without a database and a page of one's own, each contender beside the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::load::Request;
use benches::median;

use crate::process::Contender;
use crate::{by_hand, data, ours, peer};

const CONNECTIONS: [usize; 2] = [16, 64];
const REQUESTS: usize = 960;
const ROUNDS: usize = 11;
/// The least there is: logins are not measured here.
const COST: u32 = 4;

pub(crate) async fn run() {
    let server = testkit::postgres();
    data::fill::<crate::Engine>(server.url(), COST)
        .await
        .expect("tables");
    let mut contenders = Vec::new();
    for name in [
        by_hand::NAME,
        by_hand::WITH_SESSIONS,
        by_hand::PIPELINED,
        ours::NAME,
        peer::NAME,
    ] {
        let contender = Contender::start(name, server.url(), COST).await;
        let mut cookies = Vec::new();
        for user in 0..64 {
            let cookie = contender.server.log_in(&data::form(user)).await;
            cookies.push(cookie.expect("a cookie"));
        }
        contenders.push((contender, cookies));
    }
    for path in ["/plain", "/account"] {
        for connections in CONNECTIONS {
            measure(path, connections, &contenders).await;
        }
    }
}

/// Asks every contender for a page, in turns, and prints how it compares with the first.
async fn measure(path: &'static str, connections: usize, contenders: &[(Contender, Vec<String>)]) {
    let mut measured = vec![(Vec::new(), 0.0); contenders.len()];
    for round in 0..=ROUNDS {
        for ((contender, cookies), (times, cpu)) in contenders.iter().zip(&mut measured) {
            let (before, start) = (contender.cpu(), Instant::now());
            let request = request(path, cookies.clone());
            contender.server.load(connections, REQUESTS, request).await;
            if round > 0 {
                times.push(start.elapsed());
                *cpu += contender.cpu() - before;
            }
        }
    }
    println!(
        "\nGET {path} with a session's cookie, {connections} connections ({ROUNDS} rounds of {REQUESTS})"
    );
    let each = |time: Duration| time.as_secs_f64() * 1e6 / REQUESTS as f64;
    let first = (each(median(measured[0].0.clone())), measured[0].1);
    for ((contender, _), (times, cpu)) in contenders.iter().zip(measured) {
        let time = each(median(times));
        println!(
            "{:>20}  {time:7.1} µs each, {:5.2} × as fast; CPU {:6.1} µs each, {:5.2} × as little",
            contender.name,
            first.0 / time,
            cpu / (ROUNDS * REQUESTS) as f64,
            first.1 / cpu,
        );
    }
}

fn request(path: &'static str, cookies: Vec<String>) -> Request {
    Arc::new(move |step| {
        let cookie = &cookies[step % cookies.len()];
        (format!("GET {path}"), format!("cookie: {cookie}\r\n"))
    })
}
