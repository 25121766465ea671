//! What is left of scratch places that were committed in pieces: at their end, or when the program was killed.

use axum_db::{Backend, Postgres};
use diesel::sql_types::{Bool, Text};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::runner::Queries as _;

type Connection = <Postgres as Backend>::Connection;

/// Whose scratch schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of this connection, which has no transaction open.
    Own,
    /// Of connections that have ended.
    OfTheGone,
}

/// The scratch schemas, each with the living connection that its name tells of, if there is one. Who may not see when
/// another's connection began takes it for the one that made them.
const LEFT_BEHIND: &str = "SELECT quote_ident(nspname) AS value FROM pg_namespace n \
     LEFT JOIN pg_stat_activity a ON a.pid::text = split_part(nspname, '_', 4) \
       AND coalesce(floor(extract(epoch FROM a.backend_start))::text, split_part(nspname, '_', 5)) \
         = split_part(nspname, '_', 5) \
     WHERE nspname ~ '^axum_migrate_scratch_[0-9]+_[0-9]+' AND pg_has_role(nspowner, 'USAGE') AND a.pid ";

/// What a schema holds that has locks of its own, with what others are part of after those.
const HELD: &str = "SELECT format('DROP %s IF EXISTS %s.%I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' \
       WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, \
       quote_ident(nspname), relname) AS value \
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
     WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ";

const IN_ORDER: &str = " ORDER BY EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = c.oid), relkind = 'S', c.oid DESC";

/// How many tables are dropped in one transaction: each takes the locks of its indexes along.
const PIECE: usize = 40;

/// Drops what is left behind, in pieces that need few locks.
pub(super) async fn remove(conn: &mut Connection, whose: Whose) -> QueryResult<()> {
    let holder = match whose {
        Whose::Own => "= pg_backend_pid()",
        Whose::OfTheGone => "IS NULL",
    };
    let left_behind = format!("{LEFT_BEHIND}{holder} ORDER BY nspname");
    for schema in Postgres::query_texts(conn, &left_behind).await? {
        let name = schema.replace('\'', "''");
        empty(conn, &format!("quote_ident(nspname) = '{name}'")).await?;
        conn.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))
            .await?;
    }
    if whose == Whose::Own {
        empty(conn, "n.oid = pg_my_temp_schema()").await?;
        conn.batch_execute("DISCARD TEMP").await?;
    }
    Ok(())
}

/// Drops what a schema holds.
async fn empty(conn: &mut Connection, which: &str) -> QueryResult<()> {
    let held = format!("{HELD}{which}{IN_ORDER}");
    let drops = Postgres::query_texts(conn, &held).await?;
    for piece in drops.chunks(PIECE) {
        // A script is one transaction.
        conn.batch_execute(&piece.join("; ")).await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = Bool)]
    there: bool,
}

/// Whether there is a schema of this name.
pub(super) async fn is_there(conn: &mut Connection, name: &str) -> QueryResult<bool> {
    let found: There =
        sql_query("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1) AS there")
            .bind::<Text, _>(name)
            .get_result(conn)
            .await?;
    Ok(found.there)
}
