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

const PLACE: &str = "SELECT CONCAT('axum_migrate_scratch_', CONNECTION_ID()) AS name, \
     CAST(DATABASE() AS CHAR) AS home, CAST(@@character_set_database AS CHAR) AS charset, \
     CAST(@@collation_database AS CHAR) AS collation";

impl Engine for Mysql {
    async fn introspect(conn: &mut Self::Connection) -> Result<Schema, Error> {
        introspect::mysql::introspect(conn).await
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
        let prepare = format!(
            "DROP DATABASE IF EXISTS {scratch}; CREATE DATABASE {scratch} CHARACTER SET {} COLLATE {}; USE {scratch}",
            place.charset, place.collation
        );
        let outcome = match conn.batch_execute(&prepare).await {
            Ok(()) => work(conn).await,
            Err(error) => Err(refused(&place.name, error)),
        };
        let leave = format!("USE {home}; DROP DATABASE IF EXISTS {scratch}");
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
