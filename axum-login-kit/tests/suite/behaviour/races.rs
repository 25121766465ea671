//! A logout beside everything else that writes: it wins.

use std::sync::Arc;
use std::time::Duration;

use axum_login_kit::testing::FakeClock;
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::app::{App, Kept};

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
