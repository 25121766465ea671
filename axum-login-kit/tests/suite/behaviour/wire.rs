//! What an authenticated request costs on the wire.

use axum_db::Backend;
use axum_db::Dialect;

use super::Engine;
use super::app::{self, App, connect, manager};
use crate::browser::Browser;

#[path = "../../../../axum-db/tests/suite/behaviour/proxy.rs"]
#[allow(dead_code, reason = "it does more for the tests of axum-db")]
mod proxy;

use proxy::{Proxy, Traffic};

#[tokio::test]
async fn an_authenticated_request_is_one_wait_for_the_server_and_others_none() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let logged_in = app.logged_in("ada@example.com").await;
    let proxy = Proxy::before(app.url(), Engine::DIALECT).await;
    let database = connect(proxy.url());
    let login = manager(&database, "user").build().unwrap();
    let router = app::router(app.gate.clone())
        .layer(login.layer())
        .layer(database.layer());
    let mut known = Browser::new(&router);
    known.cookies = logged_in.cookies;

    // The first request connects, and prepares the one statement that there is.
    let body = known.get("/account").await.body;
    assert_eq!(body, "account of ada@example.com");
    let first = proxy.take().messages;
    let prepared = first
        .iter()
        .filter(|text| text.starts_with("Parse SELECT") || text.starts_with("Prepare SELECT"));
    assert_eq!(prepared.count(), 1, "{first:?}");

    let one = || Traffic {
        messages: match Engine::DIALECT {
            Dialect::Postgres => vec!["Bind".to_owned(), "Execute".to_owned(), "Sync".to_owned()],
            _ => vec!["Execute".to_owned()],
        },
        waits: 1,
    };
    for uri in ["/account", "/home", "/danger", "/fresh"] {
        assert_eq!(known.get(uri).await.status, 200, "{uri}");
        assert_eq!(proxy.take(), one(), "{uri}");
    }
    for uri in ["/plain", "/login"] {
        assert_eq!(known.get(uri).await.status, 200, "{uri}");
        assert_eq!(proxy.take(), Traffic::default(), "{uri}");
    }

    let mut stranger = Browser::new(&router);
    for cookie in [None, Some("junk".to_owned()), Some("A".repeat(5_000))] {
        if let Some(cookie) = cookie {
            stranger.cookies.insert("session".to_owned(), cookie);
        }
        assert_eq!(stranger.get("/home").await.body, "hello stranger");
        assert_eq!(proxy.take(), Traffic::default());
    }
    assert_eq!(proxy.connections(), 1);
}
