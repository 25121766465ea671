//! The scratch place: a schema within a transaction that is rolled back.
//!
//! What is too large for one transaction is committed in pieces, and dropped in the end. Schemas that are named in what
//! runs are swapped for empty ones.
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
use super::left_behind::{Whose, remove};
use super::pieces::outside;
use crate::error::Error;

pub(super) type Connection = <Postgres as Backend>::Connection;
pub(super) type Transactions = <Connection as AsyncConnection>::TransactionManager;

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
pub(super) struct Place {
    /// Its schema, and the beginning of the names of all others that it makes.
    name: String,
    pub(super) swapped: Vec<Swapped>,
    /// The schemas that are its own while it is open.
    pub(super) own: BTreeSet<String>,
    /// What the rest of the database was at its beginning; none where it must stay within one transaction.
    pub(super) outside: Option<String>,
}

/// A schema in whose place an empty one stands.
#[derive(Serialize, Deserialize)]
pub(super) struct Swapped {
    pub(super) name: String,
    /// The name of the one that was there.
    pub(super) aside: Option<String>,
    /// The name of the empty one between two pieces.
    pub(super) put_away: String,
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

impl Place {
    pub(super) fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

impl Swapped {
    /// Makes way for the empty one.
    pub(super) fn set_aside(&self) -> String {
        self.aside
            .as_ref()
            .map(|aside| rename(&self.name, aside))
            .unwrap_or_default()
    }
}

pub(super) fn rename(from: &str, to: &str) -> String {
    format!("ALTER SCHEMA {} RENAME TO {};", quote(from), quote(to))
}

/// Sets one of the tool's own settings for the transaction.
pub(super) async fn set(conn: &mut Connection, name: &str, value: &str) -> QueryResult<()> {
    sql_query("SELECT set_config('axum_migrate.' || $1, $2, true)")
        .bind::<Text, _>(name)
        .bind::<Text, _>(value)
        .execute(conn)
        .await
        .map(drop)
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
