//! What stands before routes: a login, a fresh one, a permission.

mod layer;
mod permission;
mod router;

pub(crate) use self::layer::Overrides;
pub use self::layer::{LoginRequired, LoginRequiredService, login_required};
pub use self::permission::{Grants, Permission, Require};
pub use self::router::{GuardedRouter, RouteAudit};
