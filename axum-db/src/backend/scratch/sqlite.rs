//! SQLite: a folder of its own for each test, and a prepared file that is copied.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Once};
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use tokio::sync::Mutex;

use super::{Engine, Key, PREFIX, Place, unique_name};
use crate::testing::Failure;
use crate::{Database, Sqlite};

/// The files as they are after their set-up, by key.
static PREPARED: LazyLock<Mutex<HashMap<Key, Arc<Vec<u8>>>>> = LazyLock::new(Mutex::default);

/// The file that a process keeps locked as long as it uses the folder.
const LOCK: &str = "lock";

impl Engine for Sqlite {
    async fn scratch(
        key: Option<Key>,
        prepare: impl AsyncFn(&str) -> Result<(), Failure>,
    ) -> Result<Place, Failure> {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| sweep(&std::env::temp_dir()));

        let folder = Folder::make()
            .map_err(|error| format!("no temporary folder could be made: {error}"))?;
        let file = folder.path.join("test.db");
        let url = format!("sqlite://{}", file.display());
        let Some(key) = key else {
            prepare(&url).await?;
            return Ok(Place::new(url, folder));
        };
        // Whoever comes while the first is being prepared waits here, and copies it then.
        let mut prepared = PREPARED.lock().await;
        match prepared.get(&key).cloned() {
            Some(content) => {
                drop(prepared);
                fs::write(&file, &*content)?;
            }
            None => {
                prepare(&url).await?;
                prepared.insert(key, Arc::new(content(&url, &file).await?));
            }
        }
        Ok(Place::new(url, folder))
    }
}

/// The whole of the database, as one file.
async fn content(url: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    let database = Database::<Sqlite>::connect(url).await?;
    let mut connection = database.connect_dedicated().await?;
    connection
        .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .await?;
    Ok(fs::read(file)?)
}

/// A temporary folder that is locked while it is used.
struct Folder {
    path: PathBuf,
    lock: Option<File>,
}

impl Folder {
    fn make() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        let name = unique_name();
        let (path, unlocked) = (parent.join(&name), parent.join(format!("new_{name}")));
        fs::create_dir(&unlocked)?;
        let lock = File::create(unlocked.join(LOCK))?;
        lock.lock()?;
        // Under its name it is locked from the beginning.
        fs::rename(&unlocked, &path)?;
        Ok(Self {
            path,
            lock: Some(lock),
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.lock.take());
        // The threads of the last connections may still be closing their files.
        for _ in 0..20 {
            match fs::remove_dir_all(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                _ => return,
            }
        }
        tracing::warn!(target: "axum_db", folder = %self.path.display(), "a test's folder could not be removed");
    }
}

/// Removes the folders of processes that are no more.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX));
        if ours
            && let Ok(lock) = File::open(entry.path().join(LOCK))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
