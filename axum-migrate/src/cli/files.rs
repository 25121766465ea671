//! `init`, `revision`, and the writing of every revision.

use std::path::Path;
use std::process::ExitCode;

use axum_db::Bind;
use chrono::Utc;

use super::args;
use super::output::Output;
use crate::revision::{
    HeadFile, History, NewRevision, Ours, Revision, RevisionMetadata, check_name, checksum,
    create_folder, fingerprint, list, next_name, read_head, write_revision,
};
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) fn init<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Init,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let folder = migrate.folder(args.folder.dir.as_deref());
    if create_folder(&folder)? {
        out.line(format!(
            "Created {}. Next: `migrate -m \"create the tables\"`.",
            folder.display()
        ))?;
    } else {
        out.line(format!("{} is there already.", folder.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn revision<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::New,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (folder, history) = migrate.read_to_write(args.folder.dir.as_deref())?;
    let head = read_head(&folder)?;
    // A script of comments alone is an "empty query" to Diesel on PostgreSQL.
    let up = "-- What this revision changes, in place of this line and the next.\nSELECT 1;\n";
    let down = "-- What takes it back, in place of this line and the next.\nSELECT 1;\n";
    let place = place(&history, &args.graft)?;
    if args.sql {
        out.line(format!("-- up.sql\n{up}\n-- down.sql\n{down}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let written = write(
        &folder,
        &history,
        Draft {
            message: &args.message,
            up: up.into(),
            down: down.into(),
            run_in_transaction: !args.no_transaction,
            schema: head.map(|head| head.schema).unwrap_or_default(),
            generated: None,
            place,
        },
    )?;
    out.line(format!(
        "Wrote {written}/up.sql and down.sql for you to fill in."
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// A revision before it has a name.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    pub(super) message: &'a str,
    pub(super) up: String,
    pub(super) down: String,
    pub(super) run_in_transaction: bool,
    pub(super) schema: String,
    /// What going back loses; only known of generated scripts.
    pub(super) generated: Option<Vec<String>>,
    pub(super) place: Place,
}

/// Where in the graph a new revision goes.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The ids it builds on; the head's, unless something is said.
    pub(super) revises: Option<Vec<String>>,
    pub(super) labels: Vec<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) id: Option<String>,
}

/// Finds the place that the options name.
pub(super) fn place(history: &History, graft: &args::Graft) -> Result<Place, Error> {
    let revises = match graft.head.as_deref() {
        None => {
            let head = history.head()?;
            head.map(|head| head.id.clone()).into_iter().collect()
        }
        Some(typed) => {
            let found = history.resolve(typed, None)?.revisions;
            let taken: Vec<&Revision> = found
                .iter()
                .copied()
                .filter(|revision| !history.children(revision).is_empty())
                .collect();
            if !graft.splice && !taken.is_empty() {
                return Err(Error::new(
                    ErrorKind::Graph,
                    format!(
                        "others build on {} already, so this makes a branch; if that is what you want, say --splice",
                        list(&taken)
                    ),
                ));
            }
            found.iter().map(|revision| revision.id.clone()).collect()
        }
    };
    let depends_on = graft
        .depends_on
        .iter()
        .map(|typed| history.one(typed, None).map(|revision| revision.id.clone()))
        .collect::<Result<_, _>>()?;
    Ok(Place {
        revises: Some(revises),
        labels: graft.branch_label.clone(),
        depends_on,
        id: graft.rev_id.clone(),
    })
}

/// Names and writes a revision; answers with its folder.
pub(super) fn write(folder: &Path, history: &History, draft: Draft<'_>) -> Result<String, Error> {
    let place = draft.place;
    let revises = match place.revises {
        Some(ids) => ids,
        None => {
            let head = history.head()?;
            head.map(|head| head.id.clone()).into_iter().collect()
        }
    };
    check_names(history, &place.labels, place.id.as_deref())?;
    let latest = history.revisions().last();
    let now = Utc::now();
    let name = next_name(
        draft.message,
        now,
        latest.map(|revision| revision.version.as_str()),
    )?;
    let nanoseconds = now.timestamp_nanos_opt().unwrap_or_default();
    let id = place.id.unwrap_or_else(|| {
        let mut id = fingerprint(&[
            name.as_str(),
            &nanoseconds.to_string(),
            &std::process::id().to_string(),
        ]);
        id.truncate(12);
        id
    });
    let generated = draft.generated.is_some();
    let mut heads: Vec<String> = history.heads().iter().map(|head| head.id.clone()).collect();
    heads.retain(|head| !revises.contains(head));
    heads.push(id.clone());
    let metadata = RevisionMetadata::new(
        draft.run_in_transaction,
        Ours {
            id,
            revises,
            labels: place.labels,
            depends_on: place.depends_on,
            message: draft.message.to_owned(),
            checksum: generated.then(|| checksum(&draft.up, Some(&draft.down))),
            schema: generated.then(|| draft.schema.clone()),
            down_loses: draft.generated,
        },
    );
    let written = write_revision(
        folder,
        &NewRevision {
            name: &name,
            up: &draft.up,
            down: &draft.down,
            metadata: &metadata,
            head: &HeadFile {
                heads,
                schema: draft.schema,
            },
        },
    )?;
    Ok(written.display().to_string())
}

/// Fails for an id or a label that cannot be typed, or that something else is called.
fn check_names(history: &History, labels: &[String], id: Option<&str>) -> Result<(), Error> {
    for label in labels {
        check_name("a branch's label", label)?;
    }
    if let Some(id) = id {
        check_name("a revision's id", id)?;
    }
    for name in labels.iter().map(String::as_str).chain(id) {
        let taken = |revision: &&Revision| {
            revision.id == name || revision.labels.iter().any(|label| label == name)
        };
        if let Some(other) = history.revisions().iter().find(taken) {
            return Err(Error::new(
                ErrorKind::Graph,
                format!(
                    "{name} is what {} is called already; choose another name",
                    other.name
                ),
            ));
        }
    }
    Ok(())
}
