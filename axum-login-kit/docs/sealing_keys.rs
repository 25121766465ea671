// What the examples of `SealingKeys` begin with: a backend that gives its keys away.

use std::sync::{Arc, Mutex};

use axum_login_kit::*;
use chrono::NaiveDateTime;

#[derive(AuthUser)]
#[auth(no_password)]
pub struct User {
    pub id: i32,
}

struct Nobody;

#[async_trait::async_trait]
impl UserLoader<User> for Nobody {
    async fn load(&self, _: &i32) -> Result<Option<User>, Error> { Ok(None) }
}

struct KeyCollector(Arc<Mutex<Option<SealingKeys>>>);

#[async_trait::async_trait]
impl SessionBackend<User> for KeyCollector {
    fn set_up(&mut self, keys: SealingKeys) {
        *self.0.lock().unwrap() = Some(keys);
    }

    async fn find(&self, _: &str, _: &Presented<'_>) -> Result<Option<(Session<i32>, Option<User>)>, Error> { Ok(None) }
    async fn insert(&self, _: &str, _: &Session<i32>) -> Result<Written, Error> { Ok(Written::Nothing) }
    async fn update(&self, _: &str, _: &Session<i32>, _: &SessionChange) -> Result<Written, Error> { Ok(Written::Nothing) }
    async fn delete(&self, _: &str, _: &SessionId, _: Option<&i32>) -> Result<bool, Error> { Ok(false) }
    async fn list(&self, _: &str, _: &i32) -> Result<Vec<Session<i32>>, Error> { Ok(Vec::new()) }
    async fn delete_expired(&self, _: &str, _: NaiveDateTime, _: u32) -> Result<u64, Error> { Ok(0) }
}

pub fn sealing_keys() -> SealingKeys {
    let keys = Arc::default();
    let backend = KeyCollector(Arc::clone(&keys));
    LoginManager::over(backend, Nobody, "at least 32 bytes that nobody can guess").build().unwrap();
    let given = keys.lock().unwrap().take();
    given.unwrap()
}
