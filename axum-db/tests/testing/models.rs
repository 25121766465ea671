//! The models that every database of this program has.

use axum_db::prelude::*;

#[model]
#[derive(Debug, Clone)]
pub struct Note {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 40)]
    pub title: String,
}

#[model]
#[derive(Debug, Clone)]
pub struct Comment {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = Note, index)]
    pub note_id: i32,
    pub text: String,
}

/// Another database.
pub struct Other;

impl axum_db::Bind for Other {
    const NAME: &'static str = "other";
}

#[model(bind = Other)]
#[derive(Debug, Clone)]
pub struct Hit {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 200)]
    pub path: String,
}
