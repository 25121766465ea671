//! The one way by which revisions reach a database: locked, re-read after locking, recorded with what they did.

mod effect;
mod explain;
mod holder;
mod journal;
mod lock;
mod offline;
mod options;
mod order;
mod pieces;
mod plan;
mod queries;
mod rehearse;
mod repair;
mod replay;
mod resume;
mod script;
mod session;
mod split;
mod step;
#[cfg(test)]
mod testing;
mod versions;
mod vet;
mod whole;

use std::time::{Duration, Instant};

use axum_db::{Bind, Database, Dialect};
use diesel_async::SimpleAsyncConnection as _;

pub(crate) use offline::{offline, offline_stamp};
pub(crate) use options::{Options, Order, Resume};
pub(crate) use order::edited;
pub(crate) use pieces::in_pieces;
pub(crate) use plan::{Target, count, pending, refuse_unknown, stamp as plan_stamp};
pub(crate) use queries::Queries;
pub(crate) use repair::{Repair, repairs};
pub(crate) use replay::{Doubt, prove, prove_baseline, replay, verify};
pub(crate) use resume::refuse_interrupted;
pub(crate) use script::begin;
pub(crate) use step::Direction;
pub(crate) use versions::{Applied, applied};
pub(crate) use vet::vet;
pub(crate) use whole::{create, drop_whole};

use crate::revision::{History, Revision};
use crate::{Engine, Error, ErrorKind};
use session::Session;
#[cfg(feature = "mysql")]
pub(crate) use split::after_words;
use split::split;

/// PostgreSQL's just-in-time compilation, which it has since version 11, off for the session.
const COMPILE_NOTHING: &str =
    "SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'jit'";

/// Opens a connection of the tool's own.
pub(crate) async fn connect<B: Engine, K: Bind>(
    database: &Database<B, K>,
) -> Result<B::Connection, Error> {
    let mut conn = database.connect_dedicated().await.map_err(|error| {
        // The session layer's message names the URL and says what to check.
        let mut message = error.to_string();
        if is_missing(&message) {
            message.push_str("; `create` makes it");
        }
        Error::new(ErrorKind::Database, message).with_source(error)
    })?;
    if B::DIALECT == Dialect::Postgres {
        // What reads the catalogs takes longer to compile than to run; that a pooler refuses the setting costs time only.
        let _ = conn.batch_execute(COMPILE_NOTHING).await;
    }
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

/// Whether a server that answers says that it has no such database.
fn is_missing(message: &str) -> bool {
    message.contains("Unknown database")
        || message.contains("database \"") && message.contains("does not exist")
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
pub(crate) async fn upgrade<B: Engine, K: Bind>(
    database: &Database<B, K>,
    history: &History,
    target: &Target,
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<usize, Error> {
    let mut conn = connect(database).await?;
    let seen = applied::<B>(&mut conn).await?;
    let steps = steps_up(B::DIALECT, history, &seen, target, options.order)?;
    // What looks interrupted may be running: that is known under the lock.
    if steps.is_empty() && seen.interrupted().next().is_none() {
        return Ok(0);
    }
    let mut session = Session::open(database, conn, options).await?;
    let outcome = async {
        // Whoever held the lock before may have done some of it, or all.
        let now = applied::<B>(&mut session.conn).await?;
        let steps = match target {
            _ if now == seen => steps,
            // So many steps from where it was when the command was given.
            Target::Relative(..) => {
                return Err(Error::new(
                    ErrorKind::Locked,
                    "another upgrade ran meanwhile; look at `current` and say again how many steps to go",
                ));
            }
            target => steps_up(B::DIALECT, history, &now, target, options.order)?,
        };
        run_steps(&mut session, history, (&seen, &now), &steps, Direction::Up, watch).await
    }
    .await;
    close(session, outcome).await
}

/// What an upgrade runs, if nothing speaks against it.
pub(crate) fn steps_up<'h>(
    dialect: Dialect,
    history: &'h History,
    applied: &Applied,
    target: &Target,
    order: Order,
) -> Result<Vec<&'h Revision>, Error> {
    let steps = plan::upgrade(history, applied, target)?;
    order::refuse_edited(history, applied)?;
    order::refuse_late(history, applied, &steps, order)?;
    vet(&steps, Direction::Up, dialect)?;
    Ok(steps)
}

/// What a downgrade runs, if nothing speaks against it.
pub(crate) fn steps_down<'h>(
    dialect: Dialect,
    history: &'h History,
    applied: &Applied,
    target: &Target,
) -> Result<Vec<&'h Revision>, Error> {
    let steps = plan::downgrade(history, applied, target)?;
    vet(&steps, Direction::Down, dialect)?;
    Ok(steps)
}

/// Reverts down to `target` and tells each finished step.
pub(crate) async fn downgrade<B: Engine, K: Bind>(
    database: &Database<B, K>,
    history: &History,
    target: &Target,
    allow_data_loss: bool,
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<usize, Error> {
    let mut conn = connect(database).await?;
    let seen = applied::<B>(&mut conn).await?;
    let steps = steps_down(B::DIALECT, history, &seen, target)?;
    if steps.is_empty() && seen.interrupted().next().is_none() {
        return Ok(0);
    }
    let mut session = Session::open(database, conn, options).await?;
    let outcome = async {
        let now = applied::<B>(&mut session.conn).await?;
        if now != seen {
            return Err(Error::new(
                ErrorKind::Locked,
                "another migration ran meanwhile; look at `current` and say again how far to go back",
            ));
        }
        if !allow_data_loss {
            refuse_data_loss(&steps, B::DIALECT)?;
        }
        run_steps(&mut session, history, (&seen, &now), &steps, Direction::Down, watch).await
    }
    .await;
    close(session, outcome).await
}

/// Gives the lock back, whatever happened.
async fn close<B: Engine, T>(
    session: Session<'_, B>,
    outcome: Result<T, Error>,
) -> Result<T, Error> {
    let closed = session.close().await;
    let done = outcome?;
    closed.map(|()| done)
}

async fn run_steps<B: Engine>(
    session: &mut Session<'_, B>,
    history: &History,
    (seen, now): (&Applied, &Applied),
    steps: &[&Revision],
    direction: Direction,
    watch: &mut dyn Watch,
) -> Result<usize, Error> {
    let starts = resume::starts(session, history, (seen, now), steps, direction).await?;
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
        let from = starts.get(&revision.version).copied();
        if step::run(session, revision, direction, from).await? {
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

/// The revisions that stopped between two of their statements, unless they are running.
pub(crate) fn interrupted<'h>(history: &'h History, applied: &Applied) -> Vec<&'h Revision> {
    history
        .revisions()
        .iter()
        .filter(|revision| {
            applied
                .interrupted()
                .any(|(version, _)| version == revision.version)
        })
        .collect()
}

/// Mends the records as [`repairs`] said and was shown.
pub(crate) async fn repair<B: Engine, K: Bind>(
    database: &Database<B, K>,
    history: &History,
    shown: &[Repair<'_>],
    options: &Options,
) -> Result<usize, Error> {
    let conn = connect(database).await?;
    let mut session = Session::open(database, conn, options).await?;
    let outcome = async {
        let now = applied::<B>(&mut session.conn).await?;
        resume::refuse_interrupted::<B>(history, &now)?;
        let repairs = repairs(history, &now);
        if repairs != shown {
            return Err(Error::new(
                ErrorKind::Locked,
                "another migration ran meanwhile, and there is something else to repair now; run the command again",
            ));
        }
        let statements = repair::statements(&repairs, B::DIALECT);
        record(&mut session, statements).await?;
        Ok(repairs.len())
    }
    .await;
    close(session, outcome).await
}

/// Writes records in one transaction.
async fn record<B: Engine>(
    session: &mut Session<'_, B>,
    statements: Vec<String>,
) -> Result<(), Error> {
    let mut batch = vec![session.begin(script::begin(B::DIALECT))];
    let failed = |error| Error::database("record the versions", error);
    session
        .run(std::mem::take(&mut batch))
        .await
        .map_err(|stopped| failed(stopped.error))?;
    batch.extend(statements);
    session
        .run(batch)
        .await
        .map_err(|stopped| failed(stopped.error))?;
    session.run_one("COMMIT").await.map_err(failed)
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
            let words: Vec<&str> = statement.sql.split_whitespace().collect();
            script::beginning(&words.join(" "))
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
pub(crate) async fn stamp<B: Engine, K: Bind>(
    database: &Database<B, K>,
    history: &History,
    targets: &[Target],
    purge: bool,
    options: &Options,
) -> Result<Stamped, Error> {
    // A name that does not fit says so before anything is waited for or made.
    let none = Applied::default();
    plan::stamp(history, &none, targets)?;
    let conn = connect(database).await?;
    let mut session = Session::open(database, conn, options).await?;
    let outcome = async {
        let now = applied::<B>(&mut session.conn).await?;
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
        // Whoever says where the database is says so of what was interrupted too.
        for (version, _) in now.interrupted() {
            statements.extend(versions::forget_progress(B::DIALECT, version));
        }
        for revision in history.revisions() {
            if wanted.contains(&revision.version) && !now.has(&revision.version) {
                statements.extend(versions::record(B::DIALECT, revision));
                stamped.added += 1;
            }
        }
        record(&mut session, statements).await?;
        Ok(stamped)
    }
    .await;
    close(session, outcome).await
}
