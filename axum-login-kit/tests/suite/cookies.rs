//! Cookies and caches, as the browser sees them.

use axum::response::IntoResponse;
use axum_login_kit::CurrentUser;

use crate::browser::Browser;
use crate::models::User;
use crate::sqlite::app::App;

const FORM: &str = "email=ada@example.com&password=password";
const REMEMBER: &str = "email=ada@example.com&password=password&remember=true";

/// The cookies of an answer with their values left out.
fn attributes(cookies: &[&str]) -> Vec<String> {
    let blank = |cookie: &&str| {
        let (name, rest) = cookie.split_once('=').unwrap();
        let (_, attributes) = rest.split_once(';').unwrap();
        let attributes = attributes.split("; Expires=").next().unwrap();
        format!("{name}=…;{attributes}")
    };
    cookies.iter().map(blank).collect()
}

#[tokio::test]
async fn on_a_real_host_cookies_are_bound_to_it_and_to_https() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser().on_host("blog.example");
    let answer = browser.post("/login", FORM).await;
    assert_eq!(
        attributes(&answer.cookies()),
        ["__Host-session=…; HttpOnly; SameSite=Lax; Secure; Path=/"]
    );
    let answer = browser.post("/login", REMEMBER).await;
    assert_eq!(
        attributes(&answer.cookies()),
        [
            "__Host-session=…; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000",
            "__Host-fresh=…; HttpOnly; SameSite=Lax; Secure; Path=/",
        ]
    );
    assert_eq!(
        browser.get("/danger").await.body,
        "danger for ada@example.com"
    );
    let answer = browser.post("/logout", "").await;
    assert_eq!(
        attributes(&answer.cookies()),
        [
            "__Host-session=…; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0",
            "__Host-fresh=…; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0",
        ]
    );
    let answer = browser.get("/account").await;
    assert_eq!(
        attributes(&answer.cookies()),
        ["__Host-flash=…; HttpOnly; SameSite=Lax; Secure; Path=/"]
    );
}

#[tokio::test]
async fn on_this_machine_they_work_without_https() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    for host in ["localhost", "127.0.0.1:3000", "[::1]:3000"] {
        let mut browser = app.browser().on_host(host);
        let answer = browser.post("/login", FORM).await;
        let expected = ["session=…; HttpOnly; SameSite=Lax; Path=/"];
        assert_eq!(attributes(&answer.cookies()), expected, "{host}");
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    }
}

#[tokio::test]
async fn the_application_may_decide_otherwise() {
    let app = App::with(|builder| builder.secure_cookies(true)).await;
    app.user("ada@example.com").await;
    let answer = app.browser().post("/login", FORM).await;
    assert!(answer.cookies()[0].starts_with("__Host-session="));
    let app = App::with(|builder| builder.secure_cookies(false)).await;
    app.user("ada@example.com").await;
    let answer = app.browser().on_host("intranet").post("/login", FORM).await;
    assert!(answer.cookies()[0].starts_with("session="));
}

#[tokio::test]
async fn a_cookie_without_its_prefix_counts_for_nothing_on_a_real_host() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let local = app.logged_in("ada@example.com").await;
    // Any host of the same domain can set `session`; only this host over HTTPS can set `__Host-session`.
    let mut planted = app.browser().on_host("blog.example");
    planted.cookies = local.cookies;
    assert_eq!(planted.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn whoever_does_not_ask_for_the_user_pays_and_tells_nothing() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut known = app.logged_in("ada@example.com").await;
    for browser in [&mut known, &mut app.browser()] {
        let answer = browser.get("/plain").await;
        assert!(answer.cookies().is_empty());
        assert!(answer.header("vary").is_empty());
        assert!(answer.header("cache-control").is_empty());
    }
}

async fn cached(_: CurrentUser<User>) -> impl IntoResponse {
    [("cache-control", "max-age=60")]
}

#[tokio::test]
async fn caches_keep_no_page_of_a_user() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let answer = app.browser().get("/home").await;
    assert_eq!(
        (answer.header("vary"), answer.header("cache-control")),
        ("Cookie", "")
    );
    assert!(answer.cookies().is_empty());

    let mut known = app.logged_in("ada@example.com").await;
    for uri in ["/home", "/account", "/danger"] {
        let answer = known.get(uri).await;
        assert_eq!(answer.header("vary"), "Cookie", "{uri}");
        assert_eq!(answer.header("cache-control"), "no-store", "{uri}");
        assert!(answer.cookies().is_empty());
    }
    let mut stranger = app.browser();
    for browser in [&mut known, &mut stranger] {
        let answer = browser.post("/login", FORM).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let answer = browser.post("/logout", "").await;
        assert_eq!(answer.header("cache-control"), "no-store");
    }

    // Unless the handler knows better.
    let own = axum::Router::new()
        .route("/", axum::routing::get(cached))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut own = Browser::new(&own);
    own.cookies = app.logged_in("ada@example.com").await.cookies;
    assert_eq!(own.get("/").await.header("cache-control"), "max-age=60");

    // Nor what is kept for a visitor.
    let answer = stranger.get("/cart").await;
    assert_eq!(answer.header("cache-control"), "");
    let answer = stranger.post("/cart", "apple").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = stranger.get("/cart").await;
    assert_eq!(answer.header("cache-control"), "no-store");
}
