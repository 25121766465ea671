//! The users of the tests.

use axum_db::prelude::*;
use axum_login_kit::AuthUser;

#[model]
#[derive(Debug, Clone)]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 120)]
    pub email: String,
    pub password_hash: String,
    #[model(default = false)]
    pub blocked: bool,
    #[model(default = 0)]
    pub epoch: i64,
    #[model(default = false)]
    pub confirmed: bool,
}

impl AuthUser for User {
    type Id = i32;

    fn id(&self) -> i32 {
        self.id
    }

    fn password_hash(&self) -> Option<&str> {
        Some(&self.password_hash)
    }

    fn email(&self) -> Option<&str> {
        Some(&self.email)
    }

    fn is_email_confirmed(&self) -> bool {
        self.confirmed
    }

    fn is_active(&self) -> bool {
        !self.blocked
    }

    fn session_epoch(&self) -> i64 {
        self.epoch
    }
}

/// Another type of user, whose key is text.
#[model]
#[derive(Debug, Clone)]
pub struct Admin {
    #[model(primary_key, length = 40)]
    pub name: String,
}

impl AuthUser for Admin {
    type Id = String;
    const SESSION_TABLE: &'static str = "admin_sessions";

    fn id(&self) -> String {
        self.name.clone()
    }

    fn password_hash(&self) -> Option<&str> {
        None
    }
}
