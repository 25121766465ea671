//! `?page=` and `?per_page=`.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use diesel::dsl;
use diesel::query_builder::AsQuery;
use diesel::query_dsl::methods::{LimitDsl, OffsetDsl};

use super::Countable;
#[cfg(doc)]
use super::Fetch;
use super::fetch::counted_page;
use super::{Loads, Pagination};
use crate::{Backend, Bind, Db, Error};

const PER_PAGE: u32 = 20;
const MAX_PER_PAGE: u32 = 100;

/// Which page of a list to show: an extractor that reads `?page=` and `?per_page=`.
///
/// Without them it is page 1 of 20 rows. More than 100 rows become 100. A value that is not an integer, or
/// is below 1, is answered with 404, as Flask-SQLAlchemy does.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use axum_db::query::Page;
/// use tower::ServiceExt;
///
/// #[axum::debug_handler]
/// async fn list(page: Page) -> String {
///     let page = page.with_per_page(5);
///     format!("page {} of {} rows", page.number(), page.per_page())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app: Router = Router::new().route("/", get(list));
/// let request = |uri: &str| Request::get(uri).body(Body::empty()).expect("a request");
/// let response = app.clone().oneshot(request("/?page=3")).await.expect("infallible");
/// let body = axum::body::to_bytes(response.into_body(), 1024).await.expect("a body");
/// assert_eq!(body, "page 3 of 5 rows");
/// let response = app.oneshot(request("/?page=zero")).await.expect("infallible");
/// assert_eq!(response.status(), 404);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: u64,
    per_page: u32,
    max_per_page: u32,
}

impl Page {
    /// The page with this number, from 1; 0 becomes 1.
    ///
    /// ```
    /// # use axum_db::query::Page;
    /// assert_eq!(Page::new(3).number(), 3);
    /// assert_eq!(Page::new(0), Page::default());
    /// ```
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self {
            number: number.max(1),
            per_page: PER_PAGE,
            max_per_page: MAX_PER_PAGE,
        }
    }

    /// The same page with this many rows, whatever the request asked for; 0 becomes 1.
    ///
    /// ```
    /// # use axum_db::query::Page;
    /// assert_eq!(Page::new(1).with_per_page(500).per_page(), 500);
    /// ```
    #[must_use]
    pub fn with_per_page(mut self, rows: u32) -> Self {
        self.per_page = rows.max(1);
        self.max_per_page = self.max_per_page.max(rows);
        self
    }

    /// The same page with at most this many rows, instead of 100; 0 becomes 1.
    ///
    /// ```
    /// # use axum_db::query::Page;
    /// assert_eq!(Page::new(1).with_max_per_page(10).per_page(), 10);
    /// ```
    #[must_use]
    pub fn with_max_per_page(mut self, rows: u32) -> Self {
        self.max_per_page = rows.max(1);
        self
    }

    /// The number of the page, from 1.
    ///
    /// ```
    /// # use axum_db::query::Page;
    /// assert_eq!(Page::default().number(), 1);
    /// ```
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many rows the page has, at most.
    ///
    /// ```
    /// # use axum_db::query::Page;
    /// assert_eq!(Page::default().per_page(), 20);
    /// ```
    #[must_use]
    pub fn per_page(&self) -> u32 {
        self.per_page.min(self.max_per_page)
    }

    /// This page of the rows of a query that cannot be copied, as [`Fetch::paginate`] gives it of others:
    /// `query` makes it, once to count the rows and once for the rows.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Tag]).await?;
    /// # let db = database.session();
    /// # NewTag::insert_all(["rust", "rest"].map(NewTag::new), &db).await?;
    /// let wanted = Some("ru%"); // what the visitor searches for, if anything
    /// let search = || {
    ///     let mut query = Tag::query().order(tags::id.asc()).into_boxed();
    ///     if let Some(pattern) = wanted {
    ///         query = query.filter(tags::name.like(pattern));
    ///     }
    ///     query
    /// };
    /// let page: Pagination<Tag> = Page::new(1).paginate(search, &db).await?;
    /// assert_eq!((page.total, page.items[0].name.as_str()), (1, "rust"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Fetch::paginate`].
    ///
    /// # Cancellation
    /// As the methods of [`Fetch`].
    #[track_caller]
    pub fn paginate<'q, Q, U, B, K>(
        self,
        query: impl Fn() -> Q,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<Pagination<U>, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Q: AsQuery,
        Q::Query: Countable<'q, B> + LimitDsl,
        dsl::Limit<Q::Query>: OffsetDsl,
        dsl::Offset<dsl::Limit<Q::Query>>: Loads<'q, B, U>,
    {
        counted_page(query().as_query(), query().as_query(), self, db)
    }

    pub(super) fn sql_limit(&self) -> i64 {
        self.per_page().into()
    }

    /// `None` for a page that no table is long enough for.
    pub(super) fn sql_offset(&self) -> Option<i64> {
        let before = (self.number - 1).checked_mul(self.per_page().into())?;
        i64::try_from(before).ok()
    }
}

impl Default for Page {
    /// Page 1 of 20 rows.
    fn default() -> Self {
        Self::new(1)
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = PageRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageRejection> {
        let mut page = Self::default();
        for (key, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        {
            match &*key {
                "page" => page.number = positive(&value)?,
                "per_page" => page.per_page = u32::try_from(positive(&value)?).unwrap_or(u32::MAX),
                _ => {}
            }
        }
        Ok(page)
    }
}

fn positive(value: &str) -> Result<u64, PageRejection> {
    match value.parse() {
        Ok(0) | Err(_) => Err(PageRejection(())),
        Ok(number) => Ok(number),
    }
}

/// The rejection of [`Page`], where `page` or `per_page` is not a positive integer: 404 as a response.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # use axum::{extract::FromRequestParts, http::Request};
/// # use axum_db::query::Page;
/// let (mut parts, ()) = Request::get("/?page=zero").body(()).unwrap().into_parts();
/// let rejection = Page::from_request_parts(&mut parts, &()).await.unwrap_err();
/// assert!(rejection.to_string().contains("positive integers"));
/// # }
/// ```
#[derive(Debug)]
pub struct PageRejection(());

impl PageRejection {
    /// The status of the response.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{extract::FromRequestParts, http::Request};
    /// # use axum_db::query::Page;
    /// let (mut parts, ()) = Request::get("/?page=zero").body(()).unwrap().into_parts();
    /// let rejection = Page::from_request_parts(&mut parts, &()).await.unwrap_err();
    /// assert_eq!(rejection.status(), 404);
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::NOT_FOUND
    }

    /// The text of the response.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{extract::FromRequestParts, http::Request};
    /// # use axum_db::query::Page;
    /// let (mut parts, ()) = Request::get("/?page=zero").body(()).unwrap().into_parts();
    /// let rejection = Page::from_request_parts(&mut parts, &()).await.unwrap_err();
    /// assert_eq!(rejection.body_text(), "There is no such page.");
    /// # }
    /// ```
    #[must_use]
    pub fn body_text(&self) -> &'static str {
        "There is no such page."
    }
}

impl std::fmt::Display for PageRejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`page` and `per_page` are positive integers; send none for the first page")
    }
}

impl std::error::Error for PageRejection {}

impl IntoResponse for PageRejection {
    fn into_response(self) -> Response {
        crate::Error::not_found(self.body_text()).into_response()
    }
}
