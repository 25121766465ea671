//! How the benchmarks measure: contenders take turns, round by round, and the medians are compared. Machines
//! are shared and noisy, so that only the ratios count.

pub mod load;

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

/// A way to do the work that is compared.
pub struct Contender<'a> {
    name: &'static str,
    round: Box<dyn Fn() -> BoxFuture<'a, ()> + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender and one round of its work.
    pub fn new(name: &'static str, round: impl Fn() -> BoxFuture<'a, ()> + 'a) -> Self {
        Self {
            name,
            round: Box::new(round),
        }
    }
}

/// Runs `rounds` rounds of every contender, in turns, and prints how each compares with the first.
///
/// One round does `units` units of work; one round of each goes before, unmeasured.
pub async fn compare(title: &str, rounds: usize, units: u32, contenders: &[Contender<'_>]) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..=rounds {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let start = Instant::now();
            (contender.round)().await;
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    println!("\n{title} ({rounds} rounds of {units})");
    for (contender, time) in contenders.iter().zip(&medians) {
        let microseconds = time.as_secs_f64() * 1e6 / f64::from(units);
        let ratio = medians[0].as_secs_f64() / time.as_secs_f64();
        println!(
            "{:>40}  {microseconds:8.1} µs each  {ratio:5.2} × as fast",
            contender.name
        );
    }
}

/// The middle one of the times; zero when there are none.
///
/// ```
/// use std::time::Duration;
/// let times = [9, 1, 2].map(Duration::from_secs).to_vec();
/// assert_eq!(benches::median(times), Duration::from_secs(2));
/// ```
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
