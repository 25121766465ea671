//! A type that does not implement `AuthUser`, in a handler's arguments.

use axum_login_kit::CurrentUser;

pub struct Visitor;

async fn account(_user: CurrentUser<Visitor>) {}

fn main() {
    let _ = account;
}
