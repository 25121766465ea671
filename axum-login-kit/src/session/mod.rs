//! Sessions: rows of a table, found by the hash of a token that only the browser has.

mod backend;
mod cookies;
mod db;
mod statements;
mod table;
mod token;

pub(crate) use self::backend::{
    NewSession, RequestSessions, SessionBackend, SessionKey, StoredSession,
};
pub(crate) use self::cookies::{SessionCookies, cookie_name};
pub(crate) use self::db::DbSessions;
pub use self::db::LoginBackend;
pub use self::table::tables;
pub(crate) use self::token::{Token, auth_tag, fresh_mark, same};

use chrono::{NaiveDateTime, Timelike, Utc};

/// The time in UTC, in whole seconds: what every database gives back as it was stored.
pub(crate) fn now() -> NaiveDateTime {
    let now = Utc::now().naive_utc();
    now.with_nanosecond(0).unwrap_or(now)
}
