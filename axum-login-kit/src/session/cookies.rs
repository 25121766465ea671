//! The two cookies of a session.

use std::time::Duration;

use axum::http::HeaderMap;

use super::token::{Token, same};
use crate::cookies;

/// The realm whose cookies carry no suffix.
const DEFAULT_REALM: &str = "user";

/// The cookies of one realm: `session` with the token, and for a remembered session `fresh`, which is
/// forgotten with the browser session and with it the session's freshness.
#[derive(Clone)]
pub(crate) struct SessionCookies {
    secure: bool,
    session_name: String,
    fresh_name: String,
    session: Option<String>,
    fresh: Option<String>,
}

impl SessionCookies {
    /// What the request presents.
    pub(crate) fn read(realm: &str, secure: bool, headers: &HeaderMap) -> Self {
        let session_name = cookie_name(realm, secure);
        let fresh_name = name_in("fresh", realm, secure);
        SessionCookies {
            session: cookies::find(headers, &session_name).map(str::to_owned),
            fresh: cookies::find(headers, &fresh_name).map(str::to_owned),
            secure,
            session_name,
            fresh_name,
        }
    }

    /// The token presented.
    pub(crate) fn token(&self) -> Option<Token> {
        self.session.as_deref().and_then(Token::parse)
    }

    /// Whether the request has any cookie of the realm, valid or not.
    pub(crate) fn any(&self) -> bool {
        self.session.is_some() || self.fresh.is_some()
    }

    pub(crate) fn has_fresh_mark(&self, expected: &str) -> bool {
        self.fresh
            .as_deref()
            .is_some_and(|mark| same(mark, expected))
    }

    pub(crate) fn set(&self, headers: &mut HeaderMap, value: &str, max_age: Option<Duration>) {
        cookies::set(headers, &self.session_name, value, self.secure, max_age);
    }

    pub(crate) fn remove(&self, headers: &mut HeaderMap) {
        cookies::remove(headers, &self.session_name, self.secure);
    }

    pub(crate) fn set_fresh_mark(&self, headers: &mut HeaderMap, mark: &str) {
        cookies::set(headers, &self.fresh_name, mark, self.secure, None);
    }

    /// Removes the mark where the request has one or the response was going to set it.
    pub(crate) fn remove_fresh_mark(&self, headers: &mut HeaderMap) {
        if self.fresh.is_some() || cookies::is_set(headers, &self.fresh_name) {
            cookies::remove(headers, &self.fresh_name, self.secure);
        }
    }
}

/// The name of the cookie that has the token.
pub(crate) fn cookie_name(realm: &str, secure: bool) -> String {
    name_in("session", realm, secure)
}

fn name_in(name: &str, realm: &str, secure: bool) -> String {
    if realm == DEFAULT_REALM {
        cookies::full_name(name, secure)
    } else {
        cookies::full_name(&format!("{name}-{realm}"), secure)
    }
}
