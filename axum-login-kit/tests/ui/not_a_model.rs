//! A manager for users that are no model.

use axum_db::{Database, Sqlite};
use axum_login_kit::{AuthUser, LoginManager};

pub struct User;

impl AuthUser for User {
    type Id = i32;

    fn id(&self) -> i32 {
        1
    }

    fn password_hash(&self) -> Option<&str> {
        None
    }
}

fn manager(database: &Database<Sqlite>) {
    let _ = LoginManager::<User>::new(database, "secret").build();
}

fn main() {
    let _ = manager;
}
