//! The managers that one request passes: each has a realm of its own.

use std::any::{TypeId, type_name};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Manager;
use crate::error::Error;
use crate::user::AuthUser;

/// The managers whose layers stand around a request's handler.
///
/// Two kinds of user in one realm would have the same cookies: a login of one would end the other's.
pub(super) struct Realms {
    first: Arc<dyn Named>,
    others: Mutex<Vec<Arc<dyn Named>>>,
    shared: OnceLock<String>,
}

/// What a manager is known by among those of other users.
pub(super) trait Named: Send + Sync {
    fn realm(&self) -> &str;

    fn user(&self) -> (TypeId, &'static str);
}

impl<U: AuthUser> Named for Manager<U> {
    fn realm(&self) -> &str {
        Manager::realm(self)
    }

    fn user(&self) -> (TypeId, &'static str) {
        (TypeId::of::<U>(), type_name::<U>())
    }
}

impl Realms {
    pub(super) fn new(first: Arc<dyn Named>) -> Self {
        Realms {
            first,
            others: Mutex::default(),
            shared: OnceLock::new(),
        }
    }

    /// One manager more. The same users once more are no other realm's: the inner layer counts.
    pub(super) fn add(&self, manager: Arc<dyn Named>) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, name) = manager.user();
        let shares = |other: &dyn Named| other.realm() == manager.realm() && other.user().0 != id;
        let mut all = std::iter::once(&self.first).chain(&*others);
        if let Some(other) = all.find(|other| shares(&***other)) {
            let (realm, other) = (manager.realm(), other.user().1);
            self.shared.get_or_init(|| {
                format!(
                    "the managers of `{other}` and of `{name}` share the realm {realm:?} and so the name of their \
                     cookie: add `.realm(…)` with another name to the builder of one of them"
                )
            });
        }
        others.push(manager);
    }

    /// # Errors
    /// When two of them are one realm's.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.shared.get() {
            Some(message) => Err(Error::shared_realm(message.clone())),
            None => Ok(()),
        }
    }
}
