//! MySQL and MariaDB.

use axum_db::{Dialect, Mysql};
use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::BoxFuture;

use super::Engine;
use crate::error::{Error, ErrorKind};
use crate::introspect;
use crate::schema::Schema;

#[derive(QueryableByName)]
struct Place {
    /// A database's name that no other connection takes at the same time.
    #[diesel(sql_type = Text)]
    name: String,
    /// The database to go back to.
    #[diesel(sql_type = Nullable<Text>)]
    home: Option<String>,
    #[diesel(sql_type = Text)]
    charset: String,
    #[diesel(sql_type = Text)]
    collation: String,
}

const PLACE: &str = "SELECT CONCAT('axum_migrate_scratch_of_', CONNECTION_ID()) AS name, \
     CAST(DATABASE() AS CHAR) AS home, CAST(@@character_set_database AS CHAR) AS charset, \
     CAST(@@collation_database AS CHAR) AS collation";

/// The scratch databases of programs that were killed: those that live hold a lock of the same name.
const LEFT_BEHIND: &str = "SELECT schema_name AS name FROM information_schema.schemata \
     WHERE schema_name LIKE 'axum\\_migrate\\_scratch\\_of\\_%' AND IS_FREE_LOCK(schema_name)";

/// The sequences of the database that the scratch place stands in for (MariaDB).
const SEQUENCES: &str = "SELECT CAST(TABLE_NAME AS CHAR) AS name FROM information_schema.TABLES \
     WHERE TABLE_SCHEMA = @axum_migrate_home AND TABLE_TYPE = 'SEQUENCE'";

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Engine for Mysql {
    async fn introspect(conn: &mut Self::Connection) -> Result<Schema, Error> {
        introspect::mysql::introspect(conn).await
    }

    async fn furnish(conn: &mut Self::Connection) -> Result<(), Error> {
        let failed = |error| Error::database("make the sequences of the MySQL database", error);
        let sequences: Vec<Named> = sql_query(SEQUENCES).load(conn).await.map_err(failed)?;
        for Named { name } in sequences {
            let name = Dialect::Mysql.quote(&name);
            let make = format!("CREATE SEQUENCE IF NOT EXISTS {name}");
            conn.batch_execute(&make).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn scratch<R, W>(conn: &mut Self::Connection, work: W) -> Result<R, Error>
    where
        R: Send + 'static,
        W: for<'c> FnOnce(&'c mut Self::Connection) -> BoxFuture<'c, Result<R, Error>> + Send,
    {
        let failed = |error| Error::database("look at the MySQL database", error);
        let place: Place = sql_query(PLACE).get_result(conn).await.map_err(failed)?;
        let Some(home) = &place.home else {
            return Err(Error::new(
                ErrorKind::Usage,
                "the connection has no current database; name one in the URL, as in mysql://user@host/name",
            ));
        };
        let (scratch, home) = (
            Dialect::Mysql.quote(&place.name),
            Dialect::Mysql.quote(home),
        );
        let lock = format!("DO GET_LOCK('{}', 0)", place.name);
        conn.batch_execute(&lock).await.map_err(failed)?;
        let left_behind: Vec<Named> = sql_query(LEFT_BEHIND).load(conn).await.map_err(failed)?;
        for Named { name } in left_behind {
            // Another program may be doing the same.
            let drop = format!("DROP DATABASE IF EXISTS {}", Dialect::Mysql.quote(&name));
            let _ = conn.batch_execute(&drop).await;
        }
        let prepare = format!(
            "SET @axum_migrate_home = DATABASE(); DROP DATABASE IF EXISTS {scratch}; \
             CREATE DATABASE {scratch} CHARACTER SET {} COLLATE {}; USE {scratch}",
            place.charset, place.collation
        );
        let outcome = match conn.batch_execute(&prepare).await {
            Ok(()) => work(conn).await,
            Err(error) => Err(refused(&place.name, error)),
        };
        let leave = format!(
            "USE {home}; DROP DATABASE IF EXISTS {scratch}; DO RELEASE_LOCK('{}')",
            place.name
        );
        match (outcome, conn.batch_execute(&leave).await) {
            (Ok(_), Err(error)) => Err(Error::database(
                &format!("remove the scratch database {scratch}"),
                error,
            )),
            (outcome, _) => outcome,
        }
    }
}

fn refused(name: &str, error: diesel::result::Error) -> Error {
    Error::new(
        ErrorKind::Database,
        format!(
            "could not make the scratch database {name}, in which the server is asked how it understands the \
             models: {error}; run as an administrator: \
             GRANT ALL ON `axum\\_migrate\\_scratch\\_%`.* TO your user"
        ),
    )
    .with_source(error)
}
