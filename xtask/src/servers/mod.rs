//! Finding the database servers that the tests need, or starting them.

pub(crate) mod install;

use std::process::Command;

use servers::PrivateServer;
pub(crate) use servers::{Kind, free_port};

use crate::Result;

/// The variable that names the server, for this command and for the tests it runs.
fn variable(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "TEST_POSTGRES_URL",
        Kind::Mysql => "TEST_MYSQL_URL",
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
        command.env(variable(self.kind), &self.url);
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
        if let Ok(url) = std::env::var(variable(kind)) {
            servers::reach(&url, kind.standard_port())
                .map_err(|error| format!("{} is set, but {error}", variable(kind)))?;
            return Ok(server(url, variable(kind), None));
        }
        let port = kind.standard_port();
        if servers::lets_in(kind, port).is_ok() {
            return Ok(server(kind.local_url(port), "already listening", None));
        }
    }
    if !kind.is_installed() {
        install::install(kind)?;
    }
    if !kind.is_installed() {
        return Err(format!(
            "no {} to test against. Install it ({}), or set {} to a server where the tests may create \
             databases, or run `cargo xtask test --sqlite-only` to test less.",
            kind.name(),
            kind.how_to_install(),
            variable(kind),
        )
        .into());
    }
    let private = PrivateServer::start(kind, &[], &[])
        .map_err(|error| format!("could not start {}: {error}", kind.name()))?;
    Ok(server(
        private.url(),
        "started for these tests",
        Some(private),
    ))
}
