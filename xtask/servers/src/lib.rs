//! Database servers for tests: which programs this machine has, whether a server lets us in, and servers of
//! our own in a temporary folder.
//!
//! `cargo xtask test` starts one of each where none is running; a test starts one that it may kill, or that
//! needs a certificate. The example is compiled but not run, because it needs PostgreSQL's programs on the machine;
//! the tests of axum-db run the same steps.
//!
//! ```no_run
//! use servers::{Kind, PrivateServer};
//!
//! let mut server = PrivateServer::start(Kind::Postgres, &[], &["ssl=off"]).unwrap();
//! println!("{}", server.url());
//! server.crash().unwrap();
//! server.start_again(&[]).unwrap();
//! ```

#[cfg(not(unix))]
compile_error!("the tests need Unix: on Windows run them inside WSL");

mod handshake;
mod private;
mod programs;

use std::net::Ipv4Addr;

pub use handshake::{lets_in, reach};
pub use private::PrivateServer;

/// What every function here returns: the message of a failure is what the caller reads.
pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// A database server that the tests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB or MySQL.
    Mysql,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Mysql];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MariaDB",
        }
    }

    /// The port that it listens on unless told otherwise.
    #[must_use]
    pub fn standard_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
        }
    }

    /// The URL of a server on this machine that lets its administrator in without a password.
    #[must_use]
    pub fn local_url(self, port: u16) -> String {
        match self {
            Self::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Self::Mysql => format!("mysql://root@127.0.0.1:{port}/mysql"),
        }
    }

    /// Whether the machine has the server's programs.
    #[must_use]
    pub fn is_installed(self) -> bool {
        programs::locate(self).is_some()
    }

    /// How to get the server's programs.
    #[must_use]
    pub fn how_to_install(self) -> &'static str {
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

/// A port of the loopback interface that nothing listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
