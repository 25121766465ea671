//! What a request's response has to say about cookies and caches.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header};

use crate::cookies::SecureCookies;
use crate::flash::FlashBuffer;
use crate::keys::Keys;
use crate::session::FinishHook;

/// What all managers of a request share: flash messages, and how far a cache may keep the response.
pub(crate) struct RequestState {
    keys: Arc<Keys>,
    secure_cookies: SecureCookies,
    consulted: AtomicBool,
    private: AtomicBool,
    flash: Mutex<Option<FlashBuffer>>,
    hooks: Mutex<Vec<FinishHook>>,
}

impl RequestState {
    pub(super) fn new(keys: Arc<Keys>, secure_cookies: SecureCookies) -> Self {
        RequestState {
            keys,
            secure_cookies,
            consulted: AtomicBool::new(false),
            private: AtomicBool::new(false),
            flash: Mutex::new(None),
            hooks: Mutex::default(),
        }
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
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.push(hook);
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
        let hooks = self
            .hooks
            .lock()
            .map(|mut hooks| std::mem::take(&mut *hooks));
        for hook in hooks.unwrap_or_default() {
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
