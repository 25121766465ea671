use axum_db::prelude::*;

#[model(tabel = "users")]
pub struct OnTheStruct {
    #[model(primary_key)]
    pub id: i32,
    pub name: String,
}

#[model]
pub struct OnTwoFields {
    #[model(primary_kye)]
    pub id: i32,
    #[model(uniqe)]
    pub name: String,
}

#[model]
pub struct Twice {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 20, length = 30)]
    pub name: String,
}

fn main() {}
