//! The models of the tests of relations: links between two models, with columns of their own, between a model
//! and itself, and between models of different modules.

use axum_db::prelude::*;

use crate::models::{Post, User};

#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 40)]
    pub name: String,
    #[model(length = 20, default = "grey")]
    pub colour: String,
}

/// A link with a column of its own.
#[model]
#[derive(Debug, Clone)]
pub struct Labelling {
    #[model(primary_key, references = Post, on_delete = cascade, many_to_many = posts)]
    pub post_id: i32,
    #[model(primary_key, references = Label, on_delete = cascade, relation = label, many_to_many = labels)]
    pub label_id: i32,
    #[model(default = 0)]
    pub rank: i32,
}

/// A link of a model with itself.
#[model]
#[derive(Debug, Clone)]
pub struct Follow {
    #[model(primary_key, references = User, on_delete = cascade, many_to_many = followers)]
    pub follower_id: i32,
    #[model(primary_key, references = User, on_delete = cascade, many_to_many = following)]
    pub followed_id: i32,
}

/// A link with a key of its own, named on one side only.
pub(crate) mod reading {
    use axum_db::prelude::*;

    #[model]
    #[derive(Debug, Clone)]
    pub struct Bookmark {
        #[model(primary_key)]
        pub id: i64,
        #[model(references = super::User, on_delete = cascade)]
        pub reader_id: i32,
        #[model(references = super::Post, on_delete = cascade, many_to_many = bookmarked)]
        pub post_id: i32,
    }
}

/// A key of text.
#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    #[model(primary_key, length = 40)]
    pub name: String,
    pub value: Option<String>,
    #[model(default = 1)]
    pub version: i32,
}

/// A key of two columns, and a unique column beside it.
#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    #[model(primary_key, length = 20)]
    pub provider: String,
    #[model(primary_key)]
    pub number: i64,
    #[model(unique, length = 40)]
    pub handle: String,
    pub token: Option<Vec<u8>>,
}

/// Two columns that are unique together.
#[model(unique(room, number))]
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 20)]
    pub room: String,
    pub number: i32,
    #[model(length = 40)]
    pub guest: String,
}
