//! The connection, whose rows are watched as they arrive.

use std::future::ready;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use diesel::associations::Identifiable;
use diesel::connection::{CacheSize, Instrumentation};
use diesel::query_builder::{AsChangeset, AsQuery, IntoUpdateTarget, QueryFragment, QueryId};
use diesel::query_dsl::methods::FindDsl;
use diesel::result::DatabaseErrorKind;
use diesel::result::Error::BrokenTransactionManager;
use diesel::{ConnectionResult, QueryResult};
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncMysqlConnection,
    RunQueryDsl, SimpleAsyncConnection, UpdateAndFetchResults,
};
use futures_util::Stream;
use futures_util::future::{BoxFuture, Either, select};

use super::Mysql;
use crate::pool::Watch;

/// diesel-async's connection to MySQL or MariaDB, and what a session needs of it beside.
///
/// It tells the session what fails while rows arrive: the server sends the columns of a query before it has looked for
/// its rows, so that a deadlock, for one, comes after Diesel has told its observers that the query went well. It takes no
/// statement after one that had the server roll the whole transaction back, because each would be committed by itself.
/// And a statement in hand ends with the deadline where the line is silent.
///
/// Whoever needs the connection underneath has it from `as_mut()`, without all that.
#[allow(missing_debug_implementations)] // as the connection itself
pub struct MysqlConnection {
    inner: AsyncMysqlConnection,
    /// Not a holder of the watch, by which the pool sees that nobody replaced the observer.
    watch: Weak<Watch>,
}

type Inner<'conn, 'query> = <AsyncMysqlConnection as AsyncConnectionCore>::Stream<'conn, 'query>;

/// The rows of a query.
#[allow(missing_debug_implementations)]
pub struct Rows<'conn, 'query> {
    rows: Inner<'conn, 'query>,
    watch: Weak<Watch>,
    /// In hand: ready when nobody waits any more.
    given_up: Option<BoxFuture<'static, ()>>,
}

impl MysqlConnection {
    pub(super) fn new(inner: AsyncMysqlConnection, watch: &Arc<Watch>) -> Self {
        Self {
            inner,
            watch: Arc::downgrade(watch),
        }
    }

    /// Whether a statement would be committed by itself, although a user believes to be in a transaction.
    fn is_undone(&self) -> bool {
        let watch = self.watch.upgrade();
        watch.is_some_and(|watch| watch.is_undone_in_hand())
    }

    /// For a connection in hand, what ends the waiting.
    fn given_up(&self) -> Option<BoxFuture<'static, ()>> {
        let watch = self.watch.upgrade()?;
        if !watch.was_in_hand() {
            return None;
        }
        Some(Box::pin(async move { watch.given_up().await }))
    }
}

/// Does `work`, unless nobody waits for it any more.
async fn unless<R>(
    given_up: Option<impl Future<Output = ()> + Unpin>,
    work: impl Future<Output = QueryResult<R>>,
) -> QueryResult<R> {
    let Some(given_up) = given_up else {
        return work.await;
    };
    match select(pin!(work), given_up).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(no_answer()),
    }
}

fn no_answer() -> diesel::result::Error {
    let reason = "the deadline passed, and the server did not answer";
    diesel::result::Error::DatabaseError(
        DatabaseErrorKind::ClosedConnection,
        Box::new(reason.to_owned()),
    )
}

impl AsMut<AsyncMysqlConnection> for MysqlConnection {
    fn as_mut(&mut self) -> &mut AsyncMysqlConnection {
        &mut self.inner
    }
}

impl Stream for Rows<'_, '_> {
    type Item = QueryResult<<MysqlConnection as AsyncConnectionCore>::Row<'static, 'static>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let row = match Pin::new(&mut self.rows).poll_next(context) {
            Poll::Ready(row) => row,
            Poll::Pending => {
                let given_up = self.given_up.as_mut();
                return given_up.map_or(Poll::Pending, |given_up| {
                    given_up
                        .as_mut()
                        .poll(context)
                        .map(|()| Some(Err(no_answer())))
                });
            }
        };
        if let Some(Err(error @ diesel::result::Error::DatabaseError(..))) = &row
            && let Some(watch) = self.watch.upgrade()
        {
            watch.failed_with::<Mysql>(error);
        }
        Poll::Ready(row)
    }
}

impl SimpleAsyncConnection for MysqlConnection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        if self.is_undone() {
            return Err(BrokenTransactionManager);
        }
        unless(self.given_up(), self.inner.batch_execute(query)).await
    }
}

impl AsyncConnectionCore for MysqlConnection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Rows<'conn, 'query>>>;
    type Stream<'conn, 'query> = Rows<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncMysqlConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::mysql::Mysql;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let (watch, given_up) = (self.watch.clone(), self.given_up());
        let loading =
            (!self.is_undone()).then(|| AsyncConnectionCore::load(&mut self.inner, source));
        Box::pin(async move {
            let Some(loading) = loading else {
                return Err(BrokenTransactionManager);
            };
            let mut given_up = given_up;
            let rows = unless(given_up.as_mut().map(|given_up| given_up.as_mut()), loading).await?;
            Ok(Rows {
                rows,
                watch,
                given_up,
            })
        })
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        if self.is_undone() {
            return Box::pin(ready(Err(BrokenTransactionManager)));
        }
        let given_up = self.given_up();
        let executing = self.inner.execute_returning_count(source);
        match given_up {
            None => executing,
            given_up => Box::pin(unless(given_up, executing)),
        }
    }
}

impl AsyncConnection for MysqlConnection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        let inner = AsyncMysqlConnection::establish(database_url).await?;
        Ok(Self {
            inner,
            watch: Weak::new(),
        })
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.inner.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

// As diesel-async has it for its own connection: `save_changes`.
impl<'b, Changes, Output, Tab, V> UpdateAndFetchResults<Changes, Output> for MysqlConnection
where
    Output: Send + 'static,
    Changes: Copy + AsChangeset<Target = Tab> + Send + Identifiable<Table = Tab>,
    Tab: diesel::Table + FindDsl<Changes::Id> + 'b,
    diesel::dsl::Find<Tab, Changes::Id>: IntoUpdateTarget<Table = Tab, WhereClause = V>,
    diesel::query_builder::UpdateStatement<Tab, V, Changes::Changeset>: AsQuery,
    diesel::dsl::Update<Changes, Changes>: ExecuteDsl<Self>,
    V: Send + 'b,
    Changes::Changeset: Send + 'b,
    Changes::Id: 'b,
    Tab::FromClause: Send,
    diesel::dsl::Find<Changes::Table, Changes::Id>: LoadQuery<'b, Self, Output> + Send,
{
    fn update_and_fetch<'conn, 'changes>(
        &'conn mut self,
        changeset: Changes,
    ) -> BoxFuture<'changes, QueryResult<Output>>
    where
        Changes: 'changes,
        Changes::Changeset: 'changes,
        'conn: 'changes,
        Self: 'changes,
    {
        Box::pin(async move {
            let update = diesel::update(changeset).set(changeset);
            RunQueryDsl::execute(update, self).await?;
            let found = Changes::table().find(changeset.id());
            RunQueryDsl::get_result(found, self).await
        })
    }
}
