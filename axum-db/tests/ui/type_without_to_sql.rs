use axum_db::prelude::*;

pub struct Color;

#[model]
pub struct Car {
    #[model(primary_key)]
    pub id: i32,
    #[model(sql_type = diesel::sql_types::Text)]
    pub color: Color,
}

fn main() {}
