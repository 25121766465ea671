use axum_db::prelude::*;

#[model]
pub struct AString {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = "users")]
    pub user_id: i32,
}

pub struct NotAModel;

#[model]
pub struct ToNoModel {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = NotAModel)]
    pub other_id: i32,
}

#[model]
pub struct ActionWithoutKey {
    #[model(primary_key)]
    pub id: i32,
    #[model(on_delete = cascade)]
    pub user_id: i32,
}

#[model]
pub struct UnknownAction {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = NotAModel, on_delete = delete)]
    pub user_id: i32,
}

#[model]
pub struct NullWhereNoneIs {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = NotAModel, on_delete = set_null)]
    pub user_id: i32,
}

#[model]
pub struct TakenName {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = NotAModel, relation = save)]
    pub user_id: i32,
}

fn main() {}
