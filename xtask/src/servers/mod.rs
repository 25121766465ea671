//! Finding the database servers that the tests need, or starting them.

mod handshake;
pub(crate) mod install;
mod private;
mod programs;

use std::net::Ipv4Addr;
use std::process::Command;

use crate::Result;
use private::PrivateServer;

/// A database server that the tests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Mysql,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::Mysql];

    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MariaDB",
        }
    }

    /// The variable that names the server, for this command and for the tests it runs.
    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "TEST_POSTGRES_URL",
            Self::Mysql => "TEST_MYSQL_URL",
        }
    }

    fn standard_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
        }
    }

    /// The URL of a server on this machine that lets its administrator in without a password.
    fn local_url(self, port: u16) -> String {
        match self {
            Self::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Self::Mysql => format!("mysql://root@127.0.0.1:{port}/mysql"),
        }
    }

    fn how_to_install(self) -> &'static str {
        match self {
            Self::Postgres => {
                "Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; \
                 macOS: brew install postgresql"
            }
            Self::Mysql => {
                "Debian, Ubuntu: apt-get install mariadb-server; Fedora: dnf install mariadb-server; \
                 macOS: brew install mariadb"
            }
        }
    }
}

/// A server to test against; one that was started for it is stopped when this value is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    kind: Kind,
    url: String,
    origin: &'static str,
    _private: Option<PrivateServer>,
}

impl Server {
    /// Names the server to the tests.
    pub(crate) fn export(&self, command: &mut Command) {
        command.env(self.kind.variable(), &self.url);
    }

    /// One line for the summary.
    pub(crate) fn describe(&self) -> String {
        format!("{} ({})", self.kind.name(), self.origin)
    }
}

/// Finds a server, in the order that `cargo xtask test --help` tells.
///
/// # Errors
/// When there is none and none can be started; the message says what to install.
pub(crate) fn find(kind: Kind, only_private: bool) -> Result<Server> {
    let server = |url, origin, private| Server {
        kind,
        url,
        origin,
        _private: private,
    };
    if !only_private {
        if let Ok(url) = std::env::var(kind.variable()) {
            handshake::reach(&url, kind.standard_port())
                .map_err(|error| format!("{} is set, but {error}", kind.variable()))?;
            return Ok(server(url, kind.variable(), None));
        }
        let port = kind.standard_port();
        if handshake::lets_in(kind, port).is_ok() {
            return Ok(server(kind.local_url(port), "already listening", None));
        }
    }
    if programs::locate(kind).is_none() {
        install::install(kind)?;
    }
    let programs = programs::locate(kind).ok_or_else(|| {
        format!(
            "no {} to test against. Install it ({}), or set {} to a server where the tests may create \
             databases, or run `cargo xtask test --sqlite-only` to test less.",
            kind.name(),
            kind.how_to_install(),
            kind.variable(),
        )
    })?;
    let private = PrivateServer::start(kind, &programs)
        .map_err(|error| format!("could not start {}: {error}", kind.name()))?;
    let url = kind.local_url(private.port());
    Ok(server(url, "started for these tests", Some(private)))
}

/// A port of the loopback interface that nothing listens on.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
