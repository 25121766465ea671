//! What the unique keys of a database are over, where the engine tells their names only: those of models are known, and
//! those that only a migration has made are looked up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::backend::{Backend, UniqueKey};
use crate::error::Error;
use crate::pool::{Manager, connect};

/// How long what was found, or was not, is taken to be so still.
const FRESH: Duration = Duration::from_secs(60);
/// The longest that an error waits for it.
const LIMIT: Duration = Duration::from_secs(1);

/// The keys that were asked for, by table and name.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<HashMap<Name, Known>>);

type Name = (Option<String>, String);

#[derive(Debug)]
struct Known {
    since: Instant,
    key: Option<UniqueKey>,
}

impl Keys {
    /// Adds to a unique violation the table and columns of its key, where nothing but the key's name is known.
    ///
    /// The look-up has a connection of its own for that moment: the session's may be in a failed transaction, and
    /// whatever befell the look-up there would befall the transaction.
    pub(crate) fn explain<'a, B: Backend>(
        &'a self,
        error: &'a Error,
        manager: &'a Manager<B>,
    ) -> Option<impl Future<Output = ()> + Send + 'a> {
        if !B::TELLS_KEY_NAMES_ONLY {
            return None;
        }
        let (table, name) = error.key_without_columns()?;
        Some(Box::pin(async move {
            let looking = self.look_up((table, name), manager);
            if let Ok(Some(key)) = tokio::time::timeout(LIMIT, looking).await {
                error.explain(key.table, key.columns);
            }
        }))
    }

    /// One look-up at a time: the others wait for it, and most of them for the same.
    async fn look_up<B: Backend>(&self, name: Name, manager: &Manager<B>) -> Option<UniqueKey> {
        let mut known = self.0.lock().await;
        if let Some(Known { since, key }) = known.get(&name)
            && since.elapsed() < FRESH
        {
            return key.clone();
        }
        let since = Instant::now();
        known.insert(name.clone(), Known { since, key: None });
        let connecting = connect::<B>(&manager.target, &manager.config, &manager.inside, false);
        let mut connection = connecting.await.ok()?.connection;
        let found = B::unique_key(&mut connection, name.0.as_deref(), &name.1).await;
        let key = found.ok().flatten();
        known.insert(
            name,
            Known {
                since,
                key: key.clone(),
            },
        );
        key
    }
}
