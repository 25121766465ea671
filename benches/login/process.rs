//! A contender in a process of its own.

use std::net::SocketAddr;
use std::process::Stdio;

use axum::Router;
use benches::load::Server;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{by_hand, ours, peer};

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// One of `/proc/PID/stat`'s ticks, in microseconds: `USER_HZ` is 100 on every Linux.
const TICK: f64 = 10_000.0;

/// Serves a contender until the process is killed, and says where.
pub(crate) async fn serve(name: &str, url: &str, cost: &str) {
    let app: Router = match name {
        by_hand::NAME => by_hand::app(url),
        by_hand::WITH_SESSIONS => by_hand::app_with_sessions(url),
        by_hand::PIPELINED => by_hand::app_pipelined(url).await,
        ours::NAME => ours::app(url, cost.parse().expect("a number")),
        peer::NAME => peer::app(url).await,
        _ => panic!("there is no contender called {name}"),
    };
    let server = Server::start(app).await;
    println!("{}", server.address());
    std::future::pending::<()>().await;
}

/// The process of a contender, killed when this value is dropped.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    child: Child,
}

impl Contender {
    /// Starts a contender; `cost` is what its new passwords cost.
    pub(crate) async fn start(name: &'static str, url: &str, cost: u32) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([SERVE, name, url, &cost.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines
            .next_line()
            .await
            .expect("a line")
            .expect("an address");
        let address: SocketAddr = line.parse().expect("an address");
        Self {
            name,
            server: Server::elsewhere(address),
            child,
        }
    }

    /// The CPU time of the process so far, user and system, in microseconds.
    pub(crate) fn cpu(&self) -> f64 {
        let id = self.child.id().expect("a process that runs");
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("Linux");
        // The name, in parentheses, may contain anything; utime and stime are the 14th and 15th field of all.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks
            .map(|ticks| ticks.parse::<f64>().expect("ticks"))
            .sum::<f64>()
            * TICK
    }
}
