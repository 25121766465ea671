//! MySQL and MariaDB: the set-up runs in every database; there is nothing to copy from.

use std::sync::LazyLock;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::BoxFuture;

use super::server::{Server, refused};
use super::{Engine, Key, PREFIX, PROCESS, Place, process_of, unique_name};
use crate::testing::Failure;
use crate::{Backend, Mysql};

const VARIABLE: &str = "TEST_MYSQL_URL";
const USUAL: &str = "mysql://root@127.0.0.1:3306/mysql";

static SERVER: LazyLock<Server<Mysql>> = LazyLock::new(|| Server::new(VARIABLE, USUAL, greet));

impl Engine for Mysql {
    async fn scratch(
        _key: Option<Key>,
        prepare: impl AsyncFn(&str) -> Result<(), Failure>,
    ) -> Result<Place, Failure> {
        let name = unique_name();
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
        let mut server = SERVER.connect().await?;
        server
            .batch_execute(&create)
            .await
            .map_err(|error| refused(&error, Mysql::DIALECT))?;
        let place = Place::new(SERVER.url_of(&name), Created(name));
        prepare(&place.url).await?;
        Ok(place)
    }
}

/// A database, dropped with this value.
struct Created(String);

impl Drop for Created {
    fn drop(&mut self) {
        let name = self.0.clone();
        SERVER.clean_up(&self.0, move |connection| {
            Box::pin(async move { drop_database(connection, &name).await })
        });
    }
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Holds a lock that tells other processes that this one lives, and drops what those left that do not.
fn greet(connection: &mut AsyncMysqlConnection) -> BoxFuture<'_, QueryResult<()>> {
    Box::pin(async move {
        let lock = format!("SELECT GET_LOCK('{PREFIX}{}', 0)", *PROCESS);
        connection.batch_execute(&lock).await?;
        let found: Vec<Name> = diesel::sql_query(
            "SELECT CAST(schema_name AS CHAR) AS name FROM information_schema.schemata",
        )
        .load(connection)
        .await?;
        for Name { name } in found {
            let Some(process) = process_of(&name) else {
                continue;
            };
            let free = format!("SELECT COALESCE(IS_FREE_LOCK('{PREFIX}{process}'), 0) AS number");
            let free: Number = diesel::sql_query(free).get_result(connection).await?;
            if free.number == 1 {
                // Another process may be dropping it just now.
                let _ = drop_database(connection, &name).await;
            }
        }
        Ok(())
    })
}

/// Drops a database with whatever is still connected to it.
async fn drop_database(connection: &mut AsyncMysqlConnection, name: &str) -> QueryResult<()> {
    let left: Vec<Number> = diesel::sql_query(
        "SELECT CAST(id AS SIGNED) AS number FROM information_schema.processlist WHERE db = ?",
    )
    .bind::<Text, _>(name)
    .load(connection)
    .await?;
    for Number { number } in left {
        // It may have gone by itself meanwhile.
        let _ = connection
            .batch_execute(&format!("KILL CONNECTION {number}"))
            .await;
    }
    connection
        .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))
        .await
}
