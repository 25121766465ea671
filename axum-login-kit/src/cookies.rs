//! Cookies: what they are called, how they are read, and the attributes they always have.

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, header};
use cookie::Cookie;

use crate::cookie_config::SameSite;

/// Whether cookies are bound to HTTPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecureCookies {
    /// Unless the request's host is this machine.
    UnlessLocal,
    /// As the application says.
    Fixed(bool),
}

impl SecureCookies {
    /// The answer for one request.
    pub(crate) fn for_request(self, parts: &Parts) -> bool {
        match self {
            SecureCookies::Fixed(secure) => secure,
            SecureCookies::UnlessLocal => !is_local(parts),
        }
    }
}

/// Whether the host in the request's address is this machine. Browsers take no `Secure` cookie from it over
/// plain HTTP everywhere.
fn is_local(parts: &Parts) -> bool {
    let from_header = || {
        let host = parts.headers.get(header::HOST)?;
        Authority::try_from(host.as_bytes()).ok()
    };
    let Some(authority) = parts.uri.authority().cloned().or_else(from_header) else {
        return false;
    };
    let host = authority.host();
    host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]"
}

/// The name of a cookie: `__Host-` binds a secure one to this host and the whole of it.
pub(crate) fn full_name(name: &str, secure: bool) -> String {
    if secure {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

/// The names and values of a request's cookies, of which the first of a name counts.
///
/// Bytes, since a script may have set a cookie beside ours that is no ASCII. Only the spaces of ASCII are trimmed: a
/// name behind another one would pass for a name with the prefix that browsers guard.
pub(crate) fn all(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|cookies| cookies.as_bytes().split(|&byte| byte == b';'))
        .filter_map(|pair| {
            let at = pair.iter().position(|&byte| byte == b'=')?;
            Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
        })
}

/// The value of the first cookie called `name`, if it is text.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let (_, value) = all(headers).find(|(found, _)| *found == name.as_bytes())?;
    std::str::from_utf8(value).ok()
}

/// A cookie but for its value.
#[derive(Debug, Clone)]
pub(crate) struct CookieSpec {
    pub(crate) name: String,
    domain: Option<String>,
    path: String,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
}

impl CookieSpec {
    pub(crate) fn new(
        name: &str,
        domain: Option<String>,
        path: String,
        secure: bool,
        http_only: bool,
        same_site: SameSite,
    ) -> Self {
        // What the prefix promises to browsers.
        let is_bound = secure && domain.is_none() && path == "/";
        CookieSpec {
            name: full_name(name, is_bound),
            domain,
            path,
            secure,
            http_only,
            same_site,
        }
    }

    /// A cookie of this host that lasts as long as the browser session.
    pub(crate) fn plain(name: &str, secure: bool) -> Self {
        Self::new(name, None, "/".to_owned(), secure, true, SameSite::Lax)
    }

    /// Whether browsers send it to the same addresses as another one.
    pub(crate) fn goes_where(&self, other: &Self) -> bool {
        self.domain == other.domain && self.path == other.path
    }

    fn with_value(&self, value: &str) -> Cookie<'static> {
        let mut cookie = Cookie::build((self.name.clone(), value.to_owned()))
            .path(self.path.clone())
            .http_only(self.http_only)
            .secure(self.secure)
            .same_site(match self.same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            });
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain.clone());
        }
        cookie.build()
    }
}

/// Has the response set the cookie; without `max_age` it ends with the browser session.
pub(crate) fn set(
    headers: &mut HeaderMap,
    spec: &CookieSpec,
    value: &str,
    max_age: Option<Duration>,
) {
    let mut cookie = spec.with_value(value);
    if let Some(max_age) = max_age.and_then(|age| cookie::time::Duration::try_from(age).ok()) {
        cookie.set_max_age(max_age);
    }
    put(headers, &spec.name, &cookie);
}

/// Has the response remove the cookie.
pub(crate) fn remove(headers: &mut HeaderMap, spec: &CookieSpec) {
    let mut cookie = spec.with_value("");
    cookie.make_removal();
    put(headers, &spec.name, &cookie);
}

/// Adds the cookie, in the place of one that the same response was going to set before.
fn put(headers: &mut HeaderMap, name: &str, cookie: &Cookie<'_>) {
    let Ok(mut value) = HeaderValue::from_str(&cookie.to_string()) else {
        tracing::error!(name, "a cookie does not fit into a header and was left out");
        return;
    };
    value.set_sensitive(true); // kept out of logs and of HTTP/2's tables
    if is_set(headers, name) {
        let others: Vec<HeaderValue> = headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter(|other| !names(other, name))
            .cloned()
            .collect();
        headers.remove(header::SET_COOKIE);
        for other in others {
            headers.append(header::SET_COOKIE, other);
        }
    }
    headers.append(header::SET_COOKIE, value);
}

/// Whether the response is going to set or remove the cookie `name`.
pub(crate) fn is_set(headers: &HeaderMap, name: &str) -> bool {
    let mut cookies = headers.get_all(header::SET_COOKIE).iter();
    cookies.any(|cookie| names(cookie, name))
}

fn names(cookie: &HeaderValue, name: &str) -> bool {
    let rest = cookie.as_bytes().strip_prefix(name.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"="))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, HeaderValue, Request, header};

    use super::{CookieSpec, SecureCookies, find, remove, set};

    fn secure_for(uri: &str, host: Option<&str>) -> bool {
        let mut request = Request::builder().uri(uri);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        SecureCookies::UnlessLocal.for_request(&parts)
    }

    #[test]
    fn cookies_are_secure_unless_the_host_is_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:3000",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:3000",
        ] {
            assert!(!secure_for("/", Some(host)), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "notlocalhost",
            "127.0.0.2",
            "[::2]",
            "",
            "lo calhost",
        ] {
            assert!(secure_for("/", Some(host)), "{host}");
        }
        assert!(secure_for("/", None));
        // HTTP/2 puts the host into the address.
        assert!(!secure_for("http://localhost:3000/", None));
        assert!(secure_for("https://example.com/", Some("localhost")));
    }

    #[test]
    fn the_attributes_are_the_same_for_setting_and_removing() {
        let mut headers = HeaderMap::new();
        let spec = CookieSpec::plain("session", true);
        set(&mut headers, &spec, "abc", Some(Duration::from_secs(60)));
        let value = headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(
            value,
            "__Host-session=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
        assert!(headers[header::SET_COOKIE].is_sensitive(), "it is logged");
        remove(&mut headers, &spec);
        assert_eq!(headers.get_all(header::SET_COOKIE).iter().count(), 1);
        let value = headers[header::SET_COOKIE].to_str().unwrap();
        let attributes =
            "__Host-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; Expires=";
        assert!(value.starts_with(attributes), "{value}");
    }

    #[test]
    fn a_later_change_replaces_an_earlier_one_and_no_other_cookie() {
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, HeaderValue::from_static("session-b=1"));
        let spec = CookieSpec::plain("session", false);
        set(&mut headers, &spec, "1", None);
        headers.append(header::SET_COOKIE, HeaderValue::from_static("other=1"));
        set(&mut headers, &spec, "2", None);
        let all: Vec<_> = headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        let session = "session=2; HttpOnly; SameSite=Lax; Path=/";
        assert_eq!(all, ["session-b=1", "other=1", session]);
    }

    #[test]
    fn cookies_are_found_in_every_header_line() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; b=2;c=3=4"));
        headers.append(header::COOKIE, HeaderValue::from_static("d=5; a=6"));
        let strange = b"e=\xff; f=7; g=gr\xc3\xb6\xc3\x9fe; \xe2\x80\x80h=8";
        headers.append(header::COOKIE, HeaderValue::from_bytes(strange).unwrap());
        assert_eq!(find(&headers, "a"), Some("1"));
        assert_eq!(find(&headers, "c"), Some("3=4"));
        assert_eq!(find(&headers, "d"), Some("5"));
        assert_eq!(find(&headers, "e"), None);
        assert_eq!(find(&headers, "f"), Some("7"));
        assert_eq!(find(&headers, "g"), Some("größe"));
        // Behind a space that only Unicode knows, as it is planted to get past the prefix `__Host-`.
        assert_eq!(find(&headers, "h"), None);
        assert_eq!(find(&headers, "session"), None);
    }
}
