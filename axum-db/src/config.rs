//! Settings of a database.

use std::fmt;
use std::time::Duration;

/// The settings of a [`Database`](crate::Database), beside its URL.
///
/// ```
/// let mut config = axum_db::Config::default();
/// config.max_connections = 4;
/// assert_eq!(config.pool_timeout, std::time::Duration::from_secs(30));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// How many connections the pool may hold. Default: 16; an in-memory SQLite database always has one.
    pub max_connections: usize,
    /// How long a request waits for a pooled connection before it is answered with 503. Default: 30 s.
    pub pool_timeout: Duration,
    /// How long opening a connection may take. Default: 10 s.
    pub connect_timeout: Duration,
    /// A connection that lay idle longer than this is tried before it is used again. Default: 30 s.
    pub ping_after_idle: Duration,
    /// How long SQLite waits for a lock that another process holds. Default: 5 s.
    pub busy_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 16,
            pool_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            ping_after_idle: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// The URL of a database, whose password neither `Display` nor `Debug` shows.
///
/// ```
/// # use axum_db::DatabaseUrl;
/// let url = DatabaseUrl::new("postgres://app:secret@db.example/blog");
/// assert_eq!(url.to_string(), "postgres://app:***@db.example/blog");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes the URL as it was configured.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL, password included.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(authority_start) = self.0.find("://").map(|at| at + 3) else {
            return f.write_str(&self.0);
        };
        let rest = &self.0[authority_start..];
        // A password may hold any character, even '/', '?' and '@': hide up to the last '@' of all.
        let visible_tail = |tail: &str| match tail.split_once('?') {
            Some((path, _)) => format!("{path}?…"),
            None => tail.to_owned(),
        };
        let scheme = &self.0[..authority_start];
        match rest.rfind('@') {
            Some(at) => {
                let user = rest[..at].split(':').next().unwrap_or_default();
                let password = if rest[..at].contains(':') { ":***" } else { "" };
                write!(
                    f,
                    "{scheme}{user}{password}@{}",
                    visible_tail(&rest[at + 1..])
                )
            }
            None => write!(f, "{scheme}{}", visible_tail(rest)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
