//! What the code that `#[model]` writes names; not for users, and without any promise.

pub use crate::model::registry::Registered;
pub use crate::model::table_id::{Compare, Different, O0, O1, O2, O3, O4, O5, O6, O7, TableId};
pub use axum_db_macros::DeriveModel;
pub use inventory;
