//! Sessions in the application's own database, through the request's own session.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Extensions;
use axum_db::model::Model;
use axum_db::query::{Fetch, Loads};
use axum_db::{Access, Backend, Bind, Database, Db, Main, Outcome};
use chrono::NaiveDateTime;
use diesel::associations::HasTable;
use diesel::{Expression, OptionalExtension, QueryResult, Selectable, Table};
use diesel_async::RunQueryDsl;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use futures_util::future::BoxFuture;

use super::backend::{CommitHook, FinishHook, SessionBackend};
use super::loader::UserLoader;
use super::presented::{Presented, Written};
use super::record::{Session, SessionChange, SessionId};
use super::statements::{self, FindSession, FindUser, ListRow, ListSessions, SessionRow, Write};
use crate::error::Error;
use crate::user::AuthUser;
use crate::write::write;

type PrimaryKey<U> = <<U as HasTable>::Table as Table>::PrimaryKey;
type KeySql<U> = <PrimaryKey<U> as Expression>::SqlType;
type Selection<U, B> = <U as Selectable<<B as Backend>::Diesel>>::SelectExpression;
type Find<U, B> = FindSession<U, Selection<U, B>, <U as HasTable>::Table, PrimaryKey<U>>;
type User<U, B> = FindUser<U, Selection<U, B>, <U as HasTable>::Table, PrimaryKey<U>, KeySql<U>>;

/// A database engine that can keep users of the type `U` and their sessions: every engine of axum-db can,
/// where `U` is a model and [`AuthUser::Id`] the type of its primary key.
///
/// ```
/// use axum_db::{Database, Sqlite};
/// use axum_login_kit::{ConfigError, LoginBackend, LoginManager};
/// # use axum_db::prelude::*;
/// # use axum_login_kit::AuthUser;
/// # #[model]
/// # #[derive(Debug, Clone, AuthUser)]
/// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
///
/// /// The same for whatever database the program is started with.
/// fn login<B: LoginBackend<User>>(database: &Database<B>) -> Result<LoginManager<User>, ConfigError> {
///     LoginManager::new(database, "at least 32 bytes that nobody can guess").login_url("/login").build()
/// }
///
/// assert!(login(&Database::<Sqlite>::connect("sqlite://:memory:").await?).is_ok());
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "users of the type `{U}` cannot be loaded from this database",
    label = "`{U}` is not a model with the key that `AuthUser::Id` names",
    note = "write `#[model]` above `struct {U}`, and give `AuthUser::Id` the type of its primary key, which is one column",
    note = "users with another key are loaded by a `UserLoader`: `LoginManager::over(sessions, users, secret_key)`"
)]
pub trait LoginBackend<U: AuthUser>: Statements<U> {}

#[diagnostic::do_not_recommend]
impl<B: Statements<U>, U: AuthUser> LoginBackend<U> for B {}

/// The statements of this crate on an engine: the one place where Diesel's bounds are spelled out.
pub trait Statements<U: AuthUser>: Backend {
    /// The SQL type of the user's key.
    type KeySql: 'static;

    fn find<K: Bind>(
        db: &Db<Self, K>,
        realm: String,
        token_hash: String,
    ) -> impl Future<Output = Result<Option<(SessionRow, U)>, axum_db::Error>> + Send;

    fn list(
        connection: &mut Self::Connection,
        realm: String,
        user: U::Id,
    ) -> BoxFuture<'_, QueryResult<Vec<ListRow>>>;

    fn user(connection: &mut Self::Connection, id: U::Id) -> BoxFuture<'_, QueryResult<Option<U>>>;

    /// Stores another password hash; `None` where the users' table has no such column.
    fn replace_password(user: &U, hash: &str) -> Option<Write<U, Self::KeySql>>;

    fn write(
        connection: &mut Self::Connection,
        statement: Write<U, Self::KeySql>,
    ) -> BoxFuture<'_, QueryResult<usize>>;
}

#[diagnostic::do_not_recommend]
impl<B, U> Statements<U> for B
where
    B: Backend,
    U: AuthUser + Model + Selectable<B::Diesel>,
    PrimaryKey<U>: Send + 'static,
    KeySql<U>: 'static,
    Selection<U, B>: Send + 'static,
    for<'q> Find<U, B>: Loads<'q, B, (SessionRow, U)>,
    User<U, B>: LoadQuery<'static, B::Connection, U>,
    ListSessions<U, KeySql<U>>: LoadQuery<'static, B::Connection, ListRow>,
    Write<U, KeySql<U>>: ExecuteDsl<B::Connection>,
{
    type KeySql = KeySql<U>;

    fn find<K: Bind>(
        db: &Db<B, K>,
        realm: String,
        token_hash: String,
    ) -> impl Future<Output = Result<Option<(SessionRow, U)>, axum_db::Error>> + Send {
        let table = U::table();
        let query = FindSession {
            user: PhantomData::<fn() -> U>,
            selection: U::construct_selection(),
            primary_key: table.primary_key(),
            table,
            realm,
            token_hash,
        };
        query.one_or_none(db)
    }

    fn list(
        connection: &mut B::Connection,
        realm: String,
        user: <U as AuthUser>::Id,
    ) -> BoxFuture<'_, QueryResult<Vec<ListRow>>> {
        Box::pin(async move {
            let query = ListSessions::<U, KeySql<U>> {
                realm,
                user,
                key_type: PhantomData,
            };
            query.load(connection).await
        })
    }

    fn user(
        connection: &mut B::Connection,
        id: <U as AuthUser>::Id,
    ) -> BoxFuture<'_, QueryResult<Option<U>>> {
        Box::pin(async move {
            let table = U::table();
            let query = FindUser::<U, _, _, _, KeySql<U>> {
                selection: U::construct_selection(),
                primary_key: table.primary_key(),
                table,
                id,
                key_type: PhantomData,
            };
            query.get_result(connection).await.optional()
        })
    }

    fn replace_password(user: &U, hash: &str) -> Option<Write<U, KeySql<U>>> {
        let table = U::table_def();
        let mut columns = table.columns.iter();
        let known = columns.any(|column| column.name == U::PASSWORD_COLUMN);
        let key = table.key_column().filter(|_| known)?.name.clone();
        Some(Write::replace_password(table.name, key, user, hash))
    }

    fn write(
        connection: &mut B::Connection,
        statement: Write<U, KeySql<U>>,
    ) -> BoxFuture<'_, QueryResult<usize>> {
        Box::pin(async move { statement.execute(connection).await })
    }
}

/// Sessions in the table `auth_sessions` of the application's database, beside the users: what
/// [`LoginManager::new`](crate::LoginManager::new) begins with.
///
/// A request reads its session and its user in one query, through its own database session; what is written joins
/// the transaction that is open there, and is committed by itself where none is: then a deadlock with another request is
/// nothing but another try.
///
/// ```
/// use axum_db::{Db, Sqlite, metadata, prelude::*};
/// use axum_login_kit::{AuthUser, DbSessions, LoginManager, tables, testing::login_as};
///
/// #[model]
/// #[derive(Debug, Clone, AuthUser)]
/// pub struct User {
///     #[model(primary_key)]
///     pub id: i32,
///     pub password_hash: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let database = Db::<Sqlite>::connect("sqlite://:memory:").await?;
/// database.create_all(&metadata![User].with(tables::<User>())).await?;
/// let login = LoginManager::<User>::new(&database, "at least 32 bytes that nobody can guess")
///     .sessions(DbSessions::new(&database)) // as it is without
///     .build()?;
/// let db = database.session();
/// let user = NewUser::new("-").insert(&db).await?;
/// db.commit().await?;
/// drop(db);
/// login_as(&login, &user).await?;
/// assert_eq!(login.end_sessions_of(&user.id).await?, 1);
/// # Ok(())
/// # }
/// ```
pub struct DbSessions<B: Backend, K: Bind = Main>(InDb<B, K>);

/// The users in a database.
pub(crate) struct DbUsers<B: Backend, K: Bind>(InDb<B, K>);

/// Where statements go.
enum InDb<B: Backend, K: Bind> {
    /// Each through a session of its own.
    Anywhere(Database<B, K>),
    /// Through a request's.
    Request(Db<B, K>),
}

impl<B: Backend, K: Bind> InDb<B, K> {
    fn session(&self) -> Db<B, K> {
        match self {
            InDb::Anywhere(database) => database.session(),
            InDb::Request(db) => db.clone(),
        }
    }

    fn of(request: &Extensions) -> Result<Self, Error> {
        let db = request.get::<Db<B, K>>().cloned().ok_or_else(|| {
            Error::missing_layer(format!(
                "the login layer finds no session of the database {:?}: add `.layer(database.layer())` to the router, \
                 after `.layer(login.layer())`",
                K::NAME
            ))
        })?;
        Ok(InDb::Request(db))
    }

    async fn release(&self) -> Result<(), Error> {
        match self {
            InDb::Anywhere(_) => Ok(()),
            InDb::Request(db) => Ok(db.release().await?),
        }
    }
}

/// A failure over the table of sessions.
fn of_sessions<U: AuthUser>(error: axum_db::Error) -> Error {
    let path = std::any::type_name::<U>();
    let user = path.rsplit("::").next().unwrap_or(path);
    let added = format!(".with(axum_login_kit::tables::<{user}>())");
    Error::of_table(U::SESSION_TABLE, &added, error)
}

impl<B: Backend, K: Bind> DbSessions<B, K> {
    /// The sessions of this database.
    ///
    /// ```
    /// use axum_db::{Db, Sqlite};
    /// use axum_login_kit::{DbSessions, Presented, SessionBackend};
    /// # use axum_db::prelude::*;
    /// # use axum_login_kit::AuthUser;
    /// # #[model]
    /// # #[derive(Debug, Clone, AuthUser)]
    /// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use axum_db::metadata;
    /// let database = Db::<Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![User].with(axum_login_kit::tables::<User>())).await?;
    /// let sessions: &dyn SessionBackend<User> = &DbSessions::new(&database);
    /// assert!(sessions.find("user", &Presented::new("a guess")).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(database: &Database<B, K>) -> Self {
        DbSessions(InDb::Anywhere(database.clone()))
    }

    async fn write<U>(&self, statement: Write<U, B::KeySql>) -> Result<u64, Error>
    where
        U: AuthUser,
        B: LoginBackend<U>,
    {
        let written = write(&self.0.session(), statement, B::write).await;
        written.map_err(of_sessions::<U>)
    }
}

#[async_trait]
impl<U, B, K> SessionBackend<U> for DbSessions<B, K>
where
    U: AuthUser,
    B: LoginBackend<U>,
    K: Bind,
{
    fn bind(&self, request: &Extensions) -> Result<Option<Arc<dyn SessionBackend<U>>>, Error> {
        Ok(Some(Arc::new(DbSessions(InDb::<B, K>::of(request)?))))
    }

    async fn find(
        &self,
        realm: &str,
        presented: &Presented<'_>,
    ) -> Result<Option<(Session<U::Id>, Option<U>)>, Error> {
        let (realm, id) = (realm.to_owned(), presented.id().clone());
        let hash = id.as_str().to_owned();
        let db = self.0.session();
        let found = <B as Statements<U>>::find(&db, realm, hash).await;
        let found = found.map_err(of_sessions::<U>)?;
        Ok(found.map(|(row, user)| (statements::session(id, user.id(), row), Some(user))))
    }

    async fn insert(&self, realm: &str, session: &Session<U::Id>) -> Result<Written, Error> {
        self.write::<U>(Write::insert(realm, session)).await?;
        Ok(Written::Stored)
    }

    async fn update(
        &self,
        realm: &str,
        session: &Session<U::Id>,
        change: &SessionChange,
    ) -> Result<Written, Error> {
        if *change == SessionChange::default() {
            return Ok(Written::Stored);
        }
        let update = Write::update(realm, &session.id, change);
        Ok(match self.write::<U>(update).await? {
            0 => Written::Nothing,
            _ => Written::Stored,
        })
    }

    async fn delete(&self, realm: &str, id: &SessionId, of: Option<&U::Id>) -> Result<bool, Error> {
        Ok(self.write::<U>(Write::delete(realm, id, of)).await? > 0)
    }

    async fn list(&self, realm: &str, user: &U::Id) -> Result<Vec<Session<U::Id>>, Error> {
        let (realm, of) = (realm.to_owned(), user.clone());
        let db = self.0.session();
        let listing = db.run(Access::Read, move |connection| {
            <B as Statements<U>>::list(connection, realm, of)
        });
        let rows = listing.await.map_err(of_sessions::<U>)?.into_iter();
        let session = |(hash, row, user_agent, ip): ListRow| {
            let id = SessionId::try_from(hash).map_err(Error::backend)?;
            Ok(Session {
                user_agent,
                ip,
                ..statements::session(id, user.clone(), row)
            })
        };
        rows.map(session).collect()
    }

    async fn rebind(&self, realm: &str, user: &U::Id, from: &str, to: &str) -> Result<(), Error> {
        let rebind = Write::rebind(realm, user, from, to);
        self.write::<U>(rebind).await?;
        Ok(())
    }

    async fn delete_all(
        &self,
        realm: &str,
        user: &U::Id,
        except: Option<&SessionId>,
    ) -> Result<u64, Error> {
        self.write::<U>(Write::delete_all(realm, user, except))
            .await
    }

    async fn delete_expired(
        &self,
        realm: &str,
        now: NaiveDateTime,
        limit: u32,
    ) -> Result<u64, Error> {
        self.write::<U>(Write::delete_expired(realm, now, limit))
            .await
    }

    async fn release(&self) -> Result<(), Error> {
        self.0.release().await
    }

    fn on_finish(&self, hook: FinishHook) -> Option<FinishHook> {
        match &self.0 {
            InDb::Anywhere(_) => Some(hook),
            InDb::Request(db) => {
                db.on_finish(move |outcome, headers| {
                    hook(outcome == Outcome::Committed, headers);
                });
                None
            }
        }
    }

    fn after_commit(&self, hook: CommitHook) -> Option<CommitHook> {
        match &self.0 {
            InDb::Request(db) if db.in_transaction() => {
                db.after_commit(hook);
                None
            }
            InDb::Request(_) | InDb::Anywhere(_) => Some(hook),
        }
    }
}

impl<B: Backend, K: Bind> DbUsers<B, K> {
    pub(crate) fn new(database: &Database<B, K>) -> Self {
        DbUsers(InDb::Anywhere(database.clone()))
    }
}

#[async_trait]
impl<U, B, K> UserLoader<U> for DbUsers<B, K>
where
    U: AuthUser,
    B: LoginBackend<U>,
    K: Bind,
{
    fn bind(&self, request: &Extensions) -> Result<Option<Arc<dyn UserLoader<U>>>, Error> {
        Ok(Some(Arc::new(DbUsers(InDb::<B, K>::of(request)?))))
    }

    async fn replace_password(&self, user: &U, hash: &str) -> Result<bool, Error> {
        let statement = B::replace_password(user, hash).ok_or_else(|| {
            Error::unsupported(
                "the users' table has no column of the name `AuthUser::PASSWORD_COLUMN`: give it the right one",
            )
        })?;
        let db = self.0.session();
        Ok(write(&db, statement, <B as Statements<U>>::write).await? > 0)
    }

    async fn load(&self, id: &U::Id) -> Result<Option<U>, Error> {
        let id = id.clone();
        let db = self.0.session();
        let loading = db.run(Access::Read, move |connection| B::user(connection, id));
        Ok(loading.await?)
    }

    async fn release(&self) -> Result<(), Error> {
        self.0.release().await
    }
}

impl<B: Backend, K: Bind> Clone for DbSessions<B, K> {
    fn clone(&self) -> Self {
        DbSessions(match &self.0 {
            InDb::Anywhere(database) => InDb::Anywhere(database.clone()),
            InDb::Request(db) => InDb::Request(db.clone()),
        })
    }
}

impl<B: Backend, K: Bind> fmt::Debug for DbSessions<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbSessions").finish_non_exhaustive()
    }
}
