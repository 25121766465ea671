//! A browser without a screen.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::Method;

use super::Request;
use super::cookies::Cookies;
use super::queries::Recorders;
use crate::{Backend, Bind, Database};

/// A client of an application, in process: no socket, no port, and cookies that it keeps.
///
/// ```
/// use axum::{Form, Router, http::header::SET_COOKIE, response::Redirect, routing::{get, post}};
/// use axum_db::testing::Client;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = Router::new()
///     .route("/", get(async || "hello"))
///     .route("/choose", post(async |Form(form): Form<Vec<(String, String)>>| {
///         ([(SET_COOKIE, format!("colour={}", form[0].1))], Redirect::to("/"))
///     }));
/// let client = Client::new(app);
/// client.get("/").await.assert_status(200).assert_text("hello");
/// client.post("/choose").form(&[("colour", "blue")]).await.assert_redirect("/");
/// assert_eq!(client.cookie("colour").as_deref(), Some("blue"));
/// # }
/// ```
///
/// A test that has one by its parameter says `#[axum_db::test(app = …)]`; two parameters are two browsers.
pub struct Client {
    app: Router,
    cookies: Mutex<Cookies>,
    recorders: Recorders,
}

impl Client {
    /// A browser for `app` that has never been anywhere.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::get};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/", get(async || "hello")));
    /// client.get("/").await.assert_text("hello");
    /// # }
    /// ```
    #[must_use]
    pub fn new(app: Router) -> Self {
        Self::with_recorders(app, Recorders::default())
    }

    pub(super) fn with_recorders(app: Router, recorders: Recorders) -> Self {
        Self {
            app,
            cookies: Mutex::default(),
            recorders,
        }
    }

    /// The same, whose responses know the statements that this database got for them: [`Response::queries`]. A client
    /// that a test has by its parameter knows them of all the test's databases.
    ///
    /// [`Response::queries`]: super::Response::queries
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # use axum_db::{metadata, prelude::*, testing::Client};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # type Db = axum_db::Db<axum_db::Sqlite>;
    /// # async fn count(db: Db) -> Result<String, axum_db::Error> {
    /// #     Ok(Tag::query().row_count(&db).await?.to_string())
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = Db::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// let app = Router::new().route("/", get(count)).layer(database.layer());
    /// let client = Client::new(app).with_queries_of(&database);
    /// let response = client.get("/").await;
    /// response.assert_queries(1);
    /// assert!(response.queries()[0].sql().starts_with("SELECT"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_queries_of<B: Backend, K: Bind>(self, database: &Database<B, K>) -> Self {
        self.recorders.add(database);
        self
    }

    /// Another browser for the same application, without the cookies of this one.
    ///
    /// ```
    /// # use axum_db::testing::Client;
    /// let ada = Client::new(axum::Router::new()).with_cookies("session=abc");
    /// assert_eq!(ada.another().cookie("session"), None);
    /// ```
    #[must_use]
    pub fn another(&self) -> Self {
        Self::with_recorders(self.app.clone(), self.recorders.clone())
    }

    /// The same with the cookies of a `Cookie` header: that of `axum_login_kit::testing::login_as` makes a client
    /// who is logged in.
    ///
    /// ```
    /// # use axum_db::testing::Client;
    /// let client = Client::new(axum::Router::new()).with_cookies("session=abc; theme=dark");
    /// assert_eq!(client.cookie("theme").as_deref(), Some("dark"));
    /// ```
    #[must_use]
    pub fn with_cookies(self, header: impl AsRef<[u8]>) -> Self {
        self.cookies()
            .add(&String::from_utf8_lossy(header.as_ref()));
        self
    }

    /// The value of a cookie that the client keeps.
    ///
    /// ```
    /// # use axum_db::testing::Client;
    /// let client = Client::new(axum::Router::new()).with_cookies("theme=dark");
    /// assert_eq!(client.cookie("theme").as_deref(), Some("dark"));
    /// assert_eq!(client.cookie("session"), None);
    /// ```
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().get(name).map(ToOwned::to_owned)
    }

    /// A GET of a path, which is sent when it is awaited.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::Method, routing::any};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/notes", any(async |method: Method| method.to_string())));
    /// client.get("/notes").await.assert_status(200).assert_text("GET");
    /// # }
    /// ```
    pub fn get(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(Method::GET, path)
    }

    /// A POST to a path, with the body that [`Request::form`] or [`Request::json`] gives it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::Method, routing::any};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/notes", any(async |method: Method| method.to_string())));
    /// client.post("/notes").form(&[("title", "milk")]).await.assert_status(200).assert_text("POST");
    /// # }
    /// ```
    pub fn post(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(Method::POST, path)
    }

    /// A PUT to a path.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::Method, routing::any};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/notes", any(async |method: Method| method.to_string())));
    /// client.put("/notes").json(&["milk"]).await.assert_status(200).assert_text("PUT");
    /// # }
    /// ```
    pub fn put(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(Method::PUT, path)
    }

    /// A PATCH of a path.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::Method, routing::any};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/notes", any(async |method: Method| method.to_string())));
    /// client.patch("/notes").json(&["milk"]).await.assert_status(200).assert_text("PATCH");
    /// # }
    /// ```
    pub fn patch(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(Method::PATCH, path)
    }

    /// A DELETE of a path.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::Method, routing::any};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/notes", any(async |method: Method| method.to_string())));
    /// client.delete("/notes").await.assert_status(200).assert_text("DELETE");
    /// # }
    /// ```
    pub fn delete(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(Method::DELETE, path)
    }

    /// A request with any method.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, http::Method, routing::any};
    /// # use axum_db::testing::Client;
    /// let client = Client::new(Router::new().route("/notes", any(async |method: Method| method.to_string())));
    /// client.request(Method::OPTIONS, "/notes").await.assert_text("OPTIONS");
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> Request<'_> {
        Request::new(self, method, path.as_ref().to_owned())
    }

    pub(super) fn app(&self) -> Router {
        self.app.clone()
    }

    pub(super) fn recorders(&self) -> &Recorders {
        &self.recorders
    }

    pub(super) fn cookies(&self) -> MutexGuard<'_, Cookies> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
