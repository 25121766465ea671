//! A query's text, written once: that costs more than all else that a request does for its session.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};

/// A query whose text is always the same, as its id says.
pub struct Kept<Q>(pub(super) Q);

thread_local! {
    /// By the query's id and the backend.
    static TEXTS: RefCell<HashMap<(TypeId, TypeId), Arc<str>>> = RefCell::default();
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryId> QueryId for Kept<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q, DB> QueryFragment<DB> for Kept<Q>
where
    Q: QueryFragment<DB> + QueryId,
    DB: Backend + 'static,
    DB::QueryBuilder: Default,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn to_sql(&self, out: &mut DB::QueryBuilder, backend: &DB) -> QueryResult<()> {
        let Some(id) = Q::query_id() else {
            return self.0.to_sql(out, backend);
        };
        let key = (id, TypeId::of::<DB>());
        if let Some(text) = TEXTS.with_borrow(|texts| texts.get(&key).cloned()) {
            out.push_sql(&text);
            return Ok(());
        }
        let mut writing = DB::QueryBuilder::default();
        self.0.to_sql(&mut writing, backend)?;
        let text: Arc<str> = writing.finish().into();
        out.push_sql(&text);
        TEXTS.with_borrow_mut(|texts| texts.insert(key, text));
        Ok(())
    }
}
