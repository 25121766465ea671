//! Who takes part, and the processes that are timed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::TestDatabase;

/// Where one contender works in one round: a database and a folder of its own.
pub(crate) struct Place {
    pub(crate) engine: &'static str,
    pub(crate) database: TestDatabase,
    pub(crate) folder: PathBuf,
}

impl Place {
    /// An empty database, and an empty folder in `above`.
    pub(crate) fn new(engine: &'static str, above: &Path, name: &str) -> Self {
        let folder = above.join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let database = match engine {
            "sqlite" => testkit::sqlite(),
            "postgres" => testkit::postgres(),
            _ => testkit::mysql(),
        };
        Self {
            engine,
            database,
            folder,
        }
    }

    /// The URL; for SQLite the bare path, as peers want it.
    pub(crate) fn peers_url(&self) -> &str {
        let url = self.database.url();
        url.strip_prefix("sqlite://").unwrap_or(url)
    }
}

/// A contender in one comparison.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;

    /// Why it takes no part, if it does not.
    fn absent(&self, engine: &str) -> Option<String>;

    /// Prepares a round, unmeasured, and gives the process that is timed.
    fn prepare(&self, place: &Place) -> Command;

    /// Whether the process did what it was asked.
    fn check(&self, place: &Place);
}

/// Whether a program answers to `--version`.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a process to its end and tells how long it took.
///
/// # Panics
/// With what it printed, when it fails.
pub(crate) fn timed(name: &str, command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("a process");
    let taken = start.elapsed();
    assert!(
        output.status.success(),
        "{name} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    taken
}

/// Rounds of all in turns; prints how each compares with the first.
pub(crate) fn compare(title: &str, engine: &'static str, rounds: usize, peers: &[&dyn Peer]) {
    let above = tempfile::tempdir().expect("a folder");
    let mut present: Vec<(&dyn Peer, Vec<Duration>)> = Vec::new();
    println!("\n{engine}: {title} ({rounds} rounds)");
    for peer in peers {
        match peer.absent(engine) {
            Some(why) => println!("{:>40}  left out: {why}", peer.name()),
            None => present.push((*peer, Vec::new())),
        }
    }
    for _ in 0..rounds {
        for (at, (peer, times)) in present.iter_mut().enumerate() {
            let place = Place::new(engine, above.path(), &at.to_string());
            let mut command = peer.prepare(&place);
            times.push(timed(peer.name(), &mut command));
            peer.check(&place);
        }
    }
    let mut first = None;
    for (peer, times) in present {
        let median = benches::median(times).as_secs_f64();
        let first = *first.get_or_insert(median);
        println!(
            "{:>40}  {median:8.3} s  {:5.2} × as fast",
            peer.name(),
            first / median
        );
    }
}

/// A program's file, written.
pub(crate) fn write(path: &Path, text: &str) {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(path, text).expect("a file");
}
