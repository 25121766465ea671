//! The models: the one place that says what the database looks like.

use axum_db::prelude::*;
use axum_login_kit::AuthUser;
use chrono::NaiveDateTime;
use serde::Serialize;

/// The picture of whoever has not uploaded one.
pub const DEFAULT_PICTURE: &str = "default.jpg";

#[model]
#[derive(Debug, Clone, Serialize, AuthUser)]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 20)]
    pub username: String,
    #[model(unique, length = 120)]
    pub email: String,
    #[model(default = "default.jpg")]
    pub image_file: String,
    #[serde(skip)]
    pub password_hash: String,
    #[auth(is_email_confirmed)]
    #[model(default = false)]
    pub email_confirmed: bool,
}

#[model]
#[derive(Debug, Clone, Serialize)]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 100)]
    pub title: String,
    #[model(default = now)]
    pub date_posted: NaiveDateTime,
    pub content: String,
    #[model(references = User, on_delete = cascade, index, relation = author, backref = posts)]
    pub user_id: i32,
}
