//! Sessions: found by the hash of a token that only the browser has, wherever they are kept.

mod backend;
mod cookies;
mod db;
mod in_cookie;
mod loader;
mod memory;
mod presented;
mod record;
mod statements;
mod table;
mod token;

pub use self::backend::{CommitHook, FinishHook, SessionBackend};
pub(crate) use self::cookies::{SessionCookies, SessionSpecs};
pub(crate) use self::db::DbUsers;
pub use self::db::{DbSessions, LoginBackend};
pub use self::in_cookie::CookieSessions;
pub use self::loader::UserLoader;
pub use self::memory::MemorySessions;
pub use self::presented::{Presented, Written};
pub use self::record::{DataChange, InvalidSessionId, Session, SessionChange, SessionId};
pub use self::table::tables;
pub(crate) use self::token::{
    Token, auth_tag, auth_tag_after, auth_tags, fresh_mark, is_bound, is_fresh_mark,
};
