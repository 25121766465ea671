//! `upgrade`, `downgrade`, `stamp`, `repair`: what changes the database.

use std::process::ExitCode;
use std::time::Duration;

use axum_db::Bind;
use serde_json::{Value, json};

use super::attend::{Progress, attend};
use super::output::{Output, Tone, ask, can_ask};
use super::{args, offline};
use crate::revision::Revision;
use crate::runner::{self, Direction, Order, Repair, Target, Watch, count, repairs};
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) async fn upgrade<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Upgrade,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let (direction, offline) = (Direction::Up, &args.offline);
    let mut options = args.carry.over(args.wait.over(migrate.options()));
    if args.linear {
        options.order = Order::Linear;
    }
    if args.out_of_order {
        options.order = Order::Any;
    }
    if offline.sql {
        return offline::upgrade(B::DIALECT, &history, &args.span, options.order, out);
    }
    let target = target(&args.span)?;
    let database = migrate.database();
    if offline.plan {
        let mut conn = runner::connect(database).await?;
        let applied = runner::applied::<B>(&mut conn).await?;
        if args.carry.resume.is_none() {
            runner::refuse_interrupted::<B>(&history, &applied)?;
        }
        let steps = runner::steps_up(B::DIALECT, &history, &applied, target, options.order)?;
        return offline::plan(B::DIALECT, &steps, direction, offline.json, out);
    }
    let progress = Progress::default();
    let mut told = Told::new(direction, out, &progress, offline.json);
    let run = runner::upgrade(database, &history, target, &options, &mut told);
    let done = attend(&progress, run).await?;
    told.end(&summary(done, "applied"))?;
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
        return offline::downgrade(B::DIALECT, &history, &args.span, out);
    }
    let target = target(&args.span)?;
    let database = migrate.database();
    if offline.plan {
        let mut conn = runner::connect(database).await?;
        let applied = runner::applied::<B>(&mut conn).await?;
        if args.carry.resume.is_none() {
            runner::refuse_interrupted::<B>(&history, &applied)?;
        }
        let steps = runner::steps_down(B::DIALECT, &history, &applied, target)?;
        return offline::plan(B::DIALECT, &steps, direction, offline.json, out);
    }
    let options = args.carry.over(args.wait.over(migrate.options()));
    let lossy = args.allow_data_loss;
    let progress = Progress::default();
    let mut told = Told::new(direction, out, &progress, offline.json);
    let run = runner::downgrade(database, &history, target, lossy, &options, &mut told);
    let done = attend(&progress, run).await?;
    told.end(&summary(done, "reverted"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn redo<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Redo,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let options = args.locks.over(args.wait.over(migrate.options()));
    let database = migrate.database();
    let mut conn = runner::connect(database).await?;
    let applied = runner::applied::<B>(&mut conn).await?;
    drop(conn);
    // What cannot be run again is not taken back.
    let steps = runner::steps_down(B::DIALECT, &history, &applied, &args.target)?;
    runner::vet(&steps, Direction::Up, B::DIALECT)?;
    let versions = steps.iter().map(|revision| revision.version.clone());
    let target = Target::Versions(versions.collect());
    let lossy = args.allow_data_loss;
    let progress = Progress::default();
    let mut told = Told::new(Direction::Down, out, &progress, false);
    let run = runner::downgrade(database, &history, &target, lossy, &options, &mut told);
    attend(&progress, run).await?;
    told.printed?;
    let mut told = Told::new(Direction::Up, out, &progress, false);
    let run = runner::upgrade(database, &history, &target, &options, &mut told);
    let done = attend(&progress, run).await?;
    told.end(&summary(done, "reverted and applied again"))?;
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
pub(super) struct Told<'t, 'o> {
    direction: Direction,
    out: &'t mut Output<'o>,
    progress: &'t Progress,
    /// The steps, where they are told at the end, in JSON.
    steps: Option<Vec<Value>>,
    pub(super) printed: Result<(), Error>,
}

impl<'t, 'o> Told<'t, 'o> {
    pub(super) fn new(
        direction: Direction,
        out: &'t mut Output<'o>,
        progress: &'t Progress,
        as_json: bool,
    ) -> Self {
        Self {
            direction,
            out,
            progress,
            steps: as_json.then(Vec::new),
            printed: Ok(()),
        }
    }

    /// All steps are done.
    pub(super) fn end(self, summary: &str) -> Result<(), Error> {
        self.printed?;
        match self.steps {
            None => self.out.line(summary),
            Some(steps) => {
                let direction = self.direction.command();
                self.out
                    .json(&json!({"direction": direction, "steps": steps}))
            }
        }
    }
}

impl Watch for Told<'_, '_> {
    fn begins(&mut self, revision: &Revision, step: usize, of: usize) -> bool {
        self.progress.begins(revision, step, of)
    }

    fn finished(&mut self, revision: &Revision, took: Duration) {
        self.progress.finished();
        if let Some(steps) = &mut self.steps {
            steps.push(json!({
                "id": revision.id,
                "version": revision.version,
                "message": revision.message,
                "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }));
        } else if self.printed.is_ok() {
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
    let options = args.wait.over(migrate.options());
    let database = migrate.database();
    let run = runner::stamp(database, &history, &args.targets, args.purge, &options);
    let stamped = attend(&Progress::default(), run).await?;
    if args.json {
        out.json(&json!({"added": stamped.added, "removed": stamped.removed}))?;
        return Ok(ExitCode::SUCCESS);
    }
    out.line(format!(
        "Done: {} recorded as applied, {} as not applied; no SQL of theirs was run.",
        count(stamped.added, "revision", "revisions"),
        stamped.removed
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn repair<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Repair,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let options = args.wait.over(migrate.options());
    let mut conn = runner::connect(migrate.database()).await?;
    let applied = runner::applied::<B>(&mut conn).await?;
    drop(conn);
    let repairs = repairs(&history, &applied);
    if args.json {
        let told: Vec<Value> = repairs.iter().map(as_json).collect();
        let mended = if args.dry_run || repairs.is_empty() {
            0
        } else {
            runner::repair(migrate.database(), &history, &repairs, &options).await?
        };
        out.json(&json!({"repairs": told, "mended": mended}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for repair in &repairs {
        out.line(said(repair))?;
    }
    if repairs.is_empty() {
        out.line("Nothing to repair: what is recorded is what the folder has.")?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        out.line("Nothing was changed.")?;
        return Ok(ExitCode::SUCCESS);
    }
    if can_ask(args.no_input) && !ask("Go on? [y/N]".into()).await?.eq_ignore_ascii_case("y") {
        out.line("Nothing was changed.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let done = runner::repair(migrate.database(), &history, &repairs, &options).await?;
    out.line(format!(
        "Done: {}; no SQL of the revisions was run.",
        count(done, "record mended", "records mended")
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn as_json(repair: &Repair<'_>) -> Value {
    match repair {
        Repair::Accept { revision, files } => {
            json!({"kind": "accept", "version": revision.version, "id": revision.id, "files": files.to_string()})
        }
        Repair::Adopt(revision) => {
            json!({"kind": "adopt", "version": revision.version, "id": revision.id})
        }
        Repair::Forget { version, newer } => {
            json!({"kind": "forget", "version": version, "newer": newer})
        }
    }
}

fn said(repair: &Repair<'_>) -> String {
    match repair {
        Repair::Accept { revision, files } => format!(
            "~ {}  {}: accept {files} as edited",
            revision.id, revision.message
        ),
        Repair::Adopt(revision) => format!(
            "~ {}  {}: take its scripts for what another tool ran",
            revision.id, revision.message
        ),
        Repair::Forget { version, newer } => format!(
            "- {version}  forget that it is applied: its folder is missing{}",
            if *newer {
                ", and newer than any here (is this the right checkout?)"
            } else {
                ""
            }
        ),
    }
}
