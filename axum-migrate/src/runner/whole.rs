//! A database as a whole: made where it is missing, and dropped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum_db::{Bind, Database, DatabaseUrl, Dialect};
use diesel_async::SimpleAsyncConnection as _;
use percent_encoding::percent_decode_str;

use super::holder;
use super::lock;
use super::queries::literal;
use crate::{Engine, Error, ErrorKind};

/// Makes a database; `false` where it is there.
pub(crate) async fn create<B: Engine, K: Bind>(database: &Database<B, K>) -> Result<bool, Error> {
    if B::DIALECT == Dialect::Sqlite {
        let was_there = sqlite_path(database.url()).is_none_or(|path| path.exists());
        super::connect(database).await?;
        return Ok(!was_there);
    }
    let place = Place::of(B::DIALECT, database.url())?;
    let mut conn = place.connect(database).await?;
    if place.exists::<B>(&mut conn).await? {
        return Ok(false);
    }
    let quoted = B::DIALECT.quote(&place.name);
    let encoding = match B::DIALECT {
        // The server's default may be latin1.
        Dialect::Mysql => " CHARACTER SET utf8mb4",
        Dialect::Sqlite | Dialect::Postgres => "",
    };
    let sql = format!("CREATE DATABASE {quoted}{encoding}");
    match conn.batch_execute(&sql).await {
        Ok(()) => Ok(true),
        // Somebody else was quicker.
        Err(_) if place.exists::<B>(&mut conn).await? => Ok(false),
        Err(error) => Err(Error::new(
            ErrorKind::Database,
            format!(
                "could not create the database {}: {error}; let an administrator run CREATE DATABASE {quoted}, and \
                 give this user the right to use it",
                place.name
            ),
        )
        .with_source(error)),
    }
}

/// Drops a database with everything in it; `false` where there is none.
pub(crate) async fn drop_whole<B: Engine, K: Bind>(
    database: &Database<B, K>,
    wait: Duration,
) -> Result<bool, Error> {
    if B::DIALECT == Dialect::Sqlite {
        return drop_file(database, wait).await;
    }
    let place = Place::of(B::DIALECT, database.url())?;
    let mut conn = place.connect(database).await?;
    if !place.exists::<B>(&mut conn).await? {
        return Ok(false);
    }
    let _lock = match B::DIALECT {
        // From inside, so that no upgrade is under way.
        Dialect::Mysql => {
            conn = super::connect(database).await?;
            Some(lock::acquire::<B>(&mut conn, wait).await?)
        }
        // The server itself refuses while somebody is connected.
        Dialect::Postgres | Dialect::Sqlite => None,
    };
    let dropped = conn
        .batch_execute(&format!("DROP DATABASE {}", B::DIALECT.quote(&place.name)))
        .await;
    let Err(error) = dropped else {
        return Ok(true);
    };
    let mut next = "check the rights of its user".to_owned();
    if error.to_string().contains("being accessed by other users") {
        let users = B::query_texts(&mut conn, &holder::users_of(&place.name)).await;
        next = format!(
            "end the programs that use it:\n  {}",
            users.unwrap_or_default().join("\n  ")
        );
    }
    let message = format!(
        "could not drop the database {}: {error}; {next}",
        place.name
    );
    Err(Error::new(ErrorKind::Database, message).with_source(error))
}

/// SQLite's database is a file, with others beside it.
async fn drop_file<B: Engine, K: Bind>(
    database: &Database<B, K>,
    wait: Duration,
) -> Result<bool, Error> {
    if sqlite_path(database.url()).is_some_and(|path| !path.exists()) {
        return Ok(false);
    }
    let mut conn = super::connect(database).await?;
    let Some(file) = lock::sqlite_file::<B>(&mut conn).await? else {
        return Ok(false);
    };
    let lock = lock::acquire::<B>(&mut conn, wait).await?;
    // Refused while another connection is open.
    let alone = conn.batch_execute("PRAGMA journal_mode = DELETE").await;
    alone.map_err(|error| {
        let message = format!("could not drop {file}: {error}; end the programs that use it");
        Error::new(ErrorKind::Database, message).with_source(error)
    })?;
    drop(conn);
    for beside in ["-wal", "-shm", "-journal", ""] {
        remove(Path::new(&format!("{file}{beside}")))?;
    }
    drop(lock);
    Ok(true)
}

fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// The file of a URL in the form of ours; nothing for SQLite's own URIs.
fn sqlite_path(url: &DatabaseUrl) -> Option<PathBuf> {
    let url = url.expose();
    let rest = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))?;
    let path = rest.split('?').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8().ok()?;
    Some(PathBuf::from(path.into_owned()))
}

/// Where a database is: its name, and the URLs of its server by which it can be reached from beside.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    name: String,
    servers: Vec<String>,
}

impl Place {
    fn of(dialect: Dialect, url: &DatabaseUrl) -> Result<Self, Error> {
        let whole = url.expose();
        let start = whole.find("://").map_or(0, |at| at + 3);
        let rest = &whole[start..];
        let host = match rest.find('@') {
            // PostgreSQL's password may hold a slash.
            Some(at) if dialect == Dialect::Postgres || !rest[..at].contains('/') => at + 1,
            _ => 0,
        };
        let query = rest[host..].find('?').map_or(rest.len(), |at| host + at);
        let path = rest[host..query].find('/').map_or(query, |at| host + at);
        let name = rest[path..query].trim_start_matches('/');
        let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
        if name.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("{url} names no database; write its name after the host, as in host/name"),
            ));
        }
        let others: &[&str] = match dialect {
            Dialect::Postgres => &["postgres", "template1"],
            Dialect::Mysql | Dialect::Sqlite => &[""],
        };
        let (before, after) = (&whole[..start + path], &whole[start + query..]);
        let servers = others
            .iter()
            .map(|other| format!("{before}/{other}{after}"));
        Ok(Self {
            servers: servers.collect(),
            name,
        })
    }

    /// Connects to the server, and not to the database.
    async fn connect<B: Engine, K: Bind>(
        &self,
        database: &Database<B, K>,
    ) -> Result<B::Connection, Error> {
        let mut last = None;
        for server in &self.servers {
            let mut config = database.config().clone();
            config.url = DatabaseUrl::new(server);
            let beside = Database::<B>::with_config(config);
            let opened = match beside {
                Ok(beside) => beside.connect_dedicated().await,
                Err(error) => Err(error),
            };
            match opened {
                Ok(conn) => return Ok(conn),
                Err(error) => last = Some(error),
            }
        }
        let error = last.map(|error| error.to_string()).unwrap_or_default();
        Err(Error::new(ErrorKind::Database, error))
    }

    async fn exists<B: Engine>(&self, conn: &mut B::Connection) -> Result<bool, Error> {
        let name = literal(B::DIALECT, &self.name);
        let sql = match B::DIALECT {
            Dialect::Mysql => format!(
                "SELECT schema_name AS value FROM information_schema.schemata WHERE schema_name = {name}"
            ),
            Dialect::Postgres | Dialect::Sqlite => {
                format!("SELECT datname::text AS value FROM pg_database WHERE datname = {name}")
            }
        };
        let found = B::query_texts(conn, &sql).await;
        found
            .map(|found| !found.is_empty())
            .map_err(|error| Error::database("look for the database", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_and_its_server_reached_from_beside() {
        let place = |dialect, url: &str| Place::of(dialect, &DatabaseUrl::new(url));
        for (dialect, url, name, servers) in [
            (
                Dialect::Postgres,
                "postgres://u:p/w?d@h:1/my%20blog?sslmode=disable",
                "my blog",
                vec![
                    "postgres://u:p/w?d@h:1/postgres?sslmode=disable",
                    "postgres://u:p/w?d@h:1/template1?sslmode=disable",
                ],
            ),
            (
                Dialect::Postgres,
                "postgres:///app?host=/run",
                "app",
                vec![
                    "postgres:///postgres?host=/run",
                    "postgres:///template1?host=/run",
                ],
            ),
            (
                Dialect::Mysql,
                "mysql://h/a-b?x=y@z",
                "a-b",
                vec!["mysql://h/?x=y@z"],
            ),
        ] {
            let servers = servers.into_iter().map(str::to_owned).collect();
            let name = name.to_owned();
            assert_eq!(place(dialect, url).unwrap(), Place { name, servers });
        }
        for url in ["mysql://h", "mysql://h/", "mysql://h?x=y"] {
            let error = place(Dialect::Mysql, url).unwrap_err();
            assert!(error.to_string().contains("names no database"), "{error}");
        }
    }

    #[test]
    fn the_file_of_a_url() {
        let path = |url: &str| sqlite_path(&DatabaseUrl::new(url));
        assert_eq!(path("sqlite:///a%20b.db?mode=rw"), Some("/a b.db".into()));
        assert_eq!(path("sqlite:b.db"), Some("b.db".into()));
        assert_eq!(path("file:b.db"), None);
    }
}
