//! The server programs of this machine, and how each is prepared and started.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Kind;

/// The programs that make a server.
#[derive(Debug)]
pub(crate) enum Programs {
    Postgres {
        initdb: PathBuf,
        postgres: PathBuf,
    },
    MariaDb {
        install_db: PathBuf,
        server: PathBuf,
    },
    Mysql {
        server: PathBuf,
    },
}

/// Finds the programs of a server in `PATH` and where distributions hide them.
pub(crate) fn locate(kind: Kind) -> Option<Programs> {
    let folders = folders();
    let find = |name: &str| {
        folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    };
    match kind {
        Kind::Postgres => {
            // Both from one folder: two versions side by side would not fit together.
            let postgres = find("postgres")?.canonicalize().ok()?;
            let initdb = postgres.with_file_name("initdb");
            initdb
                .is_file()
                .then_some(Programs::Postgres { initdb, postgres })
        }
        Kind::Mysql => {
            let install_db = find("mariadb-install-db").or_else(|| find("mysql_install_db"));
            match (find("mariadbd").or_else(|| find("mysqld")), install_db) {
                (Some(server), Some(install_db)) => Some(Programs::MariaDb { install_db, server }),
                (Some(server), None) => Some(Programs::Mysql { server }),
                (None, _) => None,
            }
        }
    }
}

/// `PATH`, then the folders of Debian's PostgreSQL versions, newest first, then of servers.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    folders.extend(versions.into_iter().map(|(_, folder)| folder));
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"].map(PathBuf::from));
    folders
}

impl Programs {
    /// Users to run as when we are root, the best first: servers refuse to be root.
    pub(crate) fn users(&self) -> [&'static str; 2] {
        match self {
            Self::Postgres { .. } => ["postgres", "nobody"],
            Self::MariaDb { .. } | Self::Mysql { .. } => ["mysql", "nobody"],
        }
    }

    /// The command that fills `folder`/data.
    pub(crate) fn prepare(&self, folder: &Path) -> Command {
        let data = folder.join("data");
        match self {
            Self::Postgres { initdb, .. } => {
                let mut command = Command::new(initdb);
                command
                    .args(["--username=postgres", "--auth=trust", "--no-sync"])
                    .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
                    .arg(data);
                command
            }
            Self::MariaDb { install_db, .. } => {
                let mut command = Command::new(install_db);
                command
                    .args(["--no-defaults", "--auth-root-authentication-method=normal"])
                    .args(["--skip-test-db", &option("datadir", &data)])
                    .arg(option("tmpdir", folder));
                command
            }
            Self::Mysql { server } => {
                let mut command = Command::new(server);
                command.args([
                    "--no-defaults",
                    "--initialize-insecure",
                    &option("datadir", &data),
                ]);
                command
            }
        }
    }

    /// The command that serves `folder`/data on a port of 127.0.0.1, as fast as data that nobody keeps allows.
    /// Of a setting that is given twice the servers take the last.
    pub(crate) fn serve(&self, folder: &Path, port: u16, settings: &[String]) -> Command {
        let data = folder.join("data");
        match self {
            Self::Postgres { postgres, .. } => {
                let mut command = Command::new(postgres);
                command.arg("-D").arg(data).args(["-p", &port.to_string()]);
                for setting in [
                    "listen_addresses=127.0.0.1",
                    "unix_socket_directories=",
                    "max_connections=300",
                    "fsync=off",
                    "synchronous_commit=off",
                    "full_page_writes=off",
                ] {
                    command.args(["-c", setting]);
                }
                for setting in settings {
                    command.args(["-c", setting]);
                }
                command
            }
            Self::MariaDb { server, .. } | Self::Mysql { server } => {
                let mut command = Command::new(server);
                command.args([
                    "--no-defaults",
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                    "--skip-log-bin",
                    "--max-connections=300",
                    "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-flush-method=nosync",
                    &format!("--port={port}"),
                    &option("datadir", &data),
                    // A server that starts deletes the temporary tables it finds, another server's too.
                    &option("tmpdir", folder),
                    &option("socket", &folder.join("socket")),
                    &option("pid-file", &folder.join("pid")),
                    &option("init-file", &folder.join(Self::INIT_FILE)),
                ]);
                if matches!(self, Self::Mysql { .. }) {
                    command.arg("--mysqlx=OFF");
                }
                command.args(settings.iter().map(|setting| format!("--{setting}")));
                command
            }
        }
    }

    /// The name of the file that MariaDB and MySQL run at every start.
    pub(crate) const INIT_FILE: &str = "init.sql";

    /// Its content: the administrator is known by address, since names are not resolved.
    pub(crate) const INIT_SQL: &str = "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\n\
         GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n";
}

fn option(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}
