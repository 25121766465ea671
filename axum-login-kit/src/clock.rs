//! What time it is, and who says so.

use chrono::{NaiveDateTime, Timelike, Utc};

/// Tells a [`LoginManager`](crate::LoginManager) the time: the system's clock, unless
/// [`LoginManagerBuilder::clock`](crate::LoginManagerBuilder::clock) names another, such as
/// [`testing::FakeClock`](crate::testing::FakeClock).
///
/// ```
/// use axum_login_kit::{Clock, SystemClock};
///
/// assert!(SystemClock.now().and_utc().timestamp() > 1_700_000_000);
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time, in UTC.
    ///
    /// ```
    /// use axum_login_kit::Clock;
    /// use chrono::NaiveDateTime;
    ///
    /// /// It is always the same moment.
    /// struct Stopped(NaiveDateTime);
    ///
    /// impl Clock for Stopped {
    ///     fn now(&self) -> NaiveDateTime {
    ///         self.0
    ///     }
    /// }
    ///
    /// assert_eq!(Stopped(NaiveDateTime::default()).now().and_utc().timestamp(), 0);
    /// ```
    fn now(&self) -> NaiveDateTime;
}

/// The clock of the system.
///
/// ```
/// use axum_login_kit::{Clock, SystemClock};
///
/// let off = chrono::Utc::now().naive_utc() - SystemClock.now();
/// assert!(off.num_seconds().abs() < 60);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> NaiveDateTime {
        Utc::now().naive_utc()
    }
}

/// Whole seconds: what every database gives back as it was stored.
pub(crate) fn whole_seconds(time: NaiveDateTime) -> NaiveDateTime {
    time.with_nanosecond(0).unwrap_or(time)
}
