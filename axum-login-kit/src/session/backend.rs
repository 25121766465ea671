//! Where sessions are kept, as the rest of the crate sees it.

use async_trait::async_trait;
use axum::http::{Extensions, HeaderMap};
use chrono::NaiveDateTime;

use crate::error::Error;
use crate::user::AuthUser;

/// What finds a session: the realm counts as much as the token.
#[derive(Clone)]
pub struct SessionKey {
    pub(crate) realm: String,
    pub(crate) token_hash: String,
}

/// A session about to begin.
pub(crate) struct NewSession {
    pub(crate) key: SessionKey,
    pub(crate) auth_tag: String,
    pub(crate) created_at: NaiveDateTime,
    pub(crate) authenticated_at: Option<NaiveDateTime>,
    pub(crate) expires_at: NaiveDateTime,
    pub(crate) remembered: bool,
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
}

/// What a request needs to know of its session.
#[derive(Clone)]
pub(crate) struct StoredSession {
    pub(crate) id: i64,
    pub(crate) auth_tag: String,
    pub(crate) authenticated_at: Option<NaiveDateTime>,
    pub(crate) last_seen_at: NaiveDateTime,
    pub(crate) remembered: bool,
}

impl From<super::statements::SessionRow> for StoredSession {
    fn from(row: super::statements::SessionRow) -> Self {
        let (id, auth_tag, authenticated_at, last_seen_at, remembered) = row;
        StoredSession {
            id,
            auth_tag,
            authenticated_at,
            last_seen_at,
            remembered,
        }
    }
}

/// A place where sessions are kept; object-safe, so that handlers need not name it.
pub(crate) trait SessionBackend<U: AuthUser>: Send + Sync {
    /// Its sessions, over the database session of the request.
    fn bind(&self, extensions: &Extensions) -> Result<Box<dyn RequestSessions<U>>, Error>;

    /// Its sessions outside a request.
    fn open(&self) -> Box<dyn RequestSessions<U>>;
}

/// Sessions within one unit of work. Writes join its open transaction; where none is open each is committed
/// by itself.
#[async_trait]
pub(crate) trait RequestSessions<U: AuthUser>: Send + Sync {
    /// The session and its user in one query, unless its time is up.
    async fn find(
        &self,
        key: SessionKey,
        now: NaiveDateTime,
    ) -> Result<Option<(StoredSession, U)>, Error>;

    async fn insert(&self, session: NewSession, user: U::Id) -> Result<(), Error>;

    async fn delete(&self, key: SessionKey) -> Result<(), Error>;

    /// Deletes all sessions of a user in the realm but one.
    async fn delete_others(&self, kept: SessionKey, user: U::Id) -> Result<u64, Error>;

    async fn delete_expired(&self, realm: String, now: NaiveDateTime) -> Result<u64, Error>;

    /// Notes that the user gave the password again; false for a session that has ended.
    async fn confirm(&self, key: SessionKey, now: NaiveDateTime) -> Result<bool, Error>;

    /// Gives the connection back while no transaction is open.
    async fn release(&self) -> Result<(), Error>;

    /// Notes, once the response is ready and without making it wait, when the session was used. Never brings
    /// back one that ended.
    fn seen(&self, id: i64, now: NaiveDateTime);

    /// Runs `change` on the response's headers, unless what was written until now is rolled back.
    fn on_commit(&self, change: Box<dyn FnOnce(&mut HeaderMap) + Send>);
}
