//! The records brought into line with the folder, where that is what is right.

use axum_db::Dialect;

use super::order::edited;
use super::versions::{self, Applied};
use crate::revision::{History, Revision};

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repair<'h> {
    /// Its scripts, as they are now, are taken for what was run.
    Accept {
        revision: &'h Revision,
        files: String,
    },
    /// Another tool ran it, and nothing is known of what: its scripts are taken as they are now.
    Adopt(&'h Revision),
    /// It is recorded and not in the folder: the record goes.
    Forget { version: String, newer: bool },
}

/// What there is to mend, in the order of the versions.
pub(crate) fn repairs<'h>(history: &'h History, applied: &Applied) -> Vec<Repair<'h>> {
    let latest = history.revisions().last();
    let mut repairs: Vec<Repair<'h>> = applied
        .versions()
        .filter(|version| !history.has(version))
        .map(|version| Repair::Forget {
            version: version.to_owned(),
            newer: latest.is_none_or(|latest| latest.version.as_str() < version),
        })
        .collect();
    repairs.extend(edited(history, applied).into_iter().map(|edited| {
        let files = match (edited.up, edited.down) {
            (true, true) => "up.sql and down.sql",
            (true, false) => "up.sql",
            (false, _) => "down.sql",
        };
        Repair::Accept {
            revision: edited.revision,
            files: files.into(),
        }
    }));
    let unknown = |revision: &&Revision| {
        applied.has(&revision.version) && applied.checksum(&revision.version).is_none()
    };
    repairs.extend(
        history
            .revisions()
            .iter()
            .filter(unknown)
            .map(Repair::Adopt),
    );
    repairs
}

/// The statements of the repairs.
pub(super) fn statements(repairs: &[Repair<'_>], dialect: Dialect) -> Vec<String> {
    repairs
        .iter()
        .flat_map(|repair| match repair {
            Repair::Accept { revision, .. } | Repair::Adopt(revision) => {
                vec![versions::set_checksum(dialect, revision)]
            }
            Repair::Forget { version, .. } => versions::forget(dialect, version),
        })
        .collect()
}
