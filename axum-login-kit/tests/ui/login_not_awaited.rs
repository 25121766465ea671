//! A login that is not awaited logs nobody in.
#![deny(unused_must_use)]

use axum_login_kit::{Auth, AuthUser};

async fn login<U: AuthUser>(auth: Auth<U>, user: U) {
    auth.login(&user).remember(true);
}

fn main() {
    let _ = login::<Never>;
}

pub enum Never {}

impl AuthUser for Never {
    type Id = i32;

    fn id(&self) -> i32 {
        match *self {}
    }

    fn password_hash(&self) -> Option<&str> {
        match *self {}
    }
}
