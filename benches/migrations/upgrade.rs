//! `upgrade` of many small revisions; the engine's own client runs the same files, one transaction each.

use std::process::Command;

use crate::alembic::AlembicUpgrades;
use crate::diesel_cli::DieselUpgrades;
use crate::ours::Upgrades;
use crate::peer::{Peer, Place, compare, is_there, write};

pub(crate) const REVISIONS: usize = 500;
const ROUNDS: usize = 5;

pub(crate) fn measure(engine: &'static str) {
    compare(
        &format!("upgrade, {REVISIONS} revisions"),
        engine,
        ROUNDS,
        &[
            &Client::AsAxumDb,
            &Client::WithRecords,
            &Client::AsItComes,
            &Upgrades,
            &DieselUpgrades,
            &AlembicUpgrades,
        ],
    );
}

/// The SQL of a revision.
pub(crate) fn up(revision: usize) -> String {
    format!(
        "CREATE TABLE step_{revision:03} (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL);\n"
    )
}

/// The revisions, as Diesel writes them.
pub(crate) fn write_directory(place: &Place) {
    for revision in 0..REVISIONS {
        let folder = place
            .folder
            .join(format!("migrations/2024-01-01-000000-{revision:04}_step"));
        write(&folder.join("up.sql"), &up(revision));
        let down = format!("DROP TABLE step_{revision:03};\n");
        write(&folder.join("down.sql"), &down);
        write(&folder.join("metadata.toml"), "run_in_transaction = true\n");
    }
}

/// # Panics
/// When the last revision's table is not there.
pub(crate) fn assert_done(place: &Place) {
    let last = REVISIONS - 1;
    let sql = format!("SELECT COUNT(*) FROM step_{last:03};");
    let mut command = client(place);
    match place.engine {
        "sqlite" => command.arg(sql),
        "postgres" => command.args(["-c", &sql]),
        _ => command.args(["-e", &sql]),
    };
    assert!(command.output().expect("a client").status.success());
}

/// The engine's own client.
#[derive(PartialEq)]
enum Client {
    /// On a database that is set up as axum-db does.
    AsAxumDb,
    /// The same, with a record of each revision, as migrations have to.
    WithRecords,
    /// On a database as the engine makes it, where that is another: SQLite's has no write-ahead log.
    AsItComes,
}

/// What a record takes: the version in Diesel's table, and a checksum beside it.
const RECORDS: &str = "CREATE TABLE versions (version VARCHAR(50) PRIMARY KEY, run_on TIMESTAMP DEFAULT CURRENT_TIMESTAMP); \
     CREATE TABLE checksums (version VARCHAR(50) PRIMARY KEY, checksum VARCHAR(64));\n";

fn program(engine: &str) -> &'static str {
    match engine {
        "sqlite" => "sqlite3",
        "postgres" => "psql",
        _ => "mariadb",
    }
}

fn client(place: &Place) -> Command {
    let mut command = Command::new(program(place.engine));
    match place.engine {
        "sqlite" => command.args(["-bail", place.peers_url()]),
        "postgres" => command.args(["-q", "-v", "ON_ERROR_STOP=1", place.database.url()]),
        _ => {
            let url: url::Url = place.database.url().parse().expect("a URL");
            command
                .arg(format!("--host={}", url.host_str().unwrap_or_default()))
                .arg(format!("--port={}", url.port().unwrap_or(3306)))
                .arg(format!("--user={}", url.username()))
                .arg(url.path().trim_start_matches('/'))
        }
    };
    command
}

impl Peer for Client {
    fn name(&self) -> &'static str {
        match self {
            Client::AsAxumDb => "the engine's client",
            Client::WithRecords => "the engine's client, with records",
            Client::AsItComes => "the engine's client, as it comes",
        }
    }

    fn absent(&self, engine: &str) -> Option<String> {
        let program = program(engine);
        if *self == Client::AsItComes && engine != "sqlite" {
            return Some("it is the first".to_owned());
        }
        (!is_there(program)).then(|| format!("no `{program}` on the PATH"))
    }

    fn prepare(&self, place: &Place) -> Command {
        let mut script = String::new();
        if place.engine == "sqlite" && *self != Client::AsItComes {
            script += "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;\n";
        }
        let records = *self == Client::WithRecords;
        if records {
            script += RECORDS;
        }
        for revision in 0..REVISIONS {
            let record = if records {
                format!(
                    "INSERT INTO versions (version) VALUES ('{revision}');\n\
                     INSERT INTO checksums VALUES ('{revision}', '{revision:064x}');\n"
                )
            } else {
                String::new()
            };
            script += &format!("BEGIN;\n{}{record}COMMIT;\n", up(revision));
        }
        let file = place.folder.join("all.sql");
        write(&file, &script);
        let mut command = client(place);
        match place.engine {
            "sqlite" => command.arg(format!(".read {}", file.display())),
            "postgres" => command.arg("-f").arg(file),
            _ => command.arg("-e").arg(format!("source {}", file.display())),
        };
        command
    }

    fn check(&self, place: &Place) {
        assert_done(place);
    }
}
