//! A PostgreSQL URL: where the server is, and how far to trust the way there.

use std::time::Duration;

use tokio_postgres::config::{Host, SslMode as Attempt, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Connection, Error, Socket};

#[cfg(feature = "tls")]
use super::tls::Tls;
#[cfg(not(feature = "tls"))]
use tokio_postgres::NoTls as Tls;

use crate::backend::url::{is_this_machine, take_parameters};
use crate::config::Config;

/// How long a connection may be silent before the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What a PostgreSQL URL says.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: Tls,
    attempts: Attempts,
}

/// A connection that was opened.
type Opened = (
    Client,
    Connection<Socket, <Tls as MakeTlsConnect<Socket>>::Stream>,
);

/// What is tried last, and what before it.
type Attempts = (&'static Attempt, &'static [Attempt]);

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(
                    "sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"
                        .into(),
                );
            }
        })
    }

    fn attempts(self) -> Attempts {
        match self {
            Self::Disable => (&Attempt::Disable, &[]),
            Self::Allow => (&Attempt::Require, &[Attempt::Disable]),
            Self::Prefer => (&Attempt::Disable, &[Attempt::Prefer]),
            Self::Require | Self::VerifyCa | Self::VerifyFull => (&Attempt::Require, &[]),
        }
    }
}

/// The parameters about TLS that the driver does not know as libpq does.
#[derive(Debug, Default)]
struct TlsParameters {
    mode: Option<String>,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (rest, taken) = take_parameters(url, |name| {
            matches!(name, "sslmode" | "sslrootcert" | "sslcert" | "sslkey")
        });
        let mut parameters = TlsParameters::default();
        for (name, value) in taken {
            let place = match &*name {
                "sslmode" => &mut parameters.mode,
                "sslrootcert" => &mut parameters.root,
                "sslcert" => &mut parameters.certificate,
                _ => &mut parameters.key,
            };
            *place = Some(value);
        }
        let mut config: tokio_postgres::Config = rest.parse().map_err(|error: Error| {
            // The driver's reason names the parameter; its text never quotes the password.
            format!("the PostgreSQL URL cannot be read: {}", with_causes(&error))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("it names no host; write postgres://user:password@host/database, or ?host=/var/run/postgresql for a socket".into());
        }
        if !rest.contains("keepalives_idle=") {
            config.keepalives_idle(KEEPALIVE);
            config.keepalives_interval(KEEPALIVE / 4);
            config.keepalives_retries(4);
        }
        let given = parameters.mode.as_deref().map(SslMode::named).transpose()?;
        let mode = match given {
            // As libpq has it: a socket needs no TLS.
            _ if config.get_hosts().iter().all(is_socket) && !config.get_hosts().is_empty() => {
                SslMode::Disable
            }
            Some(mode) => mode,
            None if parameters.root.is_some() => SslMode::VerifyFull,
            None if stays_on_this_machine(&config) => SslMode::Disable,
            None => SslMode::VerifyFull,
        };
        Ok(Self {
            config,
            tls: tls(mode, &parameters)?,
            attempts: mode.attempts(),
        })
    }

    /// Opens a connection with these settings, and with more options for the server if it takes them.
    ///
    /// Some poolers between do not; then the settings are none of the session either.
    pub(super) async fn open(
        &self,
        settings: &Config,
        more: Option<&str>,
    ) -> Result<Opened, String> {
        static WARNED: std::sync::Once = std::sync::Once::new();
        // The driver asks the session whether it may write, and means the server.
        let is_any = self.config.get_target_session_attrs() == TargetSessionAttrs::Any;
        let more = more.filter(|_| is_any);
        let outcome = match self.connect(self.configured(settings, more)).await {
            Err(error) if refuses_options(&error) => {
                WARNED.call_once(|| {
                    tracing::warn!(
                        target: "axum_db",
                        "what the PostgreSQL URL leads to, a pooler perhaps, takes no limits from its clients: \
                         have its administrator set statement_timeout, lock_timeout and \
                         idle_in_transaction_session_timeout by ALTER ROLE … SET"
                    );
                });
                self.connect(self.named(settings)).await
            }
            outcome => outcome,
        };
        outcome.map_err(|error| explained(&error))
    }

    async fn connect(&self, mut config: tokio_postgres::Config) -> Result<Opened, Error> {
        let (last, before) = self.attempts;
        for attempt in before {
            config.ssl_mode(*attempt);
            match config.connect(self.tls.clone()).await {
                Err(error) if other_way_may_do(&error) => {}
                outcome => return outcome,
            }
        }
        config.ssl_mode(*last);
        config.connect(self.tls.clone()).await
    }

    /// The connection under the program's name.
    fn named(&self, settings: &Config) -> tokio_postgres::Config {
        let mut config = self.config.clone();
        if let (None, Some(name)) = (config.get_application_name(), &settings.application_name) {
            config.application_name(name);
        }
        config
    }

    /// The settings as parameters of the session, which a reset goes back to.
    fn configured(&self, settings: &Config, more: Option<&str>) -> tokio_postgres::Config {
        let mut configured = self.named(settings);
        let limits = [
            ("statement_timeout", settings.statement_timeout),
            ("lock_timeout", settings.lock_timeout),
            (
                "idle_in_transaction_session_timeout",
                settings.idle_in_transaction_timeout,
            ),
        ];
        let mut options: Vec<String> = limits
            .into_iter()
            .filter_map(|(name, limit)| {
                let limit = limit.filter(|limit| !limit.is_zero())?;
                let milliseconds = limit.as_millis().clamp(1, i32::MAX as u128);
                Some(format!("-c {name}={milliseconds}"))
            })
            .collect();
        // The server takes the last of two: what the URL says.
        options.extend(
            self.config
                .get_options()
                .into_iter()
                .chain(more)
                .map(str::to_owned),
        );
        if !options.is_empty() {
            configured.options(options.join(" "));
        }
        configured
    }
}

fn is_socket(host: &Host) -> bool {
    !matches!(host, Host::Tcp(_))
}

fn stays_on_this_machine(config: &tokio_postgres::Config) -> bool {
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() {
        config.get_hosts().iter().all(|host| match host {
            Host::Tcp(host) => is_this_machine(host),
            #[cfg(unix)]
            Host::Unix(_) => true,
        })
    } else {
        addresses.iter().all(std::net::IpAddr::is_loopback)
    }
}

/// Whether the other of two attempts, with TLS or without, may do where this one failed: TLS itself, or a server
/// that lets nobody in on this way.
fn other_way_may_do(error: &Error) -> bool {
    error
        .code()
        .is_none_or(|code| *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// Whether the other side refused the start-up packet itself, and not the user, the password or the database.
fn refuses_options(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::PROTOCOL_VIOLATION,
            SqlState::FEATURE_NOT_SUPPORTED,
        ]
        .contains(code)
    })
}

/// The driver's reason, and what to do about it.
fn explained(error: &Error) -> String {
    let reason = with_causes(error);
    let advice = if reason.contains("server does not support TLS") {
        "; where the way to it can be trusted, add sslmode=disable to the URL"
    } else if reason.contains("invalid peer certificate") {
        "; where an authority of your own signed the server's certificate, add sslrootcert=/path/to/its.pem to the URL"
    } else {
        ""
    };
    reason + advice
}

#[cfg(not(feature = "tls"))]
fn tls(mode: SslMode, parameters: &TlsParameters) -> Result<Tls, String> {
    let required = mode.attempts() == (&Attempt::Require, &[]);
    if required || parameters.certificate.is_some() || parameters.key.is_some() {
        return Err(format!(
            "{}; or, where the way to the server can be trusted, add sslmode=disable to the URL",
            crate::backend::url::NO_TLS
        ));
    }
    Ok(Tls)
}

#[cfg(feature = "tls")]
fn tls(mode: SslMode, parameters: &TlsParameters) -> Result<Tls, String> {
    use super::verify::{Check, Identity, client_config};
    use crate::backend::tls::Authorities;

    if mode == SslMode::Disable {
        return Ok(Tls::none());
    }
    let authorities = match parameters.root.as_deref() {
        None | Some("system") => Authorities::System,
        Some(path) => Authorities::File(path.into()),
    };
    let check = match (mode, &parameters.root) {
        (SslMode::VerifyFull, _) => Check::AuthorityAndHost,
        (_, Some(_)) if authorities == Authorities::System => {
            return Err("sslrootcert=system needs sslmode=verify-full: of authorities that sign for everybody the host must be checked".into());
        }
        (SslMode::VerifyCa, None) => {
            return Err("sslmode=verify-ca needs sslrootcert=/path/to/the/authority.pem; with the authorities of the system use sslmode=verify-full".into());
        }
        (_, Some(_)) => Check::Authority,
        (_, None) => Check::Nothing,
    };
    let identity = match (&parameters.certificate, &parameters.key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(Identity {
            certificate: certificate.into(),
            key: key.into(),
        }),
        _ => return Err("sslcert and sslkey go together".into()),
    };
    let config = client_config(check, &authorities, identity.as_ref())
        .map_err(|reason| format!("sslmode, sslrootcert, sslcert or sslkey: {reason}"))?;
    Ok(Tls::with(config))
}

/// The driver's reason with its causes: "error connecting to server: Connection refused (os error 111)".
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        let target = Target::parse(url).expect(url);
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        target.config.get_hosts().iter().map(name).collect()
    }

    #[test]
    fn urls_name_servers_and_sockets() {
        for (url, expected) in [
            ("postgres://app@localhost/blog", &["localhost"][..]),
            ("postgresql://app@[::1]:77/blog", &["::1"]),
            (
                "postgres://app@%2Fvar%2Frun%2Fpostgresql/blog",
                &["/var/run/postgresql"],
            ),
            ("postgres:///blog?host=/tmp&user=app", &["/tmp"]),
            (
                "postgres://app@localhost:1,127.0.0.1:2/blog",
                &["localhost", "127.0.0.1"],
            ),
        ] {
            assert_eq!(hosts(url), expected, "{url}");
        }
        let url = "postgres://app:p%40ss%2F%3Aw%3F@localhost:1,127.0.0.1:2/blog?target_session_attrs=read-write";
        let config = Target::parse(url).expect(url).config;
        assert_eq!(config.get_password(), Some(&b"p@ss/:w?"[..]));
        assert_eq!(config.get_ports(), [1, 2]);
    }

    #[test]
    fn only_this_machine_is_trusted_without_being_told() {
        let attempts = |url: &str| Target::parse(url).map(|target| target.attempts);
        for local in [
            "postgres://app@localhost/blog",
            "postgres://app@[::1],127.0.0.1/blog",
            "postgres://app@%2Ftmp/blog",
            "postgres://app@%2Ftmp/blog?sslmode=require",
            "postgres://app@db/blog?hostaddr=127.0.0.1",
            "postgres://app@db/blog?sslmode=disable",
        ] {
            assert_eq!(attempts(local), Ok((&Attempt::Disable, &[][..])), "{local}");
        }
        for remote in [
            "postgres://app@db/blog",
            "postgres://app@localhost,db/blog",
            "postgres://app@localhost/blog?hostaddr=10.0.0.1",
        ] {
            match attempts(remote) {
                Ok(attempts) => assert_eq!(attempts, (&Attempt::Require, &[][..]), "{remote}"),
                // Without TLS, or without authorities to trust, it is a start-up error that says so.
                Err(reason) => assert!(
                    reason.contains("feature `tls`") || reason.contains("ca-certificates"),
                    "{reason}"
                ),
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (parameter, named) in [
            ("sslmode=verify", "sslmode is none of disable"),
            ("sslcrl=/x", "sslcrl"),
            ("channel_binding=maybe", "channel_binding"),
            ("connect_timeout=soon", "connect_timeout"),
        ] {
            let url = format!("postgres://app:hunter2@localhost/blog?{parameter}");
            let reason = Target::parse(&url).expect_err("it is wrong");
            assert!(reason.contains(named), "{reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        #[cfg(feature = "tls")]
        for (parameters, named) in [
            (
                "sslmode=require&sslrootcert=system",
                "needs sslmode=verify-full",
            ),
            ("sslmode=verify-ca", "needs sslrootcert="),
            ("sslmode=require&sslcert=/x", "go together"),
            (
                "sslrootcert=/no/such/file.pem",
                "/no/such/file.pem cannot be read",
            ),
        ] {
            let url = format!("postgres://app@localhost/blog?{parameters}");
            let reason = Target::parse(&url).expect_err("it is wrong");
            assert!(reason.contains(named), "{reason}");
        }
        let nowhere = Target::parse("postgres:///blog").expect_err("no host");
        assert!(nowhere.contains("names no host"), "{nowhere}");
    }
}
