//! `.all(&db)` and its siblings.

use std::panic::Location;

use diesel::dsl;
use diesel::query_builder::{AsQuery, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::{LimitDsl, OffsetDsl};
use diesel::result::QueryResult;
use diesel_async::RunQueryDsl;
use diesel_async::methods::LoadQuery;
use futures_util::future::BoxFuture;

use super::count::{Countable, Exists};
use super::page::Page;
use super::pagination::{Pagination, UncountedPage};
use super::text::{Text, Written};
use crate::{Backend, Bind, Db, Error, ErrorKind};

const NOT_THERE: &str = "Not Found";

/// A query whose rows the backend `B` can load as `U`; implemented for every query that fits.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Error, Sqlite, query::Loads};
///
/// /// Any query whose rows are users.
/// async fn names<'q>(query: impl Loads<'q, Sqlite, User>, db: &'q Db) -> Result<Vec<String>, Error> {
///     let users: Vec<User> = query.all(db).await?;
///     Ok(users.into_iter().map(|user| user.name).collect())
/// }
///
/// assert_eq!(names(User::query().filter(users::id.lt(3)), &db).await?, ["ada", "bob"]);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "this query cannot be loaded as `{U}` on the backend `{B}`",
    label = "not a query with rows of `{U}`",
    note = "`Model::query()` and `Model::find(…)` load the model; after `.select(…)` the rows are what was selected",
    note = "a RETURNING clause does not exist on MySQL: use `.insert(&db)`, or `.run(&db)` and a query"
)]
pub trait Loads<'q, B: Backend, U>:
    Query<SqlType: 'static>
    + LoadQuery<'q, B::Connection, U>
    + QueryFragment<B::Diesel>
    + QueryId
    + Send
    + 'q
{
    /// Loads the rows, by the query's text as it is written already.
    #[doc(hidden)]
    fn load_written(
        self,
        text: Text,
        connection: &mut B::Connection,
    ) -> impl Future<Output = QueryResult<Vec<U>>> + Send;
}

impl<'q, Q, B, U> Loads<'q, B, U> for Q
where
    B: Backend,
    U: Send,
    Q: Query<SqlType: 'static>
        + LoadQuery<'q, B::Connection, U>
        + QueryFragment<B::Diesel>
        + QueryId
        + Send
        + 'q,
    Written<Q>: LoadQuery<'q, B::Connection, U>,
{
    fn load_written(
        self,
        text: Text,
        connection: &mut B::Connection,
    ) -> impl Future<Output = QueryResult<Vec<U>>> + Send {
        RunQueryDsl::load(Written { query: self, text }, connection)
    }
}

/// Runs queries through a session. The prelude brings it.
///
/// It is there for queries only: tables, `Model::query()`, relations, joins, `sql_query`, and statements with
/// `.returning(…)`. A SELECT without a locking clause runs by itself unless a transaction is open; every
/// other query opens the transaction first, and so needs `db.commit()` at the end.
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(unique, length = 40)] pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Tag]).await?;
/// use axum_db::ErrorKind;
///
/// let db = database.session();
/// NewTag::insert_all(["axum", "diesel", "rust"].map(NewTag::new), &db).await?;
/// let tags = || Tag::query().order(tags::name.asc());
///
/// assert_eq!(tags().all(&db).await?.len(), 3);
/// assert_eq!(tags().first_or_none(&db).await?.map(|tag| tag.name).as_deref(), Some("axum"));
/// assert_eq!((tags().row_count(&db).await?, tags().exists(&db).await?), (3, true));
/// assert!(tags().one(&db).await.is_err_and(|error| error.is(ErrorKind::MultipleRows)));
///
/// let rust = || Tag::query().filter(tags::name.eq("rust"));
/// assert_eq!(rust().one(&db).await?.name, rust().one_or_404(&db).await?.name);
///
/// let go = || Tag::query().filter(tags::name.eq("go"));
/// assert!(go().one_or_none(&db).await?.is_none());
/// let error = go().first_or_404_with(&db, "There is no such tag.").await.err().expect("no row");
/// assert_eq!((error.status().as_u16(), error.to_string().as_str()), (404, "There is no such tag."));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// All methods share them: what the database refuses, and what [`Db::lease`] reports.
///
/// # Cancellation
/// They can be dropped at any time; a statement that was under way is ended, and the session's transaction with
/// it.
pub trait Fetch: Sized {
    /// All rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let users = User::query().order(users::name.desc()).all(&db).await?;
    /// assert_eq!(users.len(), 3);
    /// assert_eq!(users[0].name, "cleo");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [the trait](Fetch).
    #[track_caller]
    fn all<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<Vec<U>, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: Loads<'q, B, U>,
    {
        load(self.as_query(), db)
    }

    /// The only row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let bob = User::query().filter(users::name.eq("bob")).one(&db).await?;
    /// assert_eq!(bob.id, 2);
    /// assert!(User::query().one(&db).await.is_err_and(|error| error.is(axum_db::ErrorKind::MultipleRows)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::MultipleRows`] when there are several; see
    /// [the trait](Fetch).
    #[track_caller]
    fn one<'q, U, B, K>(self, db: &'q Db<B, K>) -> impl Future<Output = Result<U, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: Loads<'q, B, U>,
    {
        let rows = load(self.as_query(), db);
        async move { at_most_one(rows.await?)?.ok_or_else(|| diesel::result::Error::NotFound.into()) }
    }

    /// The only row, or `None`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let named = |name| User::query().filter(users::name.eq(name)).one_or_none(&db);
    /// assert_eq!(named("bob").await?.map(|user| user.id), Some(2));
    /// assert_eq!(named("dora").await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::MultipleRows`] when there are several; see [the trait](Fetch).
    #[track_caller]
    fn one_or_none<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<Option<U>, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: Loads<'q, B, U>,
    {
        let rows = load(self.as_query(), db);
        async move { at_most_one(rows.await?) }
    }

    /// The only row; where there is none, an error that is a 404 as a response.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let named = |name| User::query().filter(users::name.eq(name)).one_or_404(&db);
    /// assert_eq!(named("bob").await?.id, 2);
    /// assert_eq!(named("dora").await.unwrap_err().status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::MultipleRows`] (a 500) when there are
    /// several; see [the trait](Fetch).
    #[track_caller]
    fn one_or_404<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<U, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: Loads<'q, B, U>,
    {
        self.one_or_404_with(db, NOT_THERE)
    }

    /// The same with a text for the visitor.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let dora = User::query().filter(users::name.eq("dora"));
    /// let error = dora.one_or_404_with(&db, "There is no such user.").await.unwrap_err();
    /// assert_eq!((error.status().as_u16(), error.to_string().as_str()), (404, "There is no such user."));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Fetch::one_or_404`].
    #[track_caller]
    fn one_or_404_with<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
        description: &'static str,
    ) -> impl Future<Output = Result<U, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: Loads<'q, B, U>,
    {
        let row = self.one_or_none(db);
        async move { row.await?.ok_or_else(|| Error::not_found(description)) }
    }

    /// The first row, or `None`; the query gets LIMIT 1.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let latest = User::query().order(users::id.desc()).first_or_none(&db).await?;
    /// assert_eq!(latest.map(|user| user.name).as_deref(), Some("cleo"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [the trait](Fetch).
    #[track_caller]
    fn first_or_none<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<Option<U>, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: LimitDsl,
        dsl::Limit<Self>: Loads<'q, B, U>,
    {
        let rows = load(self.limit(1), db);
        async move { Ok(rows.await?.into_iter().next()) }
    }

    /// The first row; where there is none, an error that is a 404 as a response.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// assert_eq!(User::find(2).first_or_404(&db).await?.name, "bob");
    /// assert_eq!(User::find(9).first_or_404(&db).await.unwrap_err().status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none; see [the trait](Fetch).
    #[track_caller]
    fn first_or_404<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<U, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: LimitDsl,
        dsl::Limit<Self>: Loads<'q, B, U>,
    {
        self.first_or_404_with(db, NOT_THERE)
    }

    /// The same with a text for the visitor.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let error = User::find(9).first_or_404_with(&db, "Nobody has this number.").await.unwrap_err();
    /// assert_eq!(error.to_string(), "Nobody has this number.");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Fetch::first_or_404`].
    #[track_caller]
    fn first_or_404_with<'q, U, B, K>(
        self,
        db: &'q Db<B, K>,
        description: &'static str,
    ) -> impl Future<Output = Result<U, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: LimitDsl,
        dsl::Limit<Self>: Loads<'q, B, U>,
    {
        let row = self.first_or_none(db);
        async move { row.await?.ok_or_else(|| Error::not_found(description)) }
    }

    /// How many rows the query has; its LIMIT, OFFSET, DISTINCT and GROUP BY count.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// assert_eq!(User::query().row_count(&db).await?, 3);
    /// assert_eq!(User::query().limit(2).row_count(&db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [the trait](Fetch).
    #[track_caller]
    fn row_count<'q, B, K>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<u64, Error>> + Send
    where
        B: Backend,
        K: Bind,
        Self: AsQuery,
        <Self as AsQuery>::Query: Countable<'q, B>,
    {
        self.as_query().count_rows(db)
    }

    /// Whether the query has a row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// assert!(User::query().filter(users::name.eq("ada")).exists(&db).await?);
    /// assert!(!User::find(9).exists(&db).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [the trait](Fetch).
    #[track_caller]
    fn exists<'q, B, K>(self, db: &'q Db<B, K>) -> impl Future<Output = Result<bool, Error>> + Send
    where
        B: Backend,
        K: Bind,
        Self: AsQuery,
        Exists<<Self as AsQuery>::Query>: Loads<'q, B, bool>,
    {
        let rows = load(Exists(self.as_query()), db);
        async move { Ok(rows.await?.into_iter().next().unwrap_or(false)) }
    }

    /// A page of the rows, and how many there are. Give the query an order, or pages overlap.
    ///
    /// Two statements: a count, and the rows with LIMIT and OFFSET. The query is needed twice, and Diesel's
    /// boxed queries cannot be copied: [`Page::paginate`] takes a closure that makes one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let first = Page::new(1).with_per_page(2);
    /// let page = User::query().order(users::id.asc()).paginate(first, &db).await?;
    /// assert_eq!((page.items.len(), page.total, page.pages()), (2, 3, 2));
    /// assert_eq!(page.next_num(), Some(2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], which is a 404 as a response, when a page after the first has no rows; see
    /// [the trait](Fetch).
    #[track_caller]
    fn paginate<'q, U, B, K>(
        self,
        page: Page,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<Pagination<U>, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: Clone + Countable<'q, B> + LimitDsl,
        dsl::Limit<<Self as AsQuery>::Query>: OffsetDsl,
        dsl::Offset<dsl::Limit<<Self as AsQuery>::Query>>: Loads<'q, B, U>,
    {
        let query = self.as_query();
        counted_page(query.clone(), query, page, db)
    }

    /// A page of the rows without their number, for tables where counting takes long: one statement, which
    /// asks for one row more than the page has. Give the query an order, or pages overlap.
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
    /// NewTag::insert_all(["a", "b", "c"].map(NewTag::new), &db).await?;
    /// let page = Page::new(1).with_per_page(2);
    /// let page = Tag::query().order(tags::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!((page.items.len(), page.has_next), (2, true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Fetch::paginate`].
    #[track_caller]
    fn paginate_uncounted<'q, U, B, K>(
        self,
        page: Page,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<UncountedPage<U>, Error>> + Send
    where
        B: Backend,
        K: Bind,
        U: Send + 'q,
        Self: AsQuery,
        <Self as AsQuery>::Query: LimitDsl,
        dsl::Limit<<Self as AsQuery>::Query>: OffsetDsl,
        dsl::Offset<dsl::Limit<<Self as AsQuery>::Query>>: Loads<'q, B, U>,
    {
        let query = self.as_query().limit(page.sql_limit() + 1);
        #[allow(clippy::manual_map)] // the caller's place is lost within a closure
        let rows = match page.sql_offset() {
            Some(offset) => Some(load(query.offset(offset), db)),
            None => None,
        };
        async move {
            let items = match rows {
                Some(rows) => rows.await?,
                None => Vec::new(),
            };
            no_such_page(&items, page)?;
            Ok(UncountedPage::new(items, page))
        }
    }
}

// Every query has an id. That it is one at all is asked by each method, so that a query which is not (with a column of
// a table that is not in it) is told what it lacks, and not that there is no such method.
impl<Q: QueryId> Fetch for Q {}

/// `total` and `rows` are the same query.
#[track_caller]
pub(super) fn counted_page<'q, Q, U, B, K>(
    total: Q,
    rows: Q,
    page: Page,
    db: &'q Db<B, K>,
) -> impl Future<Output = Result<Pagination<U>, Error>> + Send
where
    B: Backend,
    K: Bind,
    U: Send + 'q,
    Q: Countable<'q, B> + LimitDsl,
    dsl::Limit<Q>: OffsetDsl,
    dsl::Offset<dsl::Limit<Q>>: Loads<'q, B, U>,
{
    let total = total.count_rows(db);
    #[allow(clippy::manual_map)] // the caller's place is lost within a closure
    let rows = match page.sql_offset() {
        Some(offset) => Some(load(rows.limit(page.sql_limit()).offset(offset), db)),
        None => None,
    };
    async move {
        let total = total.await?;
        let items = match rows {
            Some(rows) if total > 0 => rows.await?,
            _ => Vec::new(),
        };
        no_such_page(&items, page)?;
        Ok(Pagination::new(items, page, total))
    }
}

fn no_such_page<U>(items: &[U], page: Page) -> Result<(), Error> {
    if items.is_empty() && page.number() > 1 {
        return Err(Error::not_found("There is no such page."));
    }
    Ok(())
}

/// Boxed, because the drivers' futures are large, and every `async` block around one copies it.
#[track_caller]
pub(super) fn load<'q, Q, U, B, K>(
    query: Q,
    db: &'q Db<B, K>,
) -> BoxFuture<'q, Result<Vec<U>, Error>>
where
    B: Backend,
    K: Bind,
    U: Send + 'q,
    Q: Loads<'q, B, U>,
{
    let here = Location::caller();
    let text = Text::of::<B, Q>(&query);
    Box::pin(async move {
        let text = text?;
        let mut lease = db.lease_for(here, text.purpose::<B, Q>()).await?;
        let (connection, deadline) = lease.parts();
        let outcome = deadline.cover(query.load_written(text, connection)).await;
        lease.end(outcome).await
    })
}

fn at_most_one<U>(rows: Vec<U>) -> Result<Option<U>, Error> {
    let mut rows = rows.into_iter();
    let first = rows.next();
    if rows.next().is_some() {
        return Err(Error::new(
            ErrorKind::MultipleRows,
            "several rows were found where one was expected; narrow the filter, or use first_or_none",
        ));
    }
    Ok(first)
}
