//! Writes to the sessions beside others; a logout wins.

use std::sync::Arc;
use std::time::Duration;

use axum_login_kit::testing::FakeClock;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::app::{App, Kept};
use super::{BEGIN_STRONGER, WAITING};

const ROUNDS: usize = 15;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_beside_a_logout_brings_the_session_back() {
    for kept in [Kept::Table, Kept::Memory] {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let app = App::with_connections(6, |builder| kept.set(builder).clock(turned)).await;
        app.user("ada@example.com").await;
        for round in 0..ROUNDS {
            let browser = app.remembered("ada@example.com").await;
            // Old enough for the last use to be noted.
            clock.advance(Duration::from_secs(600));
            let barrier = Arc::new(Barrier::new(6));
            let requests = [
                ("/logout", ""),
                ("/confirm", "password=password"),
                ("/cart", "apple"),
                ("/logout/others", ""),
                ("", "/home"),
                ("", "/devices"),
            ];
            let tasks = requests.map(|(post, rest)| {
                let (mut browser, barrier) = (browser.clone(), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    let answer = match post {
                        "" => browser.get(rest).await,
                        uri => browser.post(uri, rest).await,
                    };
                    assert!(!answer.status.is_server_error(), "{post}{rest}: {answer:?}");
                    browser
                })
            });
            for browser in join_all(tasks).await {
                // Whatever cookies each of them was left with.
                let mut browser = browser.unwrap();
                let home = browser.get("/home").await.body;
                assert_eq!(home, "hello stranger", "{kept:?}, round {round}");
            }
            assert_eq!(app.sessions().await, 0, "{kept:?}, round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_loses_against_another_is_done_again() {
    let app = App::with_connections(2, |builder| builder).await;
    app.user("ada@example.com").await;
    app.execute("CREATE TABLE ballast (n INTEGER)").await;
    app.logged_in("ada@example.com").await;
    app.logged_in("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;

    let mut other = app.database.connect_dedicated().await.unwrap();
    let ballast = "INSERT INTO ballast VALUES (1)".to_owned() + &", (1)".repeat(200);
    other.batch_execute(BEGIN_STRONGER).await.unwrap();
    other.batch_execute(&ballast).await.unwrap();
    let touch =
        |id: u32| format!("UPDATE auth_sessions SET last_seen_at = created_at WHERE id = {id}");
    other.batch_execute(&touch(2)).await.unwrap();
    let ending = tokio::spawn(async move { browser.post("/logout/others", "").await });
    // Until it has the first and waits for the second.
    while app.count(WAITING).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.batch_execute(&touch(1)).await.unwrap();
    other.batch_execute("COMMIT").await.unwrap();
    let ended = ending.await.unwrap();
    assert_eq!(ended.body, "2", "{ended:?}");
    assert_eq!(app.sessions().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_and_logouts_at_once_leave_whole_sessions() {
    let app = App::with_connections(4, |builder| builder).await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let barrier = Arc::new(Barrier::new(8));
    let tasks = (0..8).map(|number| {
        let (mut browser, barrier) = (browser.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            if number % 2 == 0 {
                let form = "email=ada@example.com&password=password";
                let answer = browser.post("/login", form).await;
                assert_eq!(answer.header("location"), "/");
                assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
            } else {
                browser.post("/logout", "").await;
                assert_eq!(browser.get("/home").await.body, "hello stranger");
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(app.sessions().await, 4);
}
