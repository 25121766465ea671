use axum_db::prelude::*;

#[model]
pub struct User {
    #[model(primary_key)]
    pub id: i64,
    pub name: String,
}

#[model]
pub struct Line {
    #[model(primary_key)]
    pub order_id: i32,
    #[model(primary_key)]
    pub number: i32,
    pub text: String,
}

#[model]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = User)]
    pub user_id: i32,
    #[model(references = Line)]
    pub line: Option<i32>,
}

fn main() {}
