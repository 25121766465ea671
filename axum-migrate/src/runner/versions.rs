//! What is recorded in the database: Diesel's table of versions, and ours beside it, of checksums and of how far an
//! interrupted revision came.

use std::collections::BTreeMap;

use axum_db::Dialect;
use diesel_async::SimpleAsyncConnection as _;

use super::journal::Progress;
use super::queries::literal;
use crate::revision::{Revision, fingerprint};
use crate::{Engine, Error};

/// Diesel's own table, in its own form.
pub(crate) const VERSIONS: &str = "__diesel_schema_migrations";
/// Ours; the two underscores keep it out of `diesel print-schema`.
pub(crate) const OURS: &str = "__axum_migrate";

/// The versions a database has, in order, each with the checksum of the scripts that were run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    versions: BTreeMap<String, Option<String>>,
    interrupted: BTreeMap<String, Progress>,
}

impl Applied {
    pub(crate) fn has(&self, version: &str) -> bool {
        self.versions.contains_key(version)
    }

    /// What was run under a version, where it was this tool that ran it.
    pub(crate) fn checksum(&self, version: &str) -> Option<&str> {
        self.versions.get(version)?.as_deref()
    }

    pub(crate) fn versions(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.versions.keys().map(String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.versions.len()
    }

    /// The revisions that stopped between two of their statements.
    pub(super) fn interrupted(&self) -> impl Iterator<Item = (&str, &Progress)> {
        self.interrupted
            .iter()
            .map(|(version, progress)| (version.as_str(), progress))
    }
}

impl<'a> FromIterator<&'a str> for Applied {
    fn from_iter<I: IntoIterator<Item = &'a str>>(versions: I) -> Self {
        Self {
            versions: versions
                .into_iter()
                .map(|version| (version.to_owned(), None))
                .collect(),
            interrupted: BTreeMap::new(),
        }
    }
}

/// Reads the versions; a database that was never migrated has none, and stays as it is.
pub(crate) async fn applied<B: Engine>(conn: &mut B::Connection) -> Result<Applied, Error> {
    let tables = existing::<B>(conn).await?;
    let mut parts = Vec::new();
    // The version comes last: it is a folder's name, and can hold spaces.
    if tables.iter().any(|table| table == VERSIONS) {
        let row = joined(B::DIALECT, "'- - '", "version");
        parts.push(format!("SELECT {row} AS value FROM {VERSIONS}"));
    }
    if tables.iter().any(|table| table == OURS) {
        let row = match B::DIALECT {
            Dialect::Mysql => "CONCAT(checksum, ' ', COALESCE(progress, '-'), ' ', version)",
            Dialect::Sqlite | Dialect::Postgres => {
                "checksum || ' ' || COALESCE(progress, '-') || ' ' || version"
            }
        };
        parts.push(format!("SELECT {row} AS value FROM {OURS}"));
    }
    let mut applied = Applied::default();
    if parts.is_empty() {
        return Ok(applied);
    }
    let rows = B::query_texts(conn, &parts.join(" UNION ALL "))
        .await
        .map_err(|error| Error::database("read which revisions the database has", error))?;
    let mut ours = Vec::new();
    for row in &rows {
        let mut parts = row.splitn(3, ' ');
        if let (Some(checksum), Some(progress), Some(version)) =
            (parts.next(), parts.next(), parts.next())
        {
            if checksum == "-" {
                applied.versions.insert(version.to_owned(), None);
            } else {
                ours.push((version, checksum, progress));
            }
        }
    }
    for (version, checksum, progress) in ours {
        if let Some(recorded) = applied.versions.get_mut(version) {
            *recorded = Some(checksum.to_owned());
        }
        if let Some(progress) = Progress::parse(progress) {
            applied.interrupted.insert(version.to_owned(), progress);
        }
    }
    Ok(applied)
}

fn joined(dialect: Dialect, left: &str, right: &str) -> String {
    match dialect {
        Dialect::Mysql => format!("CONCAT({left}, {right})"),
        Dialect::Sqlite | Dialect::Postgres => format!("{left} || {right}"),
    }
}

/// Whether one version is recorded.
pub(super) async fn is_applied<B: Engine>(
    conn: &mut B::Connection,
    version: &str,
) -> Result<bool, diesel::result::Error> {
    let version = literal(B::DIALECT, version);
    let found = B::query_texts(
        conn,
        &format!("SELECT version AS value FROM {VERSIONS} WHERE version = {version}"),
    )
    .await?;
    Ok(!found.is_empty())
}

/// Creates both tables where they are missing.
pub(super) async fn set_up<B: Engine>(conn: &mut B::Connection) -> Result<(), Error> {
    let tables = existing::<B>(conn).await?;
    for (table, sql) in create_tables() {
        // PostgreSQL would answer IF NOT EXISTS with a notice each time.
        if !tables.iter().any(|existing| existing == table) {
            conn.batch_execute(&sql)
                .await
                .map_err(|error| Error::database(&format!("create the table {table}"), error))?;
        }
    }
    Ok(())
}

/// Both tables, and how they are made where they are missing.
pub(super) fn create_tables() -> [(&'static str, String); 2] {
    let ours = format!(
        "CREATE TABLE IF NOT EXISTS {OURS} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         checksum VARCHAR(64) NOT NULL, progress VARCHAR(100))"
    );
    // Diesel's has a semicolon of its own.
    let diesels = diesel::migration::CREATE_MIGRATIONS_TABLE.trim();
    let diesels = diesels.trim_end_matches(';').to_owned();
    [(VERSIONS, diesels), (OURS, ours)]
}

/// What is recorded of a revision's scripts: one half for each, so that an edit is known to be of the one or the other.
pub(crate) fn recorded(revision: &Revision) -> String {
    let half = |parts: &[&str]| fingerprint(parts)[..32].to_owned();
    let down: Vec<&str> = revision.down.as_deref().into_iter().collect();
    half(&[&revision.up]) + &half(&down)
}

/// The statements that record a version.
pub(super) fn record(dialect: Dialect, revision: &Revision) -> Vec<String> {
    let version = literal(dialect, &revision.version);
    vec![
        set_checksum(dialect, revision),
        format!("INSERT INTO {VERSIONS} (version) VALUES ({version})"),
    ]
}

/// The statement that takes a revision's scripts, as they are now, for what was run.
pub(super) fn set_checksum(dialect: Dialect, revision: &Revision) -> String {
    set(dialect, revision, None)
}

/// The statement that says how far a revision came.
pub(super) fn set_progress(dialect: Dialect, revision: &Revision, progress: &Progress) -> String {
    set(dialect, revision, Some(progress))
}

fn set(dialect: Dialect, revision: &Revision, progress: Option<&Progress>) -> String {
    let version = literal(dialect, &revision.version);
    let checksum = literal(dialect, &recorded(revision));
    let progress = progress.map_or("NULL".to_owned(), |progress| {
        literal(dialect, &progress.to_string())
    });
    let update = match dialect {
        Dialect::Mysql => {
            "ON DUPLICATE KEY UPDATE checksum = VALUES(checksum), progress = VALUES(progress)"
        }
        Dialect::Sqlite | Dialect::Postgres => {
            "ON CONFLICT (version) DO UPDATE SET checksum = excluded.checksum, progress = excluded.progress"
        }
    };
    format!(
        "INSERT INTO {OURS} (version, checksum, progress) VALUES ({version}, {checksum}, {progress}) {update}"
    )
}

/// The statements that forget a version.
pub(super) fn forget(dialect: Dialect, version: &str) -> Vec<String> {
    let version = literal(dialect, version);
    vec![
        format!("DELETE FROM {OURS} WHERE version = {version}"),
        format!("DELETE FROM {VERSIONS} WHERE version = {version}"),
    ]
}

/// The statements that forget how far revisions came: those not recorded as applied have nothing else there.
pub(super) fn forget_progress(dialect: Dialect, version: &str) -> Vec<String> {
    let version = literal(dialect, version);
    vec![
        format!(
            "DELETE FROM {OURS} WHERE version = {version} AND progress IS NOT NULL \
             AND version NOT IN (SELECT version FROM {VERSIONS})"
        ),
        format!("UPDATE {OURS} SET progress = NULL WHERE version = {version}"),
    ]
}

async fn existing<B: Engine>(conn: &mut B::Connection) -> Result<Vec<String>, Error> {
    let sql = match B::DIALECT {
        Dialect::Sqlite => format!(
            "SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name IN ('{VERSIONS}', '{OURS}')"
        ),
        Dialect::Postgres => format!(
            "SELECT relname::text AS value FROM pg_class \
             WHERE oid IN (to_regclass('{VERSIONS}'), to_regclass('{OURS}'))"
        ),
        Dialect::Mysql => format!(
            "SELECT table_name AS value FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name IN ('{VERSIONS}', '{OURS}')"
        ),
    };
    B::query_texts(conn, &sql)
        .await
        .map_err(|error| Error::database("look for the table of versions", error))
}
