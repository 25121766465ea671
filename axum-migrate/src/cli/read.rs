//! `current`, `history`, `heads`, `branches`, `show`: what only reads.

use std::process::ExitCode;

use axum_db::Bind;
use serde_json::{Value, json};

use super::args;
use super::draw::Lanes;
use super::output::{Output, Tone};
use crate::revision::{History, Revision, short_version};
use crate::runner::{self, Applied, count, losses};
use crate::{Engine, Error, Migrate};

const NONE_YET: &str = "There is no revision yet; `migrate` writes the first.";

pub(super) async fn current<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::List,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.read.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let applied = runner::applied::<B>(&mut conn).await?;
    let tips = history.tips(|revision| applied.has(&revision.version));
    let pending = runner::pending(&history, &applied).len();
    let unknown: Vec<&str> = applied
        .versions()
        .filter(|version| !history.has(version))
        .collect();
    if args.read.json {
        out.json(&json!({
            "current": tips.iter().map(|tip| brief(tip, &history)).collect::<Vec<_>>(),
            "applied": applied.len(),
            "pending": pending,
            "unknown": unknown,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if tips.is_empty() && unknown.is_empty() {
        out.line("base (no revision is applied)")?;
    }
    list(&tips, &history, args.verbose, out)?;
    for version in unknown {
        out.line(format!(
            "{version}  (not among these migrations: the database is newer than they are)"
        ))?;
    }
    for revision in runner::interrupted(&history, &applied) {
        out.line(format!(
            "{}  (interrupted between two of its statements, unless it is running: `upgrade` says how to go on)",
            revision.id
        ))?;
    }
    if pending > 0 {
        out.line(format!(
            "{} to apply; run `upgrade`.",
            count(pending, "revision is left", "revisions are left")
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn history<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::History,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.read.folder.dir.as_deref())?;
    let asks = args
        .range
        .as_ref()
        .is_some_and(|range| range.contains("current"));
    let applied = if args.indicate_current || asks {
        let mut conn = runner::connect(migrate.database()).await?;
        Some(runner::applied::<B>(&mut conn).await?)
    } else {
        None
    };
    let has = |revision: &Revision| {
        applied
            .as_ref()
            .is_some_and(|applied| applied.has(&revision.version))
    };
    let range = match &args.range {
        Some(range) => Some(history.range(range, applied.as_ref().map(|_| &has as _))?),
        None => None,
    };
    let applied = applied.as_ref().filter(|_| args.indicate_current);
    let shown: Vec<&Revision> = history
        .revisions()
        .iter()
        .rev()
        .filter(|revision| {
            range
                .as_ref()
                .is_none_or(|range| range.contains(&revision.version))
        })
        .collect();
    if args.read.json {
        let revisions: Vec<Value> = shown
            .iter()
            .map(|revision| full(revision, &history, applied))
            .collect();
        out.json(&Value::Array(revisions))?;
        return Ok(ExitCode::SUCCESS);
    }
    if history.revisions().is_empty() {
        out.line(NONE_YET)?;
    }
    let position = |wanted: &Revision| shown.iter().position(|r| r.version == wanted.version);
    let mut lanes = Lanes::default();
    for (at, revision) in shown.iter().enumerate() {
        let parents: Vec<usize> = history
            .parents(revision)
            .into_iter()
            .filter_map(position)
            .collect();
        let drawn = lanes.draw(at, &parents);
        if let Some(above) = drawn.above {
            out.line(out.paint(Tone::Faint, above))?;
        }
        let mark = match applied {
            Some(applied) if !applied.has(&revision.version) => "o",
            _ => "*",
        };
        out.line(format!(
            "{}{mark} {}{}",
            out.paint(Tone::Faint, drawn.before),
            out.paint(Tone::Faint, drawn.after_mark),
            line(revision, &history, applied, out)
        ))?;
        if args.verbose {
            for text in describe(revision, &history, applied) {
                out.line(format!("{}  {text}", out.paint(Tone::Faint, &drawn.beside)))?;
            }
        }
        if let Some(below) = drawn.below {
            out.line(out.paint(Tone::Faint, below))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn heads<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::List,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read_lenient(args.read.folder.dir.as_deref())?;
    let heads = history.heads();
    if args.read.json {
        out.json(&heads.iter().map(|head| brief(head, &history)).collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    if heads.is_empty() {
        out.line(NONE_YET)?;
    }
    list(&heads, &history, args.verbose, out)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn branches<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::List,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read_lenient(args.read.folder.dir.as_deref())?;
    let points: Vec<(&Revision, Vec<&Revision>)> = history
        .revisions()
        .iter()
        .rev()
        .map(|revision| (revision, history.children(revision)))
        .filter(|(_, children)| children.len() > 1)
        .collect();
    if args.read.json {
        let points = points.iter().map(|(point, children)| {
            let mut value = brief(point, &history);
            value["children"] = children
                .iter()
                .map(|child| brief(child, &history))
                .collect();
            value
        });
        out.json(&points.collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    if points.is_empty() {
        out.line("No revision has several that build on it.")?;
    }
    for (point, children) in points {
        list(&[point], &history, args.verbose, out)?;
        for child in children {
            out.line(format!("  → {}", line(child, &history, None, out)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn show<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Show,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.read.folder.dir.as_deref())?;
    if history.revisions().is_empty() && args.revision == "head" {
        if args.read.json {
            out.json(&Value::Null)?;
        } else {
            out.line(NONE_YET)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let revision = history.one(&args.revision, None)?;
    if args.read.json {
        let mut value = full(revision, &history, None);
        value["up"] = json!(revision.up);
        value["down"] = json!(revision.down);
        out.json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    out.line(line(revision, &history, None, out))?;
    for text in describe(revision, &history, None) {
        out.line(text)?;
    }
    for loss in losses(revision, B::DIALECT) {
        out.line(format!(
            "Downgrade loses: {}",
            out.paint(Tone::Removed, loss)
        ))?;
    }
    out.line(format!("\n-- up.sql\n{}", revision.up.trim_end()))?;
    match &revision.down {
        Some(down) => out.line(format!("\n-- down.sql\n{}", down.trim_end()))?,
        None => out.line("\n-- no down.sql: this revision cannot be reverted")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for each, and everything below it where that is wanted.
fn list(
    revisions: &[&Revision],
    history: &History,
    verbose: bool,
    out: &mut Output<'_>,
) -> Result<(), Error> {
    for revision in revisions {
        out.line(line(revision, history, None, out))?;
        if verbose {
            for text in describe(revision, history, None) {
                out.line(format!("  {text}"))?;
            }
        }
    }
    Ok(())
}

fn is_head(revision: &Revision, history: &History) -> bool {
    history.children(revision).is_empty()
}

/// `3f2a9c41b7d0 (head, current)  add posts`.
fn line(
    revision: &Revision,
    history: &History,
    applied: Option<&Applied>,
    out: &Output<'_>,
) -> String {
    let head = is_head(revision, history);
    let mut marks: Vec<String> = Vec::new();
    if head {
        marks.push("head".into());
    }
    if let Some(applied) = applied
        && applied.has(&revision.version)
        && !history
            .children(revision)
            .iter()
            .any(|child| applied.has(&child.version))
    {
        marks.push("current".into());
    }
    // Where a branch begins, and where it is now.
    let labels = history.labels_of(revision);
    let begins = |label: &&str| revision.labels.iter().any(|own| own == label);
    marks.extend(
        labels
            .into_iter()
            .filter(|label| head || begins(label))
            .map(str::to_owned),
    );
    let needs = history.needs(revision);
    if !needs.is_empty() {
        let ids: Vec<&str> = needs.iter().map(|other| other.id.as_str()).collect();
        marks.push(format!("needs {}", ids.join(", ")));
    }
    let marks = match marks.as_slice() {
        [] => String::new(),
        marks => format!(
            " {}",
            out.paint(Tone::Mark, format!("({})", marks.join(", ")))
        ),
    };
    format!(
        "{}{marks}  {}",
        out.paint(Tone::Id, &revision.id),
        revision.message
    )
}

/// Everything about a revision that is not in its line.
fn describe(revision: &Revision, history: &History, applied: Option<&Applied>) -> Vec<String> {
    let ids = |revisions: Vec<&Revision>| -> String {
        let ids: Vec<&str> = revisions.iter().map(|other| other.id.as_str()).collect();
        ids.join(", ")
    };
    let parents = history.parents(revision);
    let mut lines = vec![format!(
        "Revises:   {}",
        if parents.is_empty() {
            "base".to_owned()
        } else {
            ids(parents)
        }
    )];
    let labels = history.labels_of(revision);
    for (name, value) in [
        ("Needs:     ", ids(history.needs(revision))),
        ("Branch:    ", labels.join(", ")),
    ] {
        if !value.is_empty() {
            lines.push(format!("{name}{value}"));
        }
    }
    lines.push(format!("Message:   {}", revision.message));
    lines.push(format!("Version:   {}", short_version(&revision.version)));
    lines.push(format!(
        "Folder:    {}",
        match &revision.folder {
            Some(folder) => folder.display().to_string(),
            None => format!("{} (inside the program)", revision.name),
        }
    ));
    if !revision.run_in_transaction {
        lines.push("Runs:      outside a transaction of the runner".into());
    }
    if revision.edited() {
        lines.push("Edited:    by hand, since it was generated".into());
    }
    if let Some(applied) = applied {
        let is = if applied.has(&revision.version) {
            "yes"
        } else {
            "no"
        };
        lines.push(format!("Applied:   {is}"));
    }
    lines
}

fn brief(revision: &Revision, history: &History) -> Value {
    json!({
        "id": revision.id,
        "version": revision.version,
        "message": revision.message,
        "head": is_head(revision, history),
        "labels": history.labels_of(revision),
    })
}

fn full(revision: &Revision, history: &History, applied: Option<&Applied>) -> Value {
    let ids = |revisions: Vec<&Revision>| -> Value {
        revisions
            .iter()
            .map(|other| Value::String(other.id.clone()))
            .collect()
    };
    let mut value = brief(revision, history);
    value["name"] = json!(revision.name);
    value["revises"] = ids(history.parents(revision));
    value["depends_on"] = ids(history.needs(revision));
    value["run_in_transaction"] = json!(revision.run_in_transaction);
    value["edited"] = json!(revision.edited());
    value["checksum"] = json!(revision.checksum());
    if let Some(applied) = applied {
        value["applied"] = json!(applied.has(&revision.version));
    }
    value
}
