//! PostgreSQL, by tokio-postgres.

use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{
    InstrumentationEvent, StrQueryHelper, TransactionDepthChange, TransactionManagerStatus,
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    TransactionManager,
};
use futures_util::future::Either;
use tokio_postgres::SimpleQueryMessage;

use super::{Backend, Dialect, Driver};
use crate::config::Config;
use crate::pool::Watch;
use crate::session::Isolation;

// Without TLS what would make its connections is nothing, and `Copy`.
#[cfg_attr(not(feature = "tls"), allow(clippy::clone_on_copy))]
mod cancel;
mod driver;
#[cfg_attr(not(feature = "tls"), allow(clippy::clone_on_copy))]
mod target;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod verify;

use cancel::Canceller;
use driver::drive;
use target::{Target, with_causes};

/// PostgreSQL.
///
/// URLs: `postgres://user:password@host:5432/database`, with libpq's parameters after a `?`. A socket is
/// `postgres://user@%2Fvar%2Frun%2Fpostgresql/database`; of several hosts, `host1,host2:5433`, the first that
/// answers is taken.
///
/// # TLS
/// With the feature `tls`. `sslmode` and `sslrootcert`, a file or `system`, mean what they mean to libpq
/// (`disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`), and so do `sslcert`, `sslkey`,
/// `sslnegotiation` and `channel_binding`. Without `sslmode` a connection that leaves the machine is
/// `verify-full`, by the authorities that the system trusts, and one that does not is plain.
///
/// ```
/// use axum_db::{Database, Postgres};
///
/// let database: Database<Postgres> = Database::with_config("postgres://app:secret@localhost/blog")?;
/// assert_eq!(database.url().to_string(), "postgres://app:***@localhost/blog");
/// assert!(Database::<Postgres>::with_config("postgres://localhost/blog?sslmode=perhaps").is_err());
/// # Ok::<_, axum_db::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

/// How long the clean-up waits for a cancelled statement to end, and for each statement of its own.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// Everything a user may have set through a connection in hand, as `DISCARD ALL` but without throwing the
/// prepared statements away.
const RESET: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
     SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; \
     SET TIME ZONE 'UTC'; SET CLIENT_ENCODING TO 'UTF8'; \
     SELECT CASE current_setting('is_superuser') WHEN 'on' THEN set_config('lc_messages', 'C', false) END";

/// Diesel passes on a code for constraints and serialization failures only; deadlocks and timeouts are known by
/// their text. Where the role may choose the language it does, else the server's counts.
const LANGUAGE: &str = "SELECT CASE current_setting('is_superuser') \
     WHEN 'on' THEN set_config('lc_messages', 'C', false) ELSE current_setting('lc_messages') END";

/// Has the server refuse writes outside of a transaction, so that none runs by itself when the BEGIN that was
/// sent ahead of it is refused. In the start-up packet it is what RESET ALL returns to.
const GUARD: &str = "-c default_transaction_read_only=on";

impl Backend for Postgres {
    type Diesel = diesel::pg::Pg;
    type Connection = AsyncPgConnection;
    const DIALECT: Dialect = Dialect::Postgres;
}

impl Driver for Postgres {
    type Target = Target;
    type Canceller = Canceller;
    const ONE_WRITER: bool = false;

    fn parse(url: &str) -> Result<Target, String> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(
                "this program is built for PostgreSQL, and that is no PostgreSQL URL: write postgres://user:password@host/database".into(),
            );
        }
        Target::parse(url)
    }

    async fn establish(
        target: &Target,
        config: &Config,
        watch: &Arc<Watch>,
        pooled: bool,
    ) -> Result<(AsyncPgConnection, Canceller), String> {
        let guard = pooled.then_some(GUARD);
        let (client, mut connection) = target.open(config, guard).await?;
        speak_english(&client, &mut connection)
            .await
            .map_err(|error| with_causes(&error))?;
        let guarded = connection.parameter("default_transaction_read_only") == Some("on");
        let (opened, driver) = if pooled {
            let driver = drive(connection);
            (AsyncPgConnection::try_from(client).await, Some(driver))
        } else {
            let opening = AsyncPgConnection::try_from_client_and_connection(client, connection);
            (opening.await, None)
        };
        let mut connection = opened.map_err(|error| error.to_string())?;
        connection.set_instrumentation(watch.observer::<Self>());
        let token = connection.cancel_token();
        let canceller = Canceller::new(token, target, pooled && guarded, driver);
        Ok((connection, canceller))
    }

    async fn begin(
        connection: &mut AsyncPgConnection,
        read_only: bool,
        isolation: Option<Isolation>,
    ) -> QueryResult<()> {
        let sql = begin_sql(read_only, isolation);
        AnsiTransactionManager::begin_transaction_sql(connection, &sql).await
    }

    async fn probe(connection: &mut AsyncPgConnection, _watch: &Watch) -> QueryResult<()> {
        // Refused within a failed transaction, whose COMMIT would be answered with ROLLBACK and no error.
        connection.batch_execute(crate::inside::PROBE).await
    }

    fn leaves_state(sql: &str) -> bool {
        // Prepared statements, which RESET leaves alone for the driver's sake.
        super::starts_with_any(sql, &["PREPARE", "DEALLOCATE", "DISCARD", "LOAD"])
    }

    fn begin_ahead(
        connection: &mut AsyncPgConnection,
        canceller: &Canceller,
        isolation: Option<Isolation>,
    ) -> QueryResult<bool> {
        if !canceller.guarded {
            return Ok(false);
        }
        let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
        if status.transaction_depth()?.is_some() {
            return Err(diesel::result::Error::AlreadyInTransaction);
        }
        connection
            .instrumentation()
            .on_connection_event(InstrumentationEvent::begin_transaction(NonZeroU32::MIN));
        send(connection, &begin_sql(false, isolation))?;
        match AnsiTransactionManager::transaction_manager_status_mut(connection) {
            TransactionManagerStatus::Valid(status) => {
                status.change_transaction_depth(TransactionDepthChange::IncreaseDepth)?;
                Ok(true)
            }
            TransactionManagerStatus::InError => {
                Err(diesel::result::Error::BrokenTransactionManager)
            }
        }
    }

    fn allow_writes(
        connection: &mut AsyncPgConnection,
        canceller: &Canceller,
        allow: bool,
    ) -> QueryResult<()> {
        match (canceller.guarded, allow) {
            (false, _) => Ok(()),
            (true, true) => send(connection, "SET default_transaction_read_only = off"),
            (true, false) => send(connection, REFUSE_AGAIN),
        }
    }

    async fn restore(
        connection: &mut AsyncPgConnection,
        canceller: &Canceller,
        watch: &Watch,
    ) -> bool {
        if watch.in_flight() {
            // The connection stays in step: later answers follow the cancelled one's. But a cancel request
            // that is still on its way would hit the next user's statement.
            let cancelled = tokio::time::timeout(CANCEL_LIMIT, canceller.cancel_and_wait()).await;
            if !matches!(cancelled, Ok(true)) {
                return false;
            }
        }
        // Diesel's bookkeeping may have been cut off halfway; the server's answer to ROLLBACK is the truth.
        *connection.transaction_state() = AnsiTransactionManager::default();
        let ended = tokio::time::timeout(CANCEL_LIMIT, async {
            // The cancel request may hit the first ROLLBACK instead of the statement.
            if connection.batch_execute("ROLLBACK").await.is_err() {
                connection.batch_execute("ROLLBACK").await?;
            }
            if watch.writes_alone() {
                connection.batch_execute(REFUSE_AGAIN).await?;
            }
            Ok::<_, diesel::result::Error>(())
        })
        .await;
        if !matches!(ended, Ok(Ok(()))) {
            return false;
        }
        watch.settle();
        if !watch.was_in_hand() {
            return true;
        }
        let reset = tokio::time::timeout(CANCEL_LIMIT, connection.batch_execute(RESET)).await;
        matches!(reset, Ok(Ok(())))
    }

    fn has_ended(canceller: &Canceller) -> bool {
        canceller.has_ended()
    }

    async fn cancel(canceller: &Canceller, watch: &Watch) {
        // It may reach the server after the statement, and would then end another one's.
        watch.spoil();
        let _ = tokio::time::timeout(CANCEL_LIMIT, canceller.cancel_and_wait()).await;
    }

    fn give_up(canceller: &Canceller, watch: &Watch) {
        watch.spoil();
        canceller.hang_up();
    }

    async fn abandon(canceller: Canceller, watch: &Watch) {
        if watch.in_flight() {
            let _ = tokio::time::timeout(CANCEL_LIMIT, canceller.cancel()).await;
        }
    }
}

/// Makes errors readable, or warns once that they are not.
async fn speak_english(
    client: &tokio_postgres::Client,
    connection: &mut (impl Future<Output = Result<(), tokio_postgres::Error>> + Unpin),
) -> Result<(), tokio_postgres::Error> {
    static WARNED: std::sync::Once = std::sync::Once::new();
    let asking = std::pin::pin!(client.simple_query(LANGUAGE));
    let rows = match futures_util::future::select(asking, connection).await {
        Either::Left((rows, _)) => rows?,
        // The connection ended; whoever uses it next learns why.
        Either::Right((ended, _)) => return ended,
    };
    let language = rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let known = |language: &str| {
        language.is_empty()
            || ["C", "POSIX", "en", "English"]
                .iter()
                .any(|start| language.starts_with(start))
    };
    if !language.is_none_or(known) {
        WARNED.call_once(|| {
            tracing::warn!(
                target: "axum_db",
                "the PostgreSQL server writes its errors in {}, so that deadlocks and timeouts are not recognised as such; \
                 have its administrator run: ALTER ROLE … SET lc_messages = 'C'",
                language.unwrap_or_default()
            );
        });
    }
    Ok(())
}

/// Opens a transaction that may write, or may not, whatever the connection's default.
fn begin_sql(read_only: bool, isolation: Option<Isolation>) -> String {
    let mut sql = String::from("BEGIN");
    if let Some(level) = isolation {
        sql.push_str(" ISOLATION LEVEL ");
        sql.push_str(level.sql());
    }
    sql.push_str(if read_only {
        " READ ONLY"
    } else {
        " READ WRITE"
    });
    sql
}

/// The connection's default again, which refuses writes.
const REFUSE_AGAIN: &str = "RESET default_transaction_read_only";

/// Sends `sql` ahead of whatever is sent next. Its answer is read and thrown away as it comes, before the next
/// one's.
fn send(connection: &mut AsyncPgConnection, sql: &str) -> QueryResult<()> {
    {
        let mut shared = &*connection;
        let sending = pin!(shared.batch_execute(sql));
        // The first poll hands the message to the connection's task.
        if let Poll::Ready(Err(error)) = sending.poll(&mut Context::from_waker(Waker::noop())) {
            return Err(error);
        }
    }
    connection
        .instrumentation()
        .on_connection_event(InstrumentationEvent::finish_query(
            &StrQueryHelper::new(sql),
            None,
        ));
    Ok(())
}
