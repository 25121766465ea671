//! Histories for the tests of what is pure here.

use crate::revision::{History, Revision, read_folder};

/// Revisions with these names, `up.sql` and perhaps a `metadata.toml`, read as from anybody's folder.
pub(super) fn revisions(files: &[(&str, &str, &str)]) -> Vec<Revision> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, up, metadata) in files {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).expect("a folder");
        std::fs::write(place.join("up.sql"), up).expect("up.sql");
        std::fs::write(place.join("down.sql"), "").expect("down.sql");
        if !metadata.is_empty() {
            std::fs::write(place.join("metadata.toml"), metadata).expect("metadata.toml");
        }
    }
    read_folder(folder.path()).expect("revisions")
}

pub(super) fn history(files: &[(&str, &str, &str)]) -> History {
    History::new(revisions(files)).expect("a history")
}
