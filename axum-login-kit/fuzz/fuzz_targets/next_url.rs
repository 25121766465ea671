//! A login page's address with any `next`: the page it leads to is on the login page's own origin.
#![no_main]

use axum::extract::FromRequestParts;
use axum::http::{Request, header};
use axum::response::IntoResponse;
use axum_login_kit::NextUrl;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// Where the login page may be.
const PAGES: [&str; 2] = [
    "https://blog.example/login",
    "http://localhost:3000/a/b/login?next=/",
];

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().unwrap();
}

/// What the extractor makes of a query.
fn extract(query: &str) -> Option<NextUrl> {
    let request = Request::get(format!("/login?{query}")).body(()).ok()?;
    let (mut parts, ()) = request.into_parts();
    let Ok(next) =
        RUNTIME.with(|runtime| runtime.block_on(NextUrl::from_request_parts(&mut parts, &())));
    Some(next)
}

/// The query that a browser sends for this `next`.
fn query(next: &[u8]) -> String {
    let encoded: String = form_urlencoded::byte_serialize(next).collect();
    format!("next={encoded}")
}

fn check(next: &NextUrl) {
    let response = next.or("/").into_response();
    let location = response.headers()[header::LOCATION].to_str().unwrap();
    assert_eq!(location, next.as_str().unwrap_or("/"));
    assert!(location.starts_with('/') && location.bytes().all(|byte| byte.is_ascii_graphic()));
    for page in PAGES {
        let page = Url::parse(page).unwrap();
        let target = page.join(location).unwrap();
        assert_eq!(target.origin(), page.origin(), "{location}");
        assert!(
            target.username().is_empty() && target.password().is_none(),
            "{location}"
        );
    }
    // It is in its final form, and stays it on its way through a link.
    let again = extract(&query(location.as_bytes())).unwrap();
    assert_eq!(again.as_str(), Some(location));
    if next.as_str().is_some() {
        let link = Url::parse("http://localhost")
            .unwrap()
            .join(&next.appended_to("/register"))
            .unwrap();
        assert_eq!(extract(link.query().unwrap()).as_ref(), Some(next));
    }
}

fuzz_target!(|data: &[u8]| {
    // As a browser encodes it, and as somebody may have written it into a link.
    let as_it_is = str::from_utf8(data).map(|text| format!("next={text}"));
    for query in [Ok(query(data)), as_it_is].iter().flatten() {
        if let Some(next) = extract(query) {
            check(&next);
        }
    }
});
