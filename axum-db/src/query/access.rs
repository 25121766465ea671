//! Whether a statement only reads.

use std::any::TypeId;

use diesel::query_builder::{Query, QueryBuilder, QueryFragment};
use diesel::sql_types::Untyped;

use crate::{Access, Backend, Error};

const LOCKS: [&str; 5] = [
    " FOR UPDATE",
    " FOR NO KEY UPDATE",
    " FOR SHARE",
    " FOR KEY SHARE",
    " LOCK IN SHARE MODE",
];

/// The SQL of a query, without its values.
pub(super) fn sql<B: Backend, Q: QueryFragment<B::Diesel>>(query: &Q) -> Result<String, Error> {
    let mut builder = <B::Diesel as diesel::backend::Backend>::QueryBuilder::default();
    query.to_sql(&mut builder, &B::Diesel::default())?;
    Ok(builder.finish())
}

/// A query reads only if it is a SELECT without a locking clause, and not the user's own text.
pub(super) fn of<Q: Query>(sql: &str) -> Access
where
    Q::SqlType: 'static,
{
    let written_by_hand = TypeId::of::<Q::SqlType>() == TypeId::of::<Untyped>();
    if !written_by_hand
        && sql.starts_with("SELECT ")
        && !LOCKS.iter().any(|lock| sql.contains(lock))
    {
        Access::Read
    } else {
        Access::Write
    }
}
