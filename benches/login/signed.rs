//! A cookie that names the user, and is signed: what is there by hand, without sessions.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::data::SECRET;

/// The id in a cookie whose signature is right.
pub(crate) struct UserId(pub(crate) i32);

impl<S: Sync> FromRequestParts<S> for UserId {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let id = cookie(&parts.headers, "user=")
            .and_then(|value| value.split_once('.'))
            .and_then(|(id, code)| {
                let code = BASE64.decode(code).ok()?;
                mac(id).verify_slice(&code).ok()?;
                id.parse().ok()
            });
        id.map(UserId).ok_or(StatusCode::UNAUTHORIZED)
    }
}

pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|one| one.strip_prefix(name))
}

pub(crate) fn mac(id: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key of any length");
    mac.update(id.as_bytes());
    mac
}

/// The answer to a login.
pub(crate) fn answer(id: i32) -> Response {
    let code = BASE64.encode(mac(&id.to_string()).finalize().into_bytes());
    set_cookie(&format!("user={id}.{code}"))
}

pub(crate) fn set_cookie(cookie: &str) -> Response {
    let cookie = format!("{cookie}; HttpOnly; SameSite=Lax; Path=/");
    [(header::SET_COOKIE, cookie)].into_response()
}
