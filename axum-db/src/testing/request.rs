//! What a client sends.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use futures_util::future::BoxFuture;
use serde::Serialize;
use tower::ServiceExt;

use super::{Client, Response};

/// How many redirects are followed before something must be wrong.
const REDIRECTS: usize = 10;

/// A request that a [`Client`] is about to send: `.await` sends it and gives the whole [`Response`].
///
/// ```
/// # use axum::{Json, Router, http::HeaderMap, response::Redirect, routing::{get, post}};
/// # use axum_db::testing::Client;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let app = Router::new()
/// #     .route("/", get(async |headers: HeaderMap| format!("{:?}", headers.get("accept-language"))))
/// #     .route("/tags", post(async |Json(tags): Json<Vec<String>>| Redirect::to(&format!("/?{}", tags.len()))));
/// let client = Client::new(app);
/// client.get("/").header("accept-language", "de").await.assert_shows("de");
/// client.post("/tags").json(&["rust", "axum"]).await.assert_redirect("/?2");
/// client.post("/tags").json(&["rust"]).follow().await.assert_status(200).assert_text("None");
/// client.post("/tags").body("text/plain", "rust").await.assert_status(415);
/// # }
/// ```
/// # Panics
/// Sending it, when the path is none, and when the application's handler panics.
#[must_use = "a request is sent when it is awaited"]
#[derive(Debug)]
pub struct Request<'c> {
    client: &'c Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    follow: bool,
}

impl<'c> Request<'c> {
    pub(super) fn new(client: &'c Client, method: Method, path: String) -> Self {
        Self {
            client,
            method,
            path,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            follow: false,
        }
    }

    /// Sets a header, in the place of what it was.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::HeaderMap, routing::get};
    /// # use axum_db::testing::Client;
    /// let tell = async |headers: HeaderMap| headers["accept-language"].to_str().unwrap().to_owned();
    /// let client = Client::new(Router::new().route("/", get(tell)));
    /// client.get("/").header("accept-language", "de").await.assert_text("de");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is no header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::from_bytes(value.as_ref());
        match (name, value) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
                self
            }
            (name, value) => panic!("this is no header: {name:?}: {value:?}"),
        }
    }

    /// Sends fields as a form does: pairs, or a struct that can be serialised.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::post};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/", post(async |body: String| body)));
    /// client.post("/").form(&[("title", "eggs & milk")]).await.assert_text("title=eggs+%26+milk");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the fields cannot be serialised.
    #[track_caller]
    pub fn form(self, fields: &(impl Serialize + ?Sized)) -> Self {
        match serde_urlencoded::to_string(fields) {
            Ok(form) => self.body("application/x-www-form-urlencoded", form),
            Err(error) => panic!("these fields are no form: {error}"),
        }
    }

    /// Sends a value as JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Json, Router, routing::post};
    /// # use axum_db::testing::Client;
    /// let count = async |Json(tags): Json<Vec<String>>| tags.len().to_string();
    /// let client = Client::new(Router::new().route("/", post(count)));
    /// client.post("/").json(&["rust", "axum"]).await.assert_text("2");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the value cannot be serialised.
    #[track_caller]
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body("application/json", json),
            Err(error) => panic!("this is no JSON: {error}"),
        }
    }

    /// Sends any body.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::post};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/", post(async |body: String| body)));
    /// client.post("/").body("text/csv", "a,b").await.assert_text("a,b");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the content type cannot be in a header.
    #[track_caller]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// Goes where a redirect leads, as a browser does, and gives the last response. Without it a redirect is shown.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, response::Redirect, routing::{get, post}};
    /// # use axum_db::testing::Client;
    /// let app = Router::new()
    ///     .route("/", get(async || "home"))
    ///     .route("/save", post(async || Redirect::to("/")));
    /// Client::new(app).post("/save").follow().await.assert_status(200).assert_text("home");
    /// # }
    /// ```
    pub fn follow(mut self) -> Self {
        self.follow = true;
        self
    }

    async fn send(self) -> Response {
        let recorders = self.client.recorders();
        // What the test itself ran meanwhile is none of the response's.
        let _ = recorders.take();
        let mut response = self.send_and_follow().await;
        response.set_queries(recorders.take());
        response
    }

    async fn send_and_follow(mut self) -> Response {
        for _ in 0..REDIRECTS {
            let response = self.send_once().await;
            let status = response.status();
            let location = response.header("location").and_then(local_path);
            let (true, true, Some(path)) = (self.follow, status.is_redirection(), location) else {
                return response;
            };
            self.path = path;
            if !matches!(
                status,
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
            ) {
                self.method = Method::GET;
                self.body = Bytes::new();
                self.headers.remove(header::CONTENT_TYPE);
            }
        }
        panic!(
            "{REDIRECTS} redirects led to no page; the last one to {}",
            self.path
        );
    }

    async fn send_once(&self) -> Response {
        let Self {
            client,
            method,
            path,
            ..
        } = self;
        let uri = match path.parse::<Uri>() {
            Ok(uri) if path.starts_with('/') => uri,
            _ => panic!("{path:?} is no path; write it as a link has it, as in \"/notes/1\""),
        };
        let mut request = axum::http::Request::new(Body::from(self.body.clone()));
        *request.method_mut() = method.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        headers.extend(self.headers.clone());
        if let Some(cookies) = client.cookies().header(uri.path()) {
            headers.append(header::COOKIE, cookies);
        }
        *request.uri_mut() = uri;

        let Ok(response) = client.app().oneshot(request).await;
        let (head, body) = response.into_parts();
        client.cookies().take(&head.headers);
        match to_bytes(body, usize::MAX).await {
            Ok(body) => Response::new(format!("{method} {path}"), head, body),
            Err(error) => panic!("the body of {method} {path} broke off: {error}"),
        }
    }
}

/// The path of an address within the application.
fn local_path(location: &str) -> Option<String> {
    let path = location
        .strip_prefix("http://localhost")
        .unwrap_or(location);
    let is_path = path.starts_with('/') && !path.starts_with("//");
    is_path.then(|| path.split('#').next().unwrap_or(path).to_owned())
}

impl<'c> IntoFuture for Request<'c> {
    type Output = Response;
    type IntoFuture = BoxFuture<'c, Response>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
