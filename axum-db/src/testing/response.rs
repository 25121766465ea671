//! What comes back.

use std::fmt::Debug;

use axum::body::Bytes;
use axum::http::response::Parts;
use axum::http::{Extensions, HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::queries::listed;
use crate::RecordedQuery;

/// How much of a body a failed assertion shows, in characters.
const SHOWN: usize = 4000;

/// The whole response to a request of a [`Client`](super::Client).
///
/// Its assertions can be chained; one that fails shows the request, the status and the body.
///
/// ```
/// # use axum::{Json, Router, routing::get};
/// # use axum_db::testing::Client;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = Router::new().route("/tags", get(async || Json(["rust", "axum"])));
/// let response = Client::new(app).get("/tags").await;
/// response.assert_status(200).assert_shows("axum").assert_hides("flask");
/// assert_eq!(response.json::<Vec<String>>(), ["rust", "axum"]);
/// assert_eq!(response.header("content-type"), Some("application/json"));
/// # }
/// ```
#[derive(Debug)]
pub struct Response {
    request: String,
    head: Parts,
    body: Bytes,
    queries: Vec<RecordedQuery>,
}

impl Response {
    pub(super) fn new(request: String, head: Parts, body: Bytes) -> Self {
        Self {
            request,
            head,
            body,
            queries: Vec::new(),
        }
    }

    pub(super) fn set_queries(&mut self, queries: Vec<RecordedQuery>) {
        self.queries = queries;
    }

    /// The status.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello"));
    /// let response = Client::new(app).get("/").await;
    /// assert_eq!(response.status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// All headers.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello"));
    /// let response = Client::new(app).get("/").await;
    /// assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    /// # }
    /// ```
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The first header of this name, where it is text.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello"));
    /// let response = Client::new(app).get("/").await;
    /// assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    /// assert_eq!(response.header("location"), None);
    /// # }
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// What the application put into the response for its layers, as [`Error`](crate::Error) puts itself.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || axum_db::Error::not_found("No such note.")));
    /// let response = Client::new(app).get("/").await;
    /// let error = response.extensions().get::<axum_db::Error>().unwrap();
    /// assert_eq!(error.kind(), axum_db::ErrorKind::NotFound);
    /// # }
    /// ```
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// The body.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || [0xff_u8, 0x00]));
    /// let response = Client::new(app).get("/").await;
    /// assert_eq!(&response.bytes()[..], [0xff, 0x00]);
    /// # }
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text; what is no UTF-8 in it becomes U+FFFD.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello"));
    /// let response = Client::new(app).get("/").await;
    /// assert_eq!(response.text(), "hello");
    /// # }
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The statements that the databases of the test got for this response, with those of the redirects that were
    /// followed; BEGIN, COMMIT and the like do not count. Requests at the same time see each other's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # async fn count(db: Db) -> Result<String, axum_db::Error> {
    /// #     Ok(User::query().row_count(&db).await?.to_string())
    /// # }
    /// let app = Router::new().route("/", get(count)).layer(database.layer());
    /// let client = Client::new(app).with_queries_of(&database);
    /// assert!(client.get("/").await.queries()[0].sql().contains("COUNT(*)"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queries(&self) -> &[RecordedQuery] {
        &self.queries
    }

    /// Asserts how many statements the response took: a page that takes one for each of its rows fails here.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # async fn count(db: Db) -> Result<String, axum_db::Error> {
    /// #     Ok(User::query().row_count(&db).await?.to_string())
    /// # }
    /// let app = Router::new().route("/", get(count)).layer(database.layer());
    /// let client = Client::new(app).with_queries_of(&database);
    /// client.get("/").await.assert_text("3").assert_queries(1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it took more or fewer; the message lists them with the lines that ran them.
    #[track_caller]
    pub fn assert_queries(&self, count: usize) -> &Self {
        if self.queries.len() != count {
            panic!("{}: {}", self.request, listed(&self.queries, count));
        }
        self
    }

    /// The body, read as JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Json, Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || Json(["rust", "axum"])));
    /// let response = Client::new(app).get("/").await;
    /// assert_eq!(response.json::<Vec<String>>(), ["rust", "axum"]);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is something else; the message shows it.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => self.fail(&format!("a body in JSON, but {error}")),
        }
    }

    /// Asserts the status: a number, or a [`StatusCode`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello"));
    /// let response = Client::new(app).get("/").await;
    /// response.assert_status(200);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is another; the message shows the body.
    #[track_caller]
    pub fn assert_status<S>(&self, status: S) -> &Self
    where
        StatusCode: PartialEq<S>,
        S: Debug,
    {
        if self.head.status != status {
            self.fail(&format!("status {status:?}"));
        }
        self
    }

    /// Asserts that the response is a redirect to this address.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || axum::response::Redirect::to("/login")));
    /// let response = Client::new(app).get("/").await;
    /// response.assert_redirect("/login");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is none, or leads elsewhere.
    #[track_caller]
    pub fn assert_redirect(&self, to: &str) -> &Self {
        if !self.head.status.is_redirection() || self.header("location") != Some(to) {
            self.fail(&format!("a redirect to {to:?}"));
        }
        self
    }

    /// Asserts that the body is this text and nothing else.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello"));
    /// let response = Client::new(app).get("/").await;
    /// response.assert_text("hello");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is not; the message shows it.
    #[track_caller]
    pub fn assert_text(&self, text: &str) -> &Self {
        if self.text() != text {
            self.fail(&format!("the body {text:?}"));
        }
        self
    }

    /// Asserts that the body has this text in it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello, world"));
    /// let response = Client::new(app).get("/").await;
    /// response.assert_shows("world");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it has not; the message shows it.
    #[track_caller]
    pub fn assert_shows(&self, text: &str) -> &Self {
        if !self.text().contains(text) {
            self.fail(&format!("{text:?} in the body"));
        }
        self
    }

    /// Asserts that the body does not have this text in it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// # let app = Router::new().route("/", get(async || "hello, world"));
    /// let response = Client::new(app).get("/").await;
    /// response.assert_status(200).assert_hides("password");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it has; the message shows it.
    #[track_caller]
    pub fn assert_hides(&self, text: &str) -> &Self {
        if self.text().contains(text) {
            self.fail(&format!("no {text:?} in the body"));
        }
        self
    }

    #[track_caller]
    fn fail(&self, expected: &str) -> ! {
        let location = self
            .header("location")
            .map(|location| format!(" to {location}"))
            .unwrap_or_default();
        let text = self.text();
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push_str(" … (and more)");
        }
        panic!(
            "expected {expected}, got {}{location} for {}:\n{shown}",
            self.head.status, self.request
        );
    }
}
