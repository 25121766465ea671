//! The models of the tests that have enums, rules over several columns, and the types of `axum_db::types`.

use axum_db::prelude::*;
use axum_db::types::{Decimal, Json, UtcTime, Uuid};
use serde::{Deserialize, Serialize};

#[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Draft,
    InReview,
    #[db_enum(name = "it's \"public\"")]
    Published,
}

#[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[db_enum(name = "Mood of the day")]
pub enum Mood {
    Good,
    Bad,
}

/// Rules over several columns, and enums.
#[model(
    unique(year, number),
    unique(status, title, name = "articles_by_title"),
    index(status, year),
    index(title, name = "articles_title"),
    check("year >= 1900", name = "articles_century_check"),
    check = "number > 0 AND (year < 3000 OR number < 10)"
)]
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    #[model(primary_key)]
    pub id: i32,
    #[model(db_enum, default = Status::Draft)]
    pub status: Status,
    #[model(db_enum)]
    pub mood: Option<Mood>,
    #[model(db_enum, default = Mood::Good)]
    pub before: Option<Mood>,
    pub year: i32,
    pub number: i32,
    #[model(length = 40, check = "title <> ''", check("title <> ')'"))]
    pub title: String,
}

/// A key that has an enum in it, and a reference.
#[model(table = "mood_counts")]
#[derive(Debug, Clone, PartialEq)]
pub struct MoodCount {
    #[model(primary_key, db_enum)]
    pub mood: Mood,
    #[model(primary_key, references = Article, on_delete = cascade, relation = article, backref = moods)]
    pub article_id: i32,
    pub count: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    pub name: String,
    pub sides: Vec<u8>,
    pub inner: Option<Box<Shape>>,
}

/// Every type of `axum_db::types`.
#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    #[model(primary_key, default = Uuid::now_v7())]
    pub id: Uuid,
    #[model(default = now, index)]
    pub at: UtcTime,
    pub then: Option<UtcTime>,
    pub shape: Json<Shape>,
    pub anything: Option<Json<serde_json::Value>>,
    #[model(default = -0.50)]
    pub free: Decimal,
    #[model(precision = 12, scale = 2, default = 9.90)]
    pub price: Decimal,
    pub weight: Option<Decimal>,
    #[model(references = Parcel, on_delete = set_null, relation = outer, backref = within)]
    pub outer_id: Option<Uuid>,
}

/// A key of a UUID that is a reference, and a time.
#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    #[model(primary_key, references = Parcel, on_delete = cascade, relation = parcel, backref = stops)]
    pub parcel_id: Uuid,
    #[model(primary_key)]
    pub at: UtcTime,
    #[model(unique)]
    pub code: Uuid,
}
