//! `merge`, `rebase`, `edit`: what changes the folder, and runs nothing.

use std::path::Path;
use std::process::ExitCode;

use axum_db::Bind;
use chrono::Utc;
use serde_json::{Value, json};

use super::args;
use super::files::{Draft, Place, write};
use super::output::Output;
use crate::revision::{
    History, Revision, list, mend_head, move_revisions, read_folder, shown_id, write_head,
};
use crate::runner;
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) fn merge<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Merge,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (folder, history) = migrate.read_to_write(args.folder.dir.as_deref())?;
    let joined = if args.revisions.is_empty() {
        history.collisions().into_iter().next().unwrap_or_default()
    } else {
        named(&history, &args.revisions)?
    };
    if joined.len() < 2 {
        if !args.revisions.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                "a merge joins two revisions or more; name them, or `heads`",
            ));
        }
        let mended = mend_head(&folder, &history)?;
        if args.json {
            out.json(&json!({"written": Value::Null, "joined": []}))?;
        } else if mended {
            out.line(
                "Nothing to join: no two heads need it. HEAD was written anew, as the folders are.",
            )?;
        } else {
            out.line("Nothing to join: no two heads need it. HEAD is as the folders are.")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let ids: Vec<String> = joined.iter().map(|revision| shown_id(revision)).collect();
    let message = args
        .message
        .clone()
        .unwrap_or_else(|| format!("merge {}", ids.join(" and ")));
    // A script of comments alone is an "empty query" to Diesel on PostgreSQL.
    let script = |what: &str| format!("-- {what}; there is nothing to do here.\nSELECT 1;\n");
    let written = write(
        &folder,
        &history,
        Draft {
            message: &message,
            up: script(&format!("Joins {}", list(&joined))),
            down: script("Parts them again"),
            run_in_transaction: true,
            place: Place {
                revises: Some(joined.iter().map(|revision| revision.id.clone()).collect()),
                labels: args.branch_label.clone(),
                depends_on: Vec::new(),
                id: args.rev_id.clone(),
            },
            ..Draft::default()
        },
    )?;
    if args.json {
        let ids: Vec<&str> = joined.iter().map(|revision| revision.id.as_str()).collect();
        out.json(&json!({"written": written, "joined": ids}))?;
        return Ok(ExitCode::SUCCESS);
    }
    out.line(format!(
        "Wrote {written}, which joins {}. Next: `check`, whether they bear each other; then `upgrade`.",
        list(&joined)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The revisions to join, each a head and none on the way to another.
fn named<'h>(history: &'h History, typed: &[String]) -> Result<Vec<&'h Revision>, Error> {
    let mut joined: Vec<&Revision> = Vec::new();
    for typed in typed {
        for revision in history.resolve(typed, None)?.revisions {
            if !joined.iter().any(|other| other.version == revision.version) {
                joined.push(revision);
            }
        }
    }
    let taken: Vec<&Revision> = joined
        .iter()
        .copied()
        .filter(|revision| !history.children(revision).is_empty())
        .collect();
    if taken.is_empty() {
        return Ok(joined);
    }
    Err(Error::new(
        ErrorKind::Graph,
        format!(
            "others build on {} already; join the heads instead, which `heads` lists",
            list(&taken)
        ),
    ))
}

pub(super) async fn rebase<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Rebase,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let dir = args.folder.dir.as_deref();
    let (folder, history) = migrate.writable(dir, migrate.read_lenient(dir)?)?;
    let mut conn = runner::connect(migrate.database()).await?;
    let applied = runner::applied::<B>(&mut conn).await?;
    let has = |revision: &Revision| applied.has(&revision.version);
    let (named, onto) = (args.revision.as_deref(), args.onto.as_deref());
    let Some(rebase) = history.rebase(named, onto, &has)? else {
        let mended = mend_head(&folder, &history)?;
        if args.json {
            out.json(&json!({"moves": [], "onto": null, "head_mended": mended}))?;
            return Ok(ExitCode::SUCCESS);
        }
        out.line(if mended {
            "Nothing to move. HEAD was written anew, as the folders are."
        } else {
            "Nothing to move: no branch has to be put after another."
        })?;
        return Ok(ExitCode::SUCCESS);
    };
    let moves = rebase.moves(&history, Utc::now())?;
    move_revisions(&folder, &moves)?;
    let moved = History::lenient(read_folder(&folder)?)?;
    write_head(&folder, &moved)?;
    if args.json {
        let pairs: Vec<Value> = moves
            .iter()
            .map(|one| json!({"from": one.from, "to": one.to}))
            .collect();
        let onto = rebase.onto.map(|onto| onto.id.as_str());
        out.json(&json!({"moves": pairs, "onto": onto, "head_mended": true}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for one in &moves {
        out.line(format!("{} → {}", one.from, one.to))?;
    }
    if let Some(onto) = rebase.onto {
        out.line(format!("They build on {} now.", list(&[onto])))?;
    }
    out.line("The SQL is as it was: read whether it still fits what runs before it, then `upgrade` and `check`.")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn edit<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Edit,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read_to_write(args.folder.dir.as_deref())?;
    let revision = history.one(&args.revision, None)?;
    let script = if args.down { "down.sql" } else { "up.sql" };
    let Some(path) = revision.folder.as_ref().map(|folder| folder.join(script)) else {
        return Err(Error::new(
            ErrorKind::Directory,
            format!(
                "{} is inside the program; edit it where the source is",
                revision.name
            ),
        ));
    };
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        })
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                format!(
                    "no editor is named in $VISUAL or $EDITOR; set one, or open {} yourself",
                    path.display()
                ),
            )
        })?;
    let mut command = editor_command(&editor, &path);
    // It has the terminal for as long as it likes.
    let ended = tokio::task::spawn_blocking(move || command.status()).await;
    let failed = |why: String| {
        Error::new(
            ErrorKind::Io,
            format!("the editor {editor:?} {why}; correct $VISUAL or $EDITOR"),
        )
    };
    match ended {
        Ok(Ok(status)) if status.success() => {
            if args.json {
                out.json(&json!({"file": path, "id": revision.id}))?;
                return Ok(ExitCode::SUCCESS);
            }
            out.line(format!(
                "{} is saved. A database that ran it before does not run it again; `redo` does.",
                path.display()
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(Ok(status)) => Err(failed(format!("ended with {status}"))),
        Ok(Err(error)) => Err(failed(format!("could not be started: {error}"))),
        Err(_) => Err(failed("was interrupted".into())),
    }
}

/// `$EDITOR` may be a program with arguments, as `code --wait`.
fn editor_command(editor: &str, path: &Path) -> std::process::Command {
    if cfg!(unix) {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &format!("{editor} \"$1\""), "sh"])
            .arg(path);
        return command;
    }
    let mut words = editor.split_whitespace();
    let mut command = std::process::Command::new(words.next().unwrap_or(editor));
    command.args(words).arg(path);
    command
}
