//! SQLite: in process, one thread a connection, one writer at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, Connection as _, SimpleConnection, TransactionManager,
    TransactionManagerStatus,
};
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};

use super::{Backend, ConnectionThread, Dialect, Driver};
use crate::config::Config;
use crate::pool::Watch;
use crate::session::Isolation;

/// SQLite, compiled into the program.
///
/// URLs: `sqlite://blog.db` (relative), `sqlite:///var/lib/blog.db` (absolute), `sqlite://:memory:`,
/// `sqlite://blog.db?mode=ro`, `file:…` as SQLite documents it. Missing folders are created.
#[derive(Debug, Clone, Copy)]
pub struct Sqlite;

/// What a SQLite URL names.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// What `sqlite3_open` gets.
    file: String,
    /// The folder that must exist.
    folder: Option<PathBuf>,
    memory: bool,
    read_only: bool,
}

impl Backend for Sqlite {
    type Diesel = diesel::sqlite::Sqlite;
    type Connection = SyncConnectionWrapper<SqliteConnection, ConnectionThread>;
    const DIALECT: Dialect = Dialect::Sqlite;
}

impl Driver for Sqlite {
    type Target = Target;
    type Canceller = ();
    const ONE_WRITER: bool = true;

    fn parse(url: &str) -> Result<Target, String> {
        let advice = "write sqlite://blog.db, sqlite:///absolute/path.db or sqlite://:memory:";
        if url == ":memory:" {
            return Ok(Target {
                file: url.into(),
                folder: None,
                memory: true,
                read_only: false,
            });
        }
        if let Some(uri) = url.strip_prefix("file:") {
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            return Ok(target_of(path, query, url.to_owned()));
        }
        let Some(rest) = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
        else {
            return Err(format!(
                "this program is built for SQLite, and that is no SQLite URL: {advice}"
            ));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() {
            return Err(format!("the SQLite URL names no file: {advice}"));
        }
        let file = if path == ":memory:" || query.is_empty() {
            path.to_owned()
        } else {
            let escaped = path.replace('%', "%25").replace('#', "%23");
            format!("file:{escaped}?{query}")
        };
        Ok(target_of(path, query, file))
    }

    fn max_connections(target: &Target) -> Option<usize> {
        // Every connection to an in-memory database would have a database of its own.
        target.memory.then_some(1)
    }

    async fn establish(
        target: &Target,
        config: &Config,
        watch: &Arc<Watch>,
        _pooled: bool,
    ) -> Result<(<Self as Backend>::Connection, ()), String> {
        let mut thread = ConnectionThread::get_runtime();
        let (file, folder) = (target.file.clone(), target.folder.clone());
        let (read_only, memory) = (target.read_only, target.memory);
        let lock_timeout = config.lock_timeout.unwrap_or(Duration::MAX).as_millis();
        let busy_timeout = lock_timeout.min(i32::MAX as u128);
        let instrument = watch.observer::<Self>();
        let opened = thread
            .spawn_blocking(move || {
                if let Some(folder) = folder {
                    std::fs::create_dir_all(&folder).map_err(|error| {
                        format!("the folder {} cannot be made: {error}", folder.display())
                    })?;
                }
                let mut connection = SqliteConnection::establish(&file)
                    .map_err(|error| format!("{file} cannot be opened: {error}"))?;
                let say = |error: diesel::result::Error| format!("{file} cannot be used: {error}");
                // The timeout comes first: it already guards the switch to WAL.
                connection
                    .batch_execute(&format!("PRAGMA busy_timeout = {busy_timeout}"))
                    .map_err(say)?;
                if !read_only && !memory {
                    connection
                        .batch_execute("PRAGMA journal_mode = WAL")
                        .map_err(say)?;
                }
                connection
                    .batch_execute("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL")
                    .map_err(say)?;
                connection.set_instrumentation(instrument);
                Ok::<_, String>(connection)
            })
            .await
            .map_err(|error| error.to_string())??;
        Ok((SyncConnectionWrapper::with_runtime(opened, thread), ()))
    }

    async fn begin(
        connection: &mut <Self as Backend>::Connection,
        read_only: bool,
        _isolation: Option<Isolation>, // always serializable
    ) -> QueryResult<()> {
        connection
            .spawn_blocking(move |inner| {
                if read_only {
                    inner.batch_execute("PRAGMA query_only = ON")?;
                    AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN")
                } else {
                    // A deferred transaction that reads and then writes may find that it cannot.
                    AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")
                }
            })
            .await
    }

    async fn restore(
        connection: &mut <Self as Backend>::Connection,
        (): &(),
        watch: &Watch,
    ) -> bool {
        // Others are closed instead, if need be.
        let undo = watch.is_permanent() && watch.was_in_hand();
        let restored = connection
            .spawn_blocking(move |inner| {
                // Where SQL of the user's own ended the transaction, Diesel still counts on one.
                let _ = inner.batch_execute("BEGIN");
                while let TransactionManagerStatus::Valid(status) =
                    AnsiTransactionManager::transaction_manager_status_mut(inner)
                {
                    if status.transaction_depth().is_none() {
                        break;
                    }
                    let _ = AnsiTransactionManager::rollback_transaction(inner);
                }
                // A transaction that was begun by SQL is unknown to Diesel; without one this is an error.
                let _ = inner.batch_execute("ROLLBACK");
                if undo {
                    undo_settings(inner)?;
                }
                inner.batch_execute("PRAGMA query_only = OFF; PRAGMA foreign_keys = ON")
            })
            .await
            .is_ok();
        // All earlier statements have ended on the thread by now.
        watch.settle();
        restored
    }

    async fn abandon((): (), _watch: &Watch) {}

    fn ends_transaction(error: &diesel::result::Error) -> bool {
        // https://www.sqlite.org/lang_transaction.html, "response to errors within a transaction"
        const ENDING: [&str; 4] = [
            "database or disk is full",
            "disk I/O error",
            "out of memory",
            "interrupted",
        ];
        match error {
            diesel::result::Error::DatabaseError(_, information) => ENDING
                .iter()
                .any(|text| information.message().contains(text)),
            _ => false,
        }
    }

    fn leaves_state(sql: &str) -> bool {
        super::starts_with_any(sql, &["PRAGMA", "ATTACH", "DETACH", "CREATE TEMP"])
    }
}

/// Undoes in place what a user set on the only connection of a database in memory: temporary tables, and the
/// settings that change what statements mean.
fn undo_settings(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(
        "PRAGMA ignore_check_constraints = OFF; PRAGMA recursive_triggers = OFF; \
         PRAGMA case_sensitive_like = OFF; PRAGMA reverse_unordered_selects = OFF; \
         PRAGMA writable_schema = OFF; PRAGMA legacy_alter_table = OFF; PRAGMA cache_size = -2000",
    )?;
    let temporary: Vec<Temporary> = diesel::sql_query(
        "SELECT type AS kind, name FROM temp.sqlite_master WHERE type IN ('table', 'view')",
    )
    .load(connection)?;
    for Temporary { kind, name } in temporary {
        let name = Dialect::Sqlite.quote(&name);
        connection.batch_execute(&format!("DROP {kind} IF EXISTS temp.{name}"))?;
    }
    Ok(())
}

/// A table or view that only its connection sees.
#[derive(diesel::QueryableByName)]
struct Temporary {
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

fn target_of(path: &str, query: &str, file: String) -> Target {
    let setting = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
    };
    let mode = setting("mode").map(|(_, value)| value);
    let memory = path == ":memory:" || mode == Some("memory");
    let read_only = matches!(mode, Some("ro")) || setting("immutable").is_some();
    let folder = std::path::Path::new(path)
        .parent()
        .filter(|parent| !memory && mode.is_none() && !parent.as_os_str().is_empty())
        .filter(|_| !path.starts_with("//"))
        .map(PathBuf::from);
    Target {
        file,
        folder,
        memory,
        read_only,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files() {
        let file = |url: &str| Sqlite::parse(url).map(|target| target.file);
        assert_eq!(file("sqlite://blog.db"), Ok("blog.db".into()));
        assert_eq!(file("sqlite:blog.db"), Ok("blog.db".into()));
        assert_eq!(file("sqlite:///var/blog.db"), Ok("/var/blog.db".into()));
        assert_eq!(
            file("sqlite://a b%.db?mode=ro"),
            Ok("file:a b%25.db?mode=ro".into())
        );
        assert_eq!(
            file("file:blog.db?mode=rw"),
            Ok("file:blog.db?mode=rw".into())
        );
        for memory in [
            ":memory:",
            "sqlite://:memory:",
            "sqlite::memory:",
            "file:x?mode=memory",
        ] {
            let target = Sqlite::parse(memory);
            assert_eq!(
                target.as_ref().ok().and_then(Sqlite::max_connections),
                Some(1),
                "{memory}"
            );
        }
        for wrong in ["", "blog.db", "postgres://x/y", "sqlite://", "sqlite:"] {
            assert!(Sqlite::parse(wrong).is_err(), "{wrong}");
        }
    }
}
