//! The suite on MySQL and MariaDB.

pub(crate) type Engine = axum_db::Mysql;
pub(crate) use testkit::mysql as fresh;

/// How many statements of this database have been under way so long that they wait for a lock.
pub(crate) const WAITING: &str = "(SELECT COUNT(*) FROM information_schema.processlist \
    WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command <> 'Sleep' AND time_ms > 100)";

/// Begins a transaction that is nobody's victim, if it changes more than they do.
pub(crate) const BEGIN_STRONGER: &str = "BEGIN";

#[path = "behaviour/app.rs"]
pub(crate) mod app;
#[path = "behaviour/data.rs"]
mod data;
#[path = "behaviour/devices.rs"]
mod devices;
#[path = "behaviour/flows.rs"]
mod flows;
#[path = "behaviour/freshness.rs"]
mod freshness;
#[path = "behaviour/lockout.rs"]
mod lockout;
#[path = "behaviour/login.rs"]
mod login;
#[path = "behaviour/machine.rs"]
mod machine;
#[path = "behaviour/passwords.rs"]
mod passwords;
#[path = "behaviour/places.rs"]
mod places;
#[path = "behaviour/queries.rs"]
mod queries;
#[path = "behaviour/races.rs"]
mod races;
#[path = "behaviour/steps.rs"]
mod steps;
#[path = "behaviour/threats.rs"]
mod threats;
#[path = "behaviour/transactions.rs"]
mod transactions;
#[path = "behaviour/wire.rs"]
mod wire;
