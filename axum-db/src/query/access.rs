//! Whether a statement only reads.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;

use diesel::query_builder::{Query, QueryBuilder, QueryFragment, QueryId};
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

/// Whether the query is the user's own text.
pub(super) fn by_hand<Q: Query>() -> bool
where
    Q::SqlType: 'static,
{
    TypeId::of::<Q::SqlType>() == TypeId::of::<Untyped>()
}

/// Whether a statement may be the user's own text, and do more than write rows.
pub(super) fn may_alter<B: Backend, S: QueryFragment<B::Diesel> + QueryId>(
    statement: &S,
) -> Result<bool, Error> {
    if S::HAS_STATIC_QUERY_ID {
        return Ok(false);
    }
    let sql = sql::<B, S>(statement)?;
    let first = sql.split_whitespace().next().unwrap_or_default();
    Ok(!["INSERT", "UPDATE", "DELETE", "REPLACE"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word)))
}

thread_local! {
    /// What was found of the queries that have an id, by it: their text is always the same, which is also what
    /// prepared statements rest on.
    static KNOWN: RefCell<HashMap<TypeId, Access>> = RefCell::default();
}

/// A query reads only if it is a SELECT without a locking clause, and not the user's own text.
pub(super) fn of<B: Backend, Q>(query: &Q) -> Result<Access, Error>
where
    Q: Query<SqlType: 'static> + QueryFragment<B::Diesel> + QueryId,
{
    if by_hand::<Q>() {
        return Ok(Access::Write);
    }
    let id = Q::query_id();
    if let Some(known) = id.and_then(|id| KNOWN.with_borrow(|known| known.get(&id).copied())) {
        return Ok(known);
    }
    let sql = sql::<B, Q>(query)?;
    let reads = sql.starts_with("SELECT ") && !LOCKS.iter().any(|lock| sql.contains(lock));
    let access = if reads { Access::Read } else { Access::Write };
    if let Some(id) = id {
        KNOWN.with_borrow_mut(|known| known.insert(id, access));
    }
    Ok(access)
}
