use axum_db::prelude::*;

#[model]
pub struct User {
    pub id: i32,
    pub name: String,
}

#[model]
pub struct Nullable {
    #[model(primary_key)]
    pub id: Option<i32>,
}

fn main() {}
