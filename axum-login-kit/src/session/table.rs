//! The table of sessions.

/// Its name.
pub(super) const TABLE: &str = "auth_sessions";

/// The names of its columns.
pub(super) mod column {
    pub(in crate::session) const ID: &str = "id";
    pub(in crate::session) const REALM: &str = "realm";
    pub(in crate::session) const TOKEN_HASH: &str = "token_hash";
    pub(in crate::session) const USER_ID: &str = "user_id";
    pub(in crate::session) const AUTH_TAG: &str = "auth_tag";
    pub(in crate::session) const CREATED_AT: &str = "created_at";
    pub(in crate::session) const AUTHENTICATED_AT: &str = "authenticated_at";
    pub(in crate::session) const LAST_SEEN_AT: &str = "last_seen_at";
    pub(in crate::session) const EXPIRES_AT: &str = "expires_at";
    pub(in crate::session) const REMEMBERED: &str = "remembered";
    pub(in crate::session) const USER_AGENT: &str = "user_agent";
    pub(in crate::session) const IP: &str = "ip";
}
