//! The one way by which revisions reach a database: locked, re-read after locking, recorded with what they did.

mod explain;
mod lock;
mod offline;
mod plan;
mod queries;
mod replay;
mod script;
mod split;
mod step;
mod versions;

use std::time::{Duration, Instant};

use axum_db::{Bind, Database, Dialect};
use diesel_async::SimpleAsyncConnection as _;

pub(crate) use offline::{offline, offline_stamp};
pub(crate) use plan::{
    Target, count, downgrade as plan_downgrade, pending, refuse_unknown, stamp as plan_stamp,
    upgrade as plan_upgrade,
};
pub(crate) use queries::Queries;
pub(crate) use replay::{prove, prove_baseline, replay};
pub(crate) use script::begin;
pub(crate) use step::Direction;
pub(crate) use versions::{Applied, applied};

use crate::revision::{History, Revision};
use crate::{Engine, Error, ErrorKind};
use split::split;

/// Opens a connection of the tool's own.
pub(crate) async fn connect<B: Engine, K: Bind>(
    database: &Database<B, K>,
) -> Result<B::Connection, Error> {
    let mut conn = database.connect_dedicated().await.map_err(|error| {
        // The session layer's message names the URL and says what to check.
        Error::new(ErrorKind::Database, error.to_string()).with_source(error)
    })?;
    if B::DIALECT == Dialect::Sqlite && lock::sqlite_file::<B>(&mut conn).await?.is_none() {
        return Err(Error::new(
            ErrorKind::Database,
            format!(
                "{} is a database in memory, which each connection has for itself, so no migration can reach \
                 the program's; create its tables from the models, or use a file",
                database.url()
            ),
        ));
    }
    Ok(conn)
}

/// What a run of several steps tells while it goes.
pub(crate) trait Watch: Send {
    /// Asked before each step, the first of which is 1; `false` ends the run there.
    fn begins(&mut self, revision: &Revision, step: usize, of: usize) -> bool;
    /// A step is done, and what it did is committed.
    fn finished(&mut self, revision: &Revision, took: Duration);
}

/// Where nobody watches.
impl Watch for () {
    fn begins(&mut self, _: &Revision, _: usize, _: usize) -> bool {
        true
    }

    fn finished(&mut self, _: &Revision, _: Duration) {}
}

/// Runs what is missing up to `target` and tells each finished step.
pub(crate) async fn upgrade<B: Engine>(
    conn: &mut B::Connection,
    history: &History,
    target: &Target,
    wait: Duration,
    watch: &mut dyn Watch,
) -> Result<usize, Error> {
    let seen = applied::<B>(conn).await?;
    if plan::upgrade(history, &seen, target)?.is_empty() {
        return Ok(0);
    }
    let held = lock::acquire::<B>(conn, wait).await?;
    versions::set_up::<B>(conn).await?;
    // Whoever held the lock before may have done some of it, or all.
    let now = applied::<B>(conn).await?;
    let target = match target {
        // So many steps from where it was when the command was given.
        Target::Relative(..) if now != seen => {
            return Err(Error::new(
                ErrorKind::Locked,
                "another upgrade ran meanwhile; look at `current` and say again how many steps to go",
            ));
        }
        target => target,
    };
    let steps = plan::upgrade(history, &now, target)?;
    let done = run_steps::<B>(conn, &steps, Direction::Up, watch).await?;
    lock::release::<B>(held, conn).await?;
    Ok(done)
}

/// Reverts down to `target` and tells each finished step.
pub(crate) async fn downgrade<B: Engine>(
    conn: &mut B::Connection,
    history: &History,
    target: &Target,
    allow_data_loss: bool,
    wait: Duration,
    watch: &mut dyn Watch,
) -> Result<usize, Error> {
    let seen = applied::<B>(conn).await?;
    if plan::downgrade(history, &seen, target)?.is_empty() {
        return Ok(0);
    }
    let held = lock::acquire::<B>(conn, wait).await?;
    versions::set_up::<B>(conn).await?;
    let now = applied::<B>(conn).await?;
    if now != seen {
        return Err(Error::new(
            ErrorKind::Locked,
            "another migration ran meanwhile; look at `current` and say again how far to go back",
        ));
    }
    let steps = plan::downgrade(history, &now, target)?;
    if !allow_data_loss {
        refuse_data_loss(&steps, B::DIALECT)?;
    }
    let done = run_steps::<B>(conn, &steps, Direction::Down, watch).await?;
    lock::release::<B>(held, conn).await?;
    Ok(done)
}

async fn run_steps<B: Engine>(
    conn: &mut B::Connection,
    steps: &[&Revision],
    direction: Direction,
    watch: &mut dyn Watch,
) -> Result<usize, Error> {
    let mut done = 0;
    for (at, revision) in steps.iter().enumerate() {
        if !watch.begins(revision, at + 1, steps.len()) {
            return Err(Error::new(
                ErrorKind::Stopped,
                format!(
                    "stopped as asked, after {done} of {}: nothing is half done. Run `{}` to go on; `current` says \
                     where the database is",
                    count(steps.len(), "revision", "revisions"),
                    direction.command()
                ),
            ));
        }
        let start = Instant::now();
        if step::run::<B>(conn, revision, direction).await? {
            let took = start.elapsed();
            tracing::info!(
                revision = %revision.name,
                ?direction,
                milliseconds = took.as_millis(),
                "migrated"
            );
            watch.finished(revision, took);
            done += 1;
        }
    }
    Ok(done)
}

/// What the downgrade of a revision takes away: as recorded with it, else as its script reads.
pub(crate) fn losses(revision: &Revision, dialect: Dialect) -> Vec<String> {
    if let Some(recorded) = &revision.down_loses
        && !revision.edited()
    {
        return recorded.clone();
    }
    let Some(down) = &revision.down else {
        return Vec::new();
    };
    split(down, dialect)
        .iter()
        .filter(|statement| loses(&statement.words(dialect)))
        .map(|statement| {
            statement
                .sql
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// Whether a statement with these words takes data away.
fn loses(words: &[String]) -> bool {
    const KEEPS_DATA: [&str; 11] = [
        "CHECK",
        "CONSTRAINT",
        "DEFAULT",
        "EXPRESSION",
        "FOREIGN",
        "IDENTITY",
        "INDEX",
        "KEY",
        "NOT",
        "PRIMARY",
        "UNIQUE",
    ];
    let has = |word: &str| words.iter().any(|seen| seen == word);
    match words.first().map(String::as_str) {
        Some("DROP") => has("TABLE") || has("SCHEMA") || has("DATABASE"),
        Some("ALTER") => words.iter().enumerate().any(|(at, word)| {
            let next = words.get(at + 1).map_or("", String::as_str);
            word == "DROP" && !KEEPS_DATA.contains(&next)
        }),
        Some("DELETE" | "TRUNCATE") => true,
        _ => false,
    }
}

fn refuse_data_loss(steps: &[&Revision], dialect: Dialect) -> Result<(), Error> {
    let losing: Vec<String> = steps
        .iter()
        .map(|revision| (revision, losses(revision, dialect)))
        .filter(|(_, losses)| !losses.is_empty())
        .map(|(revision, losses)| {
            format!(
                "  {} ({})\n    {}",
                revision.id,
                revision.message,
                losses.join("\n    ")
            )
        })
        .collect();
    if losing.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::DataLoss,
        format!(
            "going back loses data:\n{}\nNothing was reverted. If that is what you want, say --allow-data-loss",
            losing.join("\n")
        ),
    ))
}

/// What a stamp changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

/// Records where a database is without running anything.
pub(crate) async fn stamp<B: Engine>(
    conn: &mut B::Connection,
    history: &History,
    targets: &[Target],
    purge: bool,
    wait: Duration,
) -> Result<Stamped, Error> {
    // A name that does not fit says so before anything is waited for or made.
    let none = Applied::default();
    plan::stamp(history, &none, targets)?;
    let held = lock::acquire::<B>(conn, wait).await?;
    versions::set_up::<B>(conn).await?;
    let now = applied::<B>(conn).await?;
    let wanted = if purge {
        plan::stamp(history, &none, targets)?
    } else {
        refuse_unknown(history, &now)?;
        plan::stamp(history, &now, targets)?
    };
    let mut statements = Vec::new();
    let mut stamped = Stamped {
        added: 0,
        removed: 0,
    };
    for version in now.versions().filter(|version| !wanted.contains(*version)) {
        statements.extend(versions::forget(B::DIALECT, version));
        stamped.removed += 1;
    }
    for revision in history.revisions() {
        if wanted.contains(&revision.version) && !now.has(&revision.version) {
            let checksum = revision.checksum();
            statements.extend(versions::record(B::DIALECT, &revision.version, &checksum));
            stamped.added += 1;
        }
    }
    let doing = |error| Error::database("record the versions", error);
    conn.batch_execute("BEGIN").await.map_err(doing)?;
    for sql in &statements {
        conn.batch_execute(sql).await.map_err(doing)?;
    }
    conn.batch_execute("COMMIT").await.map_err(doing)?;
    lock::release::<B>(held, conn).await?;
    Ok(stamped)
}
