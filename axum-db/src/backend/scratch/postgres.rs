//! PostgreSQL: a template for each set-up, which the server copies.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use diesel::QueryResult;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::BoxFuture;

use super::server::{Server, refused};
use super::{Engine, Key, PREFIX, PROCESS, Place, process_of, unique_name};
use crate::testing::Failure;
use crate::{Backend, Postgres};

const VARIABLE: &str = "TEST_POSTGRES_URL";
const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// What the name of a template goes on with that processes share.
const TEMPLATE: &str = "template_";

/// How long such a template may serve, in seconds; after that another process may drop it, and whoever needs it
/// makes it anew.
const TEMPLATE_AGE: u64 = 60 * 60;

static SERVER: LazyLock<Server<Postgres>> = LazyLock::new(|| Server::new(VARIABLE, USUAL, greet));

impl Engine for Postgres {
    async fn scratch(
        key: Option<Key>,
        prepare: impl AsyncFn(&str) -> Result<(), Failure>,
    ) -> Result<Place, Failure> {
        let mut server = SERVER.connect().await?;
        let refused = |error| refused(&error, Postgres::DIALECT);
        let name = unique_name();
        let place = Place::new(SERVER.url_of(&name), Created(name.clone()));
        let Some(key) = key else {
            let create = format!("CREATE DATABASE {name}");
            server.batch_execute(&create).await.map_err(refused)?;
            prepare(&place.url).await?;
            return Ok(place);
        };
        let template = Template::of(key);
        while !template.copy(&mut server, &name).await.map_err(refused)? {
            // The lock is the connection's, and goes with it also where the set-up fails or panics.
            let mut server = SERVER.connect().await?;
            if template.begin(&mut server).await.map_err(refused)? {
                prepare(&SERVER.url_of(&template.name)).await?;
                template.finish(&mut server).await.map_err(refused)?;
            }
        }
        Ok(place)
    }
}

/// A database that others are copied from. Only while its comment, the time of its making, is there is it ready.
struct Template {
    name: String,
    /// The number of the advisory lock: shared by those who copy, alone for who makes or drops it.
    lock: i64,
}

impl Template {
    fn of(key: Key) -> Self {
        let (name, number) = match key {
            Key::Shared(key) => (format!("{PREFIX}{TEMPLATE}{key:016x}"), key),
            // It goes as the other databases of this process do.
            Key::Process(key) => (format!("{PREFIX}{}_{key}", *PROCESS), key),
        };
        let lock = number.cast_signed();
        Self { name, lock }
    }

    /// Makes a database from the template, if that is ready.
    async fn copy(&self, server: &mut AsyncPgConnection, name: &str) -> QueryResult<bool> {
        let Self { lock, .. } = self;
        let lock_it = format!("SELECT pg_advisory_lock_shared({lock})");
        server.batch_execute(&lock_it).await?;
        let copied = async {
            let ready = self.is_ready(server).await?;
            if ready {
                let copy = format!("CREATE DATABASE {name} TEMPLATE {}", self.name);
                server.batch_execute(&copy).await?;
            }
            Ok(ready)
        }
        .await;
        let unlock = format!("SELECT pg_advisory_unlock_shared({lock})");
        server.batch_execute(&unlock).await?;
        copied
    }

    /// Makes the template empty, for whoever holds `server` to set it up; `false` where another has done so first.
    async fn begin(&self, server: &mut AsyncPgConnection) -> QueryResult<bool> {
        let Self { name, lock } = self;
        let lock_it = format!("SELECT pg_advisory_lock({lock})");
        server.batch_execute(&lock_it).await?;
        if self.is_ready(server).await? {
            return Ok(false);
        }
        drop_database(server, name).await?;
        let create = format!("CREATE DATABASE {name}");
        server.batch_execute(&create).await?;
        Ok(true)
    }

    /// Says that the template is ready.
    async fn finish(&self, server: &mut AsyncPgConnection) -> QueryResult<()> {
        let comment = format!("COMMENT ON DATABASE {} IS '{}'", self.name, now());
        server.batch_execute(&comment).await
    }

    async fn is_ready(&self, server: &mut AsyncPgConnection) -> QueryResult<bool> {
        let found: Vec<Found> = diesel::sql_query(
            "SELECT datname::text AS name, shobj_description(oid, 'pg_database') AS comment FROM pg_database \
             WHERE datname = $1",
        )
        .bind::<Text, _>(&self.name)
        .load(server)
        .await?;
        Ok(found.iter().any(|found| found.comment.is_some()))
    }

    /// Drops a template that is old or was left unfinished, unless somebody makes or copies it.
    async fn sweep(
        name: &str,
        comment: Option<&str>,
        server: &mut AsyncPgConnection,
    ) -> QueryResult<()> {
        let key = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix(TEMPLATE))
            .and_then(|key| u64::from_str_radix(key, 16).ok());
        let made = comment.and_then(|comment| comment.parse().ok());
        let (Some(key), true) = (key, now().saturating_sub(made.unwrap_or(0)) > TEMPLATE_AGE)
        else {
            return Ok(());
        };
        let Self { name, lock } = Self::of(Key::Shared(key));
        let lock_it = format!("SELECT pg_try_advisory_lock({lock}) AS answer");
        let locked: Answer = diesel::sql_query(lock_it).get_result(server).await?;
        if locked.answer {
            let dropped = drop_database(server, &name).await;
            let unlock = format!("SELECT pg_advisory_unlock({lock})");
            server.batch_execute(&unlock).await?;
            dropped?;
        }
        Ok(())
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
}

#[derive(diesel::QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

/// A database, dropped with this value.
struct Created(String);

impl Drop for Created {
    fn drop(&mut self) {
        let name = self.0.clone();
        SERVER.clean_up(&self.0, move |server| {
            Box::pin(async move { drop_database(server, &name).await })
        });
    }
}

async fn drop_database(server: &mut AsyncPgConnection, name: &str) -> QueryResult<()> {
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    server.batch_execute(&sql).await
}

/// Names the connection, which tells other processes that this one lives, and drops what those left that do
/// not.
fn greet(server: &mut AsyncPgConnection) -> BoxFuture<'_, QueryResult<()>> {
    Box::pin(async move {
        let name = format!("SET application_name = '{PREFIX}{}'", *PROCESS);
        server.batch_execute(&name).await?;
        let found: Vec<Found> = diesel::sql_query(
            "SELECT datname::text AS name, shobj_description(oid, 'pg_database') AS comment FROM pg_database \
             WHERE starts_with(datname::text, $1)",
        )
        .bind::<Text, _>(PREFIX)
        .load(server)
        .await?;
        for Found { name, comment } in found {
            // Another process may be dropping it just now.
            let _ = match process_of(&name) {
                Some(process) => sweep(server, &name, process).await,
                None => Template::sweep(&name, comment.as_deref(), server).await,
            };
        }
        Ok(())
    })
}

/// Drops a database whose process is no more.
async fn sweep(server: &mut AsyncPgConnection, name: &str, process: &str) -> QueryResult<()> {
    let alive: Answer = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1) AS answer",
    )
    .bind::<Text, _>(format!("{PREFIX}{process}"))
    .get_result(server)
    .await?;
    if !alive.answer {
        drop_database(server, name).await?;
    }
    Ok(())
}
