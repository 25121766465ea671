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
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, NoTls, SimpleQueryMessage};

use super::{Backend, Dialect, Driver};
use crate::config::Config;
use crate::pool::Watch;
use crate::session::Isolation;

/// PostgreSQL.
///
/// URLs: `postgres://user:password@host:5432/database`, with libpq's parameters after a `?`.
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

/// How long the clean-up waits for a cancelled statement to end.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// How long a connection may be silent before the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

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
    type Target = tokio_postgres::Config;
    type Canceller = Canceller;
    const ONE_WRITER: bool = false;

    fn parse(url: &str) -> Result<Self::Target, String> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(
                "this program is built for PostgreSQL, and that is no PostgreSQL URL: write postgres://user:password@host/database".into(),
            );
        }
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|error: tokio_postgres::Error| {
                // The driver's reason names the parameter; its text never quotes the password.
                format!("the PostgreSQL URL cannot be read: {}", with_causes(&error))
            })?;
        if !url.contains("keepalives_idle=") {
            config.keepalives_idle(KEEPALIVE);
            config.keepalives_interval(KEEPALIVE / 4);
            config.keepalives_retries(4);
        }
        Ok(config)
    }

    async fn establish(
        target: &Self::Target,
        config: &Config,
        watch: &Arc<Watch>,
        pooled: bool,
    ) -> Result<(AsyncPgConnection, Canceller), String> {
        let (client, mut connection) = connect(configured(target, config), pooled)
            .await
            .map_err(|error| with_causes(&error))?;
        speak_english(&client, &mut connection)
            .await
            .map_err(|error| with_causes(&error))?;
        let guarded = connection.parameter("default_transaction_read_only") == Some("on");
        let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection)
            .await
            .map_err(|error| error.to_string())?;
        connection.set_instrumentation(watch.observer::<Self>());
        let canceller = Canceller {
            token: connection.cancel_token(),
            server: only_server(target),
            guarded: pooled && guarded,
        };
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

    async fn probe(connection: &mut AsyncPgConnection) -> QueryResult<()> {
        // Refused within a failed transaction, whose COMMIT would be answered with ROLLBACK and no error.
        connection.batch_execute("SELECT 1").await
    }

    fn leaves_state(sql: &str) -> bool {
        // The names of prepared statements, which RESET leaves alone for the driver's sake.
        super::starts_with_any(sql, &["PREPARE", "LOAD"])
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
        !watch.was_in_hand() || connection.batch_execute(RESET).await.is_ok()
    }

    async fn cancel(canceller: &Canceller, watch: &Watch) {
        // It may reach the server after the statement, and would then end another one's.
        watch.spoil();
        let _ = tokio::time::timeout(CANCEL_LIMIT, canceller.cancel_and_wait()).await;
    }

    async fn abandon(canceller: Canceller, watch: &Watch) {
        if watch.in_flight() {
            let _ = tokio::time::timeout(CANCEL_LIMIT, canceller.token.cancel_query(NoTls)).await;
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

/// The target with the settings as parameters of the session, which a reset goes back to.
fn configured(target: &tokio_postgres::Config, config: &Config) -> tokio_postgres::Config {
    let mut configured = target.clone();
    if let (None, Some(name)) = (target.get_application_name(), &config.application_name) {
        configured.application_name(name);
    }
    let limits = [
        ("statement_timeout", config.statement_timeout),
        ("lock_timeout", config.lock_timeout),
        (
            "idle_in_transaction_session_timeout",
            config.idle_in_transaction_timeout,
        ),
    ];
    let mut options: Vec<String> = limits
        .into_iter()
        .filter_map(|(name, limit)| {
            let milliseconds = limit?.as_millis().clamp(1, i32::MAX as u128);
            Some(format!("-c {name}={milliseconds}"))
        })
        .collect();
    // The server takes the last of two: what the URL says.
    options.extend(target.get_options().map(str::to_owned));
    if !options.is_empty() {
        configured.options(options.join(" "));
    }
    configured
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

/// What cancels a connection's statement.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    /// Where the connection's server is, if there is no doubt.
    server: Option<Server>,
    /// Whether the server said that it refuses writes outside of a transaction ([`GUARD`]).
    guarded: bool,
}

#[derive(Clone)]
enum Server {
    Tcp(String, u16),
    #[cfg(unix)]
    Socket(std::path::PathBuf),
}

type Opened = (
    tokio_postgres::Client,
    tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>,
);

/// Connects, guarded where the server knows how; some poolers between do not.
async fn connect(
    target: tokio_postgres::Config,
    guarded: bool,
) -> Result<Opened, tokio_postgres::Error> {
    if !guarded {
        return target.connect(NoTls).await;
    }
    let mut with_guard = target.clone();
    with_guard.options(match target.get_options() {
        Some(options) => format!("{options} {GUARD}"),
        None => GUARD.to_owned(),
    });
    match with_guard.connect(NoTls).await {
        Err(error) if refuses_options(&error) => target.connect(NoTls).await,
        outcome => outcome,
    }
}

/// Whether the other side refused the start-up packet itself, and not the user, the password or the database.
fn refuses_options(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::PROTOCOL_VIOLATION,
            SqlState::FEATURE_NOT_SUPPORTED,
        ]
        .contains(code)
    })
}

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

/// The server, where the URL names just one.
fn only_server(config: &tokio_postgres::Config) -> Option<Server> {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts() {
        [Host::Tcp(host)] => Some(Server::Tcp(host.clone(), port)),
        #[cfg(unix)]
        [Host::Unix(folder)] => Some(Server::Socket(folder.join(format!(".s.PGSQL.{port}")))),
        _ => None,
    }
}

impl Canceller {
    /// Sends the cancel request and waits until the server has acted on it, which it shows by hanging up.
    async fn cancel_and_wait(&self) -> bool {
        match &self.server {
            Some(Server::Tcp(host, port)) => {
                self.over(TcpStream::connect((host.as_str(), *port)).await)
                    .await
            }
            #[cfg(unix)]
            Some(Server::Socket(path)) => {
                self.over(tokio::net::UnixStream::connect(path).await).await
            }
            None => false,
        }
    }

    async fn over<S>(&self, stream: std::io::Result<S>) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Ok(mut stream) = stream else { return false };
        if self
            .token
            .cancel_query_raw(&mut stream, NoTls)
            .await
            .is_err()
        {
            return false;
        }
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.is_ok()
    }
}

/// The driver's reason with its causes: "error connecting to server: Connection refused (os error 111)".
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let reason = inner.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = inner.source();
    }
    text
}
