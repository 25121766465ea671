//! Settings that do less than they seem to: said once, when it shows.

use std::sync::Once;

use super::LoginContext;
use crate::client::Doubt;
use crate::user::AuthUser;

/// What has been said.
pub(super) struct Hints {
    account: Once,
    address: Once,
}

impl Hints {
    pub(super) const fn new() -> Self {
        Hints {
            account: Once::new(),
            address: Once::new(),
        }
    }
}

impl<U: AuthUser> LoginContext<U> {
    /// For a lockout that counts no account.
    pub(crate) fn hint_at_account(&self) {
        self.manager().hints.account.call_once(|| {
            tracing::warn!(
                "failed logins are not counted per account: write \
                 `auth.verify_password(user, &password).account(&name)`, with the name that was typed"
            );
        });
    }

    /// For whatever is counted per address.
    pub(crate) fn hint_at_address(&self) {
        let Some(doubt) = self.client().doubt else {
            return;
        };
        self.manager().hints.address.call_once(|| match doubt {
            Doubt::Unknown => tracing::warn!(
                "nothing is counted per address, as the server hands on none: serve with \
                 `router.into_make_service_with_connect_info::<SocketAddr>()`"
            ),
            Doubt::NotForwarded => tracing::warn!(
                "a request has fewer addresses in X-Forwarded-For than `behind_proxies` says, and is counted as its \
                 connection's: have each proxy add one, or say how many there are"
            ),
            Doubt::Forwarded => tracing::warn!(
                "a request comes from a private address with X-Forwarded-For, and all such requests are counted as one \
                 visitor's: if it is a proxy of yours, say so with `.behind_proxies(1)`"
            ),
        });
    }
}
