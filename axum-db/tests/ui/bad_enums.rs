use axum_db::prelude::*;

#[derive(DbEnum, Debug, Clone)]
pub struct NotAnEnum;

#[derive(DbEnum, Debug, Clone)]
pub enum WithFields {
    Circle(f64),
}

#[derive(DbEnum, Debug, Clone)]
pub enum Empty {}

#[derive(DbEnum, Debug, Clone)]
pub enum SameLabel {
    InReview,
    #[db_enum(name = "In_Review")]
    Reviewing,
}

#[derive(DbEnum, Debug, Clone)]
pub enum UnknownAttribute {
    #[db_enum(rename = "x")]
    First,
}

#[derive(DbEnum, Debug, Clone)]
pub enum Status {
    Draft,
}

#[model]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    #[model(db_enum, default = "draft")]
    pub status: Status,
    #[model(db_enum, sql_type = diesel::sql_types::Text)]
    pub other: Status,
}

fn main() {}
