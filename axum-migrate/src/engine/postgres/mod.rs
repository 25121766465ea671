//! PostgreSQL.

mod left_behind;
mod names;
mod pieces;
mod scratch;

use std::collections::BTreeSet;

use axum_db::Postgres;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use futures_util::future::BoxFuture;

use self::names::{make_only_tables, named_schemas};
use super::{Engine, execute_all};
use crate::error::Error;
use crate::introspect;
use crate::schema::Schema;

/// The catalog's queries read much and run once: the server would compile them for longer than they take.
const LOOK_AT: &str = "SELECT set_config('axum_migrate.schemas', $1, false) \
     UNION ALL SELECT set_config('jit', 'off', false) FROM pg_settings WHERE name = 'jit'";

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
        scratch::scratch(conn, BTreeSet::new(), false, work).await
    }

    async fn make_room(conn: &mut Self::Connection) -> Result<(), Error> {
        pieces::make_room(conn).await
    }

    async fn scratch_schema(
        conn: &mut Self::Connection,
        statements: &[String],
    ) -> Result<Schema, Error> {
        let statements = statements.to_vec();
        let schemas = named_schemas(&statements);
        let temporary = make_only_tables(&statements);
        scratch::scratch(conn, schemas, temporary, move |conn| {
            Box::pin(async move {
                execute_all::<Self>(conn, &statements).await?;
                Self::introspect(conn).await
            })
        })
        .await
    }
}

fn json(names: &BTreeSet<String>) -> String {
    serde_json::json!(names).to_string()
}
