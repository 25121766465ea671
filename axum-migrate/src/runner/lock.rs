//! One upgrade at a time: an advisory lock of the server, a locked file beside a SQLite database.
//!
//! The lock covers scripts that run outside a transaction too, and it goes when its process does.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum_db::Dialect;
use diesel_async::SimpleAsyncConnection as _;

use super::holder;
use super::queries::{Keep, literal};
use crate::{Engine, Error, ErrorKind};

/// "axmigrat": the key of PostgreSQL's advisory lock, which is one per database.
pub(super) const POSTGRES_KEY: i64 = 0x6178_6d69_6772_6174;

/// MySQL's locks are one per server, hence the database in the name; they are at most 64 characters.
pub(super) const MYSQL_NAME: &str = "CONCAT('axum_migrate.', SHA1(DATABASE()))";

/// The held lock. The server's goes with its connection, the file's with this value and its clones.
#[derive(Debug, Clone)]
#[must_use = "the lock ends when this is dropped"]
pub(super) struct Lock {
    file: Option<Arc<LockedFile>>,
    /// PostgreSQL's process, which holds the lock: it must stay the same.
    pub(super) backend: Option<String>,
}

impl Lock {
    /// What keeps the lock, for statements that may outlive whoever waits for them.
    pub(super) fn keep(&self) -> Keep {
        let _lock = self.file.clone().map(|file| file as _);
        Keep { _lock }
    }
}

/// Takes the lock, trying again until the deadline: waiting inside the server would hold a snapshot open.
pub(super) async fn acquire<B: Engine>(
    conn: &mut B::Connection,
    wait: Duration,
) -> Result<Lock, Error> {
    let path = match B::DIALECT {
        // `blog.db-migrate` beside `blog.db`.
        Dialect::Sqlite => sqlite_file::<B>(conn)
            .await?
            .map(|file| PathBuf::from(format!("{file}-migrate"))),
        Dialect::Postgres | Dialect::Mysql => None,
    };
    let start = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        let lock = match &path {
            Some(path) => LockedFile::try_lock(path)?.map(|file| Lock {
                file: Some(Arc::new(file)),
                backend: None,
            }),
            None => try_server::<B>(conn).await?,
        };
        if let Some(lock) = lock {
            introduce::<B>(conn, &lock).await?;
            return Ok(lock);
        }
        let left = wait.saturating_sub(start.elapsed());
        if left.is_zero() {
            let holder = match &path {
                Some(path) => holder::of_file(path),
                None => holder::of_server::<B>(conn).await,
            };
            return Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "another migration of this database was still running after {} seconds{holder}",
                    wait.as_secs()
                ),
            ));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// Tells those who will wait who holds the lock, and lets the server notice when this program is gone. What revisions
/// run is compiled as the server would by itself.
async fn introduce<B: Engine>(conn: &mut B::Connection, lock: &Lock) -> Result<(), Error> {
    let sql = match B::DIALECT {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => {
            let name = literal(B::DIALECT, &holder::short_introduction());
            format!(
                "SET application_name = {name}; \
                 SELECT set_config(name, CASE name WHEN 'jit' THEN reset_val ELSE '2s' END, false) \
                 FROM pg_settings WHERE name IN ('jit', '{CONNECTION_CHECK}')"
            )
        }
        Dialect::Mysql => return Ok(()),
    };
    let outcome = conn.batch_execute(&sql).await;
    // Some systems that a server runs on cannot check connections.
    if let Err(error) = outcome
        && !error.to_string().contains(CONNECTION_CHECK)
        && lock.file.is_none()
    {
        return Err(Error::database("introduce this migration", error));
    }
    Ok(())
}

/// Since PostgreSQL 14 a statement ends when its client is gone, and with it the lock.
const CONNECTION_CHECK: &str = "client_connection_check_interval";

/// Gives the lock back.
pub(super) async fn release<B: Engine>(lock: Lock, conn: &mut B::Connection) -> Result<(), Error> {
    drop(lock);
    let sql = match B::DIALECT {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => {
            format!("SELECT pg_advisory_unlock({POSTGRES_KEY})::int::text AS value")
        }
        Dialect::Mysql => {
            format!("SELECT CAST(COALESCE(RELEASE_LOCK({MYSQL_NAME}), 0) AS CHAR) AS value")
        }
    };
    let answer = B::query_texts(conn, &sql)
        .await
        .map_err(|error| Error::database("give back the migration lock", error))?;
    if B::DIALECT == Dialect::Postgres && answer.first().is_none_or(|answer| answer != "1") {
        return Err(pooled("Everything that was asked for is done."));
    }
    Ok(())
}

/// What is wrong when the process behind a connection changes.
pub(super) fn pooled(state: &str) -> Error {
    Error::new(
        ErrorKind::Database,
        format!(
            "this connection goes through a pooler, as PgBouncer in transaction mode, which hands each \
             transaction to another process of the server: the lock that keeps two migrations apart stays \
             with a process that nobody can tell to let go of it. {state} Give migrations a URL that leads to the \
             server itself, or to a pooler in session mode; a lock that was left behind shows in pg_locks as \
             advisory, and goes with pg_terminate_backend of its pid"
        ),
    )
}

/// Fails on the server when it is not this process that runs it, with the error of a division by zero.
pub(super) fn same_backend(lock: &Lock) -> Option<String> {
    let pid = lock.backend.as_ref()?;
    Some(format!("SELECT 1 / (pg_backend_pid() = {pid})::int"))
}

async fn try_server<B: Engine>(conn: &mut B::Connection) -> Result<Option<Lock>, Error> {
    let sql = match B::DIALECT {
        Dialect::Mysql => {
            format!("SELECT CAST(COALESCE(GET_LOCK({MYSQL_NAME}, 0), 0) AS CHAR) AS value")
        }
        Dialect::Postgres | Dialect::Sqlite => format!(
            "SELECT CASE WHEN pg_try_advisory_lock({POSTGRES_KEY}) THEN pg_backend_pid() ELSE 0 END::text AS value"
        ),
    };
    let answer = B::query_texts(conn, &sql)
        .await
        .map_err(|error| Error::database("take the migration lock", error))?;
    let answer = answer.into_iter().next().filter(|answer| answer != "0");
    Ok(answer.map(|answer| Lock {
        file: None,
        backend: (B::DIALECT == Dialect::Postgres).then_some(answer),
    }))
}

/// The file of a SQLite database; none when it is in memory.
pub(super) async fn sqlite_file<B: Engine>(
    conn: &mut B::Connection,
) -> Result<Option<String>, Error> {
    let files = B::query_texts(
        conn,
        "SELECT coalesce(file, '') AS value FROM pragma_database_list WHERE name = 'main'",
    )
    .await
    .map_err(|error| Error::database("open the database", error))?;
    Ok(files.into_iter().next().filter(|file| !file.is_empty()))
}

#[derive(Debug)]
struct LockedFile {
    path: PathBuf,
    file: File,
}

impl LockedFile {
    /// The locked file, or `None` while another process or task holds it.
    fn try_lock(path: &Path) -> Result<Option<Self>, Error> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|error| Error::io("create the lock file", path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(Error::io("lock", path, error));
            }
        }
        // Its last holder may have removed it between our opening and our locking it.
        let locked = LockedFile {
            path: path.to_path_buf(),
            file,
        };
        if !locked.is_current() {
            return Ok(None);
        }
        // For whoever waits; that nothing can be written is no reason not to go on.
        let _ = locked
            .file
            .set_len(0)
            .and_then(|()| (&locked.file).write_all(holder::introduction().as_bytes()));
        Ok(Some(locked))
    }

    /// Whether the path still leads to the file that is locked.
    #[cfg(unix)]
    fn is_current(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        match (self.file.metadata(), std::fs::metadata(&self.path)) {
            (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }

    /// Elsewhere the file is never removed.
    #[cfg(not(unix))]
    fn is_current(&self) -> bool {
        self.file.metadata().is_ok()
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Removed while still locked, and only if it is ours: whoever waits opens a new one.
        #[cfg(unix)]
        if self.is_current() {
            let _ = std::fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}
