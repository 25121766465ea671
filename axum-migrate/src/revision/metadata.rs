//! `metadata.toml`: Diesel's one setting, and our table beside it, which Diesel ignores.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::{Error, ErrorKind};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RevisionMetadata {
    /// As Diesel reads it: a file without the key means false, no file at all means true.
    pub(crate) run_in_transaction: bool,
    /// Whether the file exists and the key does not.
    pub(crate) forgets_transaction: bool,
    pub(crate) ours: Option<Ours>,
}

/// The table `[axum_migrate]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ours {
    pub(crate) id: String,
    pub(crate) revises: Vec<String>,
    /// Names that the branch beginning here is given.
    pub(crate) labels: Vec<String>,
    /// The ids of revisions on other branches that have to run before.
    pub(crate) depends_on: Vec<String>,
    pub(crate) message: String,
    pub(crate) checksum: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) down_loses: Option<Vec<String>>,
}

impl RevisionMetadata {
    /// What a folder without the file means.
    pub(super) fn absent() -> Self {
        Self {
            run_in_transaction: true,
            forgets_transaction: false,
            ours: None,
        }
    }

    pub(crate) fn new(run_in_transaction: bool, ours: Ours) -> Self {
        Self {
            run_in_transaction,
            forgets_transaction: false,
            ours: Some(ours),
        }
    }

    /// Reads the file; `path` is for messages.
    ///
    /// # Errors
    /// Where Diesel would guess in silence: unparsable TOML, a value of the wrong type.
    pub(super) fn parse(text: &str, path: &str) -> Result<Self, Error> {
        let malformed = |what: &str| {
            Error::new(
                ErrorKind::Directory,
                format!("{path} {what}; correct it, or restore it from version control"),
            )
        };
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let line = error.span().map_or(1, |span| {
                text.get(..span.start)
                    .map_or(1, |before| before.matches('\n').count() + 1)
            });
            malformed(&format!(
                "is not valid TOML (line {line}: {})",
                error.message().lines().next().unwrap_or_default()
            ))
        })?;
        let run_in_transaction = document
            .get("run_in_transaction")
            .map(|item| {
                item.as_bool().ok_or_else(|| {
                    malformed(
                        "has a run_in_transaction that is neither true nor false, without quotes",
                    )
                })
            })
            .transpose()?;
        let ours = match document.get("axum_migrate") {
            None => None,
            Some(item) => {
                let table = item
                    .as_table_like()
                    .ok_or_else(|| malformed("has an axum_migrate that is not a table"))?;
                let text_at = |key: &str| match table.get(key) {
                    None => Ok(None),
                    Some(item) => item
                        .as_str()
                        .map(|text| Some(text.to_owned()))
                        .ok_or_else(|| malformed(&format!("has a {key} that is not a string"))),
                };
                let list_at = |key: &str| match table.get(key) {
                    None => Ok(None),
                    Some(item) => strings(item).map(Some).ok_or_else(|| {
                        malformed(&format!("has a {key} that is not a list of strings"))
                    }),
                };
                let id = text_at("id")?
                    .filter(|id| !id.is_empty())
                    .ok_or_else(|| malformed("has an [axum_migrate] without an id"))?;
                Some(Ours {
                    id,
                    revises: list_at("revises")?.ok_or_else(|| {
                        malformed("has an [axum_migrate] without revises = [\"…\"]")
                    })?,
                    labels: list_at("labels")?.unwrap_or_default(),
                    depends_on: list_at("depends_on")?.unwrap_or_default(),
                    message: text_at("message")?.unwrap_or_default(),
                    checksum: text_at("checksum")?,
                    schema: text_at("schema")?,
                    down_loses: list_at("down_loses")?,
                })
            }
        };
        Ok(Self {
            run_in_transaction: run_in_transaction.unwrap_or(false),
            forgets_transaction: run_in_transaction.is_none(),
            ours,
        })
    }

    /// The text of a file with other ids and parents; what else it says stays.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub(super) fn moved(
        text: Option<&str>,
        id: &str,
        revises: &[String],
        path: &str,
    ) -> Result<String, Error> {
        let Some(text) = text else {
            let ours = Ours {
                id: id.to_owned(),
                revises: revises.to_vec(),
                ..Ours::default()
            };
            return Ok(Self::new(true, ours).render());
        };
        let mut document: DocumentMut = text.parse().map_err(|_| {
            Self::parse(text, path).err().unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Directory,
                    format!("{path} is not valid TOML; correct it"),
                )
            })
        })?;
        // Without it Diesel turns the transaction off, and so it was read.
        if document.get("run_in_transaction").is_none() {
            document["run_in_transaction"] = value(false);
        }
        if document.get("axum_migrate").is_none() {
            document["axum_migrate"] = Item::Table(Table::new());
        }
        document["axum_migrate"]["id"] = value(id);
        document["axum_migrate"]["revises"] = list(revises);
        Ok(document.to_string())
    }

    /// The file's text; `run_in_transaction` is always there, because Diesel takes its absence for false.
    pub(super) fn render(&self) -> String {
        let mut document = DocumentMut::new();
        document["run_in_transaction"] = value(self.run_in_transaction);
        if let Some(ours) = &self.ours {
            let mut table = Table::new();
            table["id"] = value(ours.id.as_str());
            table["revises"] = list(&ours.revises);
            for (key, names) in [("labels", &ours.labels), ("depends_on", &ours.depends_on)] {
                if !names.is_empty() {
                    table[key] = list(names);
                }
            }
            table["message"] = value(ours.message.as_str());
            for (key, text) in [("checksum", &ours.checksum), ("schema", &ours.schema)] {
                if let Some(text) = text {
                    table[key] = value(text.as_str());
                }
            }
            if let Some(loses) = &ours.down_loses {
                table["down_loses"] = list(loses);
            }
            document["axum_migrate"] = Item::Table(table);
        }
        document.to_string()
    }
}

fn strings(item: &Item) -> Option<Vec<String>> {
    item.as_array()?
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

fn list(texts: &[String]) -> Item {
    let mut array = Array::new();
    for text in texts {
        array.push(text.as_str());
    }
    value(array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let metadata = RevisionMetadata::new(
            false,
            Ours {
                id: "3f2a9c41b7d0".into(),
                revises: vec!["aa".into()],
                labels: vec!["shop".into()],
                depends_on: vec!["bb".into(), "cc".into()],
                message: "say \"hello\"\nto = them".into(),
                checksum: Some("00".into()),
                schema: None,
                down_loses: Some(vec!["drop table posts".into()]),
            },
        );
        let text = metadata.render();
        assert!(text.starts_with("run_in_transaction = false\n"), "{text}");
        assert_eq!(
            RevisionMetadata::parse(&text, "metadata.toml").unwrap(),
            metadata
        );
    }

    #[test]
    fn a_move_changes_the_parents_and_nothing_else() {
        let text = "# by hand\nrun_in_transaction = false # why\n\n[axum_migrate]\nid = \"a\"\nrevises = []\nown = 3\n";
        let moved = RevisionMetadata::moved(Some(text), "a", &["z".into()], "m").unwrap();
        assert_eq!(moved, text.replace("[]", "[\"z\"]"));
        let made = RevisionMetadata::moved(None, "a", &["z".into()], "m").unwrap();
        let made = RevisionMetadata::parse(&made, "m").unwrap();
        assert!(made.run_in_transaction && made.ours.is_some_and(|ours| ours.revises == ["z"]));
    }

    #[test]
    fn what_diesel_guesses_is_an_error_that_names_the_file() {
        for (text, says) in [
            ("run_in_transaction = \"false\"", "neither true nor false"),
            ("run_in_transaction = false\n= 3", "line 2"),
            ("[axum_migrate]\nrevises = []", "without an id"),
            ("[axum_migrate]\nid = \"a\"", "without revises"),
            ("[axum_migrate]\nid = 3", "id that is not a string"),
            ("axum_migrate = 3", "not a table"),
        ] {
            let error = RevisionMetadata::parse(text, "m/metadata.toml").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Directory);
            let message = error.to_string();
            assert!(message.starts_with("m/metadata.toml"), "{message}");
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn a_missing_setting_is_read_as_diesel_reads_it() {
        let metadata = RevisionMetadata::parse("# empty", "m").unwrap();
        assert!(!metadata.run_in_transaction && metadata.forgets_transaction);
        assert!(RevisionMetadata::absent().run_in_transaction);
    }
}
