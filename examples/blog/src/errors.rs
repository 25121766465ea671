//! What can go wrong in a handler, and the pages that say so.

use std::any::Any;

use axum::body::Body;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{FromRequestParts, Request};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_login_kit::LoginRejection;
use serde_json::json;

use crate::templates::View;

/// What the handlers of the blog return.
pub type Result<T = Response> = std::result::Result<T, Error>;

/// Why a handler did not do what it was asked to.
#[derive(Debug)]
pub enum Error {
    /// There is no such page.
    NotFound,
    /// The page is somebody else's.
    Forbidden,
    /// Whoever noticed the error knows its answer: an extractor, the database, the login kit.
    Answer(Box<Response>),
    /// A fault of the blog itself, which the visitor cannot mend.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Error::NotFound => StatusCode::NOT_FOUND.into_response(),
            Error::Forbidden => StatusCode::FORBIDDEN.into_response(),
            Error::Answer(response) => *response,
            Error::Internal(error) => {
                tracing::error!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

macro_rules! answered_by {
    ($($error:ty),+) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Error::Answer(Box::new(error.into_response()))
            }
        })+
    };
}

answered_by!(
    axum_db::Error,
    axum_login_kit::Error,
    LoginRejection,
    FormRejection,
    MultipartRejection
);

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        // An upload that breaks off is the sender's doing, never the server's.
        let status = if error.status().is_client_error() {
            error.status()
        } else {
            StatusCode::BAD_REQUEST
        };
        Error::Answer(Box::new(status.into_response()))
    }
}

impl From<PathRejection> for Error {
    /// What cannot be in an address is no page: `/post/abc`.
    fn from(_: PathRejection) -> Self {
        Error::NotFound
    }
}

impl From<minijinja::Error> for Error {
    fn from(error: minijinja::Error) -> Self {
        Error::Internal(error.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Internal(error.into())
    }
}

/// Gives every error its page, wherever it came from: a handler, an extractor, a layer or the router.
pub async fn pages(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let response = next.run(Request::from_parts(parts.clone(), body)).await;
    if !is_bare_error(&response) {
        return response;
    }
    let status = response.status();
    let wait = response.headers().get(header::RETRY_AFTER);
    let seconds = wait.and_then(|wait| wait.to_str().ok()?.parse::<u64>().ok());
    let page = match status {
        _ if seconds.is_some() => "errors/wait.html",
        StatusCode::FORBIDDEN => "errors/403.html",
        StatusCode::NOT_FOUND => "errors/404.html",
        _ if status.is_server_error() => "errors/500.html",
        _ => "errors/other.html",
    };
    let reason = status.canonical_reason().unwrap_or("This did not work");
    let context = json!({
        "title": reason,
        "status": status.as_u16(),
        "reason": reason,
        "seconds": seconds,
    });
    // Without a database there is no page of the user's, and the short answer has to do.
    let Ok(view) = View::from_request_parts(&mut parts, &()).await else {
        return response;
    };
    let Ok(page) = view.render_with(status, page, context) else {
        return response;
    };

    let (mut head, _) = response.into_parts();
    let (page_head, body) = page.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.extend(page_head.headers);
    Response::from_parts(head, body)
}

/// Pages of our own, and what programs asked for (JSON), stay as they are.
fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    (status.is_client_error() || status.is_server_error()) && plain
}

/// What a handler's panic becomes.
pub fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

pub async fn not_found() -> Error {
    Error::NotFound
}
