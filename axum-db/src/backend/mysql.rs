//! MySQL and MariaDB, by mysql_async.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection,
};
use mysql_async::Opts;
use mysql_async::prelude::Queryable;

use super::task::Task;
use super::{Backend, Dialect, Driver, UniqueKey};
use crate::config::Config;
use crate::pool::Watch;
use crate::session::Isolation;

mod key;
mod target;

use target::Target;

/// MySQL and MariaDB.
///
/// URLs: `mysql://user:password@host:3306/database`; a socket is
/// `mysql://user@localhost/database?socket=/run/mysqld/mysqld.sock`.
///
/// # TLS
/// With the feature `tls`. `ssl-mode` is one of `DISABLED`, `PREFERRED`, `REQUIRED` and `VERIFY_IDENTITY`, as
/// MySQL's own programs have it; `ssl-ca` names the file of the authorities, in PEM format, in place of
/// those that the system trusts. Without `ssl-mode` a connection that leaves the machine is
/// `VERIFY_IDENTITY`, and one that does not is plain.
///
/// ```
/// use axum_db::{Database, Mysql};
///
/// let database: Database<Mysql> = Database::with_config("mysql://app:secret@localhost/blog")?;
/// assert_eq!(database.url().to_string(), "mysql://app:***@localhost/blog");
/// assert!(Database::<Mysql>::with_config("mysql://localhost/blog?ssl-mode=PERHAPS").is_err());
/// # Ok::<_, axum_db::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Mysql;

/// Where and what to kill.
#[derive(Clone)]
pub struct Canceller {
    options: Opts,
    id: u32,
    /// Ends with the runtime that the connection belongs to.
    runtime: Task,
}

/// How long the clean-up waits for the server to take a KILL or a ROLLBACK.
const KILL_LIMIT: Duration = Duration::from_secs(2);

/// A savepoint of the transaction that a user has in hand: it is gone when the server has ended that transaction by
/// itself, as after a deadlock. The error may have come with the rows of a query, of which Diesel tells nobody.
const GUARD: &str = "axum_db_in_hand";

/// How statements begin that commit the open transaction by the way, or may do so.
const COMMITTING: [&str; 24] = [
    "ALTER",
    "ANALYZE",
    "CACHE",
    "CALL",
    "CHANGE",
    "CHECK",
    "CREATE",
    "DROP",
    "EXECUTE",
    "FLUSH",
    "GRANT",
    "INSTALL",
    "LOCK",
    "OPTIMIZE",
    "RENAME",
    "REPAIR",
    "RESET",
    "REVOKE",
    "SET PASSWORD",
    "START",
    "STOP",
    "TRUNCATE",
    "UNINSTALL",
    "UNLOCK",
];

/// In seconds: the most that the server takes for any of the limits.
const YEAR: u64 = 31_536_000;

/// What is set on every connection, in one statement: strict mode, so that a value that does not fit is an
/// error and never cut off in silence; English, because the driver passes on only the text of an error; and
/// the limits. Comments of versions hide from MySQL what only MariaDB knows, and the other way round.
fn session_settings(config: &Config) -> String {
    let mut sql = String::from(
        "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), lc_messages = 'en_US'",
    );
    let given = |limit: Option<Duration>| limit.filter(|limit| !limit.is_zero());
    if let Some(limit) = given(config.lock_timeout) {
        let seconds = whole_seconds(limit);
        sql += &format!(", innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}");
    }
    if let Some(limit) = given(config.statement_timeout) {
        let milliseconds = limit.as_millis().clamp(1, u128::from(u32::MAX));
        let seconds = limit.as_secs_f64().min(YEAR as f64);
        sql += &format!(
            " /*M!100101 , max_statement_time = {seconds} */ /*!50708 , max_execution_time = {milliseconds} */"
        );
    }
    if let Some(limit) = given(config.idle_in_transaction_timeout) {
        let seconds = whole_seconds(limit);
        sql += &format!(" /*M!100300 , idle_transaction_timeout = {seconds} */");
    }
    sql
}

fn whole_seconds(limit: Duration) -> u64 {
    limit
        .as_secs()
        .saturating_add(u64::from(limit.subsec_nanos() > 0))
        .min(YEAR)
}

impl Backend for Mysql {
    type Diesel = diesel::mysql::Mysql;
    type Connection = AsyncMysqlConnection;
    const DIALECT: Dialect = Dialect::Mysql;
}

impl Driver for Mysql {
    type Target = Target;
    type Canceller = Canceller;
    const ONE_WRITER: bool = false;

    fn parse(url: &str) -> Result<Target, String> {
        if !url.starts_with("mysql://") {
            return Err("this program is built for MySQL, and that is no MySQL URL: write mysql://user:password@host/database".into());
        }
        Target::parse(url)
    }

    async fn establish(
        target: &Target,
        config: &Config,
        watch: &Arc<Watch>,
        _pooled: bool,
    ) -> Result<(AsyncMysqlConnection, Canceller), String> {
        let (connection, options) = target.open(session_settings(config)).await?;
        let canceller = Canceller {
            options,
            id: connection.id(),
            runtime: Task::spawn(std::future::pending()),
        };
        let mut connection = AsyncMysqlConnection::try_from(connection)
            .await
            .map_err(|error| error.to_string())?;
        connection.set_instrumentation(watch.observer::<Self>());
        Ok((connection, canceller))
    }

    async fn begin(
        connection: &mut AsyncMysqlConnection,
        read_only: bool,
        isolation: Option<Isolation>,
    ) -> QueryResult<()> {
        let begin = if read_only {
            "START TRANSACTION READ ONLY"
        } else {
            "BEGIN"
        };
        let sql = match isolation {
            // Without SESSION it is the level of the next transaction only.
            Some(level) => format!("SET TRANSACTION ISOLATION LEVEL {}; {begin}", level.sql()),
            None => begin.to_owned(),
        };
        AnsiTransactionManager::begin_transaction_sql(connection, &sql).await
    }

    async fn restore(
        connection: &mut AsyncMysqlConnection,
        _canceller: &Canceller,
        watch: &Watch,
    ) -> bool {
        if watch.in_flight() {
            // The unread answer would be taken for that of the next statement.
            return false;
        }
        *connection.transaction_state() = AnsiTransactionManager::default();
        let rolling_back = connection.batch_execute(if watch.was_guarded() {
            "ROLLBACK; SET autocommit = 1"
        } else {
            "ROLLBACK"
        });
        let ended = tokio::time::timeout(KILL_LIMIT, rolling_back).await;
        let restored = matches!(ended, Ok(Ok(())));
        if !restored {
            // Rows of a query in hand may be left that nobody wants.
            watch.cut_off();
        }
        restored
    }

    async fn guard(connection: &mut AsyncMysqlConnection, watch: &Watch) -> QueryResult<()> {
        if watch.is_guarded() {
            return Ok(());
        }
        watch.control();
        watch.set_guarded();
        // Without autocommit, what follows a deadlock is a transaction again.
        let guarding = format!("SET autocommit = 0; SAVEPOINT {GUARD}");
        connection.batch_execute(&guarding).await
    }

    async fn unguard(connection: &mut AsyncMysqlConnection, watch: &Watch) -> QueryResult<()> {
        if !watch.was_guarded() {
            return Ok(());
        }
        watch.control();
        connection.batch_execute("SET autocommit = 1").await?;
        watch.set_unguarded();
        Ok(())
    }

    async fn probe(connection: &mut AsyncMysqlConnection, watch: &Watch) -> QueryResult<()> {
        // Within a savepoint, whose end asks the same, it would take that one with it.
        if !watch.is_guarded() || watch.is_in_savepoint() {
            return Ok(());
        }
        watch.control();
        let released = connection
            .batch_execute(&format!("RELEASE SAVEPOINT {GUARD}"))
            .await;
        watch.guard_ended();
        released
    }

    fn commits(sql: &str) -> bool {
        super::starts_with_any(sql, &COMMITTING) || sql.to_ascii_uppercase().contains("AUTOCOMMIT")
    }

    fn has_ended(canceller: &Canceller) -> bool {
        canceller.runtime.has_ended()
    }

    async fn cancel(canceller: &Canceller, watch: &Watch) {
        // It may reach the server after the statement, and would then end another one's.
        watch.spoil();
        canceller.kill("QUERY").await;
    }

    async fn abandon(canceller: Canceller, watch: &Watch) {
        if watch.in_flight() {
            canceller.kill("CONNECTION").await;
        }
    }

    fn close(connection: AsyncMysqlConnection, watch: &Watch) {
        if !watch.in_flight() {
            return; // the driver says goodbye to the server in the background
        }
        // First it would read what is left of the answer, for ever where the line is silent. Outside of a runtime it
        // just closes the socket.
        let closing = std::thread::Builder::new().name("axum-db-close".into());
        let _ = closing.spawn(move || drop(connection));
    }

    const TELLS_KEY_NAMES_ONLY: bool = true;

    async fn unique_key(
        connection: &mut AsyncMysqlConnection,
        table: Option<&str>,
        name: &str,
    ) -> QueryResult<Option<UniqueKey>> {
        key::find(connection, table, name).await
    }

    fn leaves_state(sql: &str) -> bool {
        let text = sql.to_ascii_uppercase();
        super::starts_with_any(
            sql,
            &[
                "SET", "USE", "LOCK", "FLUSH", "PREPARE", "EXECUTE", "HANDLER", "CALL", "XA",
            ],
        ) || ["GET_LOCK", "TEMPORARY", "@", "/*!", "/*M!"]
            .iter()
            .any(|word| text.contains(word))
    }
}

impl Canceller {
    /// Kills the connection's statement (`QUERY`) or the connection with it (`CONNECTION`).
    async fn kill(&self, what: &str) {
        let kill = async {
            let mut connection = mysql_async::Conn::new(self.options.clone()).await?;
            connection
                .query_drop(format!("KILL {what} {}", self.id))
                .await?;
            connection.disconnect().await
        };
        let _ = tokio::time::timeout(KILL_LIMIT, kill).await;
    }
}
