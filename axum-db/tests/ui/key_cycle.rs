use axum_db::prelude::*;

#[model]
pub struct Team {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = Player)]
    pub captain_id: Option<i32>,
}

#[model]
pub struct Player {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = Team)]
    pub team_id: i32,
}

fn main() {}
