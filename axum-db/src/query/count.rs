//! Statements about a query: how many rows it has, and whether it has any.

use diesel::dsl;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::{OrderDsl, SelectDsl};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Integer};

use super::Loads;
use super::fetch::load;
use super::text::Text;
use crate::{Backend, Bind, Db, Error};

/// `SELECT COUNT(*) FROM (query)`.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Count<Q>(pub(super) Q);

impl<Q> Query for Count<Q> {
    type SqlType = BigInt;
}

impl<Q: QueryFragment<DB>, DB: diesel::backend::Backend> QueryFragment<DB> for Count<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// A query whose rows can be counted on the backend `B`; implemented for every query that fits.
#[diagnostic::on_unimplemented(
    message = "the rows of this query cannot be counted on the backend `{B}`",
    note = "tables, `Model::query()`, relations and joins can; for others write the count as a query of its own"
)]
pub trait Countable<'q, B: Backend>: Sized + Send {
    /// How many rows the query has.
    #[doc(hidden)]
    fn count_rows<K: Bind>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<u64, Error>> + Send;
}

/// A query's rows without their columns, whose names may collide in a subquery, and in no order, which would
/// be work for nothing.
type Bare<Q> = dsl::Order<dsl::Select<Q, One>, One>;

impl<'q, Q, B> Countable<'q, B> for Q
where
    B: Backend,
    Q: SelectDsl<One> + QueryFragment<B::Diesel> + QueryId + Send + 'q,
    dsl::Select<Q, One>: OrderDsl<One>,
    Count<Q>: Loads<'q, B, i64>,
    Count<Bare<Q>>: Loads<'q, B, i64>,
{
    #[track_caller]
    fn count_rows<K: Bind>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<u64, Error>> + Send {
        // Only a DISTINCT query has another number of rows when it selects something else.
        let counting = match Text::of::<B, Q>(&self) {
            Ok(text) if text.sql().starts_with("SELECT DISTINCT") => Ok(load(Count(self), db)),
            Ok(_) => Ok(load(Count(self.select(One).order(One)), db)),
            Err(error) => Err(error),
        };
        async move {
            let counted: Vec<i64> = counting?.await?;
            let count = counted.into_iter().next();
            Ok(count
                .and_then(|count| u64::try_from(count).ok())
                .unwrap_or(0))
        }
    }
}

/// `SELECT EXISTS (query)`.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Exists<Q>(pub(super) Q);

impl<Q> Query for Exists<Q> {
    type SqlType = Bool;
}

impl<Q: QueryFragment<DB>, DB: diesel::backend::Backend> QueryFragment<DB> for Exists<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT EXISTS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// `1`: as a selection a constant; as an order the first thing selected, which is that constant.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct One;

impl Expression for One {
    type SqlType = Integer;
}

impl<DB: diesel::backend::Backend> QueryFragment<DB> for One {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("1");
        Ok(())
    }
}

impl<GroupBy> ValidGrouping<GroupBy> for One {
    type IsAggregate = is_aggregate::Never;
}

impl<Source: ?Sized> SelectableExpression<Source> for One {}
impl<Source: ?Sized> AppearsOnTable<Source> for One {}
