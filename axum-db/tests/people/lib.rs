//! A crate of models, as an application keeps them apart from its program.
#![deny(missing_docs)]

use axum_db::prelude::*;

/// Someone who owns a pet.
#[model]
#[derive(Debug, Clone)]
pub struct Person {
    /// The number of the row.
    #[model(primary_key)]
    pub id: i32,
    /// How they are called.
    #[model(length = 80)]
    pub name: String,
}
