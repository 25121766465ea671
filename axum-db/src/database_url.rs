//! The URL of a database.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The URL of a database, whose password neither `Display` nor `Debug` shows, nor its parameters, which may
/// have one too.
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
    ///
    /// ```
    /// # use axum_db::DatabaseUrl;
    /// let url = DatabaseUrl::new("mysql://app:secret@db.example/blog");
    /// assert_eq!(format!("{url:?}"), "\"mysql://app:***@db.example/blog\"");
    /// assert_eq!(url, "mysql://app:secret@db.example/blog".into());
    /// ```
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL, password included.
    ///
    /// ```
    /// # use axum_db::DatabaseUrl;
    /// let url = DatabaseUrl::new("postgres://app:secret@db.example/blog");
    /// assert_eq!(url.expose(), "postgres://app:secret@db.example/blog"); // for another program, never for a log
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = match self.0.find("://") {
            Some(at) => self.0.split_at(at + 3),
            None => ("", &*self.0),
        };
        let visible = |place: &str| match place.split_once('?') {
            Some((path, _)) => format!("{path}?…"),
            None => place.to_owned(),
        };
        if self.0.starts_with("file:") {
            return f.write_str(&visible(&self.0));
        }
        if scheme.is_empty() && visible(rest).contains('=') {
            // What PostgreSQL's own programs take beside URLs: `host=db password=…`.
            return f.write_str("…");
        }
        // A password may hold any character, even '/', '?' and '@': hide up to the last '@' of all.
        let Some((credentials, place)) = rest.rsplit_once('@') else {
            return write!(f, "{scheme}{}", visible(rest));
        };
        match credentials.find([':', '?']) {
            None => write!(f, "{scheme}{credentials}@{}", visible(place)),
            Some(at) if credentials[at..].starts_with('?') => {
                write!(f, "{scheme}{}", visible(credentials))
            }
            Some(at) => {
                // The last '@' may be one of a password among the parameters.
                let place = match credentials.contains('?') {
                    true => "…".to_owned(),
                    false => visible(place),
                };
                write!(f, "{scheme}{}:***@{place}", &credentials[..at])
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_wherever_it_stands() {
        for (url, shown) in [
            (
                "postgres://app:sec@ret@db/blog",
                "postgres://app:***@db/blog",
            ),
            (
                "postgres://app:sec/ret@db:5432/blog",
                "postgres://app:***@db:5432/blog",
            ),
            ("postgres://app:sec?ret@db/blog", "postgres://app:***@…"),
            (
                "postgres://app@db/blog?password=secret",
                "postgres://app@db/blog?…",
            ),
            ("postgres://db/blog?password=secret", "postgres://db/blog?…"),
            (
                "postgres://db/blog?password=sec@ret",
                "postgres://db/blog?…",
            ),
            (
                "postgres://app@db/blog?password=sec@ret",
                "postgres://app@db/blog?…",
            ),
            (
                "postgres://db:5432/blog?password=sec@ret",
                "postgres://db:***@…",
            ),
            (
                "postgres://app:secret@db/blog?password=sec@ret",
                "postgres://app:***@…",
            ),
            ("postgres:/app:secret@db/blog", "postgres:***@db/blog"),
            ("host=db user=app password=secret", "…"),
            ("host=db password=sec@ret", "…"),
            (
                "postgres://file:secret@db/blog",
                "postgres://file:***@db/blog",
            ),
            ("sqlite://:memory:", "sqlite://:memory:"),
            ("sqlite://blog.db?mode=ro", "sqlite://blog.db?…"),
            ("blog.db", "blog.db"),
            ("file:///home/a:b@c/blog.db", "file:///home/a:b@c/blog.db"),
            (
                "file:/home/a@b=c/blog.db?mode=ro",
                "file:/home/a@b=c/blog.db?…",
            ),
        ] {
            let url = DatabaseUrl::new(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("\"{shown}\""));
        }
    }
}
