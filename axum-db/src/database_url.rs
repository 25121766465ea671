//! The URL of a database.

use std::fmt;

use serde::Deserialize;

/// The URL of a database, whose password neither `Display` nor `Debug` shows.
///
/// ```
/// # use axum_db::DatabaseUrl;
/// let url = DatabaseUrl::new("postgres://app:secret@db.example/blog");
/// assert_eq!(url.to_string(), "postgres://app:***@db.example/blog");
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
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

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<&String> for DatabaseUrl {
    fn from(url: &String) -> Self {
        Self::new(url)
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}
