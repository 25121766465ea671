//! What is logged, at the finest level.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::sqlite::app::App;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let app = App::new().await;
    let user = app.user("ada@example.com").await;
    let guard = tracing::subscriber::set_default(subscriber);
    let mut browser = app.browser();
    let wrong = "email=ada@example.com&password=a+wrong+secret";
    browser.post("/login", wrong).await;
    let mut browser = app.remembered("ada@example.com").await;
    browser.get("/account").await;
    let token = browser.cookie("session").unwrap().to_owned();
    let mark = browser.cookie("fresh").unwrap().to_owned();
    browser.post("/logout", "").await;
    app.execute("DROP TABLE auth_sessions").await;
    browser.cookies.insert("session".to_owned(), token.clone());
    browser.get("/account").await;
    drop(guard);

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("logged in"), "{logged}");
    assert!(logged.contains("logged out"), "{logged}");
    let secrets = [
        &token,
        &mark,
        &user.password_hash,
        "wrong secret",
        "wrong+secret",
        "secret for tests",
    ];
    for secret in secrets {
        assert!(!logged.contains(secret), "{secret} in {logged}");
    }
}
