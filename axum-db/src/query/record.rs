//! Single rows: what stands behind `.insert(&db)`, `.save(&db)`, `.delete(&db)` and generic loading.

use diesel::HasQuery;
use diesel::associations::HasTable;
use diesel::dsl;
use diesel::query_builder::{
    AsChangeset, DeleteStatement, IntoUpdateTarget, QueryFragment, QueryId, UpdateStatement,
};
use diesel::query_dsl::methods::FindDsl;

use super::{Fetch, Loads, Run};
use crate::model::Model;
use crate::{Backend, Bind, Db, Error, ErrorKind};

/// Loads a [`Model`] by its primary key, in code that is generic over the model.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Backend, Db, Error, query::FindById};
///
/// async fn load<M: FindById<B>, B: Backend>(id: M::Id, db: &Db<B>) -> Result<Option<M>, Error> {
///     M::find_by_id(id, db).await
/// }
///
/// let bob: Option<User> = load(2, &db).await?;
/// assert_eq!(bob.map(|user| user.name).as_deref(), Some("bob"));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded by its key on the backend `{B}`",
    note = "every `#[model]` can, where all its `sql_type`s exist on that backend"
)]
pub trait FindById<B: Backend>: Model + HasQuery<B::Diesel> {
    /// The row with the primary key `id`, or `None`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::query::FindById;
    ///
    /// assert_eq!(User::find_by_id(2, &db).await?.map(|user| user.name).as_deref(), Some("bob"));
    /// assert_eq!(User::find_by_id(9, &db).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What [`Fetch::one_or_none`] reports.
    ///
    /// # Cancellation
    /// As the methods of [`Fetch`].
    fn find_by_id<K: Bind>(
        id: Self::Id,
        db: &Db<B, K>,
    ) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

/// [`Rows`](super::Rows), as generic code can name them.
pub(crate) type AnyRows<M, DB> = dsl::Select<<M as HasQuery<DB>>::BaseQuery, dsl::AsSelect<M, DB>>;

impl<M, B> FindById<B> for M
where
    B: Backend,
    M: Model + HasQuery<B::Diesel>,
    AnyRows<M, B::Diesel>: FindDsl<M::Id>,
    dsl::Find<AnyRows<M, B::Diesel>, M::Id>: for<'q> Loads<'q, B, M>,
{
    #[track_caller]
    fn find_by_id<K: Bind>(
        id: Self::Id,
        db: &Db<B, K>,
    ) -> impl Future<Output = Result<Option<Self>, Error>> + Send {
        Fetch::one_or_none(FindDsl::find(<M as HasQuery<B::Diesel>>::query(), id), db)
    }
}

/// A row that is not in its table yet: the `New…` companion of a model.
///
/// Generic code takes any of them, and [`Insert`] writes it:
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
/// use axum_db::{Db, Error, query::{Insert, NewRecord}};
///
/// async fn write<N: NewRecord, B: Insert<N>>(record: N, db: &Db<B>) -> Result<N::Model, Error> {
///     B::insert(record, db).await
/// }
///
/// assert_eq!(write(NewTag::new("rust"), &database.session()).await?.name, "rust");
/// # Ok(())
/// # }
/// ```
pub trait NewRecord: Send + 'static {
    /// The model the row becomes.
    type Model: Model;
    /// Its values, as a tuple of Diesel's expressions.
    type Row: Send + 'static;
    /// The names of its columns.
    const COLUMNS: &'static [&'static str];

    /// The primary key, where the database does not give it.
    ///
    /// ```
    /// # use axum_db::{prelude::*, query::NewRecord};
    /// # #[model]
    /// # pub struct Tag { #[model(primary_key)] pub id: i32, pub name: String }
    /// # #[model]
    /// # pub struct Country { #[model(primary_key, length = 2)] pub code: String }
    /// # fn main() {
    /// assert_eq!(NewRecord::id(&NewTag::new("rust")), None); // the database numbers them
    /// assert_eq!(NewRecord::id(&NewCountry::new("nl")).as_deref(), Some("nl"));
    /// # }
    /// ```
    fn id(&self) -> Option<<Self::Model as Model>::Id>;

    /// Its values, in the order of [`COLUMNS`](NewRecord::COLUMNS).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::query::NewRecord;
    ///
    /// let (name,) = NewUser::new("bob").row();
    /// assert_eq!(NewUser::COLUMNS, ["name"]);
    /// assert_eq!(User::query().filter(users::name.eq(name)).one(&db).await?.id, 2);
    /// # Ok(())
    /// # }
    /// ```
    fn row(self) -> Self::Row;
}

/// Backends on which the row `N` can be written and read back: what stands behind `NewUser::insert`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Db, Error, query::{Insert, NewRecord}};
///
/// async fn write<N: NewRecord, B: Insert<N>>(record: N, db: &Db<B>) -> Result<N::Model, Error> {
///     B::insert(record, db).await
/// }
///
/// assert_eq!(write(NewUser::new("dora"), &db).await?.id, 4);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{N}` cannot be inserted on the backend `{Self}`",
    note = "every `New…` companion of a `#[model]` can, where all its `sql_type`s exist on that backend"
)]
pub trait Insert<N: NewRecord>: Backend {
    /// Writes `record` and reads it back.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::{Sqlite, query::Insert};
    ///
    /// let dora = Sqlite::insert(NewUser::new("dora"), &db).await?; // as NewUser::new("dora").insert(&db)
    /// assert_eq!(User::find(dora.id).one(&db).await?, dora);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn insert<K: Bind>(
        record: N,
        db: &Db<Self, K>,
    ) -> impl Future<Output = Result<N::Model, Error>> + Send;
}

/// The columns of a model that [`Save`] writes: all but the key.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::query::Changes;
///
/// let ada = User { id: 1, name: "Ada Lovelace".into() };
/// diesel::update(users::table.find(ada.id)).set(ada.changes()).run(&db).await?;
/// assert_eq!(User::find(1).one(&db).await?, ada);
/// # Ok(())
/// # }
/// ```
pub trait Changes: Model {
    /// The changeset.
    type Changes: AsChangeset<Target = Self::Table>;

    /// The row's values.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::query::Changes;
    ///
    /// let everybody = User { id: 0, name: "x".into() }.changes(); // the key is none of them
    /// let updated = diesel::update(users::table.find(3)).set(everybody).run(&db).await?;
    /// assert_eq!((updated, User::find(3).one(&db).await?.name.as_str()), (1, "x"));
    /// # Ok(())
    /// # }
    /// ```
    fn changes(&self) -> Self::Changes;
}

type Target<M> = dsl::Find<<M as HasTable>::Table, <M as Model>::Id>;
type Where<M> = <Target<M> as IntoUpdateTarget>::WhereClause;
type Update<M> = UpdateStatement<
    <M as HasTable>::Table,
    Where<M>,
    <<M as Changes>::Changes as AsChangeset>::Changeset,
>;

/// Models whose rows can be written back on the backend `B`: what stands behind `user.save(&db)`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Backend, Db, Error, query::Save};
///
/// async fn save_all<M: Save<B> + Sync, B: Backend>(rows: &[M], db: &Db<B>) -> Result<(), Error> {
///     for row in rows {
///         Save::save(row, db).await?;
///     }
///     Ok(())
/// }
///
/// save_all(&[User { id: 3, name: "cleopatra".into() }], &db).await?;
/// assert_eq!(User::find(3).one(&db).await?.name, "cleopatra");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved on the backend `{B}`",
    note = "every `#[model]` can, where all its `sql_type`s exist on that backend"
)]
pub trait Save<B: Backend>: Model {
    /// Writes every column but the key.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let mut bob = User::find(2).one(&db).await?;
    /// bob.name = "robert".into();
    /// bob.save(&db).await?;
    /// assert_eq!(User::find(2).one(&db).await?, bob);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the row is no longer there; otherwise what the database refuses, and what
    /// [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn save<K: Bind>(&self, db: &Db<B, K>) -> impl Future<Output = Result<(), Error>> + Send;
}

impl<M, B> Save<B> for M
where
    B: Backend,
    M: Changes + FindById<B>,
    M::Table: FindDsl<M::Id>,
    Target<M>: IntoUpdateTarget<Table = M::Table>,
    Update<M>: diesel::query_builder::AsQuery
        + diesel::RunQueryDsl<()>
        + QueryFragment<B::Diesel>
        + QueryId
        + Send
        + 'static,
{
    #[track_caller]
    fn save<K: Bind>(&self, db: &Db<B, K>) -> impl Future<Output = Result<(), Error>> + Send {
        let id = self.id();
        let target = FindDsl::find(<M as HasTable>::table(), id.clone());
        let update: Update<M> = diesel::update(target).set(self.changes());
        let written = update.run(db);
        async move {
            // Some servers count only the rows whose values became others.
            if written.await? == 0 && M::find_by_id(id, db).await?.is_none() {
                return Err(vanished::<M>("saved"));
            }
            Ok(())
        }
    }
}

/// Models whose rows can be deleted on the backend `B`: what stands behind `user.delete(&db)`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Backend, Db, Error, query::Delete};
///
/// async fn delete_all<M: Delete<B> + Sync, B: Backend>(rows: &[M], db: &Db<B>) -> Result<(), Error> {
///     for row in rows {
///         Delete::delete(row, db).await?;
///     }
///     Ok(())
/// }
///
/// delete_all(&User::query().all(&db).await?, &db).await?;
/// assert!(!User::query().exists(&db).await?);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be deleted on the backend `{B}`",
    note = "every `#[model]` can"
)]
pub trait Delete<B: Backend>: Model {
    /// Deletes the row, by its key.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let bob = User::find(2).one(&db).await?;
    /// bob.delete(&db).await?;
    /// assert!(bob.delete(&db).await.is_err_and(|error| error.is(axum_db::ErrorKind::NotFound)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the row is no longer there; otherwise as [`Delete::delete_by_id`].
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn delete<K: Bind>(&self, db: &Db<B, K>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Deletes the row with this key, and says whether there was one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// use axum_db::query::Delete;
    ///
    /// assert!(User::delete_by_id(2, &db).await?);
    /// assert!(!User::delete_by_id(2, &db).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`] reports.
    ///
    /// # Cancellation
    /// Dropped halfway, the session's transaction is rolled back.
    fn delete_by_id<K: Bind>(
        id: Self::Id,
        db: &Db<B, K>,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

impl<M, B> Delete<B> for M
where
    B: Backend,
    M: Model,
    M::Table: FindDsl<M::Id>,
    Target<M>: IntoUpdateTarget<Table = M::Table>,
    DeleteStatement<M::Table, Where<M>>:
        diesel::RunQueryDsl<()> + QueryFragment<B::Diesel> + QueryId + Send + 'static,
{
    #[track_caller]
    fn delete<K: Bind>(&self, db: &Db<B, K>) -> impl Future<Output = Result<(), Error>> + Send {
        let deleted = Self::delete_by_id(self.id(), db);
        async move {
            match deleted.await? {
                false => Err(vanished::<M>("deleted")),
                true => Ok(()),
            }
        }
    }

    #[track_caller]
    fn delete_by_id<K: Bind>(
        id: Self::Id,
        db: &Db<B, K>,
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        let deleted = diesel::delete(FindDsl::find(<M as HasTable>::table(), id)).run(db);
        async move { Ok(deleted.await? > 0) }
    }
}

fn vanished<M: Model>(verb: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!(
            "the row of `{}` that should be {verb} is no longer there; someone else deleted it, or it was \
             never inserted",
            M::TABLE
        ),
    )
}
