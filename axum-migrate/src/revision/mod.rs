//! Revisions: one folder of SQL each, in Diesel's own format, and the history they form.
//!
//! Nothing here touches a database.

mod checksum;
mod directory;
mod embedded;
mod find;
mod graph;
mod head;
mod metadata;
mod name;
mod rebase;

use std::path::PathBuf;

pub use embedded::Embedded;

pub(crate) use checksum::{checksum, fingerprint};
pub(crate) use directory::{
    NewRevision, create_folder, engine_folder, holds_revisions, mend_head, move_revisions,
    read_folder, write_head, write_revision,
};
pub(crate) use find::{check_name, shown_id};
pub(crate) use graph::{History, list};
pub(crate) use head::{HeadFile, read_head};
pub(crate) use metadata::{Ours, RevisionMetadata};
pub(crate) use name::{next_name, short_version};
pub(crate) use rebase::Move;

/// One revision: a folder with `up.sql`, mostly `down.sql`, and `metadata.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Revision {
    /// The folder's name, as `2026-03-01-101500-0000_add_posts`.
    pub(crate) name: String,
    /// What Diesel records in the database: the name up to the first `_`, without dashes.
    pub(crate) version: String,
    /// What people type: ours from `metadata.toml`, else the version.
    pub(crate) id: String,
    /// What the revision is for, in the words of whoever made it.
    pub(crate) message: String,
    /// The ids this revision builds on; `None` where another tool made the folder.
    pub(crate) revises: Option<Vec<String>>,
    /// Names given here to the branch that begins here.
    pub(crate) labels: Vec<String>,
    /// The ids of revisions on other branches that have to run before.
    pub(crate) depends_on: Vec<String>,
    /// Whether each script runs in one transaction with the record of its version.
    pub(crate) run_in_transaction: bool,
    /// Whether `metadata.toml` exists and forgets `run_in_transaction`, which Diesel reads as false.
    pub(crate) forgets_transaction: bool,
    pub(crate) up: String,
    pub(crate) down: Option<String>,
    /// The checksum when the scripts were generated.
    pub(crate) generated_checksum: Option<String>,
    /// What `down.sql` takes away, as recorded when it was generated.
    pub(crate) down_loses: Option<Vec<String>>,
    /// Where it was read from; nothing for the copy inside the program.
    pub(crate) folder: Option<PathBuf>,
}

impl Revision {
    /// The checksum of the scripts as they are now.
    pub(crate) fn checksum(&self) -> String {
        checksum(&self.up, self.down.as_deref())
    }

    /// Whether somebody changed the scripts after they were generated.
    pub(crate) fn edited(&self) -> bool {
        self.generated_checksum
            .as_ref()
            .is_some_and(|generated| *generated != self.checksum())
    }

    /// The path of one of its files for messages, as `migrations/2026…_add_posts/up.sql`.
    pub(crate) fn file(&self, script: &str) -> String {
        match &self.folder {
            Some(folder) => folder.join(script).display().to_string(),
            None => format!("{}/{script} (inside the program)", self.name),
        }
    }
}
