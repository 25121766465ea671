//! The one kind of question the runner asks: a column of texts.

use diesel::QueryResult;

/// Reads texts from an engine; part of [`Engine`](crate::Engine) and not for users.
#[doc(hidden)]
pub trait Queries: axum_db::Backend {
    /// The column `value` of a query.
    fn query_texts(
        conn: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = QueryResult<Vec<String>>> + Send;
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

macro_rules! impl_queries {
    ($($feature:literal => $engine:ident),*) => {$(
        #[cfg(feature = $feature)]
        impl Queries for axum_db::$engine {
            async fn query_texts(conn: &mut Self::Connection, sql: &str) -> QueryResult<Vec<String>> {
                let rows: Vec<Row> =
                    diesel_async::RunQueryDsl::load(diesel::sql_query(sql), conn).await?;
                Ok(rows.into_iter().map(|row| row.value).collect())
            }
        }
    )*};
}

impl_queries!("sqlite" => Sqlite, "postgres" => Postgres, "mysql" => Mysql);

/// A text as an SQL literal: versions are names of folders, so they can hold anything.
pub(super) fn literal(dialect: axum_db::Dialect, text: &str) -> String {
    let text = text.replace('\'', "''");
    match dialect {
        axum_db::Dialect::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
        axum_db::Dialect::Sqlite | axum_db::Dialect::Postgres => format!("'{text}'"),
    }
}
