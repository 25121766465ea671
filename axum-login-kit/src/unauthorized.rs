//! The answer to a request that needed a login: another one for each kind of client.

use std::fmt;
use std::sync::Arc;

use axum::extract::OriginalUri;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::error::Error;
use crate::flash::Flash;
use crate::next_url::NextUrl;

const HX_REQUEST: &str = "hx-request";
const HX_BOOSTED: &str = "hx-boosted";
const HX_CURRENT_URL: &str = "hx-current-url";
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// Who is asking, as far as the answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// Someone who can be sent to another page.
    Browser,
    /// HTMX, which follows redirects within the page unless told otherwise.
    Htmx,
    /// A script that reads a status.
    Script,
}

impl Client {
    /// Browsers say themselves whether they navigate; of the others a script is who asks for JSON or a stream of
    /// events, sends JSON, or opens a WebSocket.
    fn of(headers: &HeaderMap) -> Self {
        let is = |name: &str, value: &str| {
            let header = headers.get(name).and_then(|header| header.to_str().ok());
            header.is_some_and(|header| header.eq_ignore_ascii_case(value))
        };
        let mentions = |name: HeaderName, text: &str| {
            let header = headers.get(name).and_then(|header| header.to_str().ok());
            header.is_some_and(|header| header.to_ascii_lowercase().contains(text))
        };
        let opens_socket = is("upgrade", "websocket")
            || is("sec-fetch-mode", "websocket")
            || headers.contains_key("sec-websocket-key");
        if opens_socket || mentions(header::ACCEPT, "text/event-stream") {
            Client::Script
        } else if is(HX_REQUEST, "true") {
            Client::Htmx
        } else if headers.contains_key("sec-fetch-mode") {
            if is("sec-fetch-mode", "navigate") {
                Client::Browser
            } else {
                Client::Script
            }
        } else if mentions(header::ACCEPT, "text/html") {
            Client::Browser
        } else if mentions(header::ACCEPT, "json")
            || mentions(header::CONTENT_TYPE, "json")
            || is("x-requested-with", "xmlhttprequest")
        {
            Client::Script
        } else {
            Client::Browser
        }
    }
}

/// Why a guard gave no user: nobody is logged in (freshly enough), a permission is missing, or an error.
///
/// As a response it is, for a missing login: a redirect (303) to the login page with `next` and a flash
/// message for a browser that navigates; 204 with `HX-Redirect` for HTMX; 401 with a problem document
/// (`application/problem+json`) for scripts; and 401 for everyone where no
/// [`login_url`](crate::LoginManagerBuilder::login_url) is set, and for the login page itself where a guard stands before
/// it. With 401 comes the header `WWW-Authenticate: Session realm="user"`, with the manager's realm. A missing permission
/// is 403.
/// [`on_unauthorized`](crate::LoginManagerBuilder::on_unauthorized) may say otherwise. An error answers as [`Error`]
/// does.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().login_url("/login").build()?;
/// let account = async |user: Result<CurrentUser<User>, LoginRejection>| match user {
///     Ok(user) => Ok(user.email.clone()),
///     Err(rejection) if rejection.is_login_required() => Ok("who are you?".to_owned()),
///     Err(rejection) => Err(rejection),
/// };
/// let visitor = stranger(&login, Router::new().route("/account", get(account)));
/// visitor.get("/account").await.assert_text("who are you?");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LoginRejection(Reason);

#[derive(Debug)]
enum Reason {
    Denied(Box<Answer>),
    Failed(Error),
}

/// What is missing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager()
///     .on_unauthorized(|denial| {
///         let text = match denial.reason {
///             DenialReason::LoginRequired => "Who are you?",
///             DenialReason::FreshLoginRequired => "Is it still you?",
///             _ => "You may not do this.",
///         };
///         Some(axum::response::IntoResponse::into_response(text))
///     })
///     .build()?;
/// let account = async |user: CurrentUser<User>| user.email.clone();
/// let visitor = stranger(&login, Router::new().route("/account", get(account)));
/// visitor.get("/account").await.assert_text("Who are you?");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialReason {
    /// Nobody is logged in.
    LoginRequired,
    /// The password was not given in this browser session, or too long ago.
    FreshLoginRequired,
    /// Somebody is logged in without the permission.
    Forbidden,
}

/// A request that is turned away, for the function of
/// [`LoginManagerBuilder::on_unauthorized`](crate::LoginManagerBuilder::on_unauthorized).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager()
///     .login_url("/login")
///     .on_unauthorized(|denial| {
///         assert_eq!(denial.reason, DenialReason::LoginRequired);
///         assert_eq!((denial.method.as_str(), denial.uri.path()), ("GET", "/account"));
///         assert_eq!(denial.login_url.as_deref(), Some("/login?next=%2Faccount"));
///         None // as it would be answered anyway
///     })
///     .build()?;
/// let account = async |user: CurrentUser<User>| user.email.clone();
/// let visitor = stranger(&login, Router::new().route("/account", get(account)));
/// visitor.get("/account").await.assert_redirect("/login?next=%2Faccount");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Denial {
    /// What is missing.
    pub reason: DenialReason,
    /// The request's method.
    pub method: Method,
    /// Its address, whole in nested routers, too.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Where the login happens, with the way back as `next`; `None` without a login page, and for a permission.
    pub login_url: Option<String>,
    client: Client,
}

/// An application's own answers.
pub(crate) type OwnAnswer = Arc<dyn Fn(&Denial) -> Option<Response> + Send + Sync>;

/// Everything the answer needs to know, taken from the request.
struct Answer {
    denial: Denial,
    message: Option<(String, String)>,
    flash: Flash,
    challenge: HeaderValue,
    own: Option<OwnAnswer>,
}

impl LoginRejection {
    /// Whether the cause is a missing login, and neither a missing permission nor an error.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let cart = async |user: Result<CurrentUser<User>, LoginRejection>| match user {
    ///     Ok(user) => Ok(format!("the cart of {}", user.email)),
    ///     Err(rejection) if rejection.is_login_required() => Ok("a visitor's cart".to_owned()),
    ///     Err(error) => Err(error), // the database does not answer: not a visitor
    /// };
    /// let visitor = stranger(&login, Router::new().route("/cart", get(cart)));
    /// visitor.get("/cart").await.assert_text("a visitor's cart");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_login_required(&self) -> bool {
        matches!(
            self.reason(),
            Some(DenialReason::LoginRequired | DenialReason::FreshLoginRequired)
        )
    }

    /// What is missing; `None` for an error.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let account = async |user: Result<CurrentUser<User>, LoginRejection>| {
    ///     format!("{:?}", user.err().and_then(|rejection| rejection.reason()))
    /// };
    /// let visitor = stranger(&login, Router::new().route("/account", get(account)));
    /// visitor.get("/account").await.assert_text("Some(LoginRequired)");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<DenialReason> {
        match &self.0 {
            Reason::Denied(answer) => Some(answer.denial.reason),
            Reason::Failed(_) => None,
        }
    }

    /// The answer to a request that is turned away.
    pub(crate) fn denied(
        denial: Denial,
        message: Option<(String, String)>,
        flash: Flash,
        challenge: HeaderValue,
        own: Option<OwnAnswer>,
    ) -> Self {
        LoginRejection(Reason::Denied(Box::new(Answer {
            denial,
            message,
            flash,
            challenge,
            own,
        })))
    }
}

impl Denial {
    /// What is known of the request `parts` belongs to, where the login is at `login_url`.
    pub(crate) fn new(parts: &Parts, reason: DenialReason, login_url: Option<&str>) -> Self {
        let client = Client::of(&parts.headers);
        Denial {
            reason,
            method: parts.method.clone(),
            uri: original_uri(parts).clone(),
            headers: parts.headers.clone(),
            login_url: login_url.map(|url| wanted(parts, client).appended_to(url)),
            client,
        }
    }
}

/// The address as the browser has it: nested routers see a shortened one.
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    let original = parts.extensions.get::<OriginalUri>();
    original.map_or(&parts.uri, |OriginalUri(uri)| uri)
}

/// Without what may be secret: headers, and what stands in the address behind its path.
impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denial")
            .field("reason", &self.reason)
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

/// The page to come back to after the login.
fn wanted(parts: &Parts, client: Client) -> NextUrl {
    let boosted = parts.headers.contains_key(HX_BOOSTED);
    if client == Client::Htmx && !boosted {
        // The request is for a fragment; the page is where the user is.
        let page = parts.headers.get(HX_CURRENT_URL);
        let page = page.and_then(|value| value.to_str().ok());
        return page.map_or_else(NextUrl::default, NextUrl::parse_absolute);
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return NextUrl::default();
    }
    original_uri(parts)
        .path_and_query()
        .map_or_else(NextUrl::default, |wanted| NextUrl::parse(wanted.as_str()))
}

impl IntoResponse for LoginRejection {
    fn into_response(self) -> Response {
        match self.0 {
            Reason::Denied(answer) => answer.into_response(),
            Reason::Failed(error) => error.into_response(),
        }
    }
}

impl Answer {
    fn into_response(self) -> Response {
        if let Some(response) = self.own.as_ref().and_then(|own| own(&self.denial)) {
            return response;
        }
        let mut response = self.by_client();
        if response.status() == StatusCode::UNAUTHORIZED {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, self.challenge);
        }
        response
    }

    fn by_client(&self) -> Response {
        let denial = &self.denial;
        let leave_message = || {
            if let Some((text, category)) = &self.message {
                self.flash.push_once(category, text);
            }
        };
        if denial.reason == DenialReason::Forbidden {
            return match denial.client {
                Client::Script => problem(StatusCode::FORBIDDEN, "You lack a permission for this."),
                Client::Browser | Client::Htmx => {
                    (StatusCode::FORBIDDEN, "You lack a permission for this.").into_response()
                }
            };
        }
        match (denial.client, &denial.login_url) {
            (Client::Browser, Some(target)) => {
                leave_message();
                Redirect::to(target).into_response()
            }
            (Client::Htmx, Some(target)) => match HeaderValue::from_str(target) {
                Ok(target) => {
                    leave_message();
                    (StatusCode::NO_CONTENT, [(HX_REDIRECT, target)]).into_response()
                }
                Err(_) => StatusCode::UNAUTHORIZED.into_response(),
            },
            (Client::Script, _) => {
                problem(StatusCode::UNAUTHORIZED, "Log in to use this resource.")
            }
            (Client::Browser | Client::Htmx, None) => {
                (StatusCode::UNAUTHORIZED, "Log in to use this page.").into_response()
            }
        }
    }
}

/// A status as RFC 9457 has it.
fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"}}"#
    );
    let content_type = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("denial", &self.denial.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for LoginRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Denied(answer) => f.write_str(match answer.denial.reason {
                DenialReason::LoginRequired => "the request needs a login",
                DenialReason::FreshLoginRequired => "the request needs a fresh login",
                DenialReason::Forbidden => "the request needs a permission that the user lacks",
            }),
            Reason::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoginRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Reason::Denied(_) => None,
            Reason::Failed(error) => Some(error),
        }
    }
}

impl From<Error> for LoginRejection {
    fn from(error: Error) -> Self {
        LoginRejection(Reason::Failed(error))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::Client;

    fn client(headers: &[(&'static str, &'static str)]) -> Client {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        Client::of(&HeaderMap::from_iter(headers))
    }

    #[test]
    fn clients_are_told_apart() {
        let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (headers, expected) in [
            (&[html][..], Client::Browser),
            (&[("sec-fetch-mode", "navigate"), html], Client::Browser),
            (&[("sec-fetch-mode", "navigate")], Client::Browser),
            (&[], Client::Browser),
            (&[("accept", "*/*")], Client::Browser),
            (
                &[("sec-fetch-mode", "cors"), ("accept", "*/*")],
                Client::Script,
            ),
            (&[("sec-fetch-mode", "same-origin"), html], Client::Script),
            (
                &[("sec-fetch-mode", "no-cors"), ("accept", "image/*")],
                Client::Script,
            ),
            (&[("accept", "application/json")], Client::Script),
            (&[("accept", "application/problem+json")], Client::Script),
            (
                &[("content-type", "application/json"), ("accept", "*/*")],
                Client::Script,
            ),
            (&[("x-requested-with", "XMLHttpRequest")], Client::Script),
            (&[("upgrade", "WebSocket"), html], Client::Script),
            (&[("sec-fetch-mode", "websocket")], Client::Script),
            (&[("sec-websocket-key", "x")], Client::Script),
            (&[("accept", "text/event-stream")], Client::Script),
            (
                &[("hx-request", "true"), ("sec-fetch-mode", "cors")],
                Client::Htmx,
            ),
            (&[("hx-request", "true"), ("accept", "*/*")], Client::Htmx),
        ] {
            assert_eq!(client(headers), expected, "{headers:?}");
        }
    }
}
