//! The answer to whoever is not logged in, for each kind of client.

use axum::http::{Method, StatusCode};

use axum::Router;
use axum::routing::get;
use axum_login_kit::{CurrentUser, LoginRejection};

use crate::browser::{Answer, Browser};
use crate::models::User;
use crate::sqlite::app::App;

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn problem(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["status"], 401);
    assert!(answer.header("location").is_empty());
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn a_browser_is_sent_to_the_login_page_and_back() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app
        .browser()
        .with("accept", HTML)
        .with("sec-fetch-mode", "navigate");
    let answer = browser.get("/account?tab=2&q=a%20b").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let login = "/login?next=%2Faccount%3Ftab%3D2%26q%3Da%2520b";
    assert_eq!(answer.header("location"), login);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("vary"), "Cookie");

    let page = browser.get(login).await;
    assert_eq!(page.body, "[info] Please log in to access this page.");
    let answer = browser
        .post(login, "email=ada@example.com&password=password")
        .await;
    assert_eq!(answer.header("location"), "/account?tab=2&q=a%20b");
    assert_eq!(
        browser.get("/account?tab=2&q=a%20b").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn only_a_page_that_can_be_shown_again_is_come_back_to() {
    let app = App::new().await;
    let mut browser = app.browser().with("accept", HTML);
    let answer = browser.post("/account", "x=y").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/login");
    let answer = browser.send(Method::HEAD, "/account", "").await;
    assert_eq!(answer.header("location"), "/login?next=%2Faccount");
    // Not even with a Referer.
    let mut browser = browser.with("referer", "http://localhost:3000/form");
    let answer = browser.post("/account", "x=y").await;
    assert_eq!(answer.header("location"), "/login");
}

#[tokio::test]
async fn the_message_is_left_once_however_many_requests_are_sent_away() {
    let app = App::new().await;
    let mut browser = app.browser();
    for _ in 0..3 {
        browser.get("/account").await;
    }
    assert_eq!(
        browser.get("/login").await.body,
        "[info] Please log in to access this page."
    );
    assert_eq!(browser.get("/login").await.body, "");
}

#[tokio::test]
async fn scripts_get_a_problem_document() {
    let app = App::new().await;
    let browser = app.browser();
    for (name, value) in [
        ("accept", "application/json"),
        ("sec-fetch-mode", "cors"),
        ("x-requested-with", "XMLHttpRequest"),
        ("content-type", "application/json"),
    ] {
        problem(&browser.clone().with(name, value).get("/account").await);
        problem(&browser.clone().with(name, value).get("/danger").await);
    }
}

#[tokio::test]
async fn a_web_socket_is_refused() {
    let app = App::new().await;
    let mut client = app
        .browser()
        .with("connection", "upgrade")
        .with("upgrade", "websocket");
    let answer = client.get("/account").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// Every kind of client, at every guard, with every method.
#[tokio::test]
async fn the_answer_fits_the_client_and_nothing_else_decides() {
    type Headers = &'static [(&'static str, &'static str)];
    const NAVIGATES: Headers = &[("sec-fetch-mode", "navigate"), ("accept", HTML)];
    const OLD_BROWSER: Headers = &[("accept", HTML)];
    const FETCH: Headers = &[("sec-fetch-mode", "cors"), ("accept", "*/*")];
    const JSON: Headers = &[("accept", "application/json, text/plain, */*")];
    const EVENTS: Headers = &[("accept", "text/event-stream")];
    const SOCKET: Headers = &[
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    const HTMX: Headers = &[
        ("hx-request", "true"),
        ("sec-fetch-mode", "cors"),
        ("accept", "*/*"),
    ];
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut remembered = app.remembered("ada@example.com").await;
    remembered.restart();
    for (headers, status) in [
        (NAVIGATES, StatusCode::SEE_OTHER),
        (OLD_BROWSER, StatusCode::SEE_OTHER),
        (FETCH, StatusCode::UNAUTHORIZED),
        (JSON, StatusCode::UNAUTHORIZED),
        (EVENTS, StatusCode::UNAUTHORIZED),
        (SOCKET, StatusCode::UNAUTHORIZED),
        (HTMX, StatusCode::NO_CONTENT),
    ] {
        for (browser, uri) in [
            (app.browser(), "/account"),
            (app.browser(), "/danger"),
            (remembered.clone(), "/danger"),
        ] {
            let with =
                |browser: Browser, (name, value): &(&'static str, &str)| browser.with(name, value);
            let mut client = headers.iter().fold(browser, with);
            for method in [Method::GET, Method::HEAD] {
                let answer = client.send(method, uri, "").await;
                assert_eq!(answer.status, status, "{headers:?} {uri}");
                let login = status == StatusCode::SEE_OTHER;
                assert_eq!(answer.header("location").is_empty(), !login);
                let htmx = status == StatusCode::NO_CONTENT;
                assert_eq!(answer.header("hx-redirect").is_empty(), !htmx);
                assert_eq!(answer.header("cache-control"), "no-store");
                assert_eq!(answer.header("vary"), "Cookie");
                if status == StatusCode::UNAUTHORIZED {
                    let kind = answer.header("content-type");
                    assert_eq!(kind, "application/problem+json");
                }
            }
        }
    }
}

#[tokio::test]
async fn htmx_is_told_to_leave_the_page_and_come_back_to_it() {
    let app = App::new().await;
    let htmx = app
        .browser()
        .with("hx-request", "true")
        .with("accept", "*/*");
    let mut on_a_page = htmx
        .clone()
        .with("hx-current-url", "http://localhost:3000/posts?page=2#top");
    for answer in [
        on_a_page.get("/account").await,
        on_a_page.post("/account", "x=y").await,
    ] {
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(
            answer.header("hx-redirect"),
            "/login?next=%2Fposts%3Fpage%3D2"
        );
        assert!(answer.header("location").is_empty());
    }
    assert_eq!(
        on_a_page.get("/login").await.body,
        "[info] Please log in to access this page."
    );
    // A boosted link is a page of its own; a page that says nothing of itself is not come back to.
    let answer = htmx
        .clone()
        .with("hx-boosted", "true")
        .get("/account?x=1")
        .await;
    assert_eq!(
        answer.header("hx-redirect"),
        "/login?next=%2Faccount%3Fx%3D1"
    );
    assert_eq!(
        htmx.clone().get("/account").await.header("hx-redirect"),
        "/login"
    );
    let answer = htmx
        .clone()
        .with("hx-current-url", "http://e.com//f.com")
        .get("/account")
        .await;
    assert_eq!(answer.header("hx-redirect"), "/login");
}

#[tokio::test]
async fn nested_routers_come_back_to_the_whole_path() {
    let app = App::new().await;
    let answer = app.browser().get("/nested/deep/page?x=1").await;
    assert_eq!(
        answer.header("location"),
        "/login?next=%2Fnested%2Fdeep%2Fpage%3Fx%3D1"
    );
}

#[tokio::test]
async fn without_a_login_page_everyone_gets_401() {
    let app = App::new().await;
    let bare = axum_login_kit::LoginManager::<crate::models::User>::new(
        &app.database,
        crate::sqlite::app::SECRET,
    )
    .login_message("never shown", "info")
    .build()
    .unwrap();
    let router = crate::sqlite::app::router(app.gate.clone())
        .layer(bare.layer())
        .layer(app.database.layer());
    for browser in [
        Browser::new(&router),
        Browser::new(&router).with("hx-request", "true"),
    ] {
        let mut browser = browser.with("accept", HTML);
        let answer = browser.get("/account").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.body, "Log in to use this page.");
        assert!(answer.cookies().is_empty());
    }
    problem(
        &Browser::new(&router)
            .with("accept", "application/json")
            .get("/account")
            .await,
    );
}

#[tokio::test]
async fn an_error_stays_an_error() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    app.execute("DROP TABLE auth_sessions").await;
    for uri in ["/account", "/home", "/danger", "/fresh"] {
        let answer = browser.get(uri).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{uri}");
        assert!(!answer.body.contains("auth_sessions"), "{}", answer.body);
    }
    assert_eq!(browser.get("/plain").await.body, "plain");
}

#[tokio::test]
async fn a_handler_may_answer_itself_and_no_message_is_left() {
    async fn teapot(user: Result<CurrentUser<User>, LoginRejection>) -> Result<String, StatusCode> {
        match user {
            Ok(user) => Ok(user.email.clone()),
            Err(rejection) if rejection.is_login_required() => Err(StatusCode::IM_A_TEAPOT),
            Err(_) => Err(StatusCode::BAD_GATEWAY),
        }
    }
    let app = App::new().await;
    let router = Router::new()
        .route("/", get(teapot))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let answer = Browser::new(&router).get("/").await;
    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert!(answer.cookies().is_empty());
}
