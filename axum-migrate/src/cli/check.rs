//! `check`: whether models, migrations and database agree.

use std::process::ExitCode;

use axum_db::Bind;
use serde_json::json;

use super::args;
use super::generate::named;
use super::output::Output;
use crate::diff::{Hints, diff};
use crate::op::Op;
use crate::revision::{History, Revision, list as list_revisions, read_head};
use crate::runner::{self, Applied, count, replay};
use crate::schema::Schema;
use crate::{Engine, Error, Migrate};

/// The code when they disagree.
pub(super) const DISAGREE: u8 = 3;

/// One disagreement.
struct Problem {
    check: &'static str,
    text: String,
}

pub(super) async fn check<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Check,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let dir = args.read.folder.dir.as_deref();
    let everything = !(args.drift || args.heads || args.checksums);
    // A wrong order is for `--heads` to tell; nothing else can be said of such a folder.
    let (source, history) = if everything || args.heads {
        migrate.read_lenient(dir)?
    } else {
        migrate.read(dir)?
    };
    let mut problems = Vec::new();
    if everything || args.heads {
        heads(&history, &source, &mut problems);
    }
    let in_order = history.out_of_order().is_empty();
    if in_order && (everything || args.checksums || args.drift) {
        let mut conn = runner::connect(migrate.database()).await?;
        B::look_at(&mut conn, &named(&migrate.models()?, &history)).await?;
        let applied = runner::applied::<B>(&mut conn).await?;
        if everything || args.checksums {
            checksums(&history, &applied, &mut problems);
        }
        if everything {
            versions(&history, &applied, &mut problems);
        }
        if everything || args.drift {
            let wants = if everything {
                Some(migrate.models()?)
            } else {
                None
            };
            schemas::<B>(&mut conn, &history, &applied, wants, &mut problems).await?;
        }
    }
    if args.read.json {
        let list: Vec<_> = problems
            .iter()
            .map(|problem| json!({"check": problem.check, "problem": problem.text}))
            .collect();
        out.json(&json!({"agree": problems.is_empty(), "problems": list}))?;
    } else if problems.is_empty() {
        out.line(if everything {
            "Models, migrations and database agree."
        } else {
            "Nothing found."
        })?;
    } else {
        for problem in &problems {
            out.line(format!("{}: {}", problem.check, problem.text))?;
        }
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DISAGREE)
    })
}

fn heads(history: &History, source: &crate::migrate::Source, problems: &mut Vec<Problem>) {
    let mut found = |text: String| {
        problems.push(Problem {
            check: "heads",
            text,
        });
    };
    for problem in history.out_of_order() {
        found(problem);
    }
    for heads in history.collisions() {
        found(format!(
            "{} were added on two branches: `rebase` puts one that is applied nowhere after the others, `merge` \
             joins them",
            list_revisions(&heads)
        ));
    }
    if let crate::migrate::Source::Folder(folder) = source {
        match read_head(folder) {
            Err(error) => found(error.to_string()),
            Ok(None) => {}
            Ok(Some(file)) => {
                let mut named = file.heads;
                let heads = history.heads();
                let mut are: Vec<&str> = heads.iter().map(|head| head.id.as_str()).collect();
                named.sort_unstable();
                are.sort_unstable();
                if named != are {
                    found(format!(
                        "{}/HEAD names {named:?} and the latest of the revisions is {are:?}; was a folder added or \
                         removed by hand, or a merge settled there? `merge` writes it anew",
                        folder.display()
                    ));
                }
            }
        }
    }
    for revision in history
        .revisions()
        .iter()
        .filter(|revision| revision.forgets_transaction)
    {
        found(format!(
            "{} does not say run_in_transaction, which turns the transaction off; write it there",
            revision.file("metadata.toml")
        ));
    }
}

fn checksums(history: &History, applied: &Applied, problems: &mut Vec<Problem>) {
    for edited in runner::edited(history, applied) {
        let file = edited
            .revision
            .file(if edited.up { "up.sql" } else { "down.sql" });
        problems.push(Problem {
            check: "checksums",
            text: format!(
                "{file} was edited after its revision was applied; restore it from version control and put the \
                 change into a new revision, or accept it with `repair`"
            ),
        });
    }
}

fn versions(history: &History, applied: &Applied, problems: &mut Vec<Problem>) {
    let mut found = |text: String| {
        problems.push(Problem {
            check: "database",
            text,
        });
    };
    if let Err(error) = runner::refuse_unknown(history, applied) {
        found(error.to_string());
    }
    for revision in runner::interrupted(history, applied) {
        found(format!(
            "{} was interrupted between two of its statements, unless it is running; `upgrade` says how to go on",
            revision.name
        ));
    }
    let pending = runner::pending(history, applied).len();
    if pending > 0 {
        found(format!(
            "{} not applied yet; run `upgrade`",
            count(pending, "revision is", "revisions are")
        ));
    }
}

/// Compares what the applied revisions lead to with the database, and what all lead to with the models.
async fn schemas<B: Engine>(
    conn: &mut B::Connection,
    history: &History,
    applied: &Applied,
    models: Option<Vec<String>>,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let all: Vec<&Revision> = history.revisions().iter().collect();
    let run: Vec<&Revision> = all
        .iter()
        .copied()
        .filter(|revision| applied.has(&revision.version))
        .collect();
    let database = B::introspect(conn).await?;
    let expected = replay::<B>(conn, &run).await?;
    let drift = differences(&database, &expected, true)?;
    if !drift.is_empty() {
        let text = match runner::interrupted(history, applied).first() {
            // Half a revision is nobody else's change, and not to be mended by hand.
            Some(revision) => format!(
                "not compared, as the database is in the middle of {}; `upgrade` says how to go on",
                revision.name
            ),
            None => format!(
                "the database was changed by other means than its revisions; to have it as they say:\n{}",
                list(&drift)
            ),
        };
        problems.push(Problem {
            check: "drift",
            text,
        });
    }
    if let Some(statements) = models {
        let models = B::scratch_schema(conn, &statements).await?;
        let reached = if run.len() == all.len() {
            expected
        } else {
            replay::<B>(conn, &all).await?
        };
        let missing = differences(&reached, &models, false)?;
        if !missing.is_empty() {
            problems.push(Problem {
                check: "models",
                text: format!(
                    "the models have changes that no revision makes; run `migrate`:\n{}",
                    list(&missing)
                ),
            });
        }
    }
    Ok(())
}

/// What it takes from one to the other; further tables are not counted, nor, unless `exact`, what models have no
/// words for.
fn differences(from: &Schema, to: &Schema, exact: bool) -> Result<Vec<Op>, Error> {
    let hints = Hints {
        exact,
        ..Hints::default()
    };
    Ok(diff(from, to, &hints)?.ops)
}

fn list(ops: &[Op]) -> String {
    let lines: Vec<String> = ops.iter().map(|op| format!("  {op}")).collect();
    lines.join("\n")
}
