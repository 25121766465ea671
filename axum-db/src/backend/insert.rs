//! Writing a row and reading it back: RETURNING, or a second statement where there is none.

use diesel::associations::HasTable;
use diesel::query_builder::InsertStatement;
use diesel::{Insertable, dsl};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use diesel::{Selectable, SelectableHelper};

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::query::Fetch;
use crate::query::{Insert, Loads, NewRecord};
use crate::{Bind, Db, Error};

type Table<N> = <<N as NewRecord>::Model as HasTable>::Table;
type Statement<N> = InsertStatement<Table<N>, <N as Insertable<Table<N>>>::Values>;

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
    };
}

insert_returning!("sqlite", super::Sqlite, diesel::sqlite::Sqlite);
insert_returning!("postgres", super::Postgres, diesel::pg::Pg);

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::HasQuery;
    use diesel::expression::SqlLiteral;
    use diesel::mysql::Mysql as Diesel;
    use diesel::query_builder::{QueryFragment, QueryId};
    use diesel::query_dsl::methods::FilterDsl;
    use diesel::sql_types::Bool;
    use diesel_async::RunQueryDsl;

    use super::super::{Dialect, Mysql};
    use super::{
        Bind, Db, Error, HasTable, Insert, Insertable, Loads, NewRecord, Statement, Table, dsl,
    };
    use crate::Access;
    use crate::model::Model;
    use crate::query::{AnyRows, FindById};

    type ByLastId<M> = dsl::Filter<AnyRows<M, Diesel>, SqlLiteral<Bool>>;

    impl<N> Insert<N> for Mysql
    where
        N: NewRecord + Insertable<Table<N>>,
        N::Model: FindById<Self> + HasQuery<Diesel>,
        Statement<N>: QueryFragment<Diesel> + QueryId + Send + 'static,
        AnyRows<N::Model, Diesel>: FilterDsl<SqlLiteral<Bool>>,
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
            let leasing = db.lease(Access::Write);
            Box::pin(async move {
                let mut lease = leasing.await?;
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
                let mut rows: Vec<N::Model> = lease.end(outcome)?;
                let row = match id {
                    Some(id) => N::Model::find_by_id(id, db).await?,
                    None => rows.pop(),
                };
                row.ok_or_else(|| diesel::result::Error::NotFound.into())
            })
        }
    }

    fn by_last_id<M>() -> ByLastId<M>
    where
        M: Model + HasQuery<Diesel>,
        AnyRows<M, Diesel>: FilterDsl<SqlLiteral<Bool>>,
    {
        let column = M::PRIMARY_KEY.first().copied().unwrap_or_default();
        let condition = format!("{} = LAST_INSERT_ID()", Dialect::Mysql.quote(column));
        FilterDsl::filter(
            <M as HasQuery<Diesel>>::query(),
            dsl::sql::<Bool>(&condition),
        )
    }
}
