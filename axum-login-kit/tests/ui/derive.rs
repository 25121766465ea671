//! `#[derive(AuthUser)]` where the fields do not say it.

use axum_login_kit::AuthUser;

#[derive(AuthUser)]
pub struct WithoutId {
    pub password_hash: String,
}

#[derive(AuthUser)]
pub struct WithoutHash {
    pub id: i32,
    pub password: String,
}

#[derive(AuthUser)]
pub struct Twice {
    pub id: i32,
    #[auth(password_hash)]
    pub password: String,
    #[auth(password_hash)]
    pub secret: String,
}

#[derive(AuthUser)]
pub struct Misspelt {
    #[auth(key)]
    pub number: i32,
    pub password_hash: String,
}

#[derive(AuthUser)]
#[auth(table = "sessions")]
pub struct OnTheStruct {
    pub id: i32,
    pub password_hash: String,
}

#[derive(AuthUser)]
#[auth(no_password)]
pub struct Both {
    pub id: i32,
    pub password_hash: String,
}

#[derive(AuthUser)]
pub struct Column {
    #[auth(column = "key")]
    pub id: i32,
    pub password_hash: String,
}

#[derive(AuthUser)]
pub enum Choice {
    One,
}

#[derive(AuthUser)]
pub struct Pair(i32, String);

#[derive(AuthUser)]
pub struct Types {
    pub id: i32,
    pub password_hash: String,
    pub is_active: i32,
}

fn main() {}
