//! Messages for the next page.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use axum_login_kit::Flash;

use crate::browser::Browser;
use crate::sqlite::app::App;

async fn save(flash: Flash) -> Redirect {
    flash.success("Your post has been created!");
    flash.push("custom", "<b>\"ümlaut\" & ;=,</b>");
    Redirect::to("/page")
}

async fn page(flash: Flash) -> String {
    let all = flash.take();
    assert!(flash.take().is_empty());
    let lines = all
        .iter()
        .map(|message| format!("{}: {}", message.category, message.text));
    lines.collect::<Vec<_>>().join("\n")
}

async fn at_once(flash: Flash) -> String {
    flash.warning("one");
    flash.info("two");
    flash.error("three");
    page(flash).await
}

async fn browser() -> Browser {
    let app = App::new().await;
    let router = Router::new()
        .route("/save", get(save))
        .route("/page", get(page))
        .route("/at-once", get(at_once))
        .route("/other", get(async || "no messages here"))
        .layer(app.login.layer());
    Browser::new(&router)
}

#[tokio::test]
async fn messages_survive_one_redirect_and_are_shown_once() {
    let mut browser = browser().await;
    assert_eq!(browser.get("/page").await.body, "");
    assert!(browser.cookies.is_empty());

    let answer = browser.get("/save").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("cache-control"), "no-store");
    let value = browser.cookie("flash").unwrap();
    assert!(!value.contains("post"), "{value}");
    assert_eq!(browser.get("/other").await.body, "no messages here");

    let answer = browser.get("/page").await;
    let shown = "success: Your post has been created!\ncustom: <b>\"ümlaut\" & ;=,</b>";
    assert_eq!(answer.body, shown);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(browser.cookies.is_empty());
    let answer = browser.get("/page").await;
    assert_eq!(answer.body, "");
    assert!(answer.cookies().is_empty());
    assert!(answer.header("cache-control").is_empty());
}

#[tokio::test]
async fn messages_gather_until_a_page_shows_them() {
    let mut browser = browser().await;
    browser.get("/save").await;
    browser.get("/save").await;
    assert_eq!(browser.get("/page").await.body.lines().count(), 4);
}

#[tokio::test]
async fn the_page_that_adds_them_can_show_them() {
    let mut browser = browser().await;
    let answer = browser.get("/at-once").await;
    assert_eq!(answer.body, "warning: one\ninfo: two\nerror: three");
    assert!(answer.cookies().is_empty());
    assert_eq!(answer.header("cache-control"), "no-store");
    // Another visitor's page has others, or none.
    assert_eq!(answer.header("vary"), "Cookie");
    assert_eq!(browser.get("/page").await.header("vary"), "Cookie");
}

#[tokio::test]
async fn a_forged_cookie_is_no_message_and_is_removed() {
    let mut browser = browser().await;
    browser.get("/save").await;
    let sealed = browser.cookies["flash"].clone();
    // Sealed under another name, for another host, or not at all.
    let mut elsewhere = browser.clone().on_host("blog.example");
    elsewhere.cookies = [("__Host-flash".to_owned(), sealed.clone())].into();
    for forger in [&mut elsewhere, &mut browser] {
        if forger.cookies.contains_key("flash") {
            forger
                .cookies
                .insert("flash".to_owned(), format!("x{sealed}"));
        }
        let answer = forger.get("/page").await;
        assert_eq!(answer.body, "");
        assert!(answer.cookies()[0].contains("Max-Age=0"));
        assert!(forger.cookies.is_empty());
    }
}

#[tokio::test]
async fn a_flood_of_messages_stays_a_small_cookie() {
    let app = App::new().await;
    let flood = async |flash: Flash| {
        for number in 0..1_000 {
            flash.info(format!("message {number}"));
        }
    };
    let router = Router::new()
        .route("/flood", get(flood))
        .route("/page", get(page))
        .layer(app.login.layer());
    let mut browser = Browser::new(&router);
    let answer = browser.get("/flood").await;
    assert!(answer.cookies()[0].len() < 4_096);
    assert!(
        browser
            .get("/page")
            .await
            .body
            .ends_with("info: message 999")
    );
}
