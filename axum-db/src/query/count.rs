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

/// `SELECT COUNT(*) FROM (query)`, for queries in which not every row of the tables is one of the result.
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// use axum_db::{Error, Sqlite, query::Countable};
/// use diesel::query_builder::QueryId;
///
/// async fn is_long<'q, Q: QueryId + Countable<'q, Sqlite>>(query: Q, db: &'q Db) -> Result<bool, Error> {
///     Ok(query.count_rows(db).await? > 2)
/// }
///
/// assert!(is_long(users::table.select(users::name), &db).await?);
/// # Ok(())
/// # }
/// ```
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

/// The query with the number of its rows in place of them. Its one row is in any order.
type Counted<Q> = dsl::Order<dsl::Select<Q, RowCount>, One>;

impl<'q, Q, B> Countable<'q, B> for Q
where
    B: Backend,
    Q: SelectDsl<One> + SelectDsl<RowCount> + QueryFragment<B::Diesel> + QueryId + Send + 'q,
    dsl::Select<Q, One>: OrderDsl<One>,
    dsl::Select<Q, RowCount>: OrderDsl<One>,
    Counted<Q>: Loads<'q, B, i64>,
    Count<Q>: Loads<'q, B, i64>,
    Count<Bare<Q>>: Loads<'q, B, i64>,
{
    #[track_caller]
    fn count_rows<K: Bind>(
        self,
        db: &'q Db<B, K>,
    ) -> impl Future<Output = Result<u64, Error>> + Send {
        let counting = match Text::of::<B, Q>(&self) {
            // Only a DISTINCT query has another number of rows when it selects something else.
            Ok(text) if text.sql().starts_with("SELECT DISTINCT") => Ok(load(Count(self), db)),
            Ok(text) if is_cut(text.sql()) => {
                let bare = SelectDsl::<One>::select(self, One).order(One);
                Ok(load(Count(bare), db))
            }
            // A subquery is not always as fast as the count itself.
            Ok(_) => Ok(load(
                SelectDsl::<RowCount>::select(self, RowCount).order(One),
                db,
            )),
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

/// Whether a query groups its rows, leaves some out, or locks them, none of which a plain COUNT(*) does. A word
/// within a name or a subquery counts too, and costs no more than time.
fn is_cut(sql: &str) -> bool {
    const WORDS: [&str; 7] = [
        " GROUP BY ",
        " HAVING ",
        " LIMIT ",
        " OFFSET ",
        " FETCH ",
        " FOR ",
        " LOCK IN ",
    ];
    let sql = sql.to_ascii_uppercase();
    WORDS.iter().any(|word| sql.contains(word))
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

/// `COUNT(*)`, for a query that has no columns beside it.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct RowCount;

impl Expression for One {
    type SqlType = Integer;
}

impl Expression for RowCount {
    type SqlType = BigInt;
}

impl<DB: diesel::backend::Backend> QueryFragment<DB> for RowCount {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("COUNT(*)");
        Ok(())
    }
}

// The query's own GROUP BY is counted otherwise.
impl<GroupBy> ValidGrouping<GroupBy> for RowCount {
    type IsAggregate = is_aggregate::Never;
}

impl<Source: ?Sized> SelectableExpression<Source> for RowCount {}
impl<Source: ?Sized> AppearsOnTable<Source> for RowCount {}

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
