//! A place for sessions that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::http::StatusCode;
use axum_login_kit::{
    Error, MemorySessions, Presented, Session, SessionBackend, SessionChange, SessionId, Written,
};
use chrono::NaiveDateTime;

use crate::models::User;
use crate::sqlite::app::App;

/// Memory that takes no session, or gives none up, while it is told so.
#[derive(Clone, Default)]
struct Broken {
    memory: MemorySessions<i32>,
    inserts: Arc<AtomicBool>,
    deletes: Arc<AtomicBool>,
}

impl Broken {
    fn memory(&self) -> &dyn SessionBackend<User> {
        &self.memory
    }
}

fn unless(broken: &AtomicBool) -> Result<(), Error> {
    if broken.load(Ordering::Relaxed) {
        return Err(Error::backend("on purpose"));
    }
    Ok(())
}

#[async_trait]
impl SessionBackend<User> for Broken {
    async fn find(
        &self,
        realm: &str,
        presented: &Presented<'_>,
    ) -> Result<Option<(Session<i32>, Option<User>)>, Error> {
        self.memory().find(realm, presented).await
    }

    async fn insert(&self, realm: &str, session: &Session<i32>) -> Result<Written, Error> {
        unless(&self.inserts)?;
        self.memory().insert(realm, session).await
    }

    async fn update(
        &self,
        realm: &str,
        session: &Session<i32>,
        change: &SessionChange,
    ) -> Result<Written, Error> {
        self.memory().update(realm, session, change).await
    }

    async fn delete(&self, realm: &str, id: &SessionId, of: Option<&i32>) -> Result<bool, Error> {
        unless(&self.deletes)?;
        self.memory().delete(realm, id, of).await
    }

    async fn list(&self, realm: &str, user: &i32) -> Result<Vec<Session<i32>>, Error> {
        self.memory().list(realm, user).await
    }

    async fn delete_expired(&self, _: &str, _: NaiveDateTime, _: u32) -> Result<u64, Error> {
        Ok(0)
    }
}

#[tokio::test]
async fn whatever_fails_the_browser_keeps_a_session_that_stands() {
    let broken = Broken::default();
    let app = App::with(|builder| builder.sessions(broken.clone())).await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    for what in [&broken.inserts, &broken.deletes] {
        what.store(true, Ordering::Relaxed);
        let form = "email=bob@example.com&password=password";
        let answer = browser.post("/login", form).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.cookies().is_empty());
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
        what.store(false, Ordering::Relaxed);
    }
    // A logout that fails is none, and says so.
    broken.deletes.store(true, Ordering::Relaxed);
    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
}
