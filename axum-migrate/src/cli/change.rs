//! `upgrade`, `downgrade`, `stamp`: what changes the database.

use std::process::ExitCode;
use std::time::Duration;

use axum_db::Bind;

use super::attend::{Progress, attend};
use super::output::{Output, Tone};
use super::{args, offline};
use crate::revision::Revision;
use crate::runner::{self, Direction, Target, Watch, count};
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) async fn upgrade<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Upgrade,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let (direction, offline) = (Direction::Up, &args.offline);
    if offline.sql {
        return offline::sql(B::DIALECT, &history, &args.span, direction, out);
    }
    let target = target(&args.span)?;
    let mut conn = runner::connect(migrate.database()).await?;
    if offline.plan {
        let applied = runner::applied::<B>(&mut conn).await?;
        let steps = runner::plan_upgrade(&history, &applied, target)?;
        return offline::plan(B::DIALECT, &steps, direction, offline.json, out);
    }
    let wait = args.wait.or(migrate.wait());
    let progress = Progress::default();
    let mut told = Told::new(direction, out, &progress);
    let run = runner::upgrade::<B>(&mut conn, &history, target, wait, &mut told);
    let done = attend(&progress, run).await?;
    told.printed?;
    out.line(summary(done, "applied"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn downgrade<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Downgrade,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let (direction, offline) = (Direction::Down, &args.offline);
    if offline.sql {
        return offline::sql(B::DIALECT, &history, &args.span, direction, out);
    }
    let target = target(&args.span)?;
    let mut conn = runner::connect(migrate.database()).await?;
    if offline.plan {
        let applied = runner::applied::<B>(&mut conn).await?;
        let steps = runner::plan_downgrade(&history, &applied, target)?;
        return offline::plan(B::DIALECT, &steps, direction, offline.json, out);
    }
    let (wait, lossy) = (args.wait.or(migrate.wait()), args.allow_data_loss);
    let progress = Progress::default();
    let mut told = Told::new(direction, out, &progress);
    let run = runner::downgrade::<B>(&mut conn, &history, target, lossy, wait, &mut told);
    let done = attend(&progress, run).await?;
    told.printed?;
    out.line(summary(done, "reverted"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn redo<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Redo,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let applied = runner::applied::<B>(&mut conn).await?;
    let steps = runner::plan_downgrade(&history, &applied, &args.target)?;
    let versions = steps.iter().map(|revision| revision.version.clone());
    let target = Target::Versions(versions.collect());
    let lossy = args.allow_data_loss;
    let progress = Progress::default();
    let mut told = Told::new(Direction::Down, out, &progress);
    let run = runner::downgrade::<B>(&mut conn, &history, &target, lossy, wait, &mut told);
    attend(&progress, run).await?;
    told.printed?;
    let mut told = Told::new(Direction::Up, out, &progress);
    let run = runner::upgrade::<B>(&mut conn, &history, &target, wait, &mut told);
    let done = attend(&progress, run).await?;
    told.printed?;
    out.line(summary(done, "reverted and applied again"))?;
    Ok(ExitCode::SUCCESS)
}

/// The target where a range has no place, because the database says where it is.
fn target(span: &args::Span) -> Result<&Target, Error> {
    match span.from {
        None => Ok(&span.to),
        Some(_) => Err(Error::new(
            ErrorKind::Usage,
            "a range FROM:TO is for --sql; the database itself knows where it is, so name the revision to go to",
        )),
    }
}

fn summary(done: usize, what: &str) -> String {
    match done {
        0 => "Nothing to do: the database is already there.".to_owned(),
        done => format!("Done: {} {what}.", count(done, "revision", "revisions")),
    }
}

/// Prints each step when it is done.
struct Told<'t, 'o> {
    direction: Direction,
    out: &'t mut Output<'o>,
    progress: &'t Progress,
    printed: Result<(), Error>,
}

impl<'t, 'o> Told<'t, 'o> {
    fn new(direction: Direction, out: &'t mut Output<'o>, progress: &'t Progress) -> Self {
        Self {
            direction,
            out,
            progress,
            printed: Ok(()),
        }
    }
}

impl Watch for Told<'_, '_> {
    fn begins(&mut self, revision: &Revision, step: usize, of: usize) -> bool {
        self.progress.begins(revision, step, of)
    }

    fn finished(&mut self, revision: &Revision, took: Duration) {
        self.progress.finished();
        if self.printed.is_ok() {
            let sign = sign(self.direction, self.out);
            let id = self.out.paint(Tone::Id, &revision.id);
            let milliseconds = took.as_millis();
            self.printed = self.out.line(format!(
                "{sign} {id}  {} ({milliseconds} ms)",
                revision.message
            ));
        }
    }
}

/// `+` for what comes, `-` for what goes.
pub(super) fn sign(direction: Direction, out: &Output<'_>) -> String {
    match direction {
        Direction::Up => out.paint(Tone::Added, "+"),
        Direction::Down => out.paint(Tone::Removed, "-"),
    }
}

pub(super) async fn stamp<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Stamp,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    if let Some(from) = &args.sql {
        return offline::stamp(B::DIALECT, &history, from, args, out);
    }
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let run = runner::stamp::<B>(&mut conn, &history, &args.targets, args.purge, wait);
    let stamped = attend(&Progress::default(), run).await?;
    out.line(format!(
        "Done: {} recorded as applied, {} as not applied; no SQL of theirs was run.",
        count(stamped.added, "revision", "revisions"),
        stamped.removed
    ))?;
    Ok(ExitCode::SUCCESS)
}
