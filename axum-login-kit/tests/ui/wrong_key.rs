//! An `AuthUser::Id` that is not the type of the primary key.

use axum_db::{Database, Sqlite, prelude::*};
use axum_login_kit::{AuthUser, LoginManager};

#[model]
#[derive(Debug, Clone)]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    pub password_hash: String,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn password_hash(&self) -> Option<&str> {
        Some(&self.password_hash)
    }
}

fn manager(database: &Database<Sqlite>) {
    let _ = LoginManager::<User>::new(database, "secret").build();
}

fn main() {
    let _ = manager;
}
