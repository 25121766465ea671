//! Sessions in the application's own database, through the request's own session.

use std::marker::PhantomData;

use async_trait::async_trait;
use axum::http::{Extensions, HeaderMap};
use axum_db::model::Model;
use axum_db::{Access, Backend, Bind, Database, Db, Outcome};
use chrono::NaiveDateTime;
use diesel::associations::HasTable;
use diesel::{Expression, OptionalExtension, QueryResult, Selectable, Table};
use diesel_async::RunQueryDsl;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use futures_util::future::BoxFuture;

use super::backend::{NewSession, RequestSessions, SessionBackend, SessionKey, StoredSession};
use super::statements::{FindSession, SessionRow, Write};
use crate::error::Error;
use crate::user::AuthUser;

type PrimaryKey<U> = <<U as HasTable>::Table as Table>::PrimaryKey;
type KeySql<U> = <PrimaryKey<U> as Expression>::SqlType;
type Selection<U, B> = <U as Selectable<<B as Backend>::Diesel>>::SelectExpression;
type Find<U, B> = FindSession<U, Selection<U, B>, <U as HasTable>::Table, PrimaryKey<U>>;

/// A database engine that can keep users of the type `U` and their sessions: every engine of axum-db can,
/// where `U` is a model and [`AuthUser::Id`] the type of its primary key.
#[diagnostic::on_unimplemented(
    message = "users of the type `{U}` cannot be loaded from this database",
    label = "`{U}` is not a model with the key that `AuthUser::Id` names",
    note = "write `#[model]` above `struct {U}`, and give `AuthUser::Id` the type of its primary key"
)]
pub trait LoginBackend<U: AuthUser>: Statements<U> {}

#[diagnostic::do_not_recommend]
impl<B: Statements<U>, U: AuthUser> LoginBackend<U> for B {}

/// The statements of this crate on an engine: the one place where Diesel's bounds are spelled out.
pub trait Statements<U: AuthUser>: Backend {
    /// The SQL type of the user's key.
    type KeySql: 'static;

    fn find(
        connection: &mut Self::Connection,
        key: SessionKey,
        now: NaiveDateTime,
    ) -> BoxFuture<'_, QueryResult<Option<(SessionRow, U)>>>;

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
    Find<U, B>: LoadQuery<'static, B::Connection, (SessionRow, U)>,
    Write<U, KeySql<U>>: ExecuteDsl<B::Connection>,
{
    type KeySql = KeySql<U>;

    fn find(
        connection: &mut B::Connection,
        key: SessionKey,
        now: NaiveDateTime,
    ) -> BoxFuture<'_, QueryResult<Option<(SessionRow, U)>>> {
        Box::pin(async move {
            let table = U::table();
            let query = FindSession {
                user: PhantomData::<fn() -> U>,
                selection: U::construct_selection(),
                primary_key: table.primary_key(),
                table,
                key,
                now,
            };
            query.get_result(connection).await.optional()
        })
    }

    fn write(
        connection: &mut B::Connection,
        statement: Write<U, KeySql<U>>,
    ) -> BoxFuture<'_, QueryResult<usize>> {
        Box::pin(async move { statement.execute(connection).await })
    }
}

/// The sessions in a database.
pub(crate) struct DbSessions<B: Backend, K: Bind>(Database<B, K>);

/// The same within one unit of work.
struct InDb<B: Backend, K: Bind>(Db<B, K>);

impl<B: Backend, K: Bind> DbSessions<B, K> {
    pub(crate) fn new(database: Database<B, K>) -> Self {
        DbSessions(database)
    }
}

impl<U, B, K> SessionBackend<U> for DbSessions<B, K>
where
    U: AuthUser,
    B: LoginBackend<U>,
    K: Bind,
{
    fn bind(&self, extensions: &Extensions) -> Result<Box<dyn RequestSessions<U>>, Error> {
        let db = extensions.get::<Db<B, K>>().cloned().ok_or_else(|| {
            Error::missing_layer(format!(
                "the login layer finds no session of the database {:?}: add `.layer(database.layer())` to the router, \
                 after `.layer(login.layer())`",
                K::NAME
            ))
        })?;
        Ok(Box::new(InDb(db)))
    }

    fn open(&self) -> Box<dyn RequestSessions<U>> {
        Box::new(InDb(self.0.session()))
    }
}

impl<B: Backend, K: Bind> InDb<B, K> {
    async fn write<U>(&self, statement: Write<U, B::KeySql>) -> Result<u64, Error>
    where
        U: AuthUser,
        B: LoginBackend<U>,
    {
        let writing = self.0.run(Access::Immediate, move |connection| {
            B::write(connection, statement)
        });
        Ok(writing.await? as u64)
    }
}

#[async_trait]
impl<U, B, K> RequestSessions<U> for InDb<B, K>
where
    U: AuthUser,
    B: LoginBackend<U>,
    K: Bind,
{
    async fn find(
        &self,
        key: SessionKey,
        now: NaiveDateTime,
    ) -> Result<Option<(StoredSession, U)>, Error> {
        let finding = self.0.run(Access::Read, move |connection| {
            <B as Statements<U>>::find(connection, key, now)
        });
        let found = finding.await?;
        Ok(found.map(|(row, user)| (StoredSession::from(row), user)))
    }

    async fn insert(&self, session: NewSession, user: U::Id) -> Result<(), Error> {
        self.write::<U>(Write::insert(session, user)).await?;
        Ok(())
    }

    async fn delete(&self, key: SessionKey) -> Result<(), Error> {
        self.write::<U>(Write::delete(key)).await?;
        Ok(())
    }

    async fn delete_others(&self, kept: SessionKey, user: U::Id) -> Result<u64, Error> {
        self.write::<U>(Write::delete_others(kept, user)).await
    }

    async fn delete_expired(&self, realm: String, now: NaiveDateTime) -> Result<u64, Error> {
        self.write::<U>(Write::delete_expired(realm, now)).await
    }

    async fn confirm(&self, key: SessionKey, now: NaiveDateTime) -> Result<bool, Error> {
        Ok(self.write::<U>(Write::confirm(key, now)).await? > 0)
    }

    async fn release(&self) -> Result<(), Error> {
        Ok(self.0.release().await?)
    }

    fn seen(&self, id: i64, now: NaiveDateTime) {
        // Not here: a page must not wait for another writer, nor this write for the page's transaction.
        let database = self.0.database();
        self.0.on_finish(move |_, _| {
            tokio::spawn(async move {
                let later = InDb(database.session());
                if let Err(error) = later.write::<U>(Write::seen(id, now)).await {
                    tracing::warn!(%error, "the time a session was last seen was not written");
                }
            });
        });
    }

    fn on_commit(&self, change: Box<dyn FnOnce(&mut HeaderMap) + Send>) {
        self.0.on_finish(move |outcome, headers| {
            if outcome == Outcome::Committed {
                change(headers);
            }
        });
    }
}
