//! The row that the database fills in altogether.

use std::marker::PhantomData;

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// `DEFAULT` for a column, where a row has no other value to write: an INSERT must name one. SQLite has no such word, and
/// gets what is in its place.
#[derive(Debug)]
pub struct Filled<C> {
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code))]
    sqlite: &'static str,
    column: PhantomData<fn() -> C>,
}

impl<C> Filled<C> {
    /// The default of the column `C`, which is `sqlite` on SQLite.
    #[must_use]
    pub fn new(sqlite: &'static str) -> Self {
        Self {
            sqlite,
            column: PhantomData,
        }
    }
}

impl<C: Expression> Expression for Filled<C> {
    type SqlType = C::SqlType;
}

// A column has one default, so its type tells the text.
impl<C: 'static> QueryId for Filled<C> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

#[cfg(feature = "sqlite")]
impl<C> QueryFragment<diesel::sqlite::Sqlite> for Filled<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()> {
        out.push_sql(self.sqlite);
        Ok(())
    }
}

macro_rules! default_word {
    ($feature:literal, $diesel:ty) => {
        #[cfg(feature = $feature)]
        impl<C> QueryFragment<$diesel> for Filled<C> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $diesel>) -> QueryResult<()> {
                out.push_sql("DEFAULT");
                Ok(())
            }
        }
    };
}

default_word!("postgres", diesel::pg::Pg);
default_word!("mysql", diesel::mysql::Mysql);

impl<C: Expression, Source: ?Sized> AppearsOnTable<Source> for Filled<C> {}
impl<C: Expression, Source: ?Sized> SelectableExpression<Source> for Filled<C> {}
impl<C, Group> ValidGrouping<Group> for Filled<C> {
    type IsAggregate = is_aggregate::Never;
}
