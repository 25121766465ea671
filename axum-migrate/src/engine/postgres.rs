//! PostgreSQL.

use axum_db::Postgres;
use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use futures_util::future::BoxFuture;

use super::Engine;
use crate::error::Error;
use crate::introspect;
use crate::schema::Schema;

type Transactions<C> = <C as AsyncConnection>::TransactionManager;

#[derive(QueryableByName)]
struct Place {
    /// A schema's name that no other connection takes at the same time.
    #[diesel(sql_type = Text)]
    name: String,
    /// The schemas in which the names of types and functions are looked up.
    #[diesel(sql_type = Text)]
    path: String,
}

const PLACE: &str = "SELECT quote_ident('axum_migrate_scratch_' || pg_backend_pid()) AS name, \
     coalesce((SELECT string_agg(', ' || quote_ident(s), '' ORDER BY n) \
     FROM unnest(current_schemas(false)) WITH ORDINALITY u(s, n)), '') AS path";

impl Engine for Postgres {
    async fn introspect(conn: &mut Self::Connection) -> Result<Schema, Error> {
        introspect::postgres::introspect(conn).await
    }

    async fn scratch<R, W>(conn: &mut Self::Connection, work: W) -> Result<R, Error>
    where
        R: Send + 'static,
        W: for<'c> FnOnce(&'c mut Self::Connection) -> BoxFuture<'c, Result<R, Error>> + Send,
    {
        let failed = |error| Error::database("make a scratch schema", error);
        Transactions::<Self::Connection>::begin_transaction(conn)
            .await
            .map_err(failed)?;
        let outcome = match prepare(conn).await {
            Ok(()) => work(conn).await,
            Err(error) => Err(failed(error)),
        };
        let undone = Transactions::<Self::Connection>::rollback_transaction(conn).await;
        match (outcome, undone) {
            (Ok(_), Err(error)) => Err(Error::database("remove the scratch schema", error)),
            (outcome, _) => outcome,
        }
    }
}

/// Makes a schema, or uses the temporary one where that is not allowed, and looks there first.
async fn prepare<C>(conn: &mut C) -> diesel::QueryResult<()>
where
    C: AsyncConnection<Backend = diesel::pg::Pg>,
{
    let place: Place = sql_query(PLACE).get_result(conn).await?;
    Transactions::<C>::begin_transaction(conn).await?;
    let name = match conn
        .batch_execute(&format!("CREATE SCHEMA {}", place.name))
        .await
    {
        Ok(()) => {
            Transactions::<C>::commit_transaction(conn).await?;
            place.name
        }
        Err(_) => {
            Transactions::<C>::rollback_transaction(conn).await?;
            // The temporary schema comes into being with the first table in it.
            conn.batch_execute(
                "CREATE TEMPORARY TABLE axum_migrate_scratch (); DROP TABLE pg_temp.axum_migrate_scratch",
            )
            .await?;
            "pg_temp".to_owned()
        }
    };
    conn.batch_execute(&format!("SET LOCAL search_path = {name}{}", place.path))
        .await
}
