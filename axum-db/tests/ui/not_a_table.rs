use axum_db::prelude::*;

#[model]
pub struct Generic<T> {
    #[model(primary_key)]
    pub id: i32,
    pub value: T,
}

#[model]
pub enum Choice {
    One,
}

#[model]
pub struct Tuple(i32, String);

fn main() {}
