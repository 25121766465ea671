//! Points in time.

use std::fmt;
use std::ops::{Add, Deref, Sub};
use std::str::FromStr;

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Misfit, Portable, sql_type};

/// A point in time: TIMESTAMPTZ on PostgreSQL, DATETIME(6) in UTC on MySQL, text in UTC on SQLite. All of
/// them keep the years 1 to 9999 to the microsecond, and order rows by time.
///
/// It is used like the [`chrono::DateTime<Utc>`] in it, and converts from and into that; what is finer than
/// a microsecond is cut off when it is made, so that a value equals what comes back.
///
/// ```
/// use axum_db::{metadata, prelude::*, types::UtcTime};
/// use chrono::TimeDelta;
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Visit {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(default = now)]
///     pub at: UtcTime,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Visit]).await?;
/// let db = database.session();
/// let visit = NewVisit::new().insert(&db).await?;
/// let recent = visits::at.gt(UtcTime::now() - TimeDelta::hours(1));
/// assert_eq!(Visit::query().filter(recent).one(&db).await?.at, visit.at);
/// assert_eq!(visit.at.format("%Y").to_string().len(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcTime(DateTime<Utc>);

sql_type!(UtcTime);
crate::__own_sql_type!(UtcTime, UtcTime);

impl Portable for UtcTime {}
impl diesel::sql_types::SqlOrd for UtcTime {}

impl UtcTime {
    /// The current time, to the microsecond.
    ///
    /// ```
    /// use axum_db::types::UtcTime;
    ///
    /// let time: UtcTime = "2026-01-31T12:00:00+01:00".parse()?;
    /// assert_eq!(serde_json::to_string(&time)?, "\"2026-01-31T11:00:00Z\"");
    /// assert!(time < UtcTime::now());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn now() -> Self {
        Utc::now().into()
    }

    /// Whether every engine can keep it.
    pub(crate) fn check(self) -> Result<(), Misfit> {
        match self.year() {
            1..=9999 => Ok(()),
            _ => Err(Misfit::new(
                "a time is too far away to be kept; columns take the years 1 to 9999",
            )),
        }
    }
}

impl Deref for UtcTime {
    type Target = DateTime<Utc>;

    fn deref(&self) -> &DateTime<Utc> {
        &self.0
    }
}

impl From<DateTime<Utc>> for UtcTime {
    fn from(time: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time))
    }
}

impl From<UtcTime> for DateTime<Utc> {
    fn from(time: UtcTime) -> Self {
        time.0
    }
}

impl PartialEq<DateTime<Utc>> for UtcTime {
    fn eq(&self, other: &DateTime<Utc>) -> bool {
        self.0 == *other
    }
}

/// # Panics
/// As chrono does, when the sum is beyond the years it knows.
impl Add<TimeDelta> for UtcTime {
    type Output = Self;

    fn add(self, span: TimeDelta) -> Self {
        (self.0 + span).into()
    }
}

/// # Panics
/// As chrono does, when the difference is beyond the years it knows.
impl Sub<TimeDelta> for UtcTime {
    type Output = Self;

    fn sub(self, span: TimeDelta) -> Self {
        (self.0 - span).into()
    }
}

impl Sub for UtcTime {
    type Output = TimeDelta;

    fn sub(self, other: Self) -> TimeDelta {
        self.0 - other.0
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Reads RFC 3339: `2026-01-31T12:00:00Z`, or with an offset from UTC.
impl FromStr for UtcTime {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc).into())
    }
}

/// As RFC 3339: `2026-01-31T12:00:00Z`.
impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
