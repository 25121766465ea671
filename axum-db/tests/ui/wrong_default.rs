use axum_db::prelude::*;

#[model]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(default = 1)]
    pub name: String,
    #[model(default = "0")]
    pub count: i32,
    #[model(default = 40000)]
    pub small: i16,
    #[model(default = 1)]
    pub ratio: f64,
    #[model(default = now)]
    pub active: bool,
    #[model(default = "2024-01-01")]
    pub since: chrono::NaiveDateTime,
    #[model(default = String::new())]
    pub note: String,
    #[model(default = "far too long", length = 3)]
    pub code: String,
    #[model(default = "x")]
    pub bytes: Vec<u8>,
    #[model(length = 3)]
    pub number: i32,
    #[model(length = 0)]
    pub nothing: String,
}

fn main() {}
