//! Other routes while logins are hammered: requests at a fixed rate, whatever the answers take, and what they take at
//! the 99th percentile; how many logins finish, and whether any connection waits in vain.

use std::future::Future;
use std::time::{Duration, Instant};

use axum_login_kit::Bcrypt;
use benches::load::{Client, Server};
use benches::median;
use futures_util::future::{join_all, join3};
use tokio::time::{sleep, timeout_at};

use crate::process::Contender;
use crate::{data, ours};

/// How many connections send logins, one after the other, without a pause.
const STORMS: [usize; 3] = [0, 32, 256];
/// Requests a second to each of the two other routes, over so many connections.
const RATE: u32 = 200;
const CONNECTIONS: u32 = 16;
const SECONDS: u32 = 6;
const ROUNDS: usize = 3;
/// No further round begins after this: on a machine that has other things to do, an answer takes what it takes.
const ENOUGH: Duration = Duration::from_secs(90);
/// How long after the end of a round an answer counts, however late; what is not there by then never came.
const PATIENCE: Duration = Duration::from_secs(10);
/// What passwords cost in earnest.
const COST: u32 = 12;

/// What came of a round.
struct Round {
    plain: Duration,
    post: Duration,
    logins: Logins,
}

/// What came of the logins of a round.
#[derive(Default)]
struct Logins {
    finished: usize,
    refused: usize,
    longest: Duration,
    /// Connections that logged nobody in.
    without: usize,
    /// Connections whose last answer never came.
    unanswered: usize,
}

pub(crate) async fn run() {
    let start = Instant::now();
    let database = testkit::postgres();
    data::fill::<crate::Engine>(database.url(), COST)
        .await
        .expect("tables");
    let contender = Contender::start(ours::NAME, database.url(), COST).await;
    let possible = hashes().await;
    let mut rounds: [Vec<Round>; STORMS.len()] = Default::default();
    for number in 1..=ROUNDS {
        for (storm, rounds) in STORMS.into_iter().zip(&mut rounds) {
            // One round of each, whatever it takes: it is bounded by itself.
            if number > 1 && start.elapsed() > ENOUGH {
                println!(
                    "round {number} with {storm} connections is left out: the machine is too busy"
                );
                continue;
            }
            let round = round(&contender.server, storm).await;
            println!(
                "round {number}, {storm:3} connections: p99 of /plain {:.2} ms, of /post {:.2} ms; {} logins",
                round.plain.as_secs_f64() * 1e3,
                round.post.as_secs_f64() * 1e3,
                round.logins.finished
            );
            rounds.push(round);
        }
    }
    println!(
        "\nGET /plain and /post, {RATE} a second each, while logins of cost {COST} are hammered (up to {ROUNDS} rounds of \
         {SECONDS} s); this machine alone hashes {possible} passwords in that time"
    );
    let [plain, post] = [|round: &Round| round.plain, |round: &Round| round.post].map(|of| {
        rounds
            .each_ref()
            .map(|rounds| median(rounds.iter().map(of).collect()))
    });
    for (at, storm) in STORMS.into_iter().enumerate() {
        let ratio = |times: &[Duration; STORMS.len()]| {
            let milliseconds = times[at].as_secs_f64() * 1e3;
            let ratio = times[at].as_secs_f64() / times[0].as_secs_f64();
            format!("{milliseconds:6.2} ms, {ratio:4.2} × idle")
        };
        println!(
            "{storm:4} connections log in: p99 of /plain {}; of /post {}",
            ratio(&plain),
            ratio(&post)
        );
        for Round { logins, .. } in rounds[at].iter().filter(|_| storm > 0) {
            println!(
                "{:>24} logins finished, {} refused for now; the longest answer took {:.1} s; {} connections logged \
                 nobody in, {} were never answered",
                logins.finished,
                logins.refused,
                logins.longest.as_secs_f64(),
                logins.without,
                logins.unanswered
            );
        }
    }
}

/// How many passwords the cores hash in the time of a round when nothing else is to be done.
async fn hashes() -> usize {
    let end = Instant::now() + Duration::from_secs(SECONDS.into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hashing = (0..cores).map(|_| async move {
        let bcrypt = Bcrypt::with_cost(COST).expect("a cost");
        let mut count = 0;
        while Instant::now() < end {
            bcrypt.hash(data::PASSWORD).await.expect("a hash");
            count += 1;
        }
        count
    });
    join_all(hashing).await.into_iter().sum()
}

async fn round(server: &Server, storm: usize) -> Round {
    // What the round before left behind is not this round's.
    sleep(Duration::from_secs(1)).await;
    let plain = at_a_fixed_rate(server, |_| "/plain".to_owned());
    let post = at_a_fixed_rate(server, |step| {
        format!("/post/{}", step as i32 * 7 % data::POSTS + 1)
    });
    let (plain, post, logins) = join3(plain, post, hammer(server, storm)).await;
    Round {
        plain,
        post,
        logins,
    }
}

/// The 99th percentile of the times that a page takes. A request that could not be sent when it was due, because the
/// answer before it was late, has waited since it was due.
async fn at_a_fixed_rate(server: &Server, path: fn(usize) -> String) -> Duration {
    let every = Duration::from_secs(1) * CONNECTIONS / RATE;
    let start = Instant::now() + Duration::from_millis(100);
    let last = start + Duration::from_secs(SECONDS.into()) + PATIENCE;
    let clients = (0..CONNECTIONS).map(|number| {
        let connecting = server.client();
        tokio::spawn(async move {
            let mut client = connecting.await;
            let mut times = Vec::new();
            let turns = SECONDS * RATE / CONNECTIONS;
            for turn in 0..turns {
                let due = start + every * number / CONNECTIONS + every * turn;
                let early = due.saturating_duration_since(Instant::now());
                sleep(early).await;
                let since = if early.is_zero() { due } else { Instant::now() };
                let page = path((turn * CONNECTIONS + number) as usize);
                match timeout_at(last.into(), client.get(&page)).await {
                    Ok(status) => assert_eq!(status, 200),
                    // What is left of this connection's requests has waited in vain as well.
                    Err(_) => {
                        times.extend((turn..turns).map(|_| PATIENCE));
                        break;
                    }
                }
                times.push(since.elapsed());
            }
            times
        })
    });
    let mut times: Vec<Duration> = Vec::new();
    for client in join_all(clients).await {
        times.extend(client.expect("a client"));
    }
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// Logs in over so many connections, without a pause.
async fn hammer(server: &Server, connections: usize) -> Logins {
    let end = Instant::now() + Duration::from_secs(SECONDS.into());
    let clients = (0..connections).map(|number| tokio::spawn(one(server.client(), number, end)));
    let mut all = Logins::default();
    for client in join_all(clients).await {
        let own = client.expect("a client");
        all.finished += own.finished;
        all.refused += own.refused;
        all.longest = all.longest.max(own.longest);
        all.without += usize::from(own.finished == 0);
        all.unanswered += own.unanswered;
    }
    all
}

async fn one(connecting: impl Future<Output = Client>, user: usize, end: Instant) -> Logins {
    let mut client = connecting.await;
    let mut own = Logins::default();
    let form = data::form(user);
    while Instant::now() < end {
        let start = Instant::now();
        let answer = timeout_at((end + PATIENCE).into(), client.post_form("/login", &form)).await;
        own.longest = own.longest.max(start.elapsed());
        let Ok(status) = answer else {
            own.unanswered += 1;
            break;
        };
        match status {
            200 if Instant::now() < end => own.finished += 1,
            200 => {}
            503 => own.refused += 1,
            _ => panic!("a login was answered with {status}"),
        }
    }
    own
}
