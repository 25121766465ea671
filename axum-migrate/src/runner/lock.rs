//! One upgrade at a time: an advisory lock of the server, a locked file beside a SQLite database.
//!
//! The lock covers scripts that run outside a transaction too, and it goes when its process does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum_db::Dialect;

use crate::{Engine, Error, ErrorKind};

/// "axmigrat": the key of PostgreSQL's advisory lock, which is one per database.
const POSTGRES_KEY: i64 = 0x6178_6d69_6772_6174;

/// MySQL's locks are one per server, hence the database in the name; they are at most 64 characters.
const MYSQL_NAME: &str = "CONCAT('axum_migrate.', SHA1(DATABASE()))";

/// The held lock. The server's goes with its connection, the file's with this value.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub(super) struct Lock {
    _file: Option<LockedFile>,
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
    let deadline = Instant::now() + wait;
    let mut pause = Duration::from_millis(10);
    loop {
        let lock = match &path {
            Some(path) => LockedFile::try_lock(path)?.map(|file| Lock { _file: Some(file) }),
            None => try_server::<B>(conn).await?.then_some(Lock { _file: None }),
        };
        if let Some(lock) = lock {
            return Ok(lock);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "another migration of this database was still running after {} seconds; let it finish \
                     and run the command again, or wait longer with --wait",
                    wait.as_secs()
                ),
            ));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// Gives the lock back.
pub(super) async fn release<B: Engine>(lock: Lock, conn: &mut B::Connection) -> Result<(), Error> {
    drop(lock);
    let sql = match B::DIALECT {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => {
            format!("SELECT pg_advisory_unlock({POSTGRES_KEY})::text AS value")
        }
        Dialect::Mysql => format!("SELECT CAST(RELEASE_LOCK({MYSQL_NAME}) AS CHAR) AS value"),
    };
    B::query_texts(conn, &sql)
        .await
        .map(|_| ())
        .map_err(|error| Error::database("give back the migration lock", error))
}

async fn try_server<B: Engine>(conn: &mut B::Connection) -> Result<bool, Error> {
    let sql = match B::DIALECT {
        Dialect::Mysql => {
            format!("SELECT CAST(COALESCE(GET_LOCK({MYSQL_NAME}, 0), 0) AS CHAR) AS value")
        }
        Dialect::Postgres | Dialect::Sqlite => {
            format!("SELECT pg_try_advisory_lock({POSTGRES_KEY})::int::text AS value")
        }
    };
    let answer = B::query_texts(conn, &sql)
        .await
        .map_err(|error| Error::database("take the migration lock", error))?;
    Ok(answer.first().is_some_and(|answer| answer == "1"))
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
        Ok(locked.is_current().then_some(locked))
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
