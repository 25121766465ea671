//! Who guesses passwords waits, longer each time.

mod address;
mod mails;
mod memory;
mod settings;
mod statements;
mod store;
mod table;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::Extensions;

use self::address::prefix;
pub use self::mails::MailLimit;
pub(crate) use self::mails::{Asked, MailCounter};
pub use self::settings::Lockout;
pub use self::statements::LockoutBackend;
use self::store::{Bound, Limits};
pub use self::table::lockout_table;
use crate::error::Error;
use crate::keys::Keys;

/// The lockout within one request.
pub(crate) struct RequestLockout {
    settings: Lockout,
    bound: Arc<dyn Bound>,
}

/// One attempt, counted as a failure until it turns out to be none.
pub(crate) struct Attempt {
    bound: Arc<dyn Bound>,
    counted: Vec<Counter>,
    at: i64,
}

#[derive(Debug, Clone)]
struct Counter {
    name: String,
    limits: Limits,
    /// Whether a right password makes everything forgotten.
    is_account: bool,
}

impl Lockout {
    /// The lockout for the request with these extensions.
    pub(crate) fn bind(&self, request: &Extensions) -> RequestLockout {
        RequestLockout {
            settings: self.clone(),
            bound: Arc::from(self.store.bind(request)),
        }
    }
}

impl RequestLockout {
    /// Counts an attempt on an account, from an address.
    ///
    /// The account counts under the name that was typed, whether there is one or not. Where it exists it counts by
    /// its password hash as well, less strictly, for databases in which several spellings are one name; where it does
    /// not, by its name once more, so that both are the same work.
    pub(crate) async fn attempt(
        &self,
        keys: &Keys,
        realm: &str,
        account: Option<&str>,
        password_hash: Option<&str>,
        address: Option<IpAddr>,
        now: i64,
    ) -> Result<Attempt, Error> {
        let rules = &self.settings.rules;
        let account = account.map(|account| account.trim().to_lowercase());
        let account = account.as_deref().map(str::as_bytes);
        let name = |purpose, text: &[u8]| keys.code(purpose, &[realm.as_bytes(), text]);
        let counters = [
            address.map(|address| Counter {
                name: name(
                    "lockout of an address",
                    prefix(address).to_string().as_bytes(),
                ),
                limits: rules.limits(rules.address),
                is_account: false,
            }),
            account.map(|account| Counter {
                name: name("lockout of a name", account),
                limits: rules.limits(rules.account),
                is_account: true,
            }),
            account.map(|account| Counter {
                name: match password_hash {
                    Some(hash) => name("lockout of a user", hash.as_bytes()),
                    None => name("lockout of nobody", account),
                },
                limits: rules.limits(rules.account.saturating_mul(4)),
                is_account: true,
            }),
        ];
        let bound = Arc::clone(&self.bound);
        let counted = Attempt::count(bound, counters.into_iter().flatten(), now).await?;
        counted.map_err(|until| Error::locked_out(until.saturating_sub(now).max(1)))
    }
}

impl Attempt {
    /// Counts on all of them; when one is locked, on none, and gives until when.
    async fn count(
        bound: Arc<dyn Bound>,
        counters: impl Iterator<Item = Counter> + Send,
        now: i64,
    ) -> Result<Result<Self, i64>, Error> {
        let mut attempt = Attempt {
            bound,
            counted: Vec::with_capacity(3),
            at: now,
        };
        for counter in counters {
            let locked = attempt
                .bound
                .count(&counter.name, counter.limits, now)
                .await?;
            if let Some(until) = locked {
                attempt.take_back().await?;
                return Ok(Err(until));
            }
            attempt.counted.push(counter);
        }
        Ok(Ok(attempt))
    }

    /// The password was right: its account is forgiven everything, the address this attempt.
    pub(crate) async fn succeeded(self) -> Result<(), Error> {
        for counter in self.counted {
            if counter.is_account {
                self.bound.forget(&counter.name).await?;
            } else {
                self.bound.take_back(&counter.name).await?;
            }
        }
        Ok(())
    }

    /// No password was looked at.
    pub(crate) async fn take_back(self) -> Result<(), Error> {
        for counter in self.counted {
            self.bound.take_back(&counter.name).await?;
        }
        Ok(())
    }

    /// The password was wrong.
    pub(crate) fn failed(self) {
        for counter in &self.counted {
            self.bound.failed(&counter.name, counter.limits, self.at);
        }
    }
}
