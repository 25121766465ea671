//! What tables a live database has, read from each engine's own catalogs.

use diesel::{QueryResult, QueryableByName, sql_types};
use diesel_async::RunQueryDsl;

use super::Backend;

/// What `Database::reflect` asks of an engine; not for users.
#[doc(hidden)]
pub trait Reflect: Sized {
    /// The columns of all tables, by table and place.
    fn columns(
        connection: &mut <Self as Backend>::Connection,
    ) -> impl Future<Output = QueryResult<Vec<Column>>> + Send
    where
        Self: Backend;

    /// The columns of all foreign keys, by table, key and place.
    fn references(
        connection: &mut <Self as Backend>::Connection,
    ) -> impl Future<Output = QueryResult<Vec<Reference>>> + Send
    where
        Self: Backend;
}

/// A column of a table.
#[derive(Debug, QueryableByName)]
pub struct Column {
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) table_name: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) column_name: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) sql_type: String,
    #[diesel(sql_type = sql_types::BigInt)]
    pub(crate) nullable: i64,
    /// The place in the primary key, from 1; 0 for none.
    #[diesel(sql_type = sql_types::BigInt)]
    pub(crate) key_position: i64,
}

/// A column of a foreign key.
#[derive(Debug, QueryableByName)]
pub struct Reference {
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) table_name: String,
    /// What the key's columns have in common.
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) key_name: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) column_name: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) target: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(crate) target_column: String,
}

macro_rules! reflect {
    ($feature:literal, $backend:ident, $columns:literal, $references:literal) => {
        #[cfg(feature = $feature)]
        impl Reflect for super::$backend {
            async fn columns(
                connection: &mut <Self as Backend>::Connection,
            ) -> QueryResult<Vec<Column>> {
                diesel::sql_query($columns).load(connection).await
            }

            async fn references(
                connection: &mut <Self as Backend>::Connection,
            ) -> QueryResult<Vec<Reference>> {
                diesel::sql_query($references).load(connection).await
            }
        }
    };
}

reflect!(
    "sqlite",
    Sqlite,
    "SELECT m.name AS table_name, c.name AS column_name, c.type AS sql_type, \
            (c.\"notnull\" = 0 AND c.pk = 0) AS nullable, c.pk AS key_position \
     FROM sqlite_master m JOIN pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' \
     ORDER BY m.name, c.cid",
    // Keys are numbered backwards; one without columns of its own references the primary key.
    "SELECT m.name AS table_name, CAST(k.id AS TEXT) AS key_name, k.\"from\" AS column_name, k.\"table\" AS target, \
            COALESCE(k.\"to\", (SELECT p.name FROM pragma_table_info(k.\"table\") p WHERE p.pk = k.seq + 1), '') \
                AS target_column \
     FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k \
     WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' \
     ORDER BY m.name, k.id DESC, k.seq"
);
reflect!(
    "postgres",
    Postgres,
    "SELECT c.relname::text AS table_name, a.attname::text AS column_name, \
            format_type(a.atttypid, a.atttypmod) AS sql_type, (NOT a.attnotnull)::int::bigint AS nullable, \
            COALESCE(array_position(k.conkey, a.attnum), 0)::bigint AS key_position \
     FROM pg_class c \
     JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition \
     ORDER BY c.relname, a.attnum",
    "SELECT c.relname::text AS table_name, k.conname::text AS key_name, a.attname::text AS column_name, \
            t.relname::text AS target, b.attname::text AS target_column \
     FROM pg_constraint k \
     JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition \
     JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() \
     JOIN pg_class t ON t.oid = k.confrelid \
     CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair(near, far, place) \
     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.near \
     JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.far \
     WHERE k.contype = 'f' \
     ORDER BY c.relname, k.conname, pair.place"
);
reflect!(
    "mysql",
    Mysql,
    "SELECT c.table_name AS table_name, c.column_name AS column_name, c.column_type AS sql_type, \
            CAST(c.is_nullable = 'YES' AS SIGNED) AS nullable, \
            CAST(COALESCE(k.ordinal_position, 0) AS SIGNED) AS key_position \
     FROM information_schema.columns c \
     JOIN information_schema.tables t \
         ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' \
     LEFT JOIN information_schema.key_column_usage k \
         ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name \
         AND k.constraint_name = 'PRIMARY' \
     WHERE c.table_schema = DATABASE() \
     ORDER BY c.table_name, c.ordinal_position",
    "SELECT k.table_name AS table_name, k.constraint_name AS key_name, k.column_name AS column_name, \
            k.referenced_table_name AS target, k.referenced_column_name AS target_column \
     FROM information_schema.key_column_usage k \
     WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL \
     ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
);
