//! What an engine's catalog tells `create_all` and `drop_all`.

use diesel::{QueryResult, QueryableByName, sql_types};
use diesel_async::RunQueryDsl;

use crate::backend::Backend;

/// What a database's catalog is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Objects {
    /// The tables; those of another schema than the connection's with its name.
    Tables,
    /// The schemas, on the engines that have them.
    Schemas,
    /// The types of enums, on the engines where they are things of their own; those of another schema than the
    /// connection's with its name.
    Types,
    /// Those of them that no column has.
    UnusedTypes,
}

/// What `create_all` and `drop_all` ask of an engine; not for users.
#[doc(hidden)]
pub trait Catalog: Sized {
    /// The names of the objects that exist.
    fn names(
        objects: Objects,
        connection: &mut <Self as Backend>::Connection,
    ) -> impl Future<Output = QueryResult<Vec<String>>> + Send
    where
        Self: Backend;
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

macro_rules! catalog {
    ($feature:literal, $backend:ident, $tables:literal $(, $schemas:literal, $types:literal, $unused:literal)?) => {
        #[cfg(feature = $feature)]
        impl Catalog for crate::backend::$backend {
            async fn names(
                objects: Objects,
                connection: &mut <Self as Backend>::Connection,
            ) -> QueryResult<Vec<String>> {
                let sql = match objects {
                    Objects::Tables => $tables,
                    $(Objects::Schemas => $schemas,
                    Objects::Types => $types,
                    Objects::UnusedTypes => concat!($types, " AND ", $unused),)?
                    #[allow(unreachable_patterns)]
                    Objects::Schemas | Objects::Types | Objects::UnusedTypes => return Ok(Vec::new()),
                };
                let objects: Vec<Named> = diesel::sql_query(sql).load(connection).await?;
                Ok(objects.into_iter().map(|object| object.name).collect())
            }
        }
    };
}

catalog!(
    "sqlite",
    Sqlite,
    "SELECT name FROM sqlite_master WHERE type = 'table'"
);
catalog!(
    "postgres",
    Postgres,
    "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema() \
     UNION ALL SELECT table_schema || '.' || table_name FROM information_schema.tables",
    "SELECT nspname::text AS name FROM pg_namespace",
    "SELECT k.name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
     CROSS JOIN LATERAL (VALUES (n.nspname || '.' || t.typname, true), (t.typname::text, n.nspname = current_schema())) \
     k (name, known) WHERE t.typtype = 'e' AND k.known",
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_type'::regclass \
     AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n')"
);
catalog!(
    "mysql",
    Mysql,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()"
);
