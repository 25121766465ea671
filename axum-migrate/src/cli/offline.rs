//! `--sql` and `--plan`: what would run, told instead of run.

use std::process::ExitCode;

use axum_db::Dialect;
use serde_json::{Value, json};

use super::args::{self, Span};
use super::change::sign;
use super::output::{Output, Tone};
use crate::revision::{History, Revision};
use crate::runner::{self, Applied, Direction, Order, Target, count, losses};
use crate::{Error, ErrorKind};

/// Prints the script for a database that is where the range begins: at the beginning of all, unless it is said.
pub(super) fn upgrade(
    dialect: Dialect,
    history: &History,
    span: &Span,
    order: Order,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let assumed = at(history, span.from.as_ref().unwrap_or(&Target::Base))?;
    let steps = runner::steps_up(dialect, history, &assumed, &span.to, order)?;
    let text = runner::offline(dialect, &steps, Direction::Up)?;
    out.line(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// The same for the way back.
pub(super) fn downgrade(
    dialect: Dialect,
    history: &History,
    span: &Span,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let Some(from) = &span.from else {
        return Err(Error::new(
            ErrorKind::Usage,
            "a downgrade as SQL cannot ask the database where it is; say so, as `downgrade --sql head:-1`",
        ));
    };
    let assumed = at(history, from)?;
    let steps = runner::steps_down(dialect, history, &assumed, &span.to)?;
    let text = runner::offline(dialect, &steps, Direction::Down)?;
    out.line(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the script that records where a database is.
pub(super) fn stamp(
    dialect: Dialect,
    history: &History,
    from: &Target,
    args: &args::Stamp,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let before = at(history, from)?;
    let base = if args.purge {
        Applied::default()
    } else {
        before.clone()
    };
    let wanted = runner::plan_stamp(history, &base, &args.targets)?;
    let revisions = || history.revisions().iter();
    let added: Vec<&Revision> = revisions()
        .filter(|r| wanted.contains(&r.version) && !before.has(&r.version))
        .collect();
    let removed: Vec<&Revision> = revisions()
        .filter(|r| before.has(&r.version) && !wanted.contains(&r.version))
        .collect();
    out.line(runner::offline_stamp(dialect, &added, &removed).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// What a database has that is at a revision.
fn at(history: &History, target: &Target) -> Result<Applied, Error> {
    let versions = runner::plan_stamp(history, &Applied::default(), std::slice::from_ref(target))
        .map_err(|error| match error.kind() {
        ErrorKind::Usage => Error::new(
            ErrorKind::Usage,
            "FROM is where the database is: name a revision, `head` or `base`",
        ),
        _ => error,
    })?;
    Ok(versions.iter().map(String::as_str).collect())
}

/// Lists the steps.
pub(super) fn plan(
    dialect: Dialect,
    steps: &[&Revision],
    direction: Direction,
    as_json: bool,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let script = match direction {
        Direction::Up => "up.sql",
        Direction::Down => "down.sql",
    };
    let lost = |revision: &Revision| match direction {
        Direction::Up => Vec::new(),
        Direction::Down => losses(revision, dialect),
    };
    if as_json {
        let steps: Value = steps
            .iter()
            .map(|revision| {
                json!({
                    "id": revision.id,
                    "version": revision.version,
                    "message": revision.message,
                    "file": revision.file(script),
                    "loses": lost(revision),
                })
            })
            .collect();
        out.json(&json!({"direction": direction.command(), "steps": steps}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for revision in steps {
        let id = out.paint(Tone::Id, &revision.id);
        let (sign, file) = (sign(direction, out), revision.file(script));
        out.line(format!(
            "{sign} {id}  {}  {}",
            revision.message,
            out.paint(Tone::Faint, file)
        ))?;
        for loss in lost(revision) {
            let text = format!("    loses: {loss}");
            out.line(out.paint(Tone::Removed, text))?;
        }
    }
    out.line(match steps.len() {
        0 => "Nothing to do: the database is already there.".to_owned(),
        number => format!(
            "{} run; nothing was.",
            count(number, "revision would", "revisions would")
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}
