//! The cookies of a client.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::OffsetDateTime;
use cookie::{Cookie, Expiration};

/// What a browser keeps for one site.
#[derive(Debug, Clone, Default)]
pub(super) struct Cookies(Vec<Cookie<'static>>);

impl Cookies {
    /// The value of the cookie called `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|cookie| cookie.name() == name)
            .map(Cookie::value)
    }

    /// Keeps a cookie for all paths.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.put(
            Cookie::build((name.to_owned(), value.to_owned()))
                .path("/")
                .build(),
        );
    }

    /// Keeps the cookies of a `Cookie` header.
    pub(super) fn add(&mut self, header: &str) {
        for cookie in Cookie::split_parse(header.to_owned()).flatten() {
            self.set(cookie.name(), cookie.value());
        }
    }

    /// Keeps, changes and removes what a response says.
    pub(super) fn take(&mut self, headers: &HeaderMap) {
        let set = headers.get_all(header::SET_COOKIE).iter();
        for text in set.filter_map(|value| value.to_str().ok()) {
            if let Ok(cookie) = Cookie::parse(text.to_owned()) {
                self.put(cookie);
            }
        }
    }

    /// The header for a request of this path.
    pub(super) fn header(&self, path: &str) -> Option<HeaderValue> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|cookie| is_within(path, cookie.path().unwrap_or("/")))
            .map(|cookie| cookie.stripped().to_string())
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn put(&mut self, cookie: Cookie<'static>) {
        self.0
            .retain(|other| (other.name(), other.path()) != (cookie.name(), cookie.path()));
        let is_over = match (cookie.max_age(), cookie.expires()) {
            (Some(age), _) => !age.is_positive(),
            (None, Some(Expiration::DateTime(end))) => end <= OffsetDateTime::now_utc(),
            (None, _) => false,
        };
        if !is_over {
            self.0.push(cookie);
        }
    }
}

/// Whether a cookie of the path `of` goes with a request of `path`.
fn is_within(path: &str, of: &str) -> bool {
    match path.strip_prefix(of) {
        Some(rest) => rest.is_empty() || of.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> Cookies {
        let mut cookies = Cookies::default();
        for line in lines {
            let mut headers = HeaderMap::new();
            headers.insert(header::SET_COOKIE, line.parse().expect("a header"));
            cookies.take(&headers);
        }
        cookies
    }

    #[test]
    fn cookies_are_kept_changed_and_removed() {
        let cookies = after(&["a=1; Path=/; HttpOnly", "b=x%20y", "a=2; Path=/"]);
        assert_eq!(cookies.header("/").expect("both"), "b=x%20y; a=2");
        assert_eq!(after(&["a=1", "a=; Max-Age=0"]).get("a"), None);
        let past = "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(after(&["a=1", past]).header("/"), None);
        let mut cookies = after(&["a=1; Path=/"]);
        cookies.add("a=3; b=4");
        assert_eq!((cookies.get("a"), cookies.get("b")), (Some("3"), Some("4")));
    }

    #[test]
    fn a_path_keeps_a_cookie_to_itself() {
        let cookies = after(&["a=1; Path=/admin"]);
        for path in ["/admin", "/admin/users"] {
            assert!(cookies.header(path).is_some(), "{path}");
        }
        for path in ["/", "/administrator"] {
            assert!(cookies.header(path).is_none(), "{path}");
        }
    }
}
