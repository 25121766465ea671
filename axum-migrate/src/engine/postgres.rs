//! PostgreSQL.

use std::collections::BTreeSet;

use axum_db::{Dialect, Postgres};
use diesel::sql_types::{Array, Bool, Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use futures_util::future::BoxFuture;

use super::Engine;
use crate::error::Error;
use crate::introspect;
use crate::schema::Schema;
use crate::token::{Kind, tokens};

type Transactions<C> = <C as AsyncConnection>::TransactionManager;

#[derive(QueryableByName)]
struct Place {
    /// A schema's name that no other connection takes at the same time.
    #[diesel(sql_type = Text)]
    name: String,
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

const PLACE: &str = "SELECT 'axum_migrate_scratch_' || pg_backend_pid() AS name, \
     current_schemas(false)::text[] AS path, current_schema()::text AS default_schema, \
     coalesce(current_setting('axum_migrate.schemas', true), '') AS others";

/// The catalog's queries read much and run once: the server would compile them for longer than they take.
const LOOK_AT: &str = "SELECT set_config('axum_migrate.schemas', $1, false) \
     UNION ALL SELECT set_config('jit', 'off', false) FROM pg_settings WHERE name = 'jit'";

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

impl Engine for Postgres {
    async fn introspect(conn: &mut Self::Connection) -> Result<Schema, Error> {
        introspect::postgres::introspect(conn).await
    }

    async fn look_at(conn: &mut Self::Connection, statements: &[String]) -> Result<(), Error> {
        let schemas = named_schemas(statements);
        sql_query(LOOK_AT)
            .bind::<Text, _>(json(&schemas))
            .execute(conn)
            .await
            .map_err(|error| Error::database("choose the schemas to read", error))?;
        Ok(())
    }

    async fn scratch<R, W>(conn: &mut Self::Connection, work: W) -> Result<R, Error>
    where
        R: Send + 'static,
        W: for<'c> FnOnce(&'c mut Self::Connection) -> BoxFuture<'c, Result<R, Error>> + Send,
    {
        scratch(conn, BTreeSet::new(), work).await
    }

    async fn scratch_schema(
        conn: &mut Self::Connection,
        statements: &[String],
    ) -> Result<Schema, Error> {
        let statements = statements.to_vec();
        scratch(conn, named_schemas(&statements), move |conn| {
            Box::pin(async move {
                for statement in &statements {
                    <Self as Engine>::execute(conn, statement).await?;
                }
                Self::introspect(conn).await
            })
        })
        .await
    }
}

/// A scratch place in which these schemas are empty, too.
async fn scratch<R, W>(
    conn: &mut <Postgres as axum_db::Backend>::Connection,
    schemas: BTreeSet<String>,
    work: W,
) -> Result<R, Error>
where
    R: Send + 'static,
    W: for<'c> FnOnce(
            &'c mut <Postgres as axum_db::Backend>::Connection,
        ) -> BoxFuture<'c, Result<R, Error>>
        + Send,
{
    let failed = |error| Error::database("make a scratch schema", error);
    Transactions::<<Postgres as axum_db::Backend>::Connection>::begin_transaction(conn)
        .await
        .map_err(failed)?;
    let outcome = match prepare(conn, schemas).await {
        Ok(()) => work(conn).await,
        Err(error) => Err(failed(error)),
    };
    let undone =
        Transactions::<<Postgres as axum_db::Backend>::Connection>::rollback_transaction(conn)
            .await;
    match (outcome, undone) {
        (Ok(_), Err(error)) => Err(Error::database("remove the scratch schema", error)),
        (outcome, _) => outcome,
    }
}

/// Makes a schema, or uses the temporary one where that is not allowed, and looks there first.
///
/// Schemas that are named in what is about to run take another name until the end; they are made anew.
async fn prepare<C>(conn: &mut C, schemas: BTreeSet<String>) -> diesel::QueryResult<()>
where
    C: AsyncConnection<Backend = diesel::pg::Pg>,
{
    let place: Place = sql_query(PLACE).get_result(conn).await?;
    let told: Vec<String> = serde_json::from_str(&place.others).unwrap_or_default();
    let mut others: BTreeSet<String> = schemas.into_iter().chain(told).collect();
    let mut path = place.path;
    let found: Vec<Found> = sql_query(FOUND)
        .bind::<Array<Text>, _>(others.iter().cloned().collect::<Vec<_>>())
        .load(conn)
        .await?;
    // It has nothing to be empty of, and its types keep their names.
    let is_of_extensions = |name: &str| found.iter().any(|it| it.name == name && !it.is_own);
    others.retain(|name| !is_of_extensions(name));
    for (at, schema) in others.iter().enumerate() {
        let name = quote(schema);
        if found.iter().any(|it| it.name == *schema) {
            let aside = format!("{}_{at}", place.name);
            conn.batch_execute(&format!("ALTER SCHEMA {name} RENAME TO {aside}"))
                .await?;
            // What is made there is found before what was.
            if let Some(own) = path.iter().position(|own| own == schema) {
                path.insert(own + 1, aside);
            }
        }
        conn.batch_execute(&format!("CREATE SCHEMA {name}")).await?;
        let extensions = found.iter().filter(|it| it.name == *schema);
        for extension in extensions.flat_map(|it| &it.extensions) {
            // Texts of functions may name it there. Where it cannot be moved, the search path still leads to it.
            let along = format!("ALTER EXTENSION {} SET SCHEMA {name}", quote(extension));
            attempt(conn, &along).await?;
        }
    }
    // What names the default schema finds it empty.
    let named = place
        .default_schema
        .filter(|default| others.remove(default));
    let first = match named {
        Some(default) => quote(&default),
        None => create(conn, &place.name).await?,
    };
    let path: String = path
        .iter()
        .map(|schema| format!(", {}", quote(schema)))
        .collect();
    conn.batch_execute(&format!("SET LOCAL search_path = {first}{path}"))
        .await?;
    sql_query("SELECT set_config('axum_migrate.schemas', $1, true)")
        .bind::<Text, _>(json(&others))
        .execute(conn)
        .await?;
    Ok(())
}

async fn create<C>(conn: &mut C, name: &str) -> diesel::QueryResult<String>
where
    C: AsyncConnection<Backend = diesel::pg::Pg>,
{
    let name = quote(name);
    if attempt(conn, &format!("CREATE SCHEMA {name}")).await? {
        return Ok(name);
    }
    // The temporary schema comes into being with the first table in it.
    conn.batch_execute(
        "CREATE TEMPORARY TABLE axum_migrate_scratch (); DROP TABLE pg_temp.axum_migrate_scratch",
    )
    .await?;
    Ok("pg_temp".to_owned())
}

/// Runs a statement that may be refused without harm; whether it was not.
async fn attempt<C>(conn: &mut C, sql: &str) -> diesel::QueryResult<bool>
where
    C: AsyncConnection<Backend = diesel::pg::Pg>,
{
    Transactions::<C>::begin_transaction(conn).await?;
    if conn.batch_execute(sql).await.is_ok() {
        Transactions::<C>::commit_transaction(conn).await?;
        return Ok(true);
    }
    Transactions::<C>::rollback_transaction(conn).await?;
    Ok(false)
}

fn quote(name: &str) -> String {
    Dialect::Postgres.quote(name)
}

fn json(names: &BTreeSet<String>) -> String {
    serde_json::json!(names).to_string()
}

/// The schemas that the statements create, or create a table or type in.
fn named_schemas(statements: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in statements {
        let tokens = tokens(statement);
        let word = |at: usize| {
            let token = tokens.get(at).filter(|token| token.kind == Kind::Word);
            token.map(|token| token.text.to_uppercase())
        };
        for at in 0..tokens.len() {
            let kind = word(at).unwrap_or_default();
            let is_created = |words: &[&str]| {
                at >= 1
                    && word(at - 1).is_some_and(|before| {
                        words.contains(&before.as_str())
                            && (before == "CREATE"
                                || at >= 2 && word(at - 2).as_deref() == Some("CREATE"))
                    })
            };
            let is_name_of = match kind.as_str() {
                "SCHEMA" => is_created(&["CREATE"]),
                "TABLE" => is_created(&["CREATE", "UNLOGGED"]),
                "TYPE" => is_created(&["CREATE"]),
                _ => false,
            };
            if !is_name_of {
                continue;
            }
            let words: Vec<String> = (at + 1..at + 4).filter_map(word).collect();
            let is_guarded = words == ["IF", "NOT", "EXISTS"];
            let name = if is_guarded { at + 4 } else { at + 1 };
            let is_divided = tokens
                .get(name + 1)
                .is_some_and(|token| token.is_symbol("."));
            if (kind == "SCHEMA" || is_divided)
                && let Some(token) = tokens.get(name)
                && let Some(schema) = token.identifier()
            {
                found.insert(match token.kind {
                    Kind::Word => schema.to_lowercase(),
                    _ => schema,
                });
            }
        }
    }
    found.retain(|schema| !schema.starts_with("pg_") && schema != "authorization");
    found
}

#[cfg(test)]
mod tests {
    use super::named_schemas;

    #[test]
    fn schemas_are_those_in_which_something_is_created() {
        let names =
            |sql: &str| -> Vec<String> { named_schemas(&[sql.to_owned()]).into_iter().collect() };
        for (sql, found) in [
            (
                "CREATE SCHEMA audit; CREATE TABLE t (a.b int)",
                vec!["audit"],
            ),
            ("create schema if not exists \"Au.dit\"", vec!["Au.dit"]),
            (
                "CREATE UNLOGGED TABLE IF NOT EXISTS Log . entries (id int)",
                vec!["log"],
            ),
            (
                "CREATE TYPE audit.mood AS ENUM ('CREATE TABLE x.y')",
                vec!["audit"],
            ),
            ("-- CREATE TABLE no.no\nALTER TABLE a.b ADD c int", vec![]),
            ("CREATE TABLE pg_temp.t ()", vec![]),
        ] {
            assert_eq!(names(sql), found, "{sql}");
        }
    }
}
