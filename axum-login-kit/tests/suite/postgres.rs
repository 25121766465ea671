//! The suite on PostgreSQL.

pub(crate) type Engine = axum_db::Postgres;
pub(crate) use testkit::postgres as fresh;

/// How many statements wait for a lock in this database.
pub(crate) const WAITING: &str = "(SELECT COUNT(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND wait_event_type = 'Lock')";

/// Begins a transaction that is nobody's victim.
pub(crate) const BEGIN_STRONGER: &str = "BEGIN; SET LOCAL deadlock_timeout = '1min'";

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
#[path = "behaviour/retried.rs"]
mod retried;
#[path = "behaviour/steps.rs"]
mod steps;
#[path = "behaviour/threats.rs"]
mod threats;
#[path = "behaviour/transactions.rs"]
mod transactions;
#[path = "behaviour/wire.rs"]
mod wire;
