//! A statement's SQL, and what it tells: whether it only reads.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Untyped;

use crate::pool::{only_reads, plain};
use crate::session::Purpose;
use crate::{Access, Backend, Error};

const LOCKS: [&str; 5] = [
    " FOR UPDATE",
    " FOR NO KEY UPDATE",
    " FOR SHARE",
    " FOR KEY SHARE",
    " LOCK IN SHARE MODE",
];

/// The SQL of a statement, without its values.
#[derive(Debug, Clone)]
pub struct Text {
    sql: Arc<str>,
    reads: bool,
    calls: bool,
}

thread_local! {
    /// The texts of the statements that have an id, by it and the backend: they are always the same, which is also
    /// what prepared statements rest on.
    static KNOWN: RefCell<HashMap<TypeId, Text>> = RefCell::default();
}

impl Text {
    /// Writes the SQL of `statement`, or finds it where it is known.
    pub(super) fn of<B: Backend, S>(statement: &S) -> Result<Self, Error>
    where
        S: QueryFragment<B::Diesel> + QueryId,
    {
        let key = S::HAS_STATIC_QUERY_ID.then(TypeId::of::<(S::QueryId, B)>);
        if let Some(known) = key.and_then(|key| KNOWN.with_borrow(|known| known.get(&key).cloned()))
        {
            return Ok(known);
        }
        let backend = B::Diesel::default();
        let mut builder = <B::Diesel as diesel::backend::Backend>::QueryBuilder::default();
        statement.to_sql(&mut builder, &backend)?;
        let sql = builder.finish();
        let reads = sql.starts_with("SELECT ") && !LOCKS.iter().any(|lock| sql.contains(lock));
        let calls = reads && !sql.contains(" FROM ");
        let text = Self {
            sql: sql.into(),
            reads,
            calls,
        };
        if let Some(key) = key
            && statement.is_safe_to_cache_prepared(&backend)?
        {
            KNOWN.with_borrow_mut(|known| known.insert(key, text.clone()));
        }
        Ok(text)
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// A query reads only if it is a SELECT without a locking clause, and not the user's own text. One without a table
    /// calls a function, which may leave something on the connection.
    pub(super) fn purpose<B: Backend, Q: Query<SqlType: 'static>>(&self) -> Purpose {
        if by_hand::<Q>() {
            return self.purpose_by_hand::<B>();
        }
        let access = if self.reads {
            Access::Read
        } else {
            Access::Write
        };
        Purpose {
            by_hand: self.calls,
            // One that locks rows does not, one that gives the rows it wrote does.
            writes: access == Access::Write && !only_reads(&self.sql),
            ..Purpose::from(access)
        }
    }

    /// What a statement without rows is for: one that may be the user's own text may do more than write them.
    pub(super) fn purpose_of_run<B: Backend, S: QueryId>(&self) -> Purpose {
        let first = self.sql.split_whitespace().next().unwrap_or_default();
        let writes_rows = ["INSERT", "UPDATE", "DELETE", "REPLACE"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word));
        if S::HAS_STATIC_QUERY_ID || writes_rows {
            Purpose::from(Access::Write)
        } else {
            self.purpose_by_hand::<B>()
        }
    }

    fn purpose_by_hand<B: Backend>(&self) -> Purpose {
        let sql = plain(&self.sql);
        Purpose {
            by_hand: true,
            writes: !only_reads(&sql),
            commits: B::commits(&sql),
            ..Purpose::from(Access::Write)
        }
    }
}

/// Whether the query is the user's own text.
fn by_hand<Q: Query<SqlType: 'static>>() -> bool {
    TypeId::of::<Q::SqlType>() == TypeId::of::<Untyped>()
}

/// A query and its text, which the connection need not write once more: that costs more than all else that a
/// session does for a statement.
#[derive(Debug)]
pub struct Written<Q> {
    pub(super) query: Q,
    pub(super) text: Text,
}

impl<Q: Query> Query for Written<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryId> QueryId for Written<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: QueryFragment<DB>, DB: diesel::backend::Backend> QueryFragment<DB> for Written<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }

    fn to_sql(&self, out: &mut DB::QueryBuilder, _backend: &DB) -> QueryResult<()> {
        out.push_sql(&self.text.sql);
        Ok(())
    }
}
