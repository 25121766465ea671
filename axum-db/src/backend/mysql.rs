//! MySQL and MariaDB, by mysql_async.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection,
};
use mysql_async::prelude::Queryable;
use mysql_async::{Opts, OptsBuilder};

use super::{Backend, Dialect, Driver};
use crate::config::Config;
use crate::pool::Watch;

/// MySQL and MariaDB.
///
/// URLs: `mysql://user:password@host:3306/database`.
#[derive(Debug, Clone, Copy)]
pub struct Mysql;

/// Where and what to kill.
pub struct Canceller {
    options: Opts,
    id: u32,
}

/// How long the clean-up waits for the server to take a KILL.
const KILL_LIMIT: Duration = Duration::from_secs(2);

impl Backend for Mysql {
    type Diesel = diesel::mysql::Mysql;
    type Connection = AsyncMysqlConnection;
    const DIALECT: Dialect = Dialect::Mysql;
}

impl Driver for Mysql {
    type Target = Opts;
    type Canceller = Canceller;
    const ONE_WRITER: bool = false;

    fn parse(url: &str) -> Result<Opts, String> {
        if !url.starts_with("mysql://") {
            return Err("this program is built for MySQL, and that is no MySQL URL: write mysql://user:password@host/database".into());
        }
        let options = Opts::from_url(url)
            .map_err(|error| format!("the MySQL URL cannot be read: {error}"))?;
        Ok(OptsBuilder::from_opts(options)
            // Diesel keeps the prepared statements, and counts matched rows as the other engines do.
            .stmt_cache_size(0)
            .client_found_rows(true)
            .init(vec![
                // Values that do not fit are errors, never cut off in silence. The driver passes on only the text
                // of an error, which must not be in the server's language.
                "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), lc_messages = 'en_US'",
            ])
            .into())
    }

    async fn establish(
        target: &Opts,
        _config: &Config,
        watch: &Arc<Watch>,
    ) -> Result<(AsyncMysqlConnection, Canceller), String> {
        let connection = mysql_async::Conn::new(target.clone())
            .await
            .map_err(|error| error.to_string())?;
        let canceller = Canceller {
            options: target.clone(),
            id: connection.id(),
        };
        let mut connection = AsyncMysqlConnection::try_from(connection)
            .await
            .map_err(|error| error.to_string())?;
        connection.set_instrumentation(watch.observer::<Self>());
        Ok((connection, canceller))
    }

    async fn begin(connection: &mut AsyncMysqlConnection, read_only: bool) -> QueryResult<()> {
        let sql = if read_only {
            "START TRANSACTION READ ONLY"
        } else {
            "BEGIN"
        };
        AnsiTransactionManager::begin_transaction_sql(connection, sql).await
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
        connection.batch_execute("ROLLBACK").await.is_ok()
    }

    async fn abandon(canceller: Canceller, watch: &Watch) {
        if watch.in_flight() {
            let kill = async {
                let mut connection = mysql_async::Conn::new(canceller.options).await?;
                connection
                    .query_drop(format!("KILL CONNECTION {}", canceller.id))
                    .await?;
                connection.disconnect().await
            };
            let _ = tokio::time::timeout(KILL_LIMIT, kill).await;
        }
    }

    fn leaves_state(sql: &str) -> bool {
        super::starts_with_any(
            sql,
            &[
                "SET",
                "USE",
                "LOCK",
                "FLUSH",
                "CREATE TEMPORARY",
                "PREPARE",
                "HANDLER",
            ],
        ) || sql.to_ascii_uppercase().contains("GET_LOCK")
    }
}
