//! The session: one unit of work, its handle, and the layer that begins and ends it.

mod commit;
mod deadline;
mod extract;
mod finish;
mod future;
mod handle;
mod layer;
mod lease;
mod retry;
mod state;
mod transaction;

pub use extract::MissingLayer;
pub use finish::Outcome;
pub use handle::{Bind, Db, Main};
pub use layer::{SessionLayer, SessionService, TransactionMode};
pub(crate) use lease::Purpose;
pub use lease::{Access, Connection, Lease};
pub use retry::{Attempt, ResponseFuture};
pub use transaction::Isolation;
