//! Who holds the connections of a pool: what its exhaustion is explained with.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Inside, Origin, Trail};

/// How many are named in an error.
const NAMED: usize = 5;

/// The connections that are out of the pool.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<Vec<Holder>>);

#[derive(Debug)]
struct Holder {
    trail: Arc<Trail>,
    caller: Option<&'static Location<'static>>,
    origin: Option<Origin>,
    since: Instant,
}

/// The entry of one connection, gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    inside: Arc<Inside>,
    trail: Arc<Trail>,
}

impl Hold {
    /// Enters who took the connection of `trail`.
    pub(crate) fn new(
        inside: &Arc<Inside>,
        trail: &Arc<Trail>,
        caller: Option<&'static Location<'static>>,
        origin: Option<&Origin>,
        since: Instant,
    ) -> Self {
        inside.holders.list().push(Holder {
            trail: trail.clone(),
            caller,
            origin: origin.cloned(),
            since,
        });
        Self {
            inside: inside.clone(),
            trail: trail.clone(),
        }
    }
}

impl Hold {
    /// What follows on the connection is no longer its holder's.
    pub(crate) fn let_go(&self) {
        self.trail.detach();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut list = self.inside.holders.list();
        if let Some(at) = list
            .iter()
            .position(|holder| Arc::ptr_eq(&holder.trail, &self.trail))
        {
            list.swap_remove(at);
        }
    }
}

impl Holders {
    fn list(&self) -> MutexGuard<'_, Vec<Holder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Holders {
    /// `GET /posts/{id} at src/posts.rs:12 for 3.2s, in a transaction; …`, the longest first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = self.list();
        list.sort_by_key(|holder| holder.since);
        for (at, holder) in list.iter().take(NAMED).enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            match &holder.origin {
                Some(origin) => write!(f, "{origin}")?,
                None => f.write_str("a session outside of requests")?,
            }
            if let Some(caller) = holder.caller {
                write!(f, " at {}:{}", caller.file(), caller.line())?;
            }
            write!(f, " for {:.1?}", holder.since.elapsed())?;
            if holder.trail.in_transaction() {
                f.write_str(", in a transaction")?;
            }
        }
        match list.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
