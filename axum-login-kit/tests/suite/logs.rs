//! What is logged, at the finest level.

use testkit::logged;
use tracing_subscriber::filter::LevelFilter;

use crate::sqlite::app::App;

#[tokio::test]
async fn no_secret_is_logged() {
    let app = App::new().await;
    let user = app.user("ada@example.com").await;
    let (log, guard) = logged(LevelFilter::TRACE);
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

    let logged = log.text();
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
