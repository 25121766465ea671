//! `init`, `revision`, and the writing of every revision.

use std::path::Path;
use std::process::ExitCode;

use axum_db::Bind;
use chrono::Utc;

use super::args;
use super::output::Output;
use crate::revision::{
    HeadFile, History, NewRevision, Ours, RevisionMetadata, checksum, create_folder, fingerprint,
    next_name, read_head, write_revision,
};
use crate::{Engine, Error, Migrate};

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
    // A script of comments alone is an "empty query" to Diesel on PostgreSQL.
    let written = write(
        &folder,
        &history,
        Draft {
            message: &args.message,
            up: "-- What this revision changes, in place of this line and the next.\nSELECT 1;\n"
                .into(),
            down: "-- What takes it back, in place of this line and the next.\nSELECT 1;\n".into(),
            run_in_transaction: !args.no_transaction,
            schema: read_head(&folder)?
                .map(|head| head.schema)
                .unwrap_or_default(),
            generated: None,
        },
    )?;
    out.line(format!(
        "Wrote {written}/up.sql and down.sql for you to fill in."
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// A revision before it has a name.
pub(super) struct Draft<'a> {
    pub(super) message: &'a str,
    pub(super) up: String,
    pub(super) down: String,
    pub(super) run_in_transaction: bool,
    pub(super) schema: String,
    /// What going back loses; only known of generated scripts.
    pub(super) generated: Option<Vec<String>>,
}

/// Names and writes a revision; answers with its folder.
pub(super) fn write(folder: &Path, history: &History, draft: Draft<'_>) -> Result<String, Error> {
    let head = history.head()?;
    let latest = history.revisions().last();
    let now = Utc::now();
    let name = next_name(
        draft.message,
        now,
        latest.map(|revision| revision.version.as_str()),
    )?;
    let nanoseconds = now.timestamp_nanos_opt().unwrap_or_default();
    let mut id = fingerprint(&[
        name.as_str(),
        &nanoseconds.to_string(),
        &std::process::id().to_string(),
    ]);
    id.truncate(12);
    let generated = draft.generated.is_some();
    let metadata = RevisionMetadata::new(
        draft.run_in_transaction,
        Ours {
            id: id.clone(),
            revises: head.map(|head| head.id.clone()).into_iter().collect(),
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
                head: id,
                schema: draft.schema,
            },
        },
    )?;
    Ok(written.display().to_string())
}
