use axum_db::prelude::*;

#[model(unique(year, nummber))]
pub struct UnknownField {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
    pub number: i32,
}

#[model(index(year, year))]
pub struct SameFieldTwice {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
}

#[model(unique(year, number), unique(year, number, name = "again"))]
pub struct SameRuleTwice {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
    pub number: i32,
}

#[model(unique(id))]
pub struct KeyIsUnique {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
}

#[model(unique)]
pub struct NoFields {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
}

#[model]
pub struct OnTheField {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique(year, number))]
    pub year: i32,
    #[model(check = "number > 0)")]
    pub number: i32,
}

#[model(check = "year > 0; DROP TABLE users")]
pub struct TwoStatements {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
}

#[model(check("year > (0", name = "x"))]
pub struct OpenParenthesis {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
}

#[model(check = "year > 0 -- in our era")]
pub struct Comment {
    #[model(primary_key)]
    pub id: i32,
    pub year: i32,
}

fn main() {}
