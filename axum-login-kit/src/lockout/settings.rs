//! After how many failures, and for how long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_db::{Bind, Database};

use super::memory::InMemory;
use super::statements::LockoutBackend;
use super::store::{InTable, Limits, Store};

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Makes whoever guesses passwords wait: per account, and per address (one of IPv4, a /64 of IPv6).
///
/// After 5 failures on an account, or 100 from an address, the next attempt is refused for half a minute, and after
/// every further failure for twice as long, up to a quarter of an hour. Refused attempts look at no password and do not
/// count. A right password makes its account's failures forgotten, a quiet day everybody's.
///
/// Set it with [`LoginManagerBuilder::lockout`](crate::LoginManagerBuilder::lockout), and name the account where
/// passwords are verified: `auth.verify_password(user, &password).account(&form.email).await?`. Who is locked out gets an
/// error of the kind [`ErrorKind::LockedOut`](crate::ErrorKind::LockedOut), as a response 429 with `Retry-After`, in the
/// same way whether the account exists or not.
///
/// An attempt counts before its password is looked at: of 25 guesses at once, 25 count, and no more than the limit are
/// looked at. Where a transaction is open, it counts after its end, however that ends.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let minutes = |count: u64| Duration::from_secs(60 * count);
/// let clock = FakeClock::new();
/// let lockout = Lockout::in_memory().account(3).pause(minutes(1), minutes(60));
/// let login = manager().clock(clock.clone()).lockout(lockout).build()?;
/// let check = async |auth: Auth<User>, password: String| -> Result<String, Error> {
///     let user = auth.verify_password(Some(ada()), &password).account("ada@example.com").await?;
///     Ok(user.is_some().to_string())
/// };
/// let visitor = stranger(&login, Router::new().route("/login", post(check)));
/// let answer = |password: &'static str| visitor.post("/login").body("text/plain", password);
/// for _ in 0..3 {
///     answer("a guess").await.assert_text("false");
/// }
/// answer("correct horse").await.assert_status(429); // not even looked at
/// clock.advance(minutes(1));
/// answer("correct horse").await.assert_text("true");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lockout {
    pub(super) store: Arc<dyn Store>,
    pub(super) rules: Rules,
}

/// How many are free, and how long the others wait.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) account: u32,
    pub(super) address: u32,
    pub(super) pause: Duration,
    pub(super) max_pause: Duration,
    pub(super) forget_after: Duration,
}

impl Lockout {
    /// Counts in the table [`lockout_table`](crate::lockout_table), for all processes together.
    ///
    /// ```
    /// use axum_db::{Db, Sqlite};
    /// use axum_login_kit::Lockout;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// let database = Db::<Sqlite>::connect("sqlite://:memory:").await?;
    /// let lockout = Lockout::in_table(&database);
    /// assert!(format!("{lockout:?}").contains("address: 100"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_table<B: LockoutBackend, K: Bind>(database: &Database<B, K>) -> Self {
        Self::new(Arc::new(InTable::new(database.clone())))
    }

    /// Counts in the memory of this process: for an application that is one process, and forgets at a restart.
    ///
    /// ```
    /// use axum_login_kit::Lockout;
    ///
    /// let lockout = Lockout::in_memory();
    /// assert!(format!("{lockout:?}").contains("account: 5"));
    /// ```
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Arc::new(InMemory::default()))
    }

    fn new(store: Arc<dyn Store>) -> Self {
        Lockout {
            store,
            rules: Rules {
                account: 5,
                address: 100,
                pause: MINUTE / 2,
                max_pause: 15 * MINUTE,
                forget_after: 24 * 60 * MINUTE,
            },
        }
    }

    /// How many failures an account may have before it is locked. Default: 5.
    ///
    /// ```
    /// use axum_login_kit::Lockout;
    ///
    /// let lockout = Lockout::in_memory().account(3);
    /// assert!(format!("{lockout:?}").contains("account: 3"));
    /// ```
    #[must_use]
    pub fn account(mut self, failures: u32) -> Self {
        self.rules.account = failures.max(1);
        self
    }

    /// How many failures may come from an address before it is locked. Many people may share one. Default: 100.
    ///
    /// ```
    /// use axum_login_kit::Lockout;
    ///
    /// let lockout = Lockout::in_memory().address(1000);
    /// assert!(format!("{lockout:?}").contains("address: 1000"));
    /// ```
    #[must_use]
    pub fn address(mut self, failures: u32) -> Self {
        self.rules.address = failures.max(1);
        self
    }

    /// How long the first pause is, and the longest. Default: 30 seconds, and 15 minutes. A long one lets others keep
    /// the owner out of the account.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = FakeClock::new();
    /// let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(60 * 60));
    /// let lockout = Lockout::in_memory().account(1).pause(minute, hour);
    /// let login = manager().clock(clock.clone()).lockout(lockout).build()?;
    /// let check = async |auth: Auth<User>| -> Result<(), Error> {
    ///     auth.verify_password(None, "a guess").account("ada@example.com").await?;
    ///     Ok(())
    /// };
    /// let visitor = stranger(&login, Router::new().route("/login", post(check)));
    /// visitor.post("/login").await.assert_status(200);
    /// assert_eq!(visitor.post("/login").await.header("retry-after"), Some("60"));
    /// clock.advance(minute);
    /// visitor.post("/login").await.assert_status(200);
    /// assert_eq!(visitor.post("/login").await.header("retry-after"), Some("120"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pause(mut self, first: Duration, longest: Duration) -> Self {
        self.rules.pause = first;
        self.rules.max_pause = longest.max(first);
        self
    }

    /// After what time without an attempt all is forgotten. Default: 24 hours.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum_login_kit::Lockout;
    ///
    /// let lockout = Lockout::in_memory().forget_after(Duration::from_secs(3_600));
    /// assert!(format!("{lockout:?}").contains("forget_after: 3600s"));
    /// ```
    #[must_use]
    pub fn forget_after(mut self, duration: Duration) -> Self {
        self.rules.forget_after = duration;
        self
    }
}

impl Rules {
    pub(super) fn limits(&self, failures: u32) -> Limits {
        let seconds =
            |duration: Duration| i64::try_from(duration.as_secs().max(1)).unwrap_or(i64::MAX);
        // A century: no sum with a time of today overflows.
        let seconds = |duration| seconds(duration).min(3_000_000_000);
        Limits {
            free: i64::from(failures),
            pause: seconds(self.pause),
            max_pause: seconds(self.max_pause),
            forget_after: seconds(self.forget_after).max(seconds(self.max_pause)),
        }
    }
}

impl fmt::Debug for Lockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lockout")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
