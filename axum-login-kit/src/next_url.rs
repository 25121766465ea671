//! Where to go after the login: a path on this origin, or the default.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Redirect;
use url::{Url, form_urlencoded};

/// The longest `next` that is taken, in bytes.
const MAX_BYTES: usize = 2_000;

/// The page a visitor wanted before being sent to the login page: the `next` parameter of the
/// request's query.
///
/// It cannot lead away from this application. The parameter is parsed as a browser would parse it, and
/// only a path and query on this origin are kept, in the parsed form; whatever else it holds (another
/// host, another scheme, backslashes, control characters, encoded slashes, more than 2,000 bytes) counts
/// as absent. No string converts into a `NextUrl`.
///
/// The login form needs no hidden field for it: a form without an `action` posts to the address it was
/// shown under, query included, and the extractor reads the same parameter in the `POST`.
///
/// ```
/// use axum::{Router, body::Body, http::{Request, header}, response::Redirect, routing::post};
/// use axum_login_kit::NextUrl;
/// use tower::ServiceExt;
///
/// async fn login(next: NextUrl) -> Redirect {
///     next.or("/")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = Router::new().route("/login", post(login));
/// let answer = |uri: &str| app.clone().oneshot(Request::post(uri).body(Body::empty()).unwrap());
///
/// let response = answer("/login?next=/account%3Ftab%3D2").await.unwrap();
/// assert_eq!(response.headers()[header::LOCATION], "/account?tab=2");
/// let response = answer("/login?next=//evil.example").await.unwrap();
/// assert_eq!(response.headers()[header::LOCATION], "/");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NextUrl(Option<String>);

impl NextUrl {
    /// A redirect (303 See Other) to the wanted page, or to `default` when there is none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let home = async |next: NextUrl| next.or("/home");
    /// let visitor = stranger(&login, Router::new().route("/login", get(home)));
    /// visitor.get("/login?next=%2Faccount").await.assert_redirect("/account");
    /// visitor.get("/login?next=https%3A%2F%2Fevil.example").await.assert_redirect("/home");
    /// visitor.get("/login").await.assert_redirect("/home");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "a redirect does nothing unless it is returned"]
    pub fn or(&self, default: &'static str) -> Redirect {
        Redirect::to(self.as_str().unwrap_or(default))
    }

    /// The wanted page as path and query, for example to carry it along in a link to the registration.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let said = async |next: NextUrl| next.as_str().unwrap_or("none").to_owned();
    /// let visitor = stranger(&login, Router::new().route("/login", get(said)));
    /// visitor.get("/login?next=%2Faccount%3Ftab%3D2").await.assert_text("/account?tab=2");
    /// visitor.get("/login?next=%2F%2Fevil.example").await.assert_text("none");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// `base` with this page as its `next` parameter; `base` itself when there is none.
    ///
    /// ```
    /// use axum_login_kit::NextUrl;
    ///
    /// assert_eq!(NextUrl::default().appended_to("/register"), "/register");
    /// ```
    #[must_use]
    pub fn appended_to(&self, base: &str) -> String {
        let Some(next) = self.as_str() else {
            return base.to_owned();
        };
        let separator = if base.contains('?') { '&' } else { '?' };
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        format!("{base}{separator}next={encoded}")
    }

    /// Keeps `raw` if it is a path and query on this origin.
    pub(crate) fn parse(raw: &str) -> Self {
        NextUrl(same_origin(raw))
    }

    /// The path and query of an absolute address, such as the one HTMX reports.
    pub(crate) fn parse_absolute(raw: &str) -> Self {
        let Ok(url) = Url::parse(raw) else {
            return NextUrl(None);
        };
        match url.query() {
            Some(query) => Self::parse(&format!("{}?{query}", url.path())),
            None => Self::parse(url.path()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NextUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
        Ok(next.map_or_else(Self::default, |(_, value)| Self::parse(&value)))
    }
}

fn same_origin(raw: &str) -> Option<String> {
    let one_slash = raw.starts_with('/') && !raw.starts_with("//");
    if raw.len() > MAX_BYTES || !one_slash || raw.chars().any(|c| c == '\\' || c.is_control()) {
        return None;
    }
    let base = Url::parse("http://this-origin.invalid/").ok()?;
    let url = base.join(raw).ok()?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let (path, query) = (url.path(), url.query());
    // `/a/..//e.com` has become `//e.com` by now, which a browser takes for a host.
    if path.starts_with("//") || hides_slash(path) {
        return None;
    }
    let kept = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    if kept.len() > MAX_BYTES || hides_control(&kept) {
        return None;
    }
    Some(kept)
}

/// Whether a proxy that decodes the path, once or twice, would find a slash or backslash in it.
fn hides_slash(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["%2f", "%5c", "%252f", "%255c"]
        .iter()
        .any(|encoded| path.contains(encoded))
}

/// Whether a control character stands in it percent-encoded: CR LF splits headers elsewhere.
fn hides_control(text: &str) -> bool {
    text.as_bytes().windows(3).any(|window| {
        window[0] == b'%'
            && (matches!(window[1], b'0' | b'1') || window[1..].eq_ignore_ascii_case(b"7f"))
            && window[2].is_ascii_hexdigit()
    })
}

#[cfg(test)]
#[path = "next_url_tests.rs"]
mod tests;
