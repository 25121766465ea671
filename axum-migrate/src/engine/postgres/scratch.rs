//! The scratch place: a schema within a transaction that is rolled back.
//!
//! A transaction holds a lock for all that it makes, and the server has room for some thousand. What is too large is
//! therefore committed in pieces, as long as nothing but the scratch place was touched, and dropped in the end. Schemas
//! that are named in what runs are swapped for empty ones; each piece swaps them back before it is committed.
//!
//! Where tables are all there is to make, it is the temporary schema: the server waits for the disk with each index of
//! another one, which takes longer than all else.

use std::collections::BTreeSet;

use axum_db::{Backend, Dialect, Postgres};
use diesel::sql_types::{Array, Bool, Nullable, Text};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::json;
use super::left_behind::{Whose, is_there, remove};
use crate::error::Error;

type Connection = <Postgres as Backend>::Connection;
type Transactions = <Connection as AsyncConnection>::TransactionManager;

#[derive(QueryableByName)]
struct Here {
    /// A schema's name that no other connection takes at any time.
    #[diesel(sql_type = Text)]
    name: String,
    /// Whether the name tells the connection that it belongs to, which one that took another's role may not see.
    #[diesel(sql_type = Bool)]
    may_stay: bool,
    /// The schemas in which the names of types and functions are looked up.
    #[diesel(sql_type = Array<Text>)]
    path: Vec<String>,
    /// The first of them, in which things are created.
    #[diesel(sql_type = Nullable<Text>)]
    default_schema: Option<String>,
    /// The other schemas to read, as JSON; empty where that was not said.
    #[diesel(sql_type = Text)]
    others: String,
}

const HERE: &str = "SELECT 'axum_migrate_scratch_' || pid || '_' || coalesce(floor(extract(epoch FROM backend_start))::text, 'now') AS name, \
     backend_start IS NOT NULL AS may_stay, \
     current_schemas(false)::text[] AS path, current_schema()::text AS default_schema, \
     coalesce(current_setting('axum_migrate.schemas', true), '') AS others \
     FROM pg_stat_activity WHERE pid = pg_backend_pid()";

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    name: String,
    /// Whether there is more in it than extensions.
    #[diesel(sql_type = Bool)]
    is_own: bool,
    #[diesel(sql_type = Array<Text>)]
    extensions: Vec<String>,
}

const FOUND: &str = "SELECT n.nspname::text AS name, \
     NOT EXISTS (SELECT 1 FROM pg_extension e WHERE e.extnamespace = n.oid) OR EXISTS ( \
       SELECT 1 FROM (SELECT 'pg_class'::regclass AS class, oid FROM pg_class WHERE relnamespace = n.oid AND relkind NOT IN ('i', 'I') \
         UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = n.oid \
         UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = n.oid) o \
       WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid \
         AND d.deptype IN ('e', 'i'))) AS is_own, \
     array(SELECT e.extname::text FROM pg_extension e WHERE e.extnamespace = n.oid ORDER BY e.oid) AS extensions \
     FROM pg_namespace n WHERE n.nspname = ANY ($1)";

/// A scratch place that is open; kept in a setting of its transaction.
#[derive(Serialize, Deserialize)]
struct Place {
    /// Its schema, and the beginning of the names of all others that it makes.
    name: String,
    swapped: Vec<Swapped>,
    /// The schemas that are its own while it is open.
    own: BTreeSet<String>,
    /// What the rest of the database was at its beginning; none where it must stay within one transaction.
    outside: Option<String>,
}

/// A schema in whose place an empty one stands.
#[derive(Serialize, Deserialize)]
struct Swapped {
    name: String,
    /// The name of the one that was there.
    aside: Option<String>,
    /// The name of the empty one between two pieces.
    put_away: String,
}

/// A scratch place in which these schemas are empty, too; a `temporary` one finds no routines that are made there.
pub(super) async fn scratch<R, W>(
    conn: &mut Connection,
    schemas: BTreeSet<String>,
    temporary: bool,
    work: W,
) -> Result<R, Error>
where
    R: Send + 'static,
    W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<R, Error>> + Send,
{
    let failed = |error| Error::database("make a scratch schema", error);
    // Where that is refused, another program is at it, or will be allowed to.
    let _ = remove(conn, Whose::OfTheGone).await;
    Transactions::begin_transaction(conn)
        .await
        .map_err(failed)?;
    let outcome = match prepare(conn, schemas, temporary).await {
        Ok(()) => work(conn).await,
        Err(error) => Err(failed(error)),
    };
    let undone = async {
        Transactions::rollback_transaction(conn).await?;
        remove(conn, Whose::Own).await
    };
    match (outcome, undone.await) {
        (Ok(_), Err(error)) => Err(Error::database("remove the scratch schema", error)),
        (outcome, _) => outcome,
    }
}

/// Makes a schema, or uses the temporary one where that is not allowed, and looks there first.
///
/// Schemas that are named in what is about to run take another name until the end; they are made anew.
async fn prepare(
    conn: &mut Connection,
    schemas: BTreeSet<String>,
    temporary: bool,
) -> QueryResult<()> {
    let here: Here = sql_query(HERE).get_result(conn).await?;
    let told: Vec<String> = serde_json::from_str(&here.others).unwrap_or_default();
    let mut others: BTreeSet<String> = schemas.into_iter().chain(told).collect();
    let mut path = here.path;
    let found: Vec<Found> = sql_query(FOUND)
        .bind::<Array<Text>, _>(others.iter().cloned().collect::<Vec<_>>())
        .load(conn)
        .await?;
    // It has nothing to be empty of, and its types keep their names.
    let is_of_extensions = |name: &str| found.iter().any(|it| it.name == name && !it.is_own);
    others.retain(|name| !is_of_extensions(name));
    let mut place = Place {
        swapped: Vec::new(),
        own: others.clone(),
        outside: None,
        name: here.name,
    };
    let mut moved = false;
    for (at, schema) in others.iter().enumerate() {
        let it = found.iter().find(|it| it.name == *schema);
        let swapped = Swapped {
            name: schema.clone(),
            aside: it.map(|_| format!("{}_{at}", place.name.replacen("scratch", "aside", 1))),
            put_away: format!("{}_{at}", place.name),
        };
        conn.batch_execute(&swapped.set_aside()).await?;
        // What is made there is found before what was.
        if let Some(own) = path.iter().position(|own| own == schema) {
            path.splice(own + 1..own + 1, swapped.aside.clone());
        }
        let name = quote(schema);
        conn.batch_execute(&format!("CREATE SCHEMA {name}")).await?;
        for extension in it.iter().flat_map(|it| &it.extensions) {
            // Texts of functions may name it there. Where it cannot be moved, the search path still leads to it.
            let along = format!("ALTER EXTENSION {} SET SCHEMA {name}", quote(extension));
            moved |= attempt(conn, &along).await?;
        }
        place.swapped.push(swapped);
    }
    // What names the default schema finds it empty.
    let named = here.default_schema.filter(|default| others.remove(default));
    let first = match named {
        Some(default) => quote(&default),
        // A table of another schema may not refer to a temporary one.
        None => create(conn, &place.name, temporary && others.is_empty()).await?,
    };
    place.own.insert(place.name.clone());
    let path: String = path
        .iter()
        .map(|schema| format!(", {}", quote(schema)))
        .collect();
    conn.batch_execute(&format!("SET LOCAL search_path = {first}{path}"))
        .await?;
    set(conn, "schemas", &json(&others)).await?;
    if here.may_stay && !moved {
        place.outside = Some(outside(conn, &place).await?.catalogs);
    }
    set(conn, "scratch", &place.to_json()).await
}

/// Makes the schema, or the temporary one, whichever is preferred and then whichever is allowed; its name in SQL.
async fn create(conn: &mut Connection, name: &str, temporary: bool) -> QueryResult<String> {
    const TEMPORARY: &str = "pg_temp";
    // The temporary schema comes into being with the first table in it.
    const MAKE_TEMPORARY: &str = "CREATE TEMPORARY TABLE axum_migrate_scratch (); \
         DROP TABLE pg_temp.axum_migrate_scratch";
    if temporary && attempt(conn, MAKE_TEMPORARY).await? {
        return Ok(TEMPORARY.to_owned());
    }
    let name = quote(name);
    let make = format!(
        "CREATE SCHEMA {name}; \
         COMMENT ON SCHEMA {name} IS 'axum-migrate tries a schema here, and removes it at its end or its next run'"
    );
    if attempt(conn, &make).await? {
        return Ok(name);
    }
    conn.batch_execute(MAKE_TEMPORARY).await?;
    Ok(TEMPORARY.to_owned())
}

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
struct Outside {
    /// A digest of the catalogs' rows of everything but the scratch place.
    #[diesel(sql_type = Text)]
    catalogs: String,
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

async fn outside(conn: &mut Connection, place: &Place) -> QueryResult<Outside> {
    let own: Vec<&String> = place.own.iter().collect();
    sql_query(OUTSIDE)
        .bind::<Array<Text>, _>(own)
        .get_result(conn)
        .await
}

impl Place {
    fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

impl Swapped {
    /// Makes way for the empty one.
    fn set_aside(&self) -> String {
        self.aside
            .as_ref()
            .map(|aside| rename(&self.name, aside))
            .unwrap_or_default()
    }
}

fn rename(from: &str, to: &str) -> String {
    format!("ALTER SCHEMA {} RENAME TO {};", quote(from), quote(to))
}

/// Sets one of the tool's own settings for the transaction.
async fn set(conn: &mut Connection, name: &str, value: &str) -> QueryResult<()> {
    sql_query("SELECT set_config('axum_migrate.' || $1, $2, true)")
        .bind::<Text, _>(name)
        .bind::<Text, _>(value)
        .execute(conn)
        .await
        .map(drop)
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

/// Runs what may be refused without harm; whether it was not.
async fn attempt(conn: &mut Connection, sql: &str) -> QueryResult<bool> {
    Transactions::begin_transaction(conn).await?;
    if conn.batch_execute(sql).await.is_ok() {
        Transactions::commit_transaction(conn).await?;
        return Ok(true);
    }
    Transactions::rollback_transaction(conn).await?;
    Ok(false)
}

fn quote(name: &str) -> String {
    Dialect::Postgres.quote(name)
}
