//! Permissions of two kinds of user, asked for at once.

use axum_login_kit::{AuthUser, Permission, Require};

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

pub struct EditPosts;

impl Permission for EditPosts {
    type User = User;
    const NAME: &'static str = "posts.edit";
}

pub struct Admin;

impl AuthUser for Admin {
    type Id = i32;

    fn id(&self) -> i32 {
        1
    }

    fn password_hash(&self) -> Option<&str> {
        None
    }
}

pub struct EditUsers;

impl Permission for EditUsers {
    type User = Admin;
    const NAME: &'static str = "users.edit";
}

async fn edit(_user: Require<(EditPosts, EditUsers)>) {}

fn main() {
    let _ = edit;
}
