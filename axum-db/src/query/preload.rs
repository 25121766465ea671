//! `.preload(Post::AUTHOR, &db)`: a relation of many rows at once.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use futures_util::future::BoxFuture;

use super::fetch::load;
use super::{Loads, Pagination, UncountedPage};
use crate::model::Model;
use crate::{Backend, Db, Error};

/// How many rows one statement asks for: what fits into the parameters of every engine, with room for those
/// that a filter adds.
const KEYS_A_STATEMENT: usize = 30_000;

/// A relation of a model, as a value: `Post::AUTHOR`, `User::POSTS`, `Post::TAGS`.
///
/// `#[model]` writes one beside each method that it writes for `relation`, `backref` and `many_to_many`, with
/// the method's name in capitals. [`Preload`] takes it.
///
/// ```
/// # use axum_db::prelude::*;
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Post {
///     #[model(primary_key)] pub id: i32,
///     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
/// }
///
/// /// What `Post::AUTHOR` and `User::POSTS` are.
/// fn gives<R: axum_db::query::Relation>(_: R) -> &'static str { std::any::type_name::<R::Related>() }
///
/// # fn main() {
/// assert!(gives(Post::AUTHOR).ends_with("::User"));
/// assert!(gives(User::POSTS).starts_with("alloc::vec::Vec"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation",
    label = "not a relation",
    note = "`#[model]` writes a constant for each `relation`, `backref` and `many_to_many`: `Post::AUTHOR` for `post.author()`"
)]
pub trait Relation: Copy + Send + 'static {
    /// The model that has the relation.
    type Parent: Model;
    /// What ties a row to those it is related to.
    type Key: Send + 'static;
    /// The model that the relation leads to.
    type Child: Send + 'static;
    /// What each row gets: the other row, an `Option` of it, or a `Vec`.
    type Related: Send + 'static;
    /// What the query's rows are loaded as.
    type Loaded: Send + 'static;

    /// The key of `parent`; `None` where it has no related row for certain.
    #[doc(hidden)]
    fn key(parent: &Self::Parent) -> Option<Self::Key>;

    /// A loaded row, and the key of the rows it belongs to.
    #[doc(hidden)]
    fn split(loaded: Self::Loaded) -> Option<(Self::Key, Self::Child)>;

    /// What a row gets of the rows found for it; `None` where it needs one, and there is none.
    #[doc(hidden)]
    fn gather(children: Vec<Self::Child>) -> Option<Self::Related>;
}

/// The query behind a [`Relation`], on Diesel's backend `DB`.
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Post {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub title: String,
/// #     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![User, Post]).await?;
/// # let db = database.session();
/// # let ada = NewUser::new("ada").insert(&db).await?;
/// # NewPost::insert_all(["Ants", "Bees"].map(|title| NewPost::new(title, ada.id)), &db).await?;
/// use axum_db::{Backend, query::RelationQuery};
///
/// /// Whether a model's relation can be loaded on a backend is what this asks.
/// fn can_load<B: Backend, R: RelationQuery<B::Diesel>>(_: R) -> bool { true }
///
/// assert!(can_load::<axum_db::Sqlite, _>(User::POSTS));
/// # Ok(())
/// # }
/// ```
pub trait RelationQuery<DB>: Relation {
    /// The query.
    type Query;

    /// The query for the rows related to those with these keys.
    #[doc(hidden)]
    fn query(keys: Vec<Self::Key>) -> Self::Query;
}

/// A row that relations can be loaded for: a model, or a tuple that begins with one.
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Post {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub title: String,
/// #     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![User, Post]).await?;
/// # let db = database.session();
/// # let ada = NewUser::new("ada").insert(&db).await?;
/// # NewPost::insert_all(["Ants", "Bees"].map(|title| NewPost::new(title, ada.id)), &db).await?;
/// // `Post` became `(Post, User)`, which begins with a model again.
/// let posts: Vec<(Post, User)> = Post::query().all(&db).await?.preload(Post::AUTHOR, &db).await?;
/// let posts: Vec<(Post, User, User)> = posts.preload(Post::AUTHOR, &db).await?;
/// assert_eq!(posts[0].1.id, posts[0].2.id);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relations to preload",
    label = "not a model, nor a tuple that begins with one",
    note = "preload after `.all(&db)` or `.paginate(page, &db)`, on rows such as `Post` or `(Post, User)`"
)]
pub trait ParentRow {
    /// The model whose relations are loaded.
    type Parent;
    /// The row with one value more.
    type With<T>;

    /// The model.
    ///
    /// ```
    /// # use axum_db::{prelude::*, query::ParentRow};
    /// # #[model]
    /// # pub struct Tag { #[model(primary_key)] pub id: i32, pub name: String }
    /// # fn main() {
    /// assert_eq!((Tag { id: 7, name: "rust".into() }, "more").parent().id, 7);
    /// # }
    /// ```
    fn parent(&self) -> &Self::Parent;

    /// Adds a value.
    ///
    /// ```
    /// # use axum_db::{prelude::*, query::ParentRow};
    /// # #[model]
    /// # pub struct Tag { #[model(primary_key)] pub id: i32, pub name: String }
    /// # fn main() {
    /// let (tag, posts) = Tag { id: 7, name: "rust".into() }.with(["Ants"]);
    /// assert_eq!((tag.id, posts), (7, ["Ants"]));
    /// # }
    /// ```
    fn with<T>(self, value: T) -> Self::With<T>;
}

impl<M: Model> ParentRow for M {
    type Parent = M;
    type With<T> = (M, T);

    fn parent(&self) -> &M {
        self
    }

    fn with<T>(self, value: T) -> (M, T) {
        (self, value)
    }
}

macro_rules! tuples {
    ($(($($value:ident),+))*) => {$(
        impl<M: Model, $($value),+> ParentRow for (M, $($value),+) {
            type Parent = M;
            type With<T> = (M, $($value),+, T);

            fn parent(&self) -> &M {
                &self.0
            }

            #[allow(non_snake_case)]
            fn with<T>(self, value: T) -> Self::With<T> {
                let (model, $($value),+) = self;
                (model, $($value),+, value)
            }
        }
    )*};
}

tuples!((A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E));

/// Loads a relation of all rows of a list or page in one query, instead of one query a row. The prelude
/// brings it.
///
/// Each row becomes a tuple of itself and what was found for it. Relations are preloaded one after the
/// other, each with one query of its own, however many rows there are; without rows nothing is asked.
/// The order of the rows stays.
///
/// | relation | each row gets |
/// |---|---|
/// | `relation` on a key that is never NULL | the row. Where it went meanwhile the referencing row is left out, as an inner join leaves it out |
/// | `relation` on a key that may be NULL | `Option` |
/// | `backref`, `many_to_many` | `Vec`, empty where there is none |
///
/// ```
/// use axum_db::{metadata, prelude::*};
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct User {
///     #[model(primary_key)] pub id: i32,
///     #[model(length = 20)] pub username: String,
/// }
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Post {
///     #[model(primary_key)] pub id: i32,
///     #[model(length = 100)] pub title: String,
///     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![User, Post]).await?;
/// # let db = database.session();
/// let ada = NewUser::new("ada").insert(&db).await?;
/// NewPost::new("Notes", ada.id).insert(&db).await?;
/// NewPost::new("More notes", ada.id).insert(&db).await?;
///
/// let page = Post::query().order(posts::id.desc()).paginate(Page::new(1), &db).await?;
/// let page = page.preload(Post::AUTHOR, &db).await?;
/// for (post, author) in &page.items {
///     println!("{} by {}", post.title, author.username);
/// }
/// # assert_eq!((page.items[0].0.title.as_str(), page.items[0].1.id), ("More notes", ada.id));
///
/// let users = User::query().all(&db).await?;
/// let users = users.preload_with(User::POSTS, |query| query.order(posts::title.asc()), &db).await?;
/// assert_eq!(users[0].1[0].title, "More notes");
/// # Ok(())
/// # }
/// ```
pub trait Preload: Sized + Send {
    /// A row.
    type Row: Send;
    /// The same list or page with other rows.
    type Rows<T>;

    /// The rows.
    #[doc(hidden)]
    fn rows(&self) -> &[Self::Row];

    /// Other rows, made from these.
    #[doc(hidden)]
    fn filter_map<T>(self, row: impl FnMut(Self::Row) -> Option<T>) -> Self::Rows<T>;

    /// Loads `relation` of all rows.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct User {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct Post {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub title: String,
    /// #     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![User, Post]).await?;
    /// # let db = database.session();
    /// # let ada = NewUser::new("ada").insert(&db).await?;
    /// # NewPost::insert_all(["Ants", "Bees"].map(|title| NewPost::new(title, ada.id)), &db).await?;
    /// let posts = Post::query().all(&db).await?.preload(Post::AUTHOR, &db).await?;
    /// for (post, author) in &posts {
    ///     assert_eq!((post.user_id, author.name.as_str()), (author.id, "ada"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// As the methods of [`Fetch`](super::Fetch).
    #[track_caller]
    fn preload<'q, R, B>(
        self,
        relation: R,
        db: &'q Db<B, <R::Parent as Model>::Bind>,
    ) -> impl Future<Output = Result<Preloaded<Self, R>, Error>> + Send
    where
        B: Backend,
        R: RelationQuery<B::Diesel, Key: Clone + Eq + Hash, Child: Clone>,
        R::Query: Loads<'q, B, R::Loaded>,
        Self: 'q,
        Self::Row: ParentRow<Parent = R::Parent>,
    {
        self.preload_with(relation, |query| query, db)
    }

    /// The same, with the query in hand: `|query| query.filter(…).order(…)`.
    ///
    /// A LIMIT would be one for all rows together. The query of a `many_to_many` is a join of the link's
    /// table with the other model's, so that both can be ordered and filtered by.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct User {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[model]
    /// # #[derive(Debug, Clone)]
    /// # pub struct Post {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub title: String,
    /// #     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![User, Post]).await?;
    /// # let db = database.session();
    /// # let ada = NewUser::new("ada").insert(&db).await?;
    /// # NewPost::insert_all(["Ants", "Bees"].map(|title| NewPost::new(title, ada.id)), &db).await?;
    /// let users = User::query().all(&db).await?;
    /// let users = users.preload_with(User::POSTS, |query| query.order(posts::id.desc()), &db).await?;
    /// assert_eq!(users[0].1.iter().map(|post| &post.title[..]).collect::<Vec<_>>(), ["Bees", "Ants"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Preload::preload`].
    ///
    /// # Cancellation
    /// As [`Preload::preload`].
    #[track_caller]
    fn preload_with<'q, R, B, F, Q>(
        self,
        relation: R,
        query: F,
        db: &'q Db<B, <R::Parent as Model>::Bind>,
    ) -> impl Future<Output = Result<Preloaded<Self, R>, Error>> + Send
    where
        B: Backend,
        R: RelationQuery<B::Diesel, Key: Clone + Eq + Hash, Child: Clone>,
        F: Fn(R::Query) -> Q,
        Q: Loads<'q, B, R::Loaded>,
        Self: 'q,
        Self::Row: ParentRow<Parent = R::Parent>,
    {
        let _ = relation;
        let keys = self
            .rows()
            .iter()
            .filter_map(|row| R::key(row.parent()))
            .collect::<HashSet<_>>()
            .into_iter()
            .collect::<Vec<_>>();
        let mut loads: Vec<BoxFuture<'q, Result<Vec<R::Loaded>, Error>>> = Vec::new();
        for keys in keys.chunks(KEYS_A_STATEMENT) {
            loads.push(load(query(R::query(keys.to_vec())), db));
        }
        drop(keys);
        async move {
            let mut loaded = Vec::new();
            for rows in loads {
                loaded.append(&mut rows.await?);
            }
            Ok(assign::<Self, R>(self, loaded))
        }
    }
}

/// What [`Preload::preload`] makes of `L`: its rows as tuples, each with what `R` found for it.
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Post {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub title: String,
/// #     #[model(references = User, relation = author, backref = posts)] pub user_id: i32,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![User, Post]).await?;
/// # let db = database.session();
/// # let ada = NewUser::new("ada").insert(&db).await?;
/// # NewPost::insert_all(["Ants", "Bees"].map(|title| NewPost::new(title, ada.id)), &db).await?;
/// use axum_db::query::{Preloaded, Relation};
///
/// /// Posts, each with what some relation of theirs found.
/// fn first<R: Relation<Parent = Post>>(_: R, posts: Preloaded<Vec<Post>, R>) -> Option<(Post, R::Related)> {
///     posts.into_iter().next()
/// }
///
/// let posts = Post::query().all(&db).await?.preload(Post::AUTHOR, &db).await?;
/// assert_eq!(first(Post::AUTHOR, posts).unwrap().1.name, "ada");
/// # Ok(())
/// # }
/// ```
pub type Preloaded<L, R> =
    <L as Preload>::Rows<<<L as Preload>::Row as ParentRow>::With<<R as Relation>::Related>>;

fn assign<L, R>(rows: L, loaded: Vec<R::Loaded>) -> Preloaded<L, R>
where
    L: Preload<Row: ParentRow<Parent = R::Parent>>,
    R: Relation<Key: Eq + Hash, Child: Clone>,
{
    let mut children: HashMap<R::Key, Vec<R::Child>> = HashMap::new();
    for (key, child) in loaded.into_iter().filter_map(R::split) {
        children.entry(key).or_default().push(child);
    }
    // Several rows may share what was found; the last of them takes it.
    let mut uses: HashMap<R::Key, usize> = HashMap::new();
    for key in rows.rows().iter().filter_map(|row| R::key(row.parent())) {
        *uses.entry(key).or_default() += 1;
    }
    rows.filter_map(|row| {
        let found = R::key(row.parent()).and_then(|key| match uses.get_mut(&key) {
            Some(left) if *left > 1 => {
                *left -= 1;
                children.get(&key).cloned()
            }
            _ => children.remove(&key),
        });
        let related = R::gather(found.unwrap_or_default())?;
        Some(row.with(related))
    })
}

impl<Row: Send> Preload for Vec<Row> {
    type Row = Row;
    type Rows<T> = Vec<T>;

    fn rows(&self) -> &[Row] {
        self
    }

    fn filter_map<T>(self, row: impl FnMut(Row) -> Option<T>) -> Vec<T> {
        self.into_iter().filter_map(row).collect()
    }
}

impl<Row: Send> Preload for Pagination<Row> {
    type Row = Row;
    type Rows<T> = Pagination<T>;

    fn rows(&self) -> &[Row] {
        &self.items
    }

    fn filter_map<T>(self, row: impl FnMut(Row) -> Option<T>) -> Pagination<T> {
        self.replace(|items| items.filter_map(row))
    }
}

impl<Row: Send> Preload for UncountedPage<Row> {
    type Row = Row;
    type Rows<T> = UncountedPage<T>;

    fn rows(&self) -> &[Row] {
        &self.items
    }

    fn filter_map<T>(self, row: impl FnMut(Row) -> Option<T>) -> UncountedPage<T> {
        self.replace(|items| items.filter_map(row))
    }
}
