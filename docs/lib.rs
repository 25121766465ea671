//! The guides, compiled and run as doctests: every block of Rust in `docs/` and in the README works.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use tower::ServiceExt;

#[doc = include_str!("../README.md")]
pub mod readme {}

#[doc = include_str!("../axum-db/README.md")]
pub mod axum_db_readme {}

#[doc = include_str!("quickstart.md")]
pub mod quickstart {}

#[doc = include_str!("models.md")]
pub mod models {}

#[doc = include_str!("sessions.md")]
pub mod sessions {}

#[doc = include_str!("queries.md")]
pub mod queries {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("several-databases.md")]
pub mod several_databases {}

#[doc = include_str!("login.md")]
pub mod login {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("passwords.md")]
pub mod passwords {}

#[doc = include_str!("mails-and-lockout.md")]
pub mod mails_and_lockout {}

#[doc = include_str!("migrations.md")]
pub mod migrations {}

#[doc = include_str!("adopting.md")]
pub mod adopting {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("coming-from-flask.md")]
pub mod coming_from_flask {}

#[doc = include_str!("coming-from-axum-login.md")]
pub mod coming_from_axum_login {}

#[doc = include_str!("coming-from-diesel-cli.md")]
pub mod coming_from_diesel_cli {}

/// Sends a request to an application, as a browser with this `Cookie` header would send a form.
///
/// # Panics
/// When the request is not well formed.
pub async fn request(
    app: &Router,
    method: &str,
    uri: &str,
    cookie: Option<&str>,
    form: &'static str,
) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie.unwrap_or_default())
        .body(Body::from(form))
        .expect("a request");
    let Ok(response) = app.clone().oneshot(request).await;
    response
}

/// What a browser would send back of the cookies that a response sets.
#[must_use]
pub fn cookies(response: &Response<Body>) -> String {
    let set = response.headers().get_all(header::SET_COOKIE).into_iter();
    let pairs = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// The body of a response.
///
/// # Panics
/// When it is no text, or longer than a megabyte.
pub async fn text(response: Response<Body>) -> String {
    let body = to_bytes(response.into_body(), 1_000_000)
        .await
        .expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}
