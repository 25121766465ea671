//! `verify`: whether each revision can be undone, and done again.

use std::process::ExitCode;

use axum_db::Bind;
use serde_json::json;

use super::args;
use super::check::DISAGREE;
use super::generate::named;
use super::output::Output;
use crate::revision::Revision;
use crate::runner::{self, Doubt, count};
use crate::{Engine, Error, Migrate};

pub(super) async fn verify<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Verify,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.read.folder.dir.as_deref())?;
    let only = args
        .revision
        .as_ref()
        .map(|typed| history.one(typed, None))
        .transpose()?;
    let needed = only.map(|only| history.ancestry(only));
    let run: Vec<&Revision> = history
        .revisions()
        .iter()
        .filter(|it| {
            needed
                .as_ref()
                .is_none_or(|needed| needed.contains(&it.version))
        })
        .collect();
    let tried = |revision: &Revision| only.is_none_or(|only| only.version == revision.version);
    let mut conn = runner::connect(migrate.database()).await?;
    B::look_at(&mut conn, &named(&[], &history)).await?;
    let doubts = runner::verify::<B>(&mut conn, &run, &tried).await?;
    let number = run.iter().filter(|revision| tried(revision)).count();
    if args.read.json {
        let problems: Vec<_> = doubts
            .iter()
            .map(|doubt| json!({"id": run[doubt.at].id, "problem": said(doubt, &run)}))
            .collect();
        out.json(&json!({"verified": number, "problems": problems}))?;
    } else {
        for doubt in &doubts {
            out.line(said(doubt, &run))?;
        }
        if number == 0 {
            out.line(
                "There is no revision yet, so there is nothing to verify; `migrate` writes one.",
            )?;
        } else if doubts.is_empty() {
            out.line(format!(
                "{} went up, down and up again.",
                count(number, "revision", "revisions")
            ))?;
        }
    }
    Ok(if doubts.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DISAGREE)
    })
}

fn said(doubt: &Doubt, run: &[&Revision]) -> String {
    let revision = run[doubt.at];
    let Some(script) = doubt.script else {
        return format!(
            "{} has no down.sql, so it cannot be taken back; write one",
            revision.name
        );
    };
    let left: Vec<String> = doubt.left.iter().map(|op| format!("  {op}")).collect();
    format!(
        "{} does not lead back to where it was; correct it. Still to be done there:\n{}",
        revision.file(script),
        left.join("\n")
    )
}
