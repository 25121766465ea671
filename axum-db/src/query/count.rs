//! Statements about a query: how many rows it has, and whether it has any.

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Integer};

/// `SELECT COUNT(*) FROM (query)`.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Count<Q>(pub(super) Q);

impl<Q> Query for Count<Q> {
    type SqlType = BigInt;
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Count<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// `SELECT EXISTS (query)`.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Exists<Q>(pub(super) Q);

impl<Q> Query for Exists<Q> {
    type SqlType = Bool;
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Exists<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT EXISTS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// The selection `1`: rows are counted without their columns, whose names may collide in a subquery.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct One;

impl Expression for One {
    type SqlType = Integer;
}

impl<DB: Backend> QueryFragment<DB> for One {
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
