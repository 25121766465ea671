//! What the code that `#[model]` writes names; not for users, and without any promise.

pub use crate::__db_enum as db_enum;
pub use crate::backend::filled::Filled;
pub use crate::model::key::{KeyOf, SameKey};
pub use crate::model::registry::Registered;
pub use crate::model::table_id::{
    AddNoJoinToOneOfTheKeys, Compare, Different, O0, O1, O2, O3, O4, O5, O6, O7, TableId, TableOf,
};
pub use crate::types::Portable;
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

/// Diesel's names, as the code of `DbEnum` says them.
pub mod sql {
    use crate::model::DbEnum;
    use crate::types::Misfit;

    pub use diesel::backend::Backend;
    pub use diesel::deserialize::{FromSql, Queryable, Result as Read};
    pub use diesel::expression::AsExpression;
    pub use diesel::internal::derives::as_expression::Bound;
    pub use diesel::query_builder::QueryId;
    pub use diesel::serialize::{Output, Result as Written, ToSql};
    pub use diesel::sql_types::is_nullable::NotNull;
    pub use diesel::sql_types::{Nullable, SingleValue, SqlOrd, SqlType, Text};

    /// Reads a value of an enum.
    pub fn variant<E, DB>(value: DB::RawValue<'_>) -> Read<E>
    where
        E: DbEnum,
        DB: Backend,
        String: FromSql<Text, DB>,
    {
        let label = <String as FromSql<Text, DB>>::from_sql(value)?;
        E::from_label(&label).ok_or_else(|| {
            Misfit::new(format!(
                "a row has a value that the enum `{}` does not know (it knows {}); add the variant, or change the row",
                E::DEFINITION.name,
                E::DEFINITION.labels.join(", ")
            ))
            .into()
        })
    }
}
