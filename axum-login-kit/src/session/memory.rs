//! Sessions in this process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDateTime;

use super::backend::SessionBackend;
use super::presented::{Presented, Written};
use super::record::{Session, SessionChange, SessionId};
use crate::error::Error;
use crate::user::AuthUser;

/// Sessions in the memory of this process, for tests and for programs that run once: they end with the program, and
/// another process knows nothing of them. A clone has the same sessions.
///
/// ```
/// use axum_login_kit::{LoginManager, MemorySessions};
/// # use axum_db::prelude::*;
/// # use axum_login_kit::AuthUser;
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # let secret_key = b"at least 32 bytes that nobody can guess";
///
/// let sessions = MemorySessions::new();
/// let login = LoginManager::<User>::new(&database, secret_key).sessions(sessions.clone()).build()?;
/// assert!(sessions.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct MemorySessions<I>(Arc<Mutex<HashMap<SessionId, InRealm<I>>>>);

struct InRealm<I> {
    realm: String,
    session: Session<I>,
}

impl<I> MemorySessions<I> {
    /// No sessions yet.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = MemorySessions::<i32>::new();
    /// assert_eq!(sessions.len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        MemorySessions(Arc::default())
    }

    /// How many sessions there are, of all realms, whether their time is up or not.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = MemorySessions::new();
    /// let login = manager().sessions(sessions.clone()).build()?;
    /// login_as(&login, &ada()).await?;
    /// assert_eq!(sessions.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions().len()
    }

    /// Whether there is none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = MemorySessions::new();
    /// let login = manager().sessions(sessions.clone()).build()?;
    /// assert!(sessions.is_empty());
    /// login_as(&login, &ada()).await?;
    /// assert!(!sessions.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions().is_empty()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, InRealm<I>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes up to `limit` sessions.
    fn delete_where(&self, limit: u64, doomed: impl Fn(&InRealm<I>) -> bool) -> u64 {
        let mut deleted = 0;
        self.sessions().retain(|_, kept| {
            let goes = deleted < limit && doomed(kept);
            deleted += u64::from(goes);
            !goes
        });
        deleted
    }
}

#[async_trait]
impl<U: AuthUser> SessionBackend<U> for MemorySessions<U::Id> {
    async fn find(
        &self,
        realm: &str,
        presented: &Presented<'_>,
    ) -> Result<Option<(Session<U::Id>, Option<U>)>, Error> {
        let sessions = self.sessions();
        let found = sessions.get(presented.id()).filter(|at| at.realm == realm);
        Ok(found.map(|at| (at.session.clone(), None)))
    }

    async fn insert(&self, realm: &str, session: &Session<U::Id>) -> Result<Written, Error> {
        let in_realm = InRealm {
            realm: realm.to_owned(),
            session: session.clone(),
        };
        self.sessions().insert(session.id.clone(), in_realm);
        Ok(Written::Stored)
    }

    async fn update(
        &self,
        realm: &str,
        session: &Session<U::Id>,
        change: &SessionChange,
    ) -> Result<Written, Error> {
        let mut sessions = self.sessions();
        let found = sessions.get_mut(&session.id).filter(|at| at.realm == realm);
        let is_written = found.is_some_and(|at| change.apply(&mut at.session));
        Ok(if is_written {
            Written::Stored
        } else {
            Written::Nothing
        })
    }

    async fn delete(&self, realm: &str, id: &SessionId, of: Option<&U::Id>) -> Result<bool, Error> {
        let mut sessions = self.sessions();
        let is_theirs = sessions.get(id).is_some_and(|at| {
            at.realm == realm && of.is_none_or(|user| at.session.user_id == *user)
        });
        Ok(is_theirs && sessions.remove(id).is_some())
    }

    async fn list(&self, realm: &str, user: &U::Id) -> Result<Vec<Session<U::Id>>, Error> {
        let sessions = self.sessions();
        let theirs = sessions
            .values()
            .filter(|at| at.realm == realm && at.session.user_id == *user);
        Ok(theirs.map(|at| at.session.clone()).collect())
    }

    async fn rebind(&self, realm: &str, user: &U::Id, from: &str, to: &str) -> Result<(), Error> {
        for kept in self.sessions().values_mut() {
            let session = &mut kept.session;
            if kept.realm == realm && session.user_id == *user && session.auth_tag == from {
                to.clone_into(&mut session.auth_tag);
            }
        }
        Ok(())
    }

    async fn delete_all(
        &self,
        realm: &str,
        user: &U::Id,
        except: Option<&SessionId>,
    ) -> Result<u64, Error> {
        Ok(self.delete_where(u64::MAX, |at| {
            at.realm == realm && at.session.user_id == *user && except != Some(&at.session.id)
        }))
    }

    async fn delete_expired(
        &self,
        realm: &str,
        now: NaiveDateTime,
        limit: u32,
    ) -> Result<u64, Error> {
        Ok(self.delete_where(limit.into(), |at| {
            at.realm == realm && at.session.expires_at <= now
        }))
    }
}

impl<I> Default for MemorySessions<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I> Clone for MemorySessions<I> {
    fn clone(&self) -> Self {
        MemorySessions(Arc::clone(&self.0))
    }
}

impl<I> fmt::Debug for MemorySessions<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions")
            .field("len", &self.len())
            .finish()
    }
}
