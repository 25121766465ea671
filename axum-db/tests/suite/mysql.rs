//! The suite on MariaDB.

pub(crate) type Engine = axum_db::Mysql;
pub(crate) use testkit::mysql as fresh;

#[path = "behaviour/attributes.rs"]
mod attributes;
#[path = "behaviour/binds.rs"]
mod binds;
#[path = "behaviour/bulk.rs"]
mod bulk;
#[path = "behaviour/commits.rs"]
mod commits;
#[path = "behaviour/cut_off.rs"]
mod cut_off;
#[path = "behaviour/deadline.rs"]
mod deadline;
#[path = "behaviour/deadline_proxy.rs"]
mod deadline_proxy;
#[path = "behaviour/errors.rs"]
mod errors;
#[path = "behaviour/faults.rs"]
mod faults;
#[path = "behaviour/inside.rs"]
mod inside;
#[path = "behaviour/leftovers.rs"]
mod leftovers;
#[path = "behaviour/line.rs"]
mod line;
#[path = "behaviour/model.rs"]
mod model;
#[path = "behaviour/proxy.rs"]
pub(crate) mod proxy;
#[path = "behaviour/queries.rs"]
mod queries;
#[path = "behaviour/records.rs"]
mod records;
#[path = "behaviour/relations.rs"]
mod relations;
#[path = "behaviour/restart.rs"]
mod restart;
#[path = "behaviour/retry.rs"]
mod retry;
#[path = "behaviour/server.rs"]
mod server;
#[path = "behaviour/session.rs"]
mod session;
#[path = "behaviour/settings.rs"]
mod settings;
#[path = "behaviour/support.rs"]
mod support;
#[path = "behaviour/tables.rs"]
mod tables;
#[path = "behaviour/told.rs"]
mod told;
#[path = "behaviour/transactions.rs"]
mod transactions;
#[path = "behaviour/transfers.rs"]
mod transfers;
#[cfg(all(feature = "decimal", feature = "json", feature = "uuid"))]
#[path = "behaviour/typed.rs"]
mod typed;
#[path = "behaviour/wire.rs"]
mod wire;
