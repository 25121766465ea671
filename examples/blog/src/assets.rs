//! What the pages load: the stylesheet and icons, which are part of the program, and uploaded pictures.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;
use crate::errors::{Error, Result};
use crate::models::DEFAULT_PICTURE;

/// Every address here changes with what is behind it, so browsers may keep what they have.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Name, content type and content.
const ASSETS: [(&str, &str, &[u8]); 3] = [
    (
        "icon.svg",
        "image/svg+xml",
        include_bytes!("../static/icon.svg"),
    ),
    (
        "main.css",
        "text/css; charset=utf-8",
        include_bytes!("../static/main.css"),
    ),
    (
        DEFAULT_PICTURE,
        "image/jpeg",
        include_bytes!("../static/default.jpg"),
    ),
];

pub fn routes(pictures: PathBuf) -> Router<App> {
    let kept = |response: &Response<_>| response.status().is_success().then_some(FOR_EVER);
    let uploads = Router::new()
        .route(
            "/default.jpg",
            get(|| asset(Path(DEFAULT_PICTURE.to_owned()))),
        )
        .fallback_service(ServeDir::new(pictures).append_index_html_on_directories(false))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            kept,
        ));
    Router::new()
        .route("/static/{name}", get(asset))
        .nest("/pictures", uploads)
}

async fn asset(Path(name): Path<String>) -> Result {
    let (_, kind, content) = find(&name).ok_or(Error::NotFound)?;
    let kept = FOR_EVER;
    Ok((
        [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CACHE_CONTROL, kept),
        ],
        content,
    )
        .into_response())
}

/// The address of an asset, for templates.
pub fn url(name: &str) -> String {
    let mut fingerprint = DefaultHasher::new();
    find(name).hash(&mut fingerprint);
    format!("/static/{name}?v={:016x}", fingerprint.finish())
}

fn find(name: &str) -> Option<(&'static str, &'static str, &'static [u8])> {
    ASSETS.into_iter().find(|(asset, ..)| *asset == name)
}
