//! A scratch place that is too large for one transaction is committed in pieces.
//!
//! A transaction holds a lock for all that it makes, and the server has room for some thousand. A piece is committed as
//! long as nothing but the scratch place was touched: what runs there may be anybody's SQL. It swaps the schemas back
//! before its end.

use diesel::sql_types::{Array, Bool, Text};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection, TransactionManager};

use super::left_behind::is_there;
use super::scratch::{Connection, Place, Transactions, rename, set};
use crate::error::Error;

#[derive(QueryableByName)]
struct Room {
    #[diesel(sql_type = Text)]
    place: String,
    /// Whether the transaction holds a quarter of all locks there are.
    #[diesel(sql_type = Bool)]
    is_full: bool,
    /// What was set within it.
    #[diesel(sql_type = Text)]
    settings: String,
}

const ROOM: &str = "SELECT coalesce(current_setting('axum_migrate.scratch', true), '') AS place, \
     (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()) * 4 > current_setting('max_locks_per_transaction')::int \
       * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int) AS is_full, \
     coalesce((SELECT string_agg(format('SET LOCAL %I = %L; ', name, current_setting(name)), '') FROM pg_settings \
       WHERE source = 'session' AND name <> 'search_path' AND name !~ '^transaction_'), '') \
     || 'SET LOCAL search_path = ' || current_setting('search_path') AS settings";

/// Commits the piece so far where it holds many locks and touched nothing but the scratch place.
pub(super) async fn make_room(conn: &mut Connection) -> Result<(), Error> {
    let failed = |error| Error::database("go on in the scratch schema", error);
    let room: Room = sql_query(ROOM).get_result(conn).await.map_err(failed)?;
    let place = serde_json::from_str::<Place>(&room.place);
    match place {
        Ok(place) if room.is_full => next_piece(conn, &place, &room.settings)
            .await
            .map_err(failed),
        _ => Ok(()),
    }
}

async fn next_piece(conn: &mut Connection, place: &Place, settings: &str) -> QueryResult<()> {
    let Some(before) = &place.outside else {
        return Ok(());
    };
    let now = outside(conn, place).await?;
    if now.is_written || now.catalogs != *before {
        return Ok(());
    }
    let mut schemas = String::new();
    for swapped in &place.swapped {
        if is_there(conn, &swapped.name).await? {
            schemas.push_str(&rename(&swapped.put_away, &swapped.name));
            let away = rename(&swapped.name, &swapped.put_away);
            conn.batch_execute(&away).await?;
        }
        if let Some(aside) = &swapped.aside {
            conn.batch_execute(&rename(aside, &swapped.name)).await?;
        }
    }
    let told: String = read(conn, "schemas").await?;
    Transactions::commit_transaction(conn).await?;
    Transactions::begin_transaction(conn).await?;
    // What a crash loses is of no use after it.
    conn.batch_execute("SET LOCAL synchronous_commit = off")
        .await?;
    for swapped in &place.swapped {
        conn.batch_execute(&swapped.set_aside()).await?;
    }
    conn.batch_execute(&schemas).await?;
    conn.batch_execute(settings).await?;
    set(conn, "schemas", &told).await?;
    set(conn, "scratch", &place.to_json()).await
}

#[derive(QueryableByName)]
pub(super) struct Outside {
    /// A digest of the catalogs' rows of everything but the scratch place.
    #[diesel(sql_type = Text)]
    pub(super) catalogs: String,
    /// Whether the transaction holds a lock there that a reader does not take.
    #[diesel(sql_type = Bool)]
    is_written: bool,
}

const OUTSIDE: &str = "\
WITH mine AS (SELECT oid FROM pg_namespace \
       WHERE nspname = ANY ($1) OR nspname ~ '^(pg_(catalog|toast|temp)|axum_migrate_scratch_)' OR nspname = 'information_schema'), \
     theirs AS (SELECT 'class' AS what, oid, xmin FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'proc', oid, xmin FROM pg_proc WHERE pronamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'type', oid, xmin FROM pg_type WHERE typnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'operator', oid, xmin FROM pg_operator WHERE oprnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'opclass', oid, xmin FROM pg_opclass WHERE opcnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'opfamily', oid, xmin FROM pg_opfamily WHERE opfnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'collation', oid, xmin FROM pg_collation WHERE collnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'config', oid, xmin FROM pg_ts_config WHERE cfgnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'dictionary', oid, xmin FROM pg_ts_dict WHERE dictnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'enum', e.oid, e.xmin FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid \
         WHERE t.typnamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'constraint', oid, xmin FROM pg_constraint WHERE connamespace NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT 'extension', oid, xmin FROM pg_extension \
       UNION ALL SELECT 'language', oid, xmin FROM pg_language \
       UNION ALL SELECT 'cast', oid, xmin FROM pg_cast \
       UNION ALL SELECT 'wrapper', oid, xmin FROM pg_foreign_data_wrapper \
       UNION ALL SELECT 'server', oid, xmin FROM pg_foreign_server \
       UNION ALL SELECT 'event', oid, xmin FROM pg_event_trigger \
       UNION ALL SELECT 'publication', oid, xmin FROM pg_publication \
       UNION ALL SELECT 'large', oid, xmin FROM pg_largeobject_metadata \
       UNION ALL SELECT 'default', oid, xmin FROM pg_default_acl \
       UNION ALL SELECT 'database', oid, xmin FROM pg_database WHERE datname = current_database() \
       UNION ALL SELECT 'setting', setrole, xmin FROM pg_db_role_setting \
         WHERE setdatabase IN (SELECT 0 UNION SELECT oid FROM pg_database WHERE datname = current_database()) \
       UNION ALL SELECT 'member', roleid, xmin FROM pg_auth_members), \
     lines AS (SELECT format('%s %s %s', what, oid, xmin) AS line FROM theirs \
       UNION ALL SELECT format('schema %s %s %s', oid, nspowner, nspacl) FROM pg_namespace \
         WHERE oid NOT IN (SELECT oid FROM mine) \
       UNION ALL SELECT format('role %s', r) FROM pg_roles r) \
SELECT coalesce(sum(hashtextextended(line, 0)::numeric), 0)::text AS catalogs, \
     EXISTS (SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid() \
       AND c.relnamespace NOT IN (SELECT oid FROM mine) AND l.locktype = 'relation' \
       AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')) AS is_written \
FROM lines";

pub(super) async fn outside(conn: &mut Connection, place: &Place) -> QueryResult<Outside> {
    let own: Vec<&String> = place.own.iter().collect();
    sql_query(OUTSIDE)
        .bind::<Array<Text>, _>(own)
        .get_result(conn)
        .await
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn read(conn: &mut Connection, name: &str) -> QueryResult<String> {
    let setting: Setting = sql_query("SELECT current_setting('axum_migrate.' || $1) AS value")
        .bind::<Text, _>(name)
        .get_result(conn)
        .await?;
    Ok(setting.value)
}
