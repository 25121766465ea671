//! The client.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{any, get, post};
use axum::{Form, Json, Router};
use axum_db::testing::Client;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Login {
    name: String,
}

fn app() -> Router {
    Router::new()
        .route(
            "/login",
            post(async |Form(form): Form<Login>| {
                let cookie = format!("name={}; HttpOnly; Path=/", form.name);
                ([(SET_COOKIE, cookie)], Redirect::to("/me?from=login#top"))
            }),
        )
        .route(
            "/logout",
            post(async || ([(SET_COOKIE, "name=; Max-Age=0; Path=/")], "bye")),
        )
        .route(
            "/me",
            get(async |headers: HeaderMap| {
                let cookies = headers.get("cookie").and_then(|value| value.to_str().ok());
                cookies.unwrap_or("nobody").to_owned()
            }),
        )
        .route("/twice", post(async |Json(n): Json<i32>| Json(n * 2)))
        .route(
            "/echo",
            any(async |headers: HeaderMap, body: String| {
                format!("{:?} {body}", headers.get("x-test"))
            }),
        )
        .route("/again", any(async || Redirect::temporary("/echo")))
        .route("/loop", get(async || Redirect::to("/loop")))
        .route("/away", get(async || Redirect::to("https://example.com/")))
        .route(
            "/secret",
            get(async || (StatusCode::FORBIDDEN, "not for you")),
        )
}

#[tokio::test]
async fn cookies_come_and_go() {
    let client = Client::new(app());
    client.get("/me").await.assert_text("nobody");
    let login = client.post("/login").form(&[("name", "ada")]).await;
    login.assert_redirect("/me?from=login#top");
    client.get("/me").await.assert_text("name=ada");
    client.another().get("/me").await.assert_text("nobody");
    client.post("/logout").await.assert_status(200);
    client.get("/me").await.assert_text("nobody");
    let client = client.with_cookies("name=bob; a=b");
    client.get("/me").await.assert_text("name=bob; a=b");
    assert_eq!(client.cookie("a").as_deref(), Some("b"));
}

#[tokio::test]
async fn redirects_are_followed_when_told() {
    let client = Client::new(app());
    let login = Login { name: "ada".into() };
    let page = client.post("/login").form(&login).follow().await;
    page.assert_status(StatusCode::OK).assert_text("name=ada");
    // 307 keeps method, headers and body.
    let echo = client
        .put("/again")
        .header("x-test", "1")
        .body("text/plain", "b")
        .follow()
        .await;
    echo.assert_text("Some(\"1\") b");
    let away = client.get("/away").follow().await;
    away.assert_redirect("https://example.com/");
}

#[tokio::test]
#[should_panic(expected = "10 redirects led to no page; the last one to /loop")]
async fn redirects_in_a_circle_end() {
    Client::new(app()).get("/loop").follow().await;
}

#[tokio::test]
async fn json_goes_both_ways() {
    let client = Client::new(app());
    assert_eq!(client.post("/twice").json(&21).await.json::<i32>(), 42);
    client.post("/twice").json("text").await.assert_status(422);
}

#[tokio::test]
#[should_panic(
    expected = "expected status 200, got 403 Forbidden for GET /secret?a=b:\nnot for you"
)]
async fn an_assertion_shows_the_body() {
    Client::new(app())
        .get("/secret?a=b")
        .await
        .assert_status(200);
}

#[tokio::test]
#[should_panic(expected = "expected a redirect to \"/\", got 303 See Other to /loop for GET /loop")]
async fn a_redirect_elsewhere_is_shown() {
    Client::new(app()).get("/loop").await.assert_redirect("/");
}

#[tokio::test]
#[should_panic(expected = "\"notes\" is no path")]
async fn a_path_begins_with_a_slash() {
    Client::new(app()).get("notes").await;
}
