//! What is recorded in the database: Diesel's table of versions, and ours of checksums beside it.

use std::collections::BTreeMap;

use axum_db::Dialect;
use diesel_async::SimpleAsyncConnection as _;

use super::queries::literal;
use crate::{Engine, Error};

/// Diesel's own table, in its own form.
pub(crate) const VERSIONS: &str = "__diesel_schema_migrations";
/// Ours; the two underscores keep it out of `diesel print-schema`.
pub(crate) const CHECKSUMS: &str = "__axum_migrate";

/// The versions a database has, in order, each with the checksum of the scripts that were run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Applied(BTreeMap<String, Option<String>>);

impl Applied {
    pub(crate) fn has(&self, version: &str) -> bool {
        self.0.contains_key(version)
    }

    /// What was run under a version, where it was this tool that ran it.
    pub(crate) fn checksum(&self, version: &str) -> Option<&str> {
        self.0.get(version)?.as_deref()
    }

    pub(crate) fn versions(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> FromIterator<&'a str> for Applied {
    fn from_iter<I: IntoIterator<Item = &'a str>>(versions: I) -> Self {
        Self(
            versions
                .into_iter()
                .map(|version| (version.to_owned(), None))
                .collect(),
        )
    }
}

/// Reads the versions; a database that was never migrated has none, and stays as it is.
pub(crate) async fn applied<B: Engine>(conn: &mut B::Connection) -> Result<Applied, Error> {
    let doing = "read which revisions the database has";
    let read = |error| Error::database(doing, error);
    let tables = B::query_texts(conn, &existing(B::DIALECT))
        .await
        .map_err(read)?;
    if !tables.iter().any(|table| table == VERSIONS) {
        return Ok(Applied::default());
    }
    let versions = B::query_texts(conn, &format!("SELECT version AS value FROM {VERSIONS}"))
        .await
        .map_err(read)?;
    let mut applied: BTreeMap<String, Option<String>> = versions
        .into_iter()
        .map(|version| (version, None))
        .collect();
    if tables.iter().any(|table| table == CHECKSUMS) {
        let joined = match B::DIALECT {
            Dialect::Mysql => "CONCAT(checksum, ' ', version)",
            Dialect::Sqlite | Dialect::Postgres => "checksum || ' ' || version",
        };
        let rows = B::query_texts(conn, &format!("SELECT {joined} AS value FROM {CHECKSUMS}"))
            .await
            .map_err(read)?;
        for row in rows {
            if let Some((checksum, version)) = row.split_once(' ')
                && let Some(recorded) = applied.get_mut(version)
            {
                *recorded = Some(checksum.to_owned());
            }
        }
    }
    Ok(Applied(applied))
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
    let tables = B::query_texts(conn, &existing(B::DIALECT))
        .await
        .map_err(|error| Error::database("look for the table of versions", error))?;
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
        "CREATE TABLE IF NOT EXISTS {CHECKSUMS} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         checksum VARCHAR(64) NOT NULL)"
    );
    // Diesel's has a semicolon of its own.
    let diesels = diesel::migration::CREATE_MIGRATIONS_TABLE.trim();
    let diesels = diesels.trim_end_matches(';').to_owned();
    [(VERSIONS, diesels), (CHECKSUMS, ours)]
}

/// The statements that record a version.
pub(super) fn record(dialect: Dialect, version: &str, checksum: &str) -> Vec<String> {
    let version = literal(dialect, version);
    let checksum = literal(dialect, checksum);
    vec![
        format!("DELETE FROM {CHECKSUMS} WHERE version = {version}"),
        format!("INSERT INTO {CHECKSUMS} (version, checksum) VALUES ({version}, {checksum})"),
        format!("INSERT INTO {VERSIONS} (version) VALUES ({version})"),
    ]
}

/// The statements that forget a version.
pub(super) fn forget(dialect: Dialect, version: &str) -> Vec<String> {
    let version = literal(dialect, version);
    vec![
        format!("DELETE FROM {CHECKSUMS} WHERE version = {version}"),
        format!("DELETE FROM {VERSIONS} WHERE version = {version}"),
    ]
}

fn existing(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => format!(
            "SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name IN ('{VERSIONS}', '{CHECKSUMS}')"
        ),
        Dialect::Postgres => format!(
            "SELECT relname::text AS value FROM pg_class \
             WHERE oid IN (to_regclass('{VERSIONS}'), to_regclass('{CHECKSUMS}'))"
        ),
        Dialect::Mysql => format!(
            "SELECT table_name AS value FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name IN ('{VERSIONS}', '{CHECKSUMS}')"
        ),
    }
}
