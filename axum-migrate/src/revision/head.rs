//! `migrations/HEAD`: the latest revision, in a file that every new revision rewrites.
//!
//! Two branches that both add a revision therefore collide in git, where people see it; and a program that
//! embeds the folder is built again when a revision is added.

use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, value};

use crate::{Error, ErrorKind};

/// The name of the file; Diesel ignores files beside the folders.
pub(super) const HEAD: &str = "HEAD";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HeadFile {
    /// The ids of the latest revisions: one, unless branches go on beside each other; none before the first.
    pub(crate) heads: Vec<String>,
    /// The fingerprint of the models' schema when it was written, or nothing where branches met.
    pub(crate) schema: String,
}

impl HeadFile {
    pub(crate) fn render(&self) -> String {
        let mut document = DocumentMut::new();
        document["head"] = match self.heads.as_slice() {
            [] => value(""),
            [head] => value(head.as_str()),
            several => value(several.iter().map(String::as_str).collect::<Array>()),
        };
        document["schema"] = value(self.schema.as_str());
        format!(
            "# Written by axum-migrate with every revision, so that two branches that both add one\n\
             # collide here, in git, where people see it. After a merge: run `rebase` or `merge`.\n{document}"
        )
    }
}

/// Whether git left both sides of a merge in the file.
fn is_conflict(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>"))
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
    if is_conflict(&text) {
        return Err(Error::new(
            ErrorKind::Graph,
            format!(
                "{} has git's conflict markers: two branches added a revision. `rebase` puts one that is applied \
                 nowhere after the others, `merge` joins them; both write this file anew. Then `git add` the \
                 migrations and commit",
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
    let text_of = |item: Option<&Item>| {
        item.and_then(Item::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let head = document.get("head");
    let heads = match head.and_then(Item::as_array) {
        Some(several) => several
            .iter()
            .filter_map(|head| head.as_str().map(str::to_owned))
            .collect(),
        None => text_of(head).into_iter().collect(),
    };
    Ok(Some(HeadFile {
        heads,
        schema: text_of(document.get("schema")).unwrap_or_default(),
    }))
}
