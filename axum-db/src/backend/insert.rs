//! Writing rows and reading them back: RETURNING, or a second statement where there is none.

use diesel::associations::HasTable;
use diesel::query_builder::{InsertStatement, QueryFragment};
use diesel::{Insertable, dsl};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use diesel::{Selectable, SelectableHelper};
use futures_util::future::BoxFuture;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use super::statement::Returning;
use super::statement::{Conflict, Insertion};
use super::{Backend, Dialect};
use crate::model::Model;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::query::Fetch;
use crate::query::{Insert, InsertAll, InsertOrIgnore, Loads, NewRecord, Run, UniqueBy, Upsert};
use crate::{Bind, Db, Error};

type Table<N> = <<N as NewRecord>::Model as HasTable>::Table;
type Statement<N> = InsertStatement<Table<N>, <N as Insertable<Table<N>>>::Values>;

/// More rows in one statement make it no faster, and may be more than a server takes in one packet.
const ROWS_A_STATEMENT: usize = 1000;

impl Dialect {
    /// How many values one statement takes.
    fn max_binds(self) -> usize {
        match self {
            Self::Sqlite => 32_766,
            Self::Postgres | Self::Mysql => 65_535,
        }
    }
}

impl<B, N> InsertAll<N> for B
where
    B: Backend,
    N: NewRecord<Row: QueryFragment<B::Diesel>>,
{
    #[track_caller]
    fn insert_all<K: Bind>(
        records: Vec<N>,
        db: &Db<Self, K>,
    ) -> impl Future<Output = Result<usize, Error>> + Send {
        let rows = B::DIALECT.max_binds() / N::COLUMNS.len().max(1);
        let rows = rows.clamp(1, ROWS_A_STATEMENT);
        let mut records = records.into_iter().map(N::row).peekable();
        let mut writes: Vec<BoxFuture<'_, Result<usize, Error>>> = Vec::new();
        while records.peek().is_some() {
            let rows = records.by_ref().take(rows).collect();
            writes.push(Box::pin(insertion::<B, N>(rows, Conflict::Fail).run(db)));
        }
        async move {
            let mut written = 0;
            for write in writes {
                written += write.await?;
            }
            Ok(written)
        }
    }
}

fn insertion<B: Backend, N: NewRecord>(rows: Vec<N::Row>, conflict: Conflict) -> Insertion<N::Row> {
    Insertion {
        dialect: B::DIALECT,
        schema: N::Model::SCHEMA,
        table: N::Model::TABLE,
        columns: N::COLUMNS,
        rows,
        conflict,
    }
}

/// For the engines that know RETURNING.
macro_rules! insert_returning {
    ($feature:literal, $backend:ty, $diesel:ty) => {
        #[cfg(feature = $feature)]
        impl<N> Insert<N> for $backend
        where
            N: NewRecord + Insertable<Table<N>>,
            N::Model: Selectable<$diesel>,
            dsl::Returning<Statement<N>, dsl::AsSelect<N::Model, $diesel>>:
                for<'q> Loads<'q, $backend, N::Model>,
        {
            #[track_caller]
            fn insert<K: Bind>(
                record: N,
                db: &Db<Self, K>,
            ) -> impl Future<Output = Result<N::Model, Error>> + Send {
                let statement = diesel::insert_into(<N::Model as HasTable>::table())
                    .values(record)
                    .returning(N::Model::as_select());
                Fetch::one(statement, db)
            }
        }

        #[cfg(feature = $feature)]
        impl<N> InsertOrIgnore<N> for $backend
        where
            N: NewRecord,
            N::Model: Selectable<$diesel>,
            Returning<N::Row, dsl::AsSelect<N::Model, $diesel>>:
                for<'q> Loads<'q, $backend, N::Model>,
        {
            #[track_caller]
            fn insert_or_ignore<K: Bind>(
                record: N,
                db: &Db<Self, K>,
            ) -> impl Future<Output = Result<Option<N::Model>, Error>> + Send {
                let statement = Returning {
                    insertion: insertion::<Self, N>(vec![record.row()], Conflict::Ignore),
                    selection: N::Model::as_select(),
                };
                Fetch::one_or_none(statement, db)
            }
        }

        #[cfg(feature = $feature)]
        impl<N, T> Upsert<N, T> for $backend
        where
            N: NewRecord,
            T: UniqueBy<N>,
            N::Model: Selectable<$diesel>,
            Returning<N::Row, dsl::AsSelect<N::Model, $diesel>>:
                for<'q> Loads<'q, $backend, N::Model>,
        {
            #[track_caller]
            fn upsert<K: Bind>(
                record: N,
                columns: Vec<&'static str>,
                db: &Db<Self, K>,
            ) -> impl Future<Output = Result<N::Model, Error>> + Send {
                let conflict = Conflict::Update {
                    target: T::COLUMNS,
                    columns,
                };
                let statement = Returning {
                    insertion: insertion::<Self, N>(vec![record.row()], conflict),
                    selection: N::Model::as_select(),
                };
                Fetch::one(statement, db)
            }
        }
    };
}

insert_returning!("sqlite", super::Sqlite, diesel::sqlite::Sqlite);
insert_returning!("postgres", super::Postgres, diesel::pg::Pg);

#[cfg(feature = "mysql")]
mod mysql {
    use std::marker::PhantomData;

    use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
    use diesel::mysql::Mysql as Diesel;
    use diesel::query_builder::{AstPass, QueryFragment, QueryId};
    use diesel::query_dsl::methods::FilterDsl;
    use diesel::sql_types::Bool;
    use diesel::{HasQuery, QueryResult};
    use diesel_async::RunQueryDsl;

    use super::super::Mysql;
    use super::{
        Bind, BoxFuture, Conflict, Db, Error, HasTable, Insert, InsertOrIgnore, Insertable, Loads,
        Model, NewRecord, Run, Statement, Table, UniqueBy, Upsert, dsl, insertion,
    };
    use crate::query::{AnyRows, Fetch, FindById};
    use crate::{Access, ErrorKind};

    type ByLastId<M> = dsl::Filter<AnyRows<M, Diesel>, HasLastId<M>>;

    impl<N> Insert<N> for Mysql
    where
        N: NewRecord + Insertable<Table<N>>,
        N::Model: FindById<Self> + HasQuery<Diesel>,
        Statement<N>: QueryFragment<Diesel> + QueryId + Send + 'static,
        AnyRows<N::Model, Diesel>: FilterDsl<HasLastId<N::Model>>,
        ByLastId<N::Model>: for<'q> Loads<'q, Self, N::Model>,
    {
        #[track_caller]
        fn insert<K: Bind>(
            record: N,
            db: &Db<Self, K>,
        ) -> impl Future<Output = Result<N::Model, Error>> + Send {
            let id = record.id();
            let statement: Statement<N> =
                diesel::insert_into(<N::Model as HasTable>::table()).values(record);
            let here = std::panic::Location::caller();
            Box::pin(async move {
                if id.is_none() && N::Model::NUMBERED.is_none() {
                    return Err(unknown_key::<N::Model>());
                }
                let mut lease = db.lease_at(here, Access::Write).await?;
                let (connection, deadline) = lease.parts();
                let wants_number = id.is_none();
                let inserting = async {
                    RunQueryDsl::execute(statement, connection).await?;
                    if wants_number {
                        // The connection still knows the number it gave, so it must be asked on this lease.
                        RunQueryDsl::load(by_last_id::<N::Model>(), connection).await
                    } else {
                        Ok(Vec::new())
                    }
                };
                let outcome = deadline.cover(inserting).await;
                let mut rows: Vec<N::Model> = lease.end(outcome).await?;
                let row = match id {
                    Some(id) => N::Model::find_by_id(id, db).await?,
                    None => rows.pop(),
                };
                row.ok_or_else(|| diesel::result::Error::NotFound.into())
            })
        }
    }

    /// MySQL says which number it gave, and of no other key.
    fn unknown_key<M: Model>() -> Error {
        Error::new(
            ErrorKind::Configuration,
            format!(
                "MySQL does not tell which key it made for a new row of `{}`, so the row could not be read \
                 back; have the program make the key, as in #[model(primary_key, default = Uuid::now_v7())]",
                M::TABLE
            ),
        )
    }

    /// INSERT IGNORE would swallow other errors too, so the row is tried within a savepoint.
    impl<N> InsertOrIgnore<N> for Mysql
    where
        N: NewRecord,
        Self: Insert<N>,
    {
        fn insert_or_ignore<K: Bind>(
            record: N,
            db: &Db<Self, K>,
        ) -> impl Future<Output = Result<Option<N::Model>, Error>> + Send {
            let trial: BoxFuture<'_, _> = Box::pin(db.savepoint(move |db| async move {
                <Self as Insert<N>>::insert(record, &db).await
            }));
            async move {
                match trial.await {
                    Ok(row) => Ok(Some(row)),
                    Err(error) if Error::is(&error, ErrorKind::UniqueViolation) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        }
    }

    type ByTarget<N, T> =
        dsl::Filter<AnyRows<<N as NewRecord>::Model, Diesel>, <T as UniqueBy<N>>::Filter>;

    impl<N, T> Upsert<N, T> for Mysql
    where
        N: NewRecord<Row: QueryFragment<Diesel>>,
        N::Model: HasQuery<Diesel>,
        T: UniqueBy<N>,
        AnyRows<N::Model, Diesel>: FilterDsl<T::Filter>,
        ByTarget<N, T>: for<'q> Loads<'q, Self, N::Model>,
    {
        #[track_caller]
        fn upsert<K: Bind>(
            record: N,
            columns: Vec<&'static str>,
            db: &Db<Self, K>,
        ) -> impl Future<Output = Result<N::Model, Error>> + Send {
            let row =
                FilterDsl::filter(<N::Model as HasQuery<Diesel>>::query(), T::filter(&record));
            let conflict = Conflict::Update {
                target: T::COLUMNS,
                columns,
            };
            let writing = insertion::<Self, N>(vec![record.row()], conflict).run(db);
            let reading = Fetch::one(row, db);
            async move {
                match writing.await {
                    Ok(_) => reading.await,
                    Err(error) if is_in_the_way(&error, T::COLUMNS) => Err(Error::new(
                        ErrorKind::UniqueViolation,
                        "another row has the same value in a unique column that `on_conflict` does not name; \
                         choose another value",
                    )),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Whether the statement refused itself, because the row that is there has another target.
    fn is_in_the_way(error: &Error, target: &[&str]) -> bool {
        error.is(ErrorKind::NotNullViolation)
            && error
                .constraint()
                .is_some_and(|constraint| constraint.columns.iter().eq(target.first()))
    }

    fn by_last_id<M>() -> ByLastId<M>
    where
        M: Model + HasQuery<Diesel>,
        AnyRows<M, Diesel>: FilterDsl<HasLastId<M>>,
    {
        FilterDsl::filter(<M as HasQuery<Diesel>>::query(), HasLastId(PhantomData))
    }

    /// Whether a row's key is the one that the connection gave last: with a text that depends on the model
    /// alone, so that the statement stays prepared.
    #[derive(Debug, Clone, Copy)]
    pub struct HasLastId<M>(PhantomData<fn() -> M>);

    impl<M> Expression for HasLastId<M> {
        type SqlType = Bool;
    }

    impl<M: 'static> QueryId for HasLastId<M> {
        type QueryId = Self;
        const HAS_STATIC_QUERY_ID: bool = true;
    }

    impl<M: Model> QueryFragment<Diesel> for HasLastId<M> {
        fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Diesel>) -> QueryResult<()> {
            out.push_identifier(M::NUMBERED.unwrap_or_default())?;
            out.push_sql(" = LAST_INSERT_ID()");
            Ok(())
        }
    }

    impl<M, Source> AppearsOnTable<Source> for HasLastId<M> {}

    impl<M, Group> ValidGrouping<Group> for HasLastId<M> {
        type IsAggregate = is_aggregate::No;
    }
}
