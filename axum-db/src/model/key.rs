//! What a foreign key asks of its field, told in our words where it is not so.

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Bool;

use super::Model;

/// The type of the primary key of `M`. `#[model]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of the primary key of `{M}`",
    label = "a reference has the type of the key that it references",
    note = "a key of several columns is referenced above the struct: `#[model(foreign_key(first, second, references = {M}))]`"
)]
pub trait KeyOf<M: Model>: Sized {
    /// The value as the key.
    fn into_key(self) -> M::Id;

    /// The key as the value.
    fn from_key(key: M::Id) -> Self;
}

/// What two tables are joined on: a reference and the key that it references. Diesel's own `eq` would compare their types
/// as well, and say at length what [`KeyOf`] says in a line.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct SameKey<Reference, Key>(pub Reference, pub Key);

impl<Reference, Key> Expression for SameKey<Reference, Key> {
    type SqlType = Bool;
}

impl<Reference, Key, DB> QueryFragment<DB> for SameKey<Reference, Key>
where
    Reference: QueryFragment<DB>,
    Key: QueryFragment<DB>,
    DB: Backend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" = ");
        self.1.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<Reference, Key, GroupBy> ValidGrouping<GroupBy> for SameKey<Reference, Key> {
    type IsAggregate = is_aggregate::No;
}

impl<Reference, Key, Source> SelectableExpression<Source> for SameKey<Reference, Key> where
    Self: AppearsOnTable<Source>
{
}

impl<Reference, Key, Source> AppearsOnTable<Source> for SameKey<Reference, Key>
where
    Reference: AppearsOnTable<Source>,
    Key: AppearsOnTable<Source>,
{
}
