//! `upgrade`, `downgrade`, `stamp`: what changes the database.

use std::process::ExitCode;
use std::time::Duration;

use axum_db::Bind;

use super::args;
use super::output::Output;
use crate::revision::Revision;
use crate::runner::{self, count};
use crate::{Engine, Error, Migrate};

pub(super) async fn upgrade<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Upgrade,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let mut printed = Ok(());
    let done = runner::upgrade::<B>(
        &mut conn,
        &history,
        &args.target,
        wait,
        &mut |step, took| {
            if printed.is_ok() {
                printed = out.line(finished("+", step, took));
            }
        },
    )
    .await?;
    printed?;
    out.line(match done {
        0 => "Nothing to do: the database is already there.".to_owned(),
        done => format!(
            "Done: {}.",
            count(done, "revision applied", "revisions applied")
        ),
    })?;
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
    let mut printed = Ok(());
    let done = runner::downgrade::<B>(
        &mut conn,
        &history,
        &args.target,
        args.allow_data_loss,
        wait,
        &mut |step, took| {
            if printed.is_ok() {
                printed = out.line(finished("-", step, took));
            }
        },
    )
    .await?;
    printed?;
    out.line(match done {
        0 => "Nothing to do: the database is already there.".to_owned(),
        done => format!(
            "Done: {}.",
            count(done, "revision reverted", "revisions reverted")
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn stamp<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Stamp,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let wait = args.wait.or(migrate.wait());
    let stamped = runner::stamp::<B>(&mut conn, &history, &args.target, args.purge, wait).await?;
    out.line(format!(
        "Done: {} recorded as applied, {} as not applied; no SQL of theirs was run.",
        count(stamped.added, "revision", "revisions"),
        stamped.removed
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn finished(sign: &str, revision: &Revision, took: Duration) -> String {
    format!(
        "{sign} {}  {} ({} ms)",
        revision.id,
        revision.message,
        took.as_millis()
    )
}
