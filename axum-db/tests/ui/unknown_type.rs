use axum_db::prelude::*;

pub struct Color;

#[model]
pub struct Car {
    #[model(primary_key)]
    pub id: i32,
    pub color: Color,
    pub doors: Option<u8>,
    pub places: std::collections::BTreeMap<i32, i32>,
}

fn main() {}
