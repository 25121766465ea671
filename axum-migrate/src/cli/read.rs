//! `current`, `history`, `heads`, `show`: what only reads.

use std::process::ExitCode;

use axum_db::Bind;
use serde_json::{Value, json};

use super::args;
use super::output::Output;
use crate::revision::{History, Revision, short_version};
use crate::runner::{self, Applied, count, losses};
use crate::{Engine, Error, Migrate};

pub(super) async fn current<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Read,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let mut conn = runner::connect(migrate.database()).await?;
    let applied = runner::applied::<B>(&mut conn).await?;
    let tips = history.tips(|revision| applied.has(&revision.version));
    let pending = runner::pending(&history, &applied).len();
    let unknown: Vec<&str> = applied
        .versions()
        .filter(|version| !history.revisions().iter().any(|r| r.version == *version))
        .collect();
    if args.json {
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
    for tip in tips {
        out.line(line(tip, &history, None))?;
    }
    for version in unknown {
        out.line(format!(
            "{version}  (not among these migrations: the database is newer than they are)"
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
    let applied = if args.indicate_current {
        let mut conn = runner::connect(migrate.database()).await?;
        Some(runner::applied::<B>(&mut conn).await?)
    } else {
        None
    };
    if args.read.json {
        let revisions: Vec<Value> = history
            .revisions()
            .iter()
            .rev()
            .map(|revision| full(revision, &history, applied.as_ref()))
            .collect();
        out.json(&Value::Array(revisions))?;
        return Ok(ExitCode::SUCCESS);
    }
    if history.revisions().is_empty() {
        out.line("There is no revision yet; `migrate` writes the first.")?;
    }
    for revision in history.revisions().iter().rev() {
        if args.verbose {
            describe(revision, &history, applied.as_ref(), out)?;
            out.line("")?;
        } else {
            out.line(line(revision, &history, applied.as_ref()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn heads<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Read,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let heads = history.heads();
    if args.json {
        out.json(&heads.iter().map(|head| brief(head, &history)).collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    if heads.is_empty() {
        out.line("There is no revision yet; `migrate` writes the first.")?;
    }
    for head in heads {
        out.line(line(head, &history, None))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn show<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Show,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.read.folder.dir.as_deref())?;
    let revision = match args.revision.as_str() {
        "head" => history.head()?,
        typed => Some(history.find(typed)?),
    };
    let Some(revision) = revision else {
        out.line("There is no revision yet; `migrate` writes the first.")?;
        return Ok(ExitCode::SUCCESS);
    };
    if args.read.json {
        let mut value = full(revision, &history, None);
        value["up"] = json!(revision.up);
        value["down"] = json!(revision.down);
        out.json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    describe(revision, &history, None, out)?;
    for loss in losses(revision, B::DIALECT) {
        out.line(format!("Downgrade loses: {loss}"))?;
    }
    out.line(format!("\n-- up.sql\n{}", revision.up.trim_end()))?;
    match &revision.down {
        Some(down) => out.line(format!("\n-- down.sql\n{}", down.trim_end()))?,
        None => out.line("\n-- no down.sql: this revision cannot be reverted")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn is_head(revision: &Revision, history: &History) -> bool {
    history
        .heads()
        .iter()
        .any(|head| head.version == revision.version)
}

fn line(revision: &Revision, history: &History, applied: Option<&Applied>) -> String {
    let mark = match applied.map(|applied| applied.has(&revision.version)) {
        None => "",
        Some(true) => "* ",
        Some(false) => "  ",
    };
    let head = if is_head(revision, history) {
        " (head)"
    } else {
        ""
    };
    format!("{mark}{}{head}  {}", revision.id, revision.message)
}

fn describe(
    revision: &Revision,
    history: &History,
    applied: Option<&Applied>,
    out: &mut Output<'_>,
) -> Result<(), Error> {
    let head = if is_head(revision, history) {
        " (head)"
    } else {
        ""
    };
    let parents: Vec<&str> = history
        .parents(revision)
        .iter()
        .map(|parent| parent.id.as_str())
        .collect();
    out.line(format!("Revision:  {}{head}", revision.id))?;
    out.line(format!(
        "Revises:   {}",
        if parents.is_empty() {
            "base".into()
        } else {
            parents.join(", ")
        }
    ))?;
    out.line(format!("Message:   {}", revision.message))?;
    out.line(format!("Version:   {}", short_version(&revision.version)))?;
    out.line(format!(
        "Folder:    {}",
        match &revision.folder {
            Some(folder) => folder.display().to_string(),
            None => format!("{} (inside the program)", revision.name),
        }
    ))?;
    if !revision.run_in_transaction {
        out.line("Runs:      outside a transaction of the runner")?;
    }
    if revision.edited() {
        out.line("Edited:    by hand, since it was generated")?;
    }
    if let Some(applied) = applied {
        let is = if applied.has(&revision.version) {
            "yes"
        } else {
            "no"
        };
        out.line(format!("Applied:   {is}"))?;
    }
    Ok(())
}

fn brief(revision: &Revision, history: &History) -> Value {
    json!({
        "id": revision.id,
        "version": revision.version,
        "message": revision.message,
        "head": is_head(revision, history),
    })
}

fn full(revision: &Revision, history: &History, applied: Option<&Applied>) -> Value {
    let mut value = brief(revision, history);
    value["name"] = json!(revision.name);
    value["revises"] = history
        .parents(revision)
        .iter()
        .map(|parent| Value::String(parent.id.clone()))
        .collect();
    value["run_in_transaction"] = json!(revision.run_in_transaction);
    value["edited"] = json!(revision.edited());
    value["checksum"] = json!(revision.checksum());
    if let Some(applied) = applied {
        value["applied"] = json!(applied.has(&revision.version));
    }
    value
}
