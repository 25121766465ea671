use axum_db::prelude::*;

#[model]
pub struct Visit {
    #[model(primary_key)]
    pub id: i32,
    #[model(sql_type = diesel::sql_types::TimestamptzSqlite)]
    pub seen: chrono::DateTime<chrono::Utc>,
}

fn main() {}
