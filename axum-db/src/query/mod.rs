//! Queries run through a session: the helpers on Diesel's queries, pages, and single records.
//!
//! The [prelude](crate::prelude) brings the two traits, [`Fetch`] for queries and [`Run`] for statements, so
//! that their methods are at hand; none of them is a name that Diesel's own traits use.
//!
//! ```
//! use axum_db::{metadata, prelude::*};
//!
//! #[model]
//! #[derive(Debug, Clone)]
//! pub struct Tag {
//!     #[model(primary_key)] pub id: i32,
//!     #[model(unique, length = 40)] pub name: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), axum_db::Error> {
//! let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
//! database.create_all(&metadata![Tag]).await?;
//! let db = database.session();
//!
//! let tag = NewTag::new("rust").insert(&db).await?;
//! assert_eq!(Tag::find(tag.id).first_or_404(&db).await?.name, "rust");
//! assert_eq!(Tag::query().filter(tags::name.like("r%")).all(&db).await?.len(), 1);
//! assert!(Tag::query().filter(tags::name.eq("go")).one_or_none(&db).await?.is_none());
//! assert_eq!(diesel::update(tags::table).set(tags::name.eq("Rust")).run(&db).await?, 1);
//! # Ok(())
//! # }
//! ```

use diesel::associations::HasTable;
use diesel::{Column, Table, dsl};

mod conflict;
mod count;
mod fetch;
mod page;
mod pagination;
mod preload;
mod record;
mod run;
mod text;

pub use conflict::{ColumnsOf, InsertAll, InsertOrIgnore, OnConflict, UniqueBy, Upsert};
pub use count::Countable;
pub use fetch::{Fetch, Loads};
pub use page::{Page, PageRejection};
pub use pagination::{Pagination, UncountedPage};
pub use preload::{ParentRow, Preload, Preloaded, Relation, RelationQuery};
pub use record::{Changes, Delete, FindById, Insert, NewRecord, Save};
pub use run::Run;

#[cfg(feature = "mysql")]
pub(crate) use record::AnyRows;

/// The query for all rows of the model `M`: what `M::query()` returns.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::query::Rows;
/// use diesel::sqlite::Sqlite;
///
/// let everybody: Rows<User, Sqlite> = User::query();
/// assert_eq!(everybody.all(&db).await?.len(), 3);
/// # Ok(())
/// # }
/// ```
pub type Rows<M, DB> = dsl::Select<<M as HasTable>::Table, dsl::AsSelect<M, DB>>;

/// The query for the row of `M` with a primary key: what `M::find(id)` and relations return.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::query::RowById;
/// use diesel::sqlite::Sqlite;
///
/// let bob: RowById<User, i32, Sqlite> = User::find(2);
/// assert_eq!(bob.one(&db).await?.name, "bob");
/// # Ok(())
/// # }
/// ```
pub type RowById<M, Id, DB> = dsl::Find<Rows<M, DB>, Id>;

/// The query for the rows of `M` whose `Column` has a value: what relations return.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::query::RowsWhere;
/// use diesel::sqlite::Sqlite;
///
/// fn named(name: &str) -> RowsWhere<User, users::name, &str, Sqlite> {
///     User::query().filter(users::name.eq(name))
/// }
///
/// assert_eq!(named("bob").one(&db).await?.id, 2);
/// # Ok(())
/// # }
/// ```
pub type RowsWhere<M, Column, Value, DB> = dsl::Filter<Rows<M, DB>, dsl::Eq<Column, Value>>;

/// The query for the rows of `M` that a link's table ties to a row: those whose key stands in the column
/// `Far` beside a `Near` of the value. What the methods of `many_to_many` return.
///
/// ```
/// use axum_db::{metadata, prelude::*, query::RowsThrough};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Post { #[model(primary_key)] pub id: i32, pub title: String }
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Tag { #[model(primary_key)] pub id: i32, pub name: String }
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct PostTag {
///     #[model(primary_key, references = Post, many_to_many = posts)] pub post_id: i32,
///     #[model(primary_key, references = Tag, many_to_many = tags)] pub tag_id: i32,
/// }
///
/// type TagsOf = RowsThrough<Tag, post_tags::post_id, post_tags::tag_id, i32, diesel::sqlite::Sqlite>;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Post, Tag, PostTag]).await?;
/// # let db = database.session();
/// # let post = NewPost::new("Ants").insert(&db).await?;
/// # let tag = NewTag::new("rust").insert(&db).await?;
/// # NewPostTag::new(post.id, tag.id).insert(&db).await?;
/// let tags: TagsOf = post.tags();
/// assert_eq!(tags.one(&db).await?.name, "rust");
/// # Ok(())
/// # }
/// ```
pub type RowsThrough<M, Near, Far, Value, DB> = dsl::Filter<
    Rows<M, DB>,
    dsl::EqAny<
        <<M as HasTable>::Table as Table>::PrimaryKey,
        dsl::Select<dsl::Filter<<Near as Column>::Table, dsl::Eq<Near, Value>>, Far>,
    >,
>;
