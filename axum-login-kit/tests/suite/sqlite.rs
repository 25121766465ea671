//! The suite on SQLite.

pub(crate) type Engine = axum_db::Sqlite;
pub(crate) use testkit::sqlite as fresh;

/// Whether a statement waits for a lock: here nobody knows, and nothing is locked but the whole database.
pub(crate) const WAITING: &str = "1";

/// Begins a transaction.
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
