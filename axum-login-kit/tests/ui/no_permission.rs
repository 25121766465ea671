//! A type that does not implement `Permission`, in a handler's arguments.

use axum_login_kit::Require;

pub struct EditPosts;

async fn edit(_user: Require<EditPosts>) {}

fn main() {
    let _ = edit;
}
