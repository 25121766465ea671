//! What the code that `#[model]` writes names; not for users, and without any promise.

pub use crate::model::registry::Registered;
pub use crate::model::table_id::{
    AddNoJoinToOneOfTheKeys, Compare, Different, O0, O1, O2, O3, O4, O5, O6, O7, TableId, TableOf,
};
pub use axum_db_macros::DeriveModel;
pub use futures_util::future::BoxFuture;
pub use inventory;

/// The current time in UTC, to the microsecond: what every engine keeps.
#[must_use]
pub fn now() -> chrono::NaiveDateTime {
    let now = chrono::Utc::now().naive_utc();
    let micros = now.and_utc().timestamp_micros();
    chrono::DateTime::from_timestamp_micros(micros).map_or(now, |exact| exact.naive_utc())
}
