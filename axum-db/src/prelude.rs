//! What a file that talks to the database needs: `use axum_db::prelude::*;`.
//!
//! It brings `#[model]`, and Diesel's query builder without its `RunQueryDsl`, whose `.load()` and
//! `.first()` would take over those of other types.

pub use crate::query::{Fetch as _, Page, Pagination, Preload as _, Run as _};
pub use crate::{DbEnum, model};
pub use diesel::prelude::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, JoinOnDsl,
    NullableExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
    TextExpressionMethods,
};
