//! A session that comes from another client than it began with.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::connect_info::MockConnectInfo;
use axum_login_kit::LoginEventKind;
use axum_login_kit::SessionProtection::{self, Basic, Off, Strong};

use crate::browser::Browser;
use crate::sqlite::app::{App, Kept};

async fn protected(kept: Kept, protection: SessionProtection) -> App {
    let app = App::with(|builder| kept.set(builder).session_protection(protection)).await;
    app.user("ada@example.com").await;
    app
}

/// Logged in with one browser, and its cookies in another.
async fn moved(app: &App) -> (Browser, Browser) {
    let mut first = app.browser().with("user-agent", "Firefox");
    first.post("/cart", "apple").await;
    let form = "email=ada@example.com&password=password";
    first.post("/login", form).await;
    let mut second = app.browser().with("user-agent", "curl");
    second.cookies = first.cookies.clone();
    (first, second)
}

#[tokio::test]
async fn the_same_client_is_let_in_under_every_protection() {
    for kept in Kept::ALL {
        for protection in [Off, Basic, Strong] {
            let app = protected(kept, protection).await;
            let (mut first, _) = moved(&app).await;
            for _ in 0..2 {
                let answer = first.get("/danger").await;
                assert_eq!(answer.body, "danger for ada@example.com", "{protection:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_client_is_not_fresh_or_not_logged_in() {
    for kept in Kept::ALL {
        for (protection, who, fresh) in [
            (Off, "ada@example.com", "true"),
            (Basic, "ada@example.com", "false"),
            (Strong, "stranger", "false"),
        ] {
            let app = protected(kept, protection).await;
            let (mut first, mut second) = moved(&app).await;
            second.post("/login/options", "email=nobody").await; // an error leaves everything as it is
            assert_eq!(
                second.get("/home").await.body,
                format!("hello {who}"),
                "{kept:?} {protection:?}"
            );
            assert_eq!(
                second.get("/fresh").await.body,
                fresh,
                "{kept:?} {protection:?}"
            );
            if protection == Strong {
                assert!(second.cookie("session").is_none(), "{kept:?}");
                if kept != Kept::Cookies {
                    let ended = first.get("/home").await.body;
                    assert_eq!(ended, "hello stranger", "the session itself has ended");
                }
                // What is no session's goes on.
                second.get("/account").await;
                let message = "[info] Please log in to access this page.";
                assert_eq!(second.get("/login").await.body, message);
            }
        }
    }
}

#[tokio::test]
async fn the_password_makes_the_other_client_the_sessions_own() {
    for kept in Kept::ALL {
        let app = protected(kept, Basic).await;
        let (_, mut second) = moved(&app).await;
        assert_eq!(second.get("/fresh").await.body, "false");
        second.post("/confirm", "password=password").await;
        assert_eq!(second.get("/fresh").await.body, "true", "{kept:?}");
    }
}

#[tokio::test]
async fn the_application_may_tell_clients_apart_itself() {
    let told = Arc::new(Mutex::new(0));
    let listener = Arc::clone(&told);
    let app = App::with(|builder| {
        builder
            .session_protection(Strong)
            .fingerprint(|parts| {
                let language = parts.headers.get("accept-language");
                let language = language.and_then(|value| value.to_str().ok());
                language.unwrap_or_default().to_owned()
            })
            .on_event(move |event| {
                if event.kind == LoginEventKind::Protected {
                    *listener.lock().unwrap() += 1;
                }
            })
    })
    .await;
    app.user("ada@example.com").await;
    let (_, second) = moved(&app).await;
    assert_eq!(
        second.clone().get("/home").await.body,
        "hello ada@example.com"
    );
    let mut third = second.with("accept-language", "fr");
    assert_eq!(third.get("/home").await.body, "hello stranger");
    assert_eq!(*told.lock().unwrap(), 1);
}

#[tokio::test]
async fn an_address_counts_only_from_the_connection_or_a_declared_proxy() {
    let address: SocketAddr = "10.0.0.1:80".parse().unwrap();
    for (proxies, ip) in [(0, "10.0.0.1"), (1, "192.0.2.7"), (2, "6.6.6.6")] {
        let app = App::with(|builder| builder.behind_proxies(proxies)).await;
        let router = app.router.clone().layer(MockConnectInfo(address));
        let mut browser = Browser::new(&router).with("x-forwarded-for", "6.6.6.6, 192.0.2.7");
        assert_eq!(browser.get("/ip").await.body, ip);
    }
}
