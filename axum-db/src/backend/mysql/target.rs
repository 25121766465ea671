//! A MySQL URL: where the server is, and how far to trust the way there.

use mysql_async::{Conn, Opts, OptsBuilder};

use crate::backend::url::{is_this_machine, take_parameters};

/// How long a connection may be silent before the other side is asked whether it is still there.
const KEEPALIVE_MILLISECONDS: u32 = 60_000;

/// What a MySQL URL says.
#[derive(Clone)]
pub struct Target {
    options: Opts,
    /// What to do instead where TLS cannot be had.
    plain: Option<Opts>,
}

// The driver's own shows the password.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.options.ip_or_hostname())
            .finish_non_exhaustive()
    }
}

/// `ssl-mode`, as MySQL's own programs have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SslMode {
    Disabled,
    Preferred,
    Required,
    VerifyIdentity,
}

impl SslMode {
    fn named(name: &str) -> Result<Self, String> {
        Ok(match &*name.to_ascii_uppercase().replace('-', "_") {
            "DISABLED" => Self::Disabled,
            "PREFERRED" => Self::Preferred,
            "REQUIRED" => Self::Required,
            "VERIFY_IDENTITY" => Self::VerifyIdentity,
            "VERIFY_CA" => {
                return Err("ssl-mode=VERIFY_CA is not supported; use VERIFY_IDENTITY, which checks the host's name too".into());
            }
            _ => {
                return Err(
                    "ssl-mode is none of DISABLED, PREFERRED, REQUIRED, VERIFY_IDENTITY".into(),
                );
            }
        })
    }
}

/// `ssl-mode`, `ssl_mode` and `sslMode` are one parameter.
fn plain_name(name: &str) -> String {
    name.replace(['-', '_'], "").to_ascii_lowercase()
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (rest, taken) = take_parameters(url, |name| {
            matches!(&*plain_name(name), "sslmode" | "sslca")
        });
        let (mut mode, mut authorities) = (None, None);
        for (name, value) in taken {
            match &*plain_name(&name) {
                "sslmode" => mode = Some(SslMode::named(&value)?),
                _ => authorities = Some(value),
            }
        }
        // The driver's own words for it would be a second way to say the same.
        let (rest, others) = take_parameters(&rest, |name| {
            matches!(
                name,
                "require_ssl" | "verify_ca" | "verify_identity" | "built_in_roots"
            )
        });
        if let Some((name, _)) = others.first() {
            return Err(format!("{name} is not supported; use ssl-mode and ssl-ca"));
        }
        let options = Opts::from_url(&rest)
            .map_err(|error| format!("the MySQL URL cannot be read: {error}"))?;
        let stays = options.socket().is_some() || is_this_machine(options.ip_or_hostname());
        let mode = match mode {
            // A socket needs no TLS.
            _ if options.socket().is_some() => SslMode::Disabled,
            Some(mode) => mode,
            None if stays && authorities.is_none() => SslMode::Disabled,
            None => SslMode::VerifyIdentity,
        };
        let keepalive = options.tcp_keepalive().unwrap_or(KEEPALIVE_MILLISECONDS);
        let plain = OptsBuilder::from_opts(options)
            // Diesel keeps the prepared statements, and counts matched rows as the other engines do.
            .stmt_cache_size(0)
            .client_found_rows(true)
            // The driver would go over to the socket that the server names, which on this machine may be another's.
            .prefer_socket(false)
            .tcp_keepalive(Some(keepalive));
        if mode == SslMode::Disabled {
            return Ok(Self {
                options: plain.into(),
                plain: None,
            });
        }
        let fallback = (mode == SslMode::Preferred).then(|| plain.clone().into());
        Ok(Self {
            options: with_tls(plain, mode, authorities)?,
            plain: fallback,
        })
    }

    /// Opens a connection, and tells with which options; `setup` is run first.
    pub(super) async fn open(&self, setup: String) -> Result<(Conn, Opts), String> {
        #[cfg(feature = "tls")]
        if self.options.ssl_opts().is_some() {
            choose_provider();
        }
        let options = |options: &Opts| -> Opts {
            OptsBuilder::from_opts(options.clone())
                .init(vec![setup.clone()])
                .into()
        };
        let error = match Conn::new(options(&self.options)).await {
            Ok(connection) => return Ok((connection, self.options.clone())),
            Err(error) => error,
        };
        match &self.plain {
            Some(plain) if !matches!(error, mysql_async::Error::Server(_)) => {
                let connection = Conn::new(options(plain)).await.map_err(|e| e.to_string())?;
                Ok((connection, plain.clone()))
            }
            _ => Err(explained(&error)),
        }
    }
}

/// The driver's reason, and what to do about it.
fn explained(error: &mysql_async::Error) -> String {
    let reason = error.to_string();
    let no_tls = matches!(
        error,
        mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer)
    );
    let advice = if no_tls {
        "; where the way to it can be trusted, add ssl-mode=DISABLED to the URL"
    } else if reason.contains("invalid peer certificate") {
        "; where an authority of your own signed the server's certificate, add ssl-ca=/path/to/its.pem to the URL"
    } else {
        ""
    };
    reason + advice
}

#[cfg(not(feature = "tls"))]
fn with_tls(
    options: OptsBuilder,
    mode: SslMode,
    _authorities: Option<String>,
) -> Result<Opts, String> {
    if mode == SslMode::Preferred {
        return Ok(options.into());
    }
    Err(format!(
        "{}; or, where the way to the server can be trusted, add ssl-mode=DISABLED to the URL",
        crate::backend::url::NO_TLS
    ))
}

#[cfg(feature = "tls")]
fn with_tls(
    options: OptsBuilder,
    mode: SslMode,
    authorities: Option<String>,
) -> Result<Opts, String> {
    use crate::backend::tls::Authorities;

    let mut ssl = mysql_async::SslOpts::default();
    if mode == SslMode::VerifyIdentity {
        let authorities =
            authorities.map_or(Authorities::System, |path| Authorities::File(path.into()));
        let certificates = authorities
            .load()
            .map_err(|reason| format!("ssl-ca: {reason}"))?;
        let usable = certificates.into_iter().filter(|certificate| {
            rustls::RootCertStore::empty()
                .add(certificate.clone())
                .is_ok()
        });
        ssl = ssl
            .with_root_certs(
                usable
                    .map(|certificate| certificate.to_vec().into())
                    .collect(),
            )
            .with_disable_built_in_roots(true);
    } else if authorities.is_some() {
        return Err(
            "ssl-ca needs ssl-mode=VERIFY_IDENTITY: in the other modes nothing is checked".into(),
        );
    } else {
        ssl = ssl.with_danger_accept_invalid_certs(true);
    }
    let options = Opts::from(options.ssl_opts(Some(ssl.clone())));
    // The driver takes the brackets of an IPv6 address for a part of its name.
    let host = options.ip_or_hostname().to_owned();
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let ssl = ssl.with_danger_tls_hostname_override(Some(address.to_owned()));
        return Ok(OptsBuilder::from_opts(options).ssl_opts(Some(ssl)).into());
    }
    Ok(options)
}

/// The driver asks rustls for the provider of the process, and panics where several are compiled in and none
/// was chosen.
#[cfg(feature = "tls")]
fn choose_provider() {
    use rustls::crypto::{CryptoProvider, ring};

    if CryptoProvider::get_default().is_none() {
        // It may have been chosen meanwhile.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_servers_and_sockets() {
        let target = Target::parse("mysql://app:p%40ss%2Fw@[::1]:77/blog").expect("a target");
        assert_eq!(target.options.pass(), Some("p@ss/w"));
        assert_eq!(target.options.tcp_port(), 77);
        assert!(!format!("{target:?}").contains("p@ss"));
        let socket = Target::parse("mysql://app@db/blog?socket=/tmp/s&ssl-mode=REQUIRED");
        let socket = socket.expect("a target").options;
        assert_eq!(socket.socket(), Some("/tmp/s"));
        assert!(socket.ssl_opts().is_none());
    }

    #[test]
    fn only_this_machine_is_trusted_without_being_told() {
        let encrypted =
            |url: &str| Target::parse(url).map(|target| target.options.ssl_opts().is_some());
        for url in [
            "mysql://app@localhost/blog",
            "mysql://app@127.0.0.1/blog",
            "mysql://app@db/blog?sslMode=disabled",
        ] {
            assert_eq!(encrypted(url), Ok(false), "{url}");
        }
        match encrypted("mysql://app@db/blog") {
            Ok(encrypted) => assert!(encrypted),
            Err(reason) => assert!(
                reason.contains("feature `tls`") || reason.contains("ca-certificates"),
                "{reason}"
            ),
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (parameter, named) in [
            ("ssl-mode=VERIFY_CA", "VERIFY_CA is not supported"),
            ("ssl_mode=maybe", "ssl-mode is none of"),
            ("ssl-cert=/x", "ssl-cert"),
            ("require_ssl=true", "require_ssl is not supported"),
        ] {
            let url = format!("mysql://app:hunter2@localhost/blog?{parameter}");
            let reason = Target::parse(&url).expect_err("it is wrong");
            assert!(reason.contains(named), "{reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
