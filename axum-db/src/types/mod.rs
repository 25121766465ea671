//! Types of columns that are the same on every engine.
//!
//! The Rust types that other crates bring for these things each fit one engine or two, so they are wrapped
//! here. Each wrapper is its own SQL type: `#[model]` knows it by its name, a query compares a column with
//! it, and `sql_type = axum_db::types::Uuid` gives it to a type of your own.
//!
//! | type | feature | is |
//! |---|---|---|
//! | [`UtcTime`] | | a point in time, to the microsecond |
//! | `Uuid` | `uuid` | a [UUID](https://docs.rs/uuid) |
//! | `Json<T>` | `json` | a value of any type that serde knows |
//! | `Decimal` | `decimal` | a decimal number of up to 28 digits, kept exactly |
//!
//! Enums are [`DbEnum`](macro@crate::DbEnum)s.

#[cfg(feature = "decimal")]
mod decimal;
#[cfg(feature = "json")]
mod json;
mod misfit;
mod utc_time;
#[cfg(feature = "uuid")]
mod uuid;

#[cfg(feature = "decimal")]
pub use decimal::Decimal;
#[cfg(feature = "json")]
pub use json::{Json, JsonSql};
pub(crate) use misfit::Misfit;
pub use utc_time::UtcTime;
#[cfg(feature = "uuid")]
pub use uuid::Uuid;

/// The types of this module; not for users.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one of axum-db's own column types",
    label = "of the same name, but from another crate",
    note = "the types that every engine keeps alike are in `axum_db::types`: Uuid, UtcTime, Json<T>, Decimal; they convert from and into the other crate's with `.into()`"
)]
pub trait Portable {}

/// Makes a type its own SQL type.
macro_rules! sql_type {
    ($type:ident) => {
        impl diesel::sql_types::SqlType for $type {
            type IsNull = diesel::sql_types::is_nullable::NotNull;
        }

        impl diesel::sql_types::SingleValue for $type {}

        impl diesel::query_builder::QueryId for $type {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
    };
}
pub(crate) use sql_type;
