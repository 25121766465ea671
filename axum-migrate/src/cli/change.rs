//! `upgrade`, `downgrade`, `stamp`: what changes the database.

use std::process::ExitCode;
use std::time::Duration;

use axum_db::Bind;

use super::args;
use super::output::Output;
use crate::revision::Revision;
use crate::runner::{self, Direction, Target, Watch, count};
use crate::{Engine, Error, Migrate};

pub(super) async fn upgrade<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Upgrade,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let mut told = Told::new(Direction::Up, out);
    let done = runner::upgrade::<B>(&mut conn, &history, &args.target, wait, &mut told).await?;
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
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let (target, lossy) = (&args.target, args.allow_data_loss);
    let mut told = Told::new(Direction::Down, out);
    let done = runner::downgrade::<B>(&mut conn, &history, target, lossy, wait, &mut told).await?;
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
    let mut told = Told::new(Direction::Down, out);
    runner::downgrade::<B>(&mut conn, &history, &target, lossy, wait, &mut told).await?;
    told.printed?;
    let mut told = Told::new(Direction::Up, out);
    let done = runner::upgrade::<B>(&mut conn, &history, &target, wait, &mut told).await?;
    told.printed?;
    out.line(summary(done, "reverted and applied again"))?;
    Ok(ExitCode::SUCCESS)
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
    printed: Result<(), Error>,
}

impl<'t, 'o> Told<'t, 'o> {
    fn new(direction: Direction, out: &'t mut Output<'o>) -> Self {
        Self {
            direction,
            out,
            printed: Ok(()),
        }
    }
}

impl Watch for Told<'_, '_> {
    fn begins(&mut self, _: &Revision, _: usize, _: usize) -> bool {
        true
    }

    fn finished(&mut self, revision: &Revision, took: Duration) {
        if self.printed.is_ok() {
            let sign = match self.direction {
                Direction::Up => "+",
                Direction::Down => "-",
            };
            let milliseconds = took.as_millis();
            self.printed = self.out.line(format!(
                "{sign} {}  {} ({milliseconds} ms)",
                revision.id, revision.message
            ));
        }
    }
}

pub(super) async fn stamp<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Stamp,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let stamped = runner::stamp::<B>(&mut conn, &history, &args.targets, args.purge, wait).await?;
    out.line(format!(
        "Done: {} recorded as applied, {} as not applied; no SQL of theirs was run.",
        count(stamped.added, "revision", "revisions"),
        stamped.removed
    ))?;
    Ok(ExitCode::SUCCESS)
}
