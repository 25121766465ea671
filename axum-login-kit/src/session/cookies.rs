//! The cookies of a session.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;

use crate::cookie_config::{CookieConfig, RememberConfig};
use crate::cookies::{self, CookieSpec};
use crate::error::ConfigError;
use crate::flash;

/// The realm whose cookies carry no suffix.
const DEFAULT_REALM: &str = "user";
/// The fresh mark of a remembered session that was restored and is not fresh.
const RESTORED: &str = "0";

/// The cookies of one realm, but for their values.
#[derive(Debug)]
pub(crate) struct SessionSpecs {
    /// With the token of a session that ends with the browser's.
    session: CookieSpec,
    /// With that of a remembered one; the same cookie, unless it is set up otherwise.
    remembered: CookieSpec,
    /// Forgotten with the browser session, and with it the freshness of a remembered session.
    fresh: CookieSpec,
    /// What a session that is kept in cookies changes.
    state: CookieSpec,
    /// What is kept for a visitor who is not logged in.
    visitor: CookieSpec,
}

impl SessionSpecs {
    pub(crate) fn new(
        realm: &str,
        session: &CookieConfig,
        remember: &RememberConfig,
        secure: bool,
    ) -> Self {
        let suffix = match realm {
            DEFAULT_REALM => String::new(),
            realm => format!("-{realm}"),
        };
        let beside = |name: &str| {
            let name = if session.name == CookieConfig::default().name {
                name.to_owned()
            } else {
                format!("{}-{name}", session.name)
            };
            CookieConfig {
                name,
                ..session.clone()
            }
            .spec(&suffix, secure)
        };
        SessionSpecs {
            session: session.spec(&suffix, secure),
            remembered: remember.over(session).spec(&suffix, secure),
            fresh: beside("fresh"),
            state: beside("state"),
            visitor: beside("visitor"),
        }
    }

    /// The name of the cookie that has the token of a session.
    pub(crate) fn name(&self, remembered: bool) -> &str {
        let spec = if remembered {
            &self.remembered
        } else {
            &self.session
        };
        &spec.name
    }

    /// The name of the cookie that says that a remembered session is fresh.
    pub(crate) fn fresh_name(&self) -> &str {
        &self.fresh.name
    }

    /// Whether remembered sessions have a cookie of their own.
    fn is_separate(&self) -> bool {
        self.session.name != self.remembered.name
    }

    /// Whether each can be told from the others, and from that of flash messages.
    pub(crate) fn check(&self, secure: bool) -> Result<(), ConfigError> {
        let refused = |spec: &CookieSpec, problem: &str| {
            Err(ConfigError::Cookie {
                name: spec.name.clone(),
                problem: problem.to_owned(),
            })
        };
        let own = [&self.fresh, &self.state, &self.visitor].map(|spec| spec.name.clone());
        let taken = own.into_iter().chain([flash::cookie_name(secure)]);
        for name in taken {
            if let Some(spec) = [&self.session, &self.remembered]
                .into_iter()
                .find(|spec| spec.name == name)
            {
                return refused(
                    spec,
                    "the kit has another cookie of this name: give it another one",
                );
            }
        }
        if !self.is_separate() && !self.remembered.goes_where(&self.session) {
            return refused(
                &self.remembered,
                "it has the name of the session's cookie and another domain or path, and browsers keep both: leave \
                 `RememberConfig::name` out, or give it another one",
            );
        }
        Ok(())
    }
}

/// The cookies of one realm in one request.
#[derive(Clone)]
pub(crate) struct SessionCookies {
    specs: Arc<SessionSpecs>,
    session: Option<String>,
    remembered: Option<String>,
    fresh: Option<String>,
    state: Option<String>,
    visitor: Option<String>,
}

impl SessionCookies {
    /// What the request presents.
    pub(crate) fn read(specs: &Arc<SessionSpecs>, headers: &HeaderMap) -> Self {
        let mut read = SessionCookies {
            session: None,
            remembered: None,
            fresh: None,
            state: None,
            visitor: None,
            specs: Arc::clone(specs),
        };
        for (name, value) in cookies::all(headers) {
            let is = |spec: &CookieSpec| name == spec.name.as_bytes();
            let place = if is(&specs.session) {
                &mut read.session
            } else if specs.is_separate() && is(&specs.remembered) {
                &mut read.remembered
            } else if is(&specs.fresh) {
                &mut read.fresh
            } else if is(&specs.state) {
                &mut read.state
            } else if is(&specs.visitor) {
                &mut read.visitor
            } else {
                continue;
            };
            // What is no text is no value of ours, either.
            place.get_or_insert_with(|| String::from_utf8_lossy(value).into_owned());
        }
        read
    }

    /// What may lead to a session, the likelier first.
    pub(crate) fn presented(&self) -> impl Iterator<Item = &str> {
        self.session
            .iter()
            .chain(&self.remembered)
            .map(|value| &**value)
    }

    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    pub(crate) fn visitor(&self) -> Option<&str> {
        self.visitor.as_deref()
    }

    pub(crate) fn fresh_mark(&self) -> Option<&str> {
        self.fresh.as_deref()
    }

    /// Has the browser keep the session, for `max_age` if it is remembered.
    pub(crate) fn set(&self, headers: &mut HeaderMap, value: &str, max_age: Option<Duration>) {
        let specs = &*self.specs;
        let (spec, other, presented) = match max_age {
            Some(_) => (&specs.remembered, &specs.session, &self.session),
            None => (&specs.session, &specs.remembered, &self.remembered),
        };
        cookies::set(headers, spec, value, max_age);
        if specs.is_separate() {
            remove_if_there(headers, other, presented.as_deref());
        }
    }

    /// Has the browser forget the session and what belongs to it.
    pub(crate) fn remove(&self, headers: &mut HeaderMap) {
        let specs = &*self.specs;
        remove_if_there(headers, &specs.session, self.session.as_deref());
        if specs.is_separate() {
            remove_if_there(headers, &specs.remembered, self.remembered.as_deref());
        }
        self.remove_fresh_mark(headers);
        remove_if_there(headers, &specs.state, self.state.as_deref());
    }

    /// What a session that is kept in cookies changed.
    pub(crate) fn set_state(
        &self,
        headers: &mut HeaderMap,
        value: &str,
        max_age: Option<Duration>,
    ) {
        cookies::set(headers, &self.specs.state, value, max_age);
    }

    /// Forgets the state of an earlier session.
    pub(crate) fn remove_state(&self, headers: &mut HeaderMap) {
        remove_if_there(headers, &self.specs.state, self.state.as_deref());
    }

    pub(crate) fn set_fresh_mark(&self, headers: &mut HeaderMap, mark: &str) {
        cookies::set(headers, &self.specs.fresh, mark, None);
    }

    /// Notes in the browser session that a remembered session was restored, unless a login has said otherwise.
    pub(crate) fn mark_restored(&self, headers: &mut HeaderMap) {
        if !cookies::is_set(headers, &self.specs.fresh.name) {
            cookies::set(headers, &self.specs.fresh, RESTORED, None);
        }
    }

    /// Removes the mark where the request has one or the response was going to set it.
    pub(crate) fn remove_fresh_mark(&self, headers: &mut HeaderMap) {
        remove_if_there(headers, &self.specs.fresh, self.fresh.as_deref());
    }

    pub(crate) fn set_visitor(&self, headers: &mut HeaderMap, value: &str) {
        cookies::set(headers, &self.specs.visitor, value, None);
    }

    pub(crate) fn remove_visitor(&self, headers: &mut HeaderMap) {
        remove_if_there(headers, &self.specs.visitor, self.visitor.as_deref());
    }
}

/// Removes a cookie that the browser has, or that the response was going to set.
fn remove_if_there(headers: &mut HeaderMap, spec: &CookieSpec, presented: Option<&str>) {
    if presented.is_some() || cookies::is_set(headers, &spec.name) {
        cookies::remove(headers, spec);
    }
}
