use axum_db::prelude::*;
use axum_db::types::{Decimal, Uuid};

#[model]
pub struct Numbers {
    #[model(primary_key, default = "random")]
    pub id: Uuid,
    #[model(precision = 12)]
    pub half: Decimal,
    #[model(precision = 2, scale = 3)]
    pub behind: Decimal,
    #[model(precision = 12, scale = 2)]
    pub integer: i32,
    #[model(default = "1.5")]
    pub text: Decimal,
    #[model(default = 1.0000000000000000001)]
    pub long: Decimal,
    pub seen: chrono::DateTime<chrono::Utc>,
    pub large: u64,
    pub token: uuid::Uuid,
}

fn main() {}
