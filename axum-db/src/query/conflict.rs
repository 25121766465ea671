//! `.on_conflict(users::email)`: rows that may be there already.

use std::fmt;
use std::marker::PhantomData;

use super::record::NewRecord;
use crate::model::Model;
use crate::{Backend, Bind, Db, Error};

/// Backends on which the rows `N` can be written many at a time: what stands behind `NewUser::insert_all`.
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
/// # let db = database.session();
/// let tags = ["axum", "diesel", "rust"].map(NewTag::new);
/// assert_eq!(NewTag::insert_all(tags, &db).await?, 3);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{N}` cannot be inserted on the backend `{Self}`",
    note = "every `New…` companion of a `#[model]` can, where all its `sql_type`s exist on that backend"
)]
pub trait InsertAll<N: NewRecord>: Backend {
    /// Writes the records, and gives their number.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::{Sqlite, query::InsertAll};
    ///
    /// let new = ["dora", "emil"].map(NewUser::new).to_vec();
    /// assert_eq!(Sqlite::insert_all(new, &db).await?, 2); // as NewUser::insert_all(new, &db)
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn insert_all<K: Bind>(
        records: Vec<N>,
        db: &Db<Self, K>,
    ) -> impl Future<Output = Result<usize, Error>> + Send;
}

/// Backends on which the row `N` can be written unless it is there: what stands behind
/// `NewUser::insert_or_ignore`.
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
/// # let db = database.session();
/// assert!(NewTag::new("rust").insert_or_ignore(&db).await?.is_some());
/// assert!(NewTag::new("rust").insert_or_ignore(&db).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{N}` cannot be inserted on the backend `{Self}`",
    note = "every `New…` companion of a `#[model]` can, where all its `sql_type`s exist on that backend"
)]
pub trait InsertOrIgnore<N: NewRecord>: Backend {
    /// Writes `record` and reads it back, unless a unique column is in the way.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::{Sqlite, query::InsertOrIgnore};
    ///
    /// assert!(Sqlite::insert_or_ignore(NewUser::new("ada"), &db).await?.is_none());
    /// assert!(Sqlite::insert_or_ignore(NewUser::new("dora"), &db).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn insert_or_ignore<K: Bind>(
        record: N,
        db: &Db<Self, K>,
    ) -> impl Future<Output = Result<Option<N::Model>, Error>> + Send;
}

/// Backends on which the row `N` can be written, or changed where its `T` is there: what stands behind
/// [`OnConflict::update`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Db, Error, query::{NewRecord, UniqueBy, Upsert}};
///
/// async fn put<N: NewRecord, T: UniqueBy<N>, B: Upsert<N, T>>(
///     record: N, _unique: T, columns: Vec<&'static str>, db: &Db<B>,
/// ) -> Result<N::Model, Error> {
///     B::upsert(record, columns, db).await
/// }
///
/// let ada = put(NewUser::new("ada"), users::name, vec!["name"], &db).await?;
/// assert_eq!(ada.id, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{N}` cannot be inserted on the backend `{Self}`",
    note = "every `New…` companion of a `#[model]` can, where all its `sql_type`s exist on that backend"
)]
pub trait Upsert<N: NewRecord, T: UniqueBy<N>>: Backend {
    /// Writes `record`, or `columns` of the row that is there, and reads it back.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::{Sqlite, query::Upsert};
    ///
    /// let upserted = <Sqlite as Upsert<NewUser, users::name>>::upsert(NewUser::new("bob"), vec!["name"], &db);
    /// assert_eq!(upserted.await?.id, 2); // as NewUser::new("bob").on_conflict(users::name).update(users::name, &db)
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn upsert<K: Bind>(
        record: N,
        columns: Vec<&'static str>,
        db: &Db<Self, K>,
    ) -> impl Future<Output = Result<N::Model, Error>> + Send;
}

/// Columns that tell which row is meant: the primary key, where the database does not give it, or columns that
/// are unique together and never NULL. See [`OnConflict`] for an example.
///
/// `#[model]` implements it for each such column of a `New…` companion, and for the tuple of those that are
/// unique together, in the order of their declaration.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::query::UniqueBy;
///
/// fn columns<N, T: UniqueBy<N>>(_: T) -> &'static [&'static str] { T::COLUMNS }
///
/// assert_eq!(columns::<NewUser, _>(users::name), ["name"]);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell one row of `{N}` from all others",
    label = "not unique",
    note = "`on_conflict` takes a column with `#[model(unique)]` that is no `Option`, a primary key that the database \
            does not give, or the tuple of the columns of a key, in the order of the struct"
)]
pub trait UniqueBy<N> {
    /// The columns' names.
    const COLUMNS: &'static [&'static str];
    /// The condition that a row has the values of a record.
    type Filter;

    /// The condition that a row has the values of `record`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::query::UniqueBy;
    ///
    /// let same = users::name::filter(&NewUser::new("bob"));
    /// assert_eq!(User::query().filter(same).one(&db).await?.id, 2);
    /// # Ok(())
    /// # }
    /// ```
    fn filter(record: &N) -> Self::Filter;
}

/// Columns of the table of `N`, for [`OnConflict::update`]: one, or a tuple.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// use axum_db::query::ColumnsOf;
///
/// fn names<N, C: ColumnsOf<N>>(_: C) -> Vec<&'static str> { C::names() }
///
/// # fn main() {
/// assert_eq!(names::<NewUser, _>(users::name), ["name"]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column that `{N}` has, nor a tuple of such",
    label = "not columns of this row",
    note = "`update` takes `users::name`, or `(users::name, users::bio)`, of the model that is inserted"
)]
pub trait ColumnsOf<N> {
    /// The columns' names.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() {
    /// use axum_db::query::ColumnsOf;
    ///
    /// assert_eq!(<users::name as ColumnsOf<NewUser>>::names(), ["name"]);
    /// # }
    /// ```
    fn names() -> Vec<&'static str>;
}

macro_rules! tuples {
    ($(($($column:ident),+))*) => {$(
        impl<N, $($column: ColumnsOf<N>),+> ColumnsOf<N> for ($($column,)+) {
            fn names() -> Vec<&'static str> {
                [$($column::names()),+].concat()
            }
        }
    )*};
}

tuples!((A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E)(
    A, B, C, D, E, F
)(A, B, C, D, E, F, G)(A, B, C, D, E, F, G, H));

/// A row to write, and the columns whose values may be there already; made by `NewUser::on_conflict`.
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Visit {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(unique, length = 80)] pub path: String,
/// #     #[model(length = 20)] pub last_by: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Visit]).await?;
/// # let db = database.session();
/// let visit = |by| NewVisit::new("/", by).on_conflict(visits::path).update(visits::last_by, &db);
/// assert_eq!(visit("ada").await?.id, visit("bob").await?.id);
/// assert_eq!(Visit::query().one(&db).await?.last_by, "bob");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is written before `.update(columns, &db)` is awaited"]
pub struct OnConflict<N, T> {
    record: N,
    target: PhantomData<fn() -> T>,
}

impl<N: NewRecord, T> OnConflict<N, T> {
    /// The row `record`, where another may have the same `target`.
    #[doc(hidden)]
    pub fn new(record: N, _target: T) -> Self {
        Self {
            record,
            target: PhantomData,
        }
    }

    /// Writes the row; where one with the same values in the columns of `on_conflict` is there, writes
    /// `columns` of that one instead. Gives the row as the database keeps it then.
    ///
    /// One statement, so that no other request comes in between. On MySQL a second one reads the row back.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let again = NewUser::new("ada").on_conflict(users::name).update(users::name, &db).await?;
    /// assert_eq!(again.id, 1);
    /// assert_eq!(User::query().row_count(&db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UniqueViolation`](crate::ErrorKind::UniqueViolation) when the row in the way has the same
    /// value in *another* unique column; otherwise what the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    #[track_caller]
    pub fn update<'q, C, B>(
        self,
        _columns: C,
        db: &'q Db<B, <N::Model as Model>::Bind>,
    ) -> impl Future<Output = Result<N::Model, Error>> + Send + use<'q, N, T, C, B>
    where
        T: UniqueBy<N>,
        C: ColumnsOf<N>,
        B: Upsert<N, T>,
    {
        B::upsert(self.record, C::names(), db)
    }
}

impl<N: fmt::Debug, T> fmt::Debug for OnConflict<N, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnConflict")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
