//! SQLite: in process, one thread a connection, one writer at a time.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, Connection as _, SimpleConnection, TransactionManager,
    TransactionManagerStatus,
};
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};
use diesel_async::sync_connection_wrapper::{SpawnBlocking as _, SyncConnectionWrapper};

use super::{Backend, ConnectionThread, Dialect, Driver};
use crate::config::Config;
use crate::pool::Watch;
use crate::session::Isolation;

mod target;

use target::Target;

/// SQLite, compiled into the program.
///
/// URLs: `sqlite://blog.db` (relative), `sqlite:///var/lib/blog.db` (absolute), `sqlite://:memory:`,
/// `sqlite://blog.db?mode=ro`, `file:…` as SQLite documents it. In a name, `%20` is a space. Missing folders are
/// created.
///
/// Each connection is in WAL mode, with `foreign_keys` on and `synchronous = NORMAL`. A file that may only be
/// read is read; a write to it is [`ErrorKind::ReadOnly`](crate::ErrorKind::ReadOnly).
///
/// ```
/// use axum_db::{Database, Sqlite};
///
/// let database: Database<Sqlite> = Database::with_config("sqlite://blog.db")?; // not opened yet
/// assert_eq!(database.url().to_string(), "sqlite://blog.db");
/// assert!(Database::<Sqlite>::with_config("mysql://localhost/blog").is_err());
/// # Ok::<_, axum_db::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sqlite;

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
        Target::parse(url)
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
        let mut thread = ConnectionThread::watched(watch);
        let target = target.clone();
        let lock_timeout = config.lock_timeout.unwrap_or(Duration::MAX).as_millis();
        let busy_timeout = lock_timeout.min(i32::MAX as u128);
        let instrument = watch.observer::<Self>();
        let opened = thread
            .spawn_blocking(move || {
                let mut connection = open(&target, busy_timeout)?;
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

/// Opens a connection and sees whether the file can be read.
fn open(target: &Target, busy_timeout: u128) -> Result<SqliteConnection, String> {
    let Target { file, folder, .. } = target;
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()))?;
    }
    let mut connection = SqliteConnection::establish(file)
        .map_err(|error| format!("{file} cannot be opened: {}", explained(&error)))?;
    let say =
        |error: diesel::result::Error| format!("{file} cannot be used: {}", explained(&error));
    // The timeout comes first: it already guards the switch to WAL.
    connection
        .batch_execute(&format!(
            "PRAGMA busy_timeout = {busy_timeout}; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL"
        ))
        .map_err(say)?;
    if !target.read_only && !target.memory {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            // The file or its folder may only be read, which may be all that is wanted of it.
            Err(error) if cannot_write(&error) => {}
            outcome => outcome.map_err(say)?,
        }
    }
    connection
        .batch_execute("SELECT 1 FROM sqlite_schema LIMIT 1")
        .map_err(say)?;
    Ok(connection)
}

fn cannot_write(error: &diesel::result::Error) -> bool {
    let reason = error.to_string();
    [READ_ONLY, CANNOT_OPEN].contains(&reason.as_str())
}

const READ_ONLY: &str = "attempt to write a readonly database";
const CANNOT_OPEN: &str = "unable to open database file";

/// SQLite's reason, and what to do about it.
fn explained(error: &dyn std::error::Error) -> String {
    let reason = error.to_string();
    let begins = |starts: &[&str]| starts.iter().any(|start| reason.contains(start));
    let advice = if begins(&[
        "file is not a database",
        "database disk image is malformed",
        "malformed database schema",
    ]) {
        "; it is no SQLite database, or was damaged: name another file, or restore it from a backup"
    } else if begins(&[READ_ONLY, CANNOT_OPEN]) {
        "; check that it exists, and that this program may read it and write in its folder; a database in WAL mode \
         that may only be read is opened with ?immutable=1"
    } else {
        ""
    };
    reason + advice
}
