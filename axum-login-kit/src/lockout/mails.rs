//! Whoever asks for mails in somebody's name waits, too.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Extensions;

use super::address::prefix;
use super::memory::InMemory;
use super::settings::{MINUTE, Rules};
use super::store::Store;
use super::{Attempt, Counter, Lockout};
use crate::error::Error;
use crate::keys::Keys;
use crate::tokens::Purpose;

/// How many mails [`Auth`](crate::Auth) sends for new passwords and addresses: anybody may ask for them, so that nobody's
/// mailbox is flooded.
///
/// After 5 mails for the same purpose to a mailbox, or about a user, and after 20 that were asked for from one address (of
/// IPv4, or a /64 of IPv6), the next is sent after a quarter of an hour at the earliest, and every further one after twice
/// as long, up to a day. A day without a mail makes all of it forgotten. What is asked for in between is not sent, and
/// nobody is told: the answer is the same, and a link that came before is still good. Who listens is told of
/// [`LoginEventKind::MailWithheld`](crate::LoginEventKind::MailWithheld).
///
/// Mails are counted where the [`Lockout`](crate::Lockout) of the manager counts failures; without one, in the memory of
/// the process.
///
/// ```
/// use std::time::Duration;
/// use axum_login_kit::MailLimit;
///
/// let limit = MailLimit::default()
///     .mailbox(3)
///     .address(100)
///     .pause(Duration::from_secs(60), Duration::from_secs(3600));
/// assert_ne!(format!("{limit:?}"), format!("{:?}", MailLimit::default()));
/// ```
#[derive(Debug, Clone)]
pub struct MailLimit(Rules);

impl Default for MailLimit {
    fn default() -> Self {
        MailLimit(Rules {
            account: 5,
            address: 20,
            pause: 15 * MINUTE,
            max_pause: 24 * 60 * MINUTE,
            forget_after: 24 * 60 * MINUTE,
        })
    }
}

impl MailLimit {
    /// How many mails for one purpose go to a mailbox, and how many are sent about a user, before the first pause.
    /// Default: 5.
    ///
    /// ```
    /// use axum_login_kit::MailLimit;
    ///
    /// let limit = MailLimit::default().mailbox(3);
    /// assert!(format!("{limit:?}").contains("account: 3"));
    /// ```
    #[must_use]
    pub fn mailbox(mut self, mails: u32) -> Self {
        self.0.account = mails.max(1);
        self
    }

    /// How many mails may be asked for from an address before the first pause. Many people may share one. Default: 20.
    ///
    /// ```
    /// use axum_login_kit::MailLimit;
    ///
    /// let limit = MailLimit::default().address(1000);
    /// assert!(format!("{limit:?}").contains("address: 1000"));
    /// ```
    #[must_use]
    pub fn address(mut self, mails: u32) -> Self {
        self.0.address = mails.max(1);
        self
    }

    /// How long the first pause is, and the longest. Default: 15 minutes, and 24 hours. After a time without a mail that is
    /// as long as the longest, and at least a day, all is forgotten.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum_login_kit::MailLimit;
    ///
    /// let limit = MailLimit::default().pause(Duration::from_secs(60), Duration::from_secs(3_600));
    /// assert!(format!("{limit:?}").contains("max_pause: 3600s"));
    /// ```
    #[must_use]
    pub fn pause(mut self, first: Duration, longest: Duration) -> Self {
        self.0.pause = first;
        self.0.max_pause = longest.max(first);
        self
    }
}

/// The limit of a manager, and where it counts.
#[derive(Clone)]
pub(crate) struct MailCounter {
    store: Arc<dyn Store>,
    rules: Rules,
}

/// A mail that somebody asked for.
pub(crate) struct Asked<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) mailbox: &'a str,
    pub(crate) user: &'a str,
    pub(crate) from: Option<IpAddr>,
    pub(crate) now: i64,
}

impl MailCounter {
    pub(crate) fn new(limit: &MailLimit, lockout: Option<&Lockout>) -> Self {
        let store = lockout.map(|lockout| Arc::clone(&lockout.store));
        MailCounter {
            store: store.unwrap_or_else(|| Arc::new(InMemory::default())),
            rules: limit.0.clone(),
        }
    }

    /// Counts a mail; false when there were too many.
    pub(crate) async fn allows(
        &self,
        keys: &Keys,
        realm: &str,
        asked: &Asked<'_>,
    ) -> Result<bool, Error> {
        let counter = |what, text: &str, mails| {
            let purpose = asked.purpose.name();
            let parts = [realm, purpose, text].map(str::as_bytes);
            Counter {
                name: keys.code(what, &parts),
                limits: self.rules.limits(mails),
                is_account: false,
            }
        };
        let Rules {
            account, address, ..
        } = self.rules;
        let mailbox = asked.mailbox.trim().to_lowercase();
        let from = asked.from.map(|from| prefix(from).to_string());
        let counters = [
            Some(counter("mails to a mailbox", &mailbox, account)),
            Some(counter("mails about a user", asked.user, account)),
            from.map(|from| counter("mails asked for from an address", &from, address)),
        ];
        // No request is waited for any more: there is no transaction to wait for either.
        let bound = Arc::from(self.store.bind(&Extensions::new()));
        let counted = Attempt::count(bound, counters.into_iter().flatten(), asked.now).await?;
        Ok(counted.is_ok())
    }

    /// Deletes what would be forgotten anyway, here and by the lockout.
    pub(crate) async fn sweep(&self, lockout: Option<&Lockout>, now: i64) -> Result<u64, Error> {
        let keep = |rules: &Rules| rules.limits(1).forget_after;
        let lockout = lockout.map_or(0, |lockout| keep(&lockout.rules));
        self.store.sweep(now - lockout.max(keep(&self.rules))).await
    }
}
