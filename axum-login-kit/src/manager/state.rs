//! What a request's response has to say about cookies and caches.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum_db::Attempt;

use super::Manager;
use super::realms::{Named, Realms};
use crate::cookies::SecureCookies;
use crate::error::Error;
use crate::flash::FlashBuffer;
use crate::keys::Keys;
use crate::session::FinishHook;
use crate::user::AuthUser;

/// What all managers of a request share: flash messages, and how far a cache may keep the response.
pub(crate) struct RequestState {
    keys: Arc<Keys>,
    secure_cookies: SecureCookies,
    realms: Realms,
    consulted: AtomicBool,
    private: AtomicBool,
    flash: Mutex<Option<FlashBuffer>>,
    hooks: Mutex<Vec<FinishHook>>,
    attempt: LastAttempt,
}

/// The attempt at the request that something is kept for.
#[derive(Default)]
pub(super) struct LastAttempt(AtomicU32);

impl LastAttempt {
    /// Whether this request is another attempt than the last time.
    pub(super) fn is_another(&self, request: &Extensions) -> bool {
        let number = request
            .get::<Attempt>()
            .map_or(0, |attempt| attempt.number());
        self.0.swap(number, Ordering::Relaxed) != number
    }
}

impl RequestState {
    /// For the request that comes to the layer of `manager` first.
    pub(super) fn new<U: AuthUser>(manager: &Arc<Manager<U>>) -> Self {
        RequestState {
            keys: Arc::clone(&manager.keys),
            secure_cookies: manager.settings.secure_cookies,
            realms: Realms::new(Arc::clone(manager) as Arc<dyn Named>),
            consulted: AtomicBool::new(false),
            private: AtomicBool::new(false),
            flash: Mutex::new(None),
            hooks: Mutex::default(),
            attempt: LastAttempt::default(),
        }
    }

    /// What an attempt at the request has left does not hold for the next one.
    pub(crate) fn begin_attempt(&self, request: &Extensions) {
        if self.attempt.is_another(request) {
            *self.flash() = None;
            self.hooks().clear();
        }
    }

    /// The request comes to the layer of one manager more.
    pub(super) fn add_manager<U: AuthUser>(&self, manager: &Arc<Manager<U>>) {
        self.realms.add(Arc::clone(manager) as Arc<dyn Named>);
    }

    /// # Errors
    /// When two managers of the request have one realm.
    pub(super) fn check_realms(&self) -> Result<(), Error> {
        self.realms.check()
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn secure_cookies(&self) -> SecureCookies {
        self.secure_cookies
    }

    pub(crate) fn flash(&self) -> MutexGuard<'_, Option<FlashBuffer>> {
        self.flash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the hook when the response is ready.
    pub(super) fn at_end(&self, hook: FinishHook) {
        self.hooks().push(hook);
    }

    fn hooks(&self) -> MutexGuard<'_, Vec<FinishHook>> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The response depends on the request's cookies.
    pub(crate) fn mark_consulted(&self) {
        self.consulted.store(true, Ordering::Relaxed);
    }

    /// The response is meant for one user.
    pub(crate) fn mark_private(&self) {
        self.private.store(true, Ordering::Relaxed);
    }

    /// Puts into the response what the request asked for.
    pub(super) fn finish(&self, headers: &mut HeaderMap) {
        let hooks = std::mem::take(&mut *self.hooks());
        for hook in hooks {
            hook(true, headers);
        }
        let buffer = self.flash().take();
        if buffer.is_some_and(|buffer| buffer.write(self, headers)) {
            self.mark_private();
        }
        if self.consulted.load(Ordering::Relaxed) {
            vary_by_cookie(headers);
        }
        if self.private.load(Ordering::Relaxed) && !headers.contains_key(header::CACHE_CONTROL) {
            let value = HeaderValue::from_static("no-store");
            headers.insert(header::CACHE_CONTROL, value);
        }
    }
}

fn vary_by_cookie(headers: &mut HeaderMap) {
    let is_named = headers.get_all(header::VARY).iter().any(|value| {
        let mut names = value.to_str().unwrap_or_default().split(',');
        names.any(|name| name.trim() == "*" || name.trim().eq_ignore_ascii_case("cookie"))
    });
    if !is_named {
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    }
}

impl fmt::Debug for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestState").finish_non_exhaustive()
    }
}
