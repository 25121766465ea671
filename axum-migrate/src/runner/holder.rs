//! Who is in the way: the holder of the migration lock, and whoever holds a lock that a statement waits for.
//!
//! What others are running is never shown, because statements hold values.

use std::path::Path;

use axum_db::Dialect;
use chrono::Utc;

use super::lock::{MYSQL_NAME, POSTGRES_KEY};
use super::queries::literal;
use super::versions::OURS;
use crate::Engine;

/// How this program shows itself: its process, machine and name, and the present time.
pub(super) fn introduction() -> String {
    let program = std::env::current_exe().ok();
    let name = program
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| format!(" ({})", name.to_string_lossy()))
        .unwrap_or_default();
    format!(
        "process {}{name}{} since {} UTC",
        std::process::id(),
        host(),
        Utc::now().format("%Y-%m-%d %H:%M:%S")
    )
}

/// The same in what PostgreSQL keeps of an application's name.
pub(super) fn short_introduction() -> String {
    let text = format!(
        "axum-migrate process {}{} since {}Z",
        std::process::id(),
        host().chars().take(20).collect::<String>(),
        Utc::now().format("%H:%M:%S")
    );
    text.chars().filter(char::is_ascii).take(63).collect()
}

fn host() -> String {
    ["HOSTNAME", "COMPUTERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .map(|name| format!(" on {name}"))
        .unwrap_or_default()
}

const WAIT: &str = "Let it finish and run the command again, or wait longer with --wait";

/// The rest of a sentence about a locked file.
pub(super) fn of_file(path: &Path) -> String {
    let held = std::fs::read_to_string(path).unwrap_or_default();
    // Another program may have written it.
    let held: String = held.chars().filter(|c| !c.is_control()).take(200).collect();
    if held.is_empty() {
        return format!(": somebody holds {}. {WAIT}", path.display());
    }
    format!(
        ": {} is held by {held}. {WAIT}; should it hang, end that process, and the lock goes with it",
        path.display()
    )
}

/// The rest of a sentence about the server's lock.
pub(super) async fn of_server<B: Engine>(conn: &mut B::Connection) -> String {
    let sql = match B::DIALECT {
        Dialect::Sqlite => return String::new(),
        Dialect::Postgres => format!(
            "SELECT pid || ' ' || {DESCRIBED} AS value \
             FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid) \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND (l.classid::bigint << 32) + l.objid::bigint = {POSTGRES_KEY}"
        ),
        Dialect::Mysql => format!(
            "SELECT CONCAT(p.id, ' ', {}) AS value FROM information_schema.processlist AS p \
             WHERE p.id = IS_USED_LOCK({MYSQL_NAME})",
            described_process()
        ),
    };
    let held = B::query_texts(conn, &sql).await.unwrap_or_default();
    let Some((id, held)) = held.first().and_then(|held| held.split_once(' ')) else {
        return format!(". {WAIT}");
    };
    let mut text = format!(": the lock is held by connection {id}, {held}");
    if B::DIALECT == Dialect::Mysql {
        // A server that has never been migrated has no such table.
        let sql = format!("SELECT checksum AS value FROM {OURS} WHERE progress = 'lock:{id}'");
        if let Ok(notes) = B::query_texts(conn, &sql).await
            && let Some(note) = notes.first()
        {
            text.push_str(&format!(", {note}"));
        }
    }
    let end = match B::DIALECT {
        Dialect::Mysql => format!("KILL {id}"),
        _ => format!("SELECT pg_terminate_backend({id})"),
    };
    text.push_str(&format!(". {WAIT}; should it hang, `{end}` ends it"));
    if B::DIALECT == Dialect::Postgres && held.contains(": idle for") {
        text.push_str(
            ". A holder that stays idle is the connection of a pooler, as PgBouncer in transaction mode, through \
             which an earlier migration ran: give migrations a URL that leads to the server itself",
        );
    }
    text
}

/// A row `a` of pg_stat_activity in words.
const DESCRIBED: &str = "('of user ' || coalesce(a.usename::text, 'unknown') || \
     coalesce(' (' || nullif(a.application_name, '') || ')', '') || \
     ' from ' || coalesce(host(a.client_addr), 'this machine') || \
     ' since ' || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC: ' || \
     coalesce(a.state, 'busy') || \
     coalesce(' for ' || extract(epoch FROM clock_timestamp() - a.state_change)::int || ' s', ''))";

/// A row `p` of the list of processes in words.
fn described_process() -> &'static str {
    "CONCAT('of user ', p.user, ' from ', p.host, ': ', LOWER(p.command), ' for ', p.time, ' s')"
}

/// The question for whoever keeps PostgreSQL's process `pid` waiting.
pub(super) fn blockers_of(pid: &str) -> String {
    format!(
        "SELECT 'connection ' || a.pid || ' ' || {DESCRIBED} AS value \
         FROM pg_stat_activity AS a WHERE a.pid = ANY (pg_blocking_pids({pid}))"
    )
}

/// The question for whoever is connected to a database of PostgreSQL.
pub(super) fn users_of(database: &str) -> String {
    let name = literal(Dialect::Postgres, database);
    format!(
        "SELECT 'connection ' || a.pid || ' ' || {DESCRIBED} AS value \
         FROM pg_stat_activity AS a WHERE a.datname = {name} ORDER BY a.pid LIMIT 5"
    )
}

/// The question for whoever has a transaction open on MySQL, which is how tables stay locked.
pub(super) fn open_transactions() -> String {
    format!(
        "SELECT CONCAT('connection ', p.id, ' ', {}, ', in a transaction since ', t.trx_started) AS value \
         FROM information_schema.innodb_trx AS t \
         JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id \
         WHERE p.id <> CONNECTION_ID() AND (p.db IS NULL OR p.db = DATABASE()) ORDER BY t.trx_started LIMIT 5",
        described_process()
    )
}

/// What MySQL's holder of the lock writes beside the versions, where there is no other place to say since when.
pub(super) fn note() -> String {
    let text = format!(
        "process {}{} since {} UTC",
        std::process::id(),
        host().chars().take(20).collect::<String>(),
        Utc::now().format("%Y-%m-%d %H:%M:%S")
    );
    text.chars().take(64).collect()
}
