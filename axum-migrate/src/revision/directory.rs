//! The migrations folder on disk: found, read, and written to without ever leaving half a revision behind.

use std::fs;
use std::path::{Path, PathBuf};

use axum_db::Dialect;

use super::head::{HEAD, HeadFile};
use super::metadata::RevisionMetadata;
use super::{Revision, name};
use crate::{Error, ErrorKind};

/// The scripts of one revision's folder, wherever they come from.
pub(super) struct Scripts {
    pub(super) name: String,
    pub(super) up: String,
    pub(super) down: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) folder: Option<PathBuf>,
}

impl Scripts {
    /// Makes a revision of them.
    ///
    /// # Errors
    /// When `metadata.toml` is malformed or `up.sql` is empty.
    pub(super) fn into_revision(self) -> Result<Revision, Error> {
        let place = match &self.folder {
            Some(folder) => folder.display().to_string(),
            None => self.name.clone(),
        };
        let metadata = match &self.metadata {
            None => RevisionMetadata::absent(),
            Some(text) => RevisionMetadata::parse(text, &format!("{place}/metadata.toml"))?,
        };
        let version = name::version_of(&self.name);
        if version.is_empty() || version.len() > 50 {
            return Err(Error::new(
                ErrorKind::Directory,
                format!(
                    "{place} is not named like a revision; rename it to start with a date, as \
                     2026-03-01-101500-0000_add_posts, or move it out of the migrations folder"
                ),
            ));
        }
        let ours = metadata.ours;
        let message = ours
            .as_ref()
            .map(|ours| ours.message.clone())
            .filter(|message| !message.is_empty())
            .unwrap_or_else(|| name::message_of(&self.name));
        Ok(Revision {
            id: ours
                .as_ref()
                .map_or_else(|| version.clone(), |ours| ours.id.clone()),
            message,
            revises: ours.as_ref().map(|ours| ours.revises.clone()),
            labels: ours
                .as_ref()
                .map(|ours| ours.labels.clone())
                .unwrap_or_default(),
            depends_on: ours
                .as_ref()
                .map(|ours| ours.depends_on.clone())
                .unwrap_or_default(),
            run_in_transaction: metadata.run_in_transaction,
            forgets_transaction: metadata.forgets_transaction,
            generated_checksum: ours.as_ref().and_then(|ours| ours.checksum.clone()),
            down_loses: ours.and_then(|ours| ours.down_loses),
            name: self.name,
            version,
            up: self.up,
            down: self.down,
            folder: self.folder,
        })
    }
}

/// The folder of one engine: `base/sqlite` where an application keeps one folder per engine, else `base`.
pub(crate) fn engine_folder(base: &Path, dialect: Dialect) -> PathBuf {
    let engines = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql];
    if engines
        .iter()
        .any(|engine| base.join(engine.name()).is_dir())
    {
        base.join(dialect.name())
    } else {
        base.to_path_buf()
    }
}

/// Whether a folder has revisions itself, and not in a sub-folder per engine.
pub(crate) fn holds_revisions(folder: &Path) -> bool {
    let is_revision = |entry: &fs::DirEntry| entry.path().join("up.sql").is_file();
    fs::read_dir(folder).is_ok_and(|mut entries| entries.any(|e| e.is_ok_and(|e| is_revision(&e))))
}

/// Reads every revision of a folder, in no particular order.
///
/// # Errors
/// When the folder is missing, or anything in it is not what Diesel's format has.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<Revision>, Error> {
    let entries = fs::read_dir(folder).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            Error::new(
                ErrorKind::Directory,
                format!(
                    "there is no migrations folder at {}; run `init` to create it, or name it with --dir",
                    folder.display()
                ),
            )
        } else {
            Error::io("read", folder, error)
        }
    })?;
    let mut revisions = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("read", folder, error))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || !path.is_dir() {
            continue;
        }
        let up_path = path.join("up.sql");
        let Some(up) = read_optional(&up_path)? else {
            return Err(Error::new(
                ErrorKind::Directory,
                format!(
                    "{} has no up.sql; restore the file, or delete the folder if its revision was never \
                     applied",
                    path.display()
                ),
            ));
        };
        revisions.push(
            Scripts {
                up,
                down: read_optional(&path.join("down.sql"))?,
                metadata: read_optional(&path.join("metadata.toml"))?,
                name,
                folder: Some(path),
            }
            .into_revision()?,
        );
    }
    Ok(revisions)
}

fn read_optional(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Creates the folder with its `HEAD`; says whether there was anything to create.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn create_folder(folder: &Path) -> Result<bool, Error> {
    let head = folder.join(HEAD);
    if head.exists() {
        return Ok(false);
    }
    fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
    write_head(folder, &super::History::new(read_folder(folder)?)?)?;
    Ok(true)
}

/// Writes `HEAD` anew from the revisions that are there.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn write_head(folder: &Path, history: &super::History) -> Result<(), Error> {
    let file = HeadFile {
        heads: history.heads().iter().map(|head| head.id.clone()).collect(),
        schema: String::new(),
    };
    write_through(&folder.join(HEAD), &file.render())
}

/// Writes `HEAD` anew where it is not as the folders are; says whether it was not.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn mend_head(folder: &Path, history: &super::History) -> Result<bool, Error> {
    let mut are: Vec<&str> = history
        .heads()
        .iter()
        .map(|head| head.id.as_str())
        .collect();
    are.sort_unstable();
    // What cannot be understood, as git's conflict markers, is to be written anew.
    if let Ok(Some(mut file)) = super::read_head(folder) {
        file.heads.sort_unstable();
        if file.heads == are {
            return Ok(false);
        }
    }
    write_head(folder, history)?;
    Ok(true)
}

/// Gives revisions other names and parents.
///
/// The latest is moved first, so that an interrupted run leaves a folder in which each revision still sorts after
/// those it builds on, and that can be moved again.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn move_revisions(folder: &Path, moves: &[super::Move]) -> Result<(), Error> {
    for one in moves.iter().rev() {
        let from = folder.join(&one.from);
        let to = folder.join(&one.to);
        fs::rename(&from, &to).map_err(|error| Error::io("rename", &from, error))?;
    }
    for one in moves {
        let Some((id, revises)) = &one.metadata else {
            continue;
        };
        let path = folder.join(&one.to).join("metadata.toml");
        let text = read_optional(&path)?;
        let shown = path.display().to_string();
        let text = RevisionMetadata::moved(text.as_deref(), id, revises, &shown)?;
        write_through(&path, &text)?;
    }
    Ok(())
}

/// A revision to be written.
pub(crate) struct NewRevision<'a> {
    pub(crate) name: &'a str,
    pub(crate) up: &'a str,
    pub(crate) down: &'a str,
    pub(crate) metadata: &'a RevisionMetadata,
    pub(crate) head: &'a HeadFile,
}

/// Writes a revision and moves `HEAD` to it: either all of it is there afterwards, or nothing.
///
/// # Errors
/// When the disk refuses; what was begun is removed.
pub(crate) fn write_revision(folder: &Path, revision: &NewRevision<'_>) -> Result<PathBuf, Error> {
    let target = folder.join(revision.name);
    let unfinished = folder.join(format!(".{}.unfinished", revision.name));
    let outcome = write_files(&unfinished, revision).and_then(|()| {
        fs::rename(&unfinished, &target).map_err(|error| Error::io("create", &target, error))
    });
    if let Err(error) = outcome {
        // What is left has a name that no tool reads; the first error is the one to report.
        let _ = fs::remove_dir_all(&unfinished);
        return Err(error);
    }
    if let Err(error) = write_through(&folder.join(HEAD), &revision.head.render()) {
        let _ = fs::remove_dir_all(&target);
        return Err(error);
    }
    Ok(target)
}

fn write_files(folder: &Path, revision: &NewRevision<'_>) -> Result<(), Error> {
    fs::create_dir(folder).map_err(|error| Error::io("create", folder, error))?;
    for (file, text) in [
        ("up.sql", revision.up),
        ("down.sql", revision.down),
        ("metadata.toml", revision.metadata.render().as_str()),
    ] {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| Error::io("write", &path, error))?;
    }
    Ok(())
}

/// Replaces a file in one step, so that a reader sees the old text or the new.
fn write_through(path: &Path, text: &str) -> Result<(), Error> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(|error| {
            let _ = fs::remove_file(&unfinished);
            Error::io("write", path, error)
        })
}
