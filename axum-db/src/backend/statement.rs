//! INSERT as a statement of our own: of many rows at once, and of a row that may be there already. Diesel's
//! cannot put many rows into SQLite over an async connection, and knows MySQL's upsert under other types.

use diesel::backend::DieselReserveSpecialization;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use diesel::expression::Expression;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use diesel::query_builder::Query;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

use super::Dialect;

/// `INSERT INTO table (columns) VALUES (…), (…)`, and what happens where a row is there already.
#[derive(Debug)]
pub(super) struct Insertion<R> {
    pub(super) dialect: Dialect,
    pub(super) schema: Option<&'static str>,
    pub(super) table: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<R>,
    pub(super) conflict: Conflict,
}

/// What an [`Insertion`] does where a row is there already.
#[derive(Debug)]
pub(super) enum Conflict {
    /// It fails.
    Fail,
    /// It writes nothing. Not on MySQL, which would swallow other errors too.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    Ignore,
    /// Where that row has the same `target`, it writes `columns` of it; else it fails.
    Update {
        target: &'static [&'static str],
        columns: Vec<&'static str>,
    },
}

/// An [`Insertion`] with RETURNING.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[derive(Debug)]
pub(super) struct Returning<R, S> {
    pub(super) insertion: Insertion<R>,
    pub(super) selection: S,
}

impl<R> QueryId for Insertion<R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<R, S> QueryId for Returning<R, S> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<R, S: Expression> Query for Returning<R, S> {
    type SqlType = S::SqlType;
}

impl<R, Conn> diesel::RunQueryDsl<Conn> for Insertion<R> {}

impl<R, DB> QueryFragment<DB> for Insertion<R>
where
    R: QueryFragment<DB>,
    DB: diesel::backend::Backend + DieselReserveSpecialization,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if self.rows.len() > 1 {
            out.unsafe_to_cache_prepared(); // there is one statement for each number of rows
        }
        out.push_sql("INSERT INTO ");
        if let Some(schema) = self.schema {
            out.push_identifier(schema)?;
            out.push_sql(".");
        }
        out.push_identifier(self.table)?;
        out.push_sql(" (");
        list(&mut out, self.columns)?;
        for (at, row) in self.rows.iter().enumerate() {
            out.push_sql(if at == 0 { ") VALUES (" } else { "), (" });
            row.walk_ast(out.reborrow())?;
        }
        out.push_sql(")");
        match &self.conflict {
            Conflict::Fail => Ok(()),
            #[cfg(any(feature = "postgres", feature = "sqlite"))]
            Conflict::Ignore => {
                out.push_sql(" ON CONFLICT DO NOTHING");
                Ok(())
            }
            Conflict::Update { target, columns } if self.dialect == Dialect::Mysql => {
                on_duplicate_key(&mut out, target, columns)
            }
            Conflict::Update { target, columns } => {
                out.push_sql(" ON CONFLICT (");
                list(&mut out, target)?;
                out.push_sql(") DO UPDATE SET ");
                each(&mut out, columns, ", ", |out, column| {
                    out.push_identifier(column)?;
                    out.push_sql(" = excluded.");
                    out.push_identifier(column)
                })
            }
        }
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<R, S, DB> QueryFragment<DB> for Returning<R, S>
where
    Insertion<R>: QueryFragment<DB>,
    S: QueryFragment<DB>,
    DB: diesel::backend::Backend + DieselReserveSpecialization,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.insertion.walk_ast(out.reborrow())?;
        out.push_sql(" RETURNING ");
        self.selection.walk_ast(out)
    }
}

/// MySQL updates the row that is in the way, whatever unique column it is in the way of. Where that is not the
/// target, NULL in a column that has none refuses the whole statement.
fn on_duplicate_key<DB: diesel::backend::Backend>(
    out: &mut AstPass<'_, '_, DB>,
    target: &[&'static str],
    columns: &[&'static str],
) -> QueryResult<()> {
    let guard = target.first().copied().unwrap_or_default();
    out.push_sql(" ON DUPLICATE KEY UPDATE ");
    out.push_identifier(guard)?;
    out.push_sql(" = IF(");
    each(out, target, " AND ", |out, column| {
        out.push_identifier(column)?;
        out.push_sql(" <=> VALUES(");
        out.push_identifier(column)?;
        out.push_sql(")");
        Ok(())
    })?;
    out.push_sql(", ");
    out.push_identifier(guard)?;
    out.push_sql(", NULL), ");
    each(out, columns, ", ", |out, column| {
        out.push_identifier(column)?;
        out.push_sql(" = VALUES(");
        out.push_identifier(column)?;
        out.push_sql(")");
        Ok(())
    })
}

fn list<DB: diesel::backend::Backend>(
    out: &mut AstPass<'_, '_, DB>,
    columns: &[&'static str],
) -> QueryResult<()> {
    each(out, columns, ", ", |out, column| {
        out.push_identifier(column)
    })
}

fn each<'a, 'b, DB: diesel::backend::Backend>(
    out: &mut AstPass<'a, 'b, DB>,
    columns: &[&'static str],
    between: &str,
    push: impl Fn(&mut AstPass<'a, 'b, DB>, &'static str) -> QueryResult<()>,
) -> QueryResult<()> {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push_sql(between);
        }
        push(out, column)?;
    }
    Ok(())
}
