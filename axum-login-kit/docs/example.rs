// What the short examples of the documentation begin with: a user in memory, her application and her browser.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use axum_db::testing::Client;
use axum_login_kit::testing::{FakeClock, Outbox, login_as};
use axum_login_kit::*;

#[derive(Debug, Clone)]
pub struct User {
    pub id: i32,
    pub email: String,
    pub password_hash: String,
    pub epoch: i64,
}

impl AuthUser for User {
    type Id = i32;
    fn id(&self) -> i32 { self.id }
    fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
    fn email(&self) -> Option<&str> { Some(&self.email) }
    fn session_epoch(&self) -> i64 { self.epoch }
}

/// The only user there is, and her password.
pub fn ada() -> User {
    // "correct horse", at the least cost there is
    let hash = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    User { id: 1, email: "ada@example.com".into(), password_hash: hash.into(), epoch: 0 }
}

#[derive(Clone)]
pub struct Users(Arc<Mutex<User>>);

#[async_trait::async_trait]
impl UserLoader<User> for Users {
    async fn load(&self, id: &i32) -> Result<Option<User>, Error> {
        Ok(Some(self.0.lock().unwrap().clone()).filter(|user| user.id == *id))
    }

    async fn replace_password(&self, user: &User, hash: &str) -> Result<bool, Error> {
        let mut stored = self.0.lock().unwrap();
        let is_as_before = stored.password_hash == user.password_hash;
        if is_as_before {
            stored.password_hash = hash.into();
        }
        Ok(is_as_before)
    }
}

pub fn manager() -> LoginManagerBuilder<User> {
    manager_with("at least 32 bytes that nobody can guess")
}

pub fn manager_with(secret_key: &str) -> LoginManagerBuilder<User> {
    let users = Users(Arc::new(Mutex::new(ada())));
    LoginManager::over(MemorySessions::new(), users, secret_key).passwords(Bcrypt::with_cost(4).unwrap())
}

/// A stranger's browser; `/` says who is logged in.
pub fn stranger(login: &LoginManager<User>, routes: Router) -> Client {
    let home = async |user: Option<CurrentUser<User>>| {
        user.map_or("nobody".to_owned(), |user| user.email.clone())
    };
    Client::new(routes.route("/", get(home)).layer(login.layer()))
}

/// Ada's, in which she is logged in.
pub async fn browser(login: &LoginManager<User>, routes: Router) -> Client {
    stranger(login, routes).with_cookies(login_as(login, &ada()).await.unwrap())
}
