//! `migrations/HEAD`: the latest revision, in a file that every new revision rewrites.
//!
//! Two branches that both add a revision therefore collide in git, where people see it; and a program that
//! embeds the folder is built again when a revision is added.

use std::path::Path;

use toml_edit::{DocumentMut, value};

use crate::{Error, ErrorKind};

/// The name of the file; Diesel ignores files beside the folders.
pub(super) const HEAD: &str = "HEAD";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HeadFile {
    /// The id of the latest revision, or nothing before the first.
    pub(crate) head: String,
    /// The fingerprint of the models' schema when it was written.
    pub(crate) schema: String,
}

impl HeadFile {
    pub(super) fn render(&self) -> String {
        let mut document = DocumentMut::new();
        document["head"] = value(self.head.as_str());
        document["schema"] = value(self.schema.as_str());
        format!(
            "# Written by axum-migrate with every revision, so that two branches that both add one\n\
             # collide here, in git, where people see it. After a merge: keep the later head.\n{document}"
        )
    }
}

/// Reads the file of a folder, `None` when another tool made the folder and there is none.
///
/// # Errors
/// When it cannot be read or understood, as with git's conflict markers in it.
pub(crate) fn read_head(folder: &Path) -> Result<Option<HeadFile>, Error> {
    let path = folder.join(HEAD);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    if text.contains("<<<<<<<") || text.contains(">>>>>>>") {
        return Err(Error::new(
            ErrorKind::Graph,
            format!(
                "{} has git's conflict markers: two branches added a revision; delete the folder of your \
                 own unapplied one, keep the other head here, and generate yours again",
                path.display()
            ),
        ));
    }
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        Error::new(
            ErrorKind::Directory,
            format!(
                "{} cannot be understood: {}; restore it from version control",
                path.display(),
                error.message()
            ),
        )
    })?;
    let text_of = |key: &str| {
        document
            .get(key)
            .and_then(|item| item.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Some(HeadFile {
        head: text_of("head"),
        schema: text_of("schema"),
    }))
}
