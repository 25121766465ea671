use axum_db::prelude::*;

#[model]
pub struct Device {
    #[model(primary_key)]
    pub id: i32,
    #[model(sql_type = diesel::sql_types::MacAddr)]
    pub address: [u8; 6],
}

fn main() {}
