//! Streams that outlive a logout.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, header};
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use axum_login_kit::testing::FakeClock;
use axum_login_kit::{Auth, Error, SessionId};
use futures_util::stream::{self, Stream, StreamExt};
use tower::ServiceExt;

use crate::browser::Browser;
use crate::models::User;
use crate::sqlite::app::{App, Kept};

/// Says hello, and ends with the session.
async fn events(
    auth: Auth<User>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let hello = stream::once(async { Ok(Event::default().data("hello")) });
    let for_ever = hello.chain(stream::pending());
    Ok(Sse::new(for_ever.take_until(auth.ended().await?)))
}

/// A stream of events that is open in the browser.
async fn open(router: &Router, browser: &Browser) -> axum::body::BodyDataStream {
    let request = Request::get("/events")
        .header(header::HOST, "localhost:3000")
        .header(header::COOKIE, browser.cookie_header());
    let response = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let mut stream = response.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(&first[..], b"data: hello\n\n");
    stream
}

async fn streaming(kept: Kept, clock: FakeClock) -> (App, Router) {
    let app = App::with(|builder| {
        kept.set(builder)
            .clock(clock)
            .check_streams_every(Duration::from_millis(20))
    })
    .await;
    let router = crate::sqlite::app::router(app.gate.clone())
        .merge(Router::new().route("/events", get(events)).with_state(()))
        .layer(app.login.layer())
        .layer(app.database.layer());
    (app, router)
}

/// Whether the stream is still open.
async fn goes_on(stream: &mut axum::body::BodyDataStream) -> bool {
    let wait = tokio::time::timeout(Duration::from_millis(200), stream.next());
    wait.await.is_err()
}

#[tokio::test]
async fn a_stream_is_told_of_whatever_ends_its_session() {
    let clock = FakeClock::new();
    let (app, router) = streaming(Kept::Table, clock.clone()).await;
    let mut user = app.user("ada@example.com").await;
    let mut other = app.logged_in("ada@example.com").await;
    let browser = async || app.logged_in("ada@example.com").await;

    let mut one = browser().await;
    let mut stream = open(&router, &one).await;
    assert!(goes_on(&mut stream).await);
    one.post("/logout", "").await;
    assert!(stream.next().await.is_none(), "after a logout");

    let one = browser().await;
    let mut stream = open(&router, &one).await;
    other.post("/logout/others", "").await;
    assert!(stream.next().await.is_none(), "after a logout elsewhere");
    let mut stream = open(&router, &other).await;
    assert!(goes_on(&mut stream).await, "its own session goes on");
    app.login.end_sessions_of(&user.id).await.unwrap();
    assert!(stream.next().await.is_none());

    // What another process does to the table is noticed as well.
    let one = browser().await;
    let mut stream = open(&router, &one).await;
    app.execute("DELETE FROM auth_sessions").await;
    assert!(stream.next().await.is_none(), "after its row is gone");

    let one = browser().await;
    let mut stream = open(&router, &one).await;
    user.epoch += 1;
    app.save(&user).await;
    assert!(stream.next().await.is_none(), "after the epoch was raised");

    let one = browser().await;
    let mut stream = open(&router, &one).await;
    clock.advance(Duration::from_secs(15 * 24 * 3_600));
    assert!(stream.next().await.is_none(), "after its time is up");

    let one = browser().await;
    let mut stream = open(&router, &one).await;
    let db = app.database.session();
    user.delete(&db).await.unwrap();
    db.commit().await.unwrap();
    drop(db);
    assert!(stream.next().await.is_none(), "after the user is gone");
}

#[tokio::test]
async fn what_this_process_does_is_told_without_looking() {
    let app = App::with(|builder| builder.check_streams_every(Duration::from_secs(3_600))).await;
    let user = app.user("ada@example.com").await;
    let router = crate::sqlite::app::router(app.gate.clone())
        .merge(Router::new().route("/events", get(events)).with_state(()))
        .layer(app.login.layer())
        .layer(app.database.layer());
    for end in ["/login", "/logout", "/logout/everywhere", "/revoke/", ""] {
        let mut browser = app.logged_in("ada@example.com").await;
        let mut stream = open(&router, &browser).await;
        match end {
            "/login" => drop(
                browser
                    .post(end, "email=ada@example.com&password=password")
                    .await,
            ),
            "/revoke/" => {
                let id = SessionId::of_token(browser.cookie("session").unwrap());
                let mut other = app.logged_in("ada@example.com").await;
                assert_eq!(other.post(&format!("{end}{id}"), "").await.body, "true");
            }
            "" => drop(app.login.end_sessions_of(&user.id).await.unwrap()),
            _ => drop(browser.post(end, "").await),
        }
        let told = tokio::time::timeout(Duration::from_secs(20), stream.next()).await;
        assert!(matches!(told, Ok(None)), "{end}");
    }
}

#[tokio::test]
async fn wherever_sessions_are_kept() {
    for kept in Kept::ALL {
        let (app, router) = streaming(kept, FakeClock::new()).await;
        let mut user = app.user("ada@example.com").await;
        let browser = app.logged_in("ada@example.com").await;
        let mut stream = open(&router, &browser).await;
        assert!(goes_on(&mut stream).await, "{kept:?}");
        user.epoch += 1;
        app.save(&user).await;
        assert!(stream.next().await.is_none(), "{kept:?}");
    }
}

#[tokio::test]
async fn a_strangers_stream_ends_at_once() {
    async fn at_once(State(()): State<()>, auth: Auth<User>) -> Result<&'static str, Error> {
        auth.ended().await?.await;
        Ok("ended")
    }
    let app = App::new().await;
    let router = Router::new()
        .route("/", get(at_once))
        .layer(app.login.layer())
        .layer(app.database.layer());
    assert_eq!(Browser::new(&router).get("/").await.body, "ended");
}
