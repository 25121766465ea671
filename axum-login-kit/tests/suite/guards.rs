//! Guards before routers, permissions, and a router that is closed unless it says otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use axum_db::prelude::*;
use axum_login_kit::testing::FakeClock;
use axum_login_kit::{
    Auth, CurrentUser, DenialReason, Error, FreshUser, Grants, GuardedRouter, LoginManagerBuilder,
    LoginRejection, Permission, Require, login_required,
};

use testkit::logged;
use tracing_subscriber::filter::LevelFilter;

use crate::browser::Browser;
use crate::models::{User, users};
use crate::sqlite::app::{App, Db};

struct Edit;

impl Permission for Edit {
    type User = User;
    const NAME: &'static str = "posts.edit";
}

struct Publish;

impl Permission for Publish {
    type User = User;
    const NAME: &'static str = "posts.publish";
}

/// Needs no list of grants.
struct BeAda;

impl Permission for BeAda {
    type User = User;
    const NAME: &'static str = "ada";

    fn is_granted(user: &User, _: &Grants) -> bool {
        user.email == "ada@example.com"
    }
}

#[axum::debug_handler]
async fn edit(user: Require<Edit>) -> String {
    format!("{} edits", user.email)
}

#[axum::debug_handler]
async fn publish(user: Require<(Edit, Publish)>, _: Require<Edit>) -> String {
    format!("{} publishes", user.email)
}

#[axum::debug_handler]
async fn ada(user: Require<BeAda>) -> String {
    user.into_inner().email
}

/// The application with these routes in the place of its own, and with ada and bob.
async fn with(
    routes: Router,
    settings: impl FnOnce(LoginManagerBuilder<User>) -> LoginManagerBuilder<User>,
) -> (App, Router) {
    let app = App::with(settings).await;
    for email in ["ada@example.com", "bob@example.com"] {
        app.user(email).await;
    }
    let router = routes.layer(app.login.layer()).layer(app.database.layer());
    (app, router)
}

async fn logged_in(app: &App, router: &Router, email: &str) -> Browser {
    let mut browser = Browser::new(router);
    browser.cookies = app.logged_in(email).await.cookies;
    browser
}

#[tokio::test]
async fn a_router_is_closed_whatever_its_handlers_take() {
    let inner = Router::new()
        .route("/", get(async || "inside"))
        .route("/any", any(async || "inside"))
        .route("/post", post(async || "inside"))
        .route_layer(login_required::<User>());
    let routes = Router::new()
        .nest("/closed", inner)
        .route("/open", get(async || "outside"));
    let (app, router) = with(routes, |builder| builder).await;
    let mut stranger = Browser::new(&router);
    assert_eq!(stranger.get("/open").await.body, "outside");
    for (method, uri) in [
        (Method::GET, "/closed"),
        (Method::HEAD, "/closed"),
        (Method::GET, "/closed/any"),
        (Method::DELETE, "/closed/any"),
        (Method::POST, "/closed/post"),
    ] {
        let answer = stranger.send(method.clone(), uri, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {uri}");
        assert!(answer.header("location").starts_with("/login"));
    }
    let answer = stranger.get("/closed/any?x=1").await;
    assert_eq!(
        answer.header("location"),
        "/login?next=%2Fclosed%2Fany%3Fx%3D1"
    );
    // What browsers ask before they send anything passes.
    let answer = stranger.send(Method::OPTIONS, "/closed/any", "").await;
    assert_eq!(answer.body, "inside");
    let mut known = logged_in(&app, &router, "ada@example.com").await;
    assert_eq!(known.get("/closed").await.body, "inside");
    assert_eq!(known.post("/closed/post", "").await.body, "inside");
    assert_eq!(
        stranger.get("/closed/nothing").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn grants_are_those_of_whoever_is_logged_in_now() {
    async fn edit_as_each(db: Db, auth: Auth<User>, mut parts: Parts) -> Result<String, Error> {
        let mut answers = Vec::new();
        for email in ["ada@example.com", "bob@example.com"] {
            let user = User::query()
                .filter(users::email.eq(email))
                .one(&db)
                .await?;
            auth.login(&user).await?;
            for _ in 0..2 {
                let edits = Require::<Edit>::from_request_parts(&mut parts, &()).await;
                answers.push(edits.is_ok().to_string());
            }
        }
        Ok(answers.join(" "))
    }
    let routes = Router::new().route("/", post(edit_as_each));
    let (_app, router) = with(routes, |builder| {
        builder.permissions(async |user, _| {
            let edits = user.email == "ada@example.com";
            Ok(edits.then_some(Edit::NAME).into_iter().collect())
        })
    })
    .await;
    let answer = Browser::new(&router).post("/", "").await;
    assert_eq!(answer.body, "true true false false");
}

#[tokio::test]
async fn every_router_may_have_its_own_login_page() {
    let admin = Router::new()
        .route("/", get(async || "the back office"))
        .route("/danger", get(async |_: FreshUser<User>| "danger"))
        .route_layer(
            login_required::<User>()
                .login_url("/admin/login")
                .login_message("For the staff.", "warning"),
        );
    let routes = Router::new()
        .nest("/admin", admin)
        .route("/account", get(async |_: CurrentUser<User>| "account"))
        .route("/messages", get(messages));
    let (app, router) = with(routes, |builder| {
        builder.localize(|text, parts| {
            let german = parts.headers.get("accept-language").is_some();
            match text {
                "For the staff." if german => "Für das Personal.".to_owned(),
                text => text.to_owned(),
            }
        })
    })
    .await;
    let mut stranger = Browser::new(&router);
    let answer = stranger.get("/admin").await;
    assert_eq!(answer.header("location"), "/admin/login?next=%2Fadmin");
    assert_eq!(
        stranger.get("/messages").await.body,
        "[warning] For the staff."
    );
    let answer = stranger.get("/account").await;
    assert_eq!(answer.header("location"), "/login?next=%2Faccount");
    let mut german = Browser::new(&router).with("accept-language", "de");
    german.get("/admin").await;
    assert_eq!(
        german.get("/messages").await.body,
        "[warning] Für das Personal."
    );

    // The extractors behind it send there, too.
    let mut remembered = Browser::new(&router);
    remembered.cookies = app.remembered("ada@example.com").await.cookies;
    remembered.restart();
    let answer = remembered.get("/admin/danger").await;
    assert_eq!(
        answer.header("location"),
        "/admin/login?next=%2Fadmin%2Fdanger"
    );
}

async fn messages(flash: axum_login_kit::Flash) -> String {
    let messages = flash.take().into_iter();
    messages
        .map(|message| format!("[{}] {}", message.category, message.text))
        .collect()
}

#[test]
#[should_panic(expected = "the login URL \"//evil.example\" is not a path of this application")]
fn a_login_page_elsewhere_is_refused_while_the_router_is_built() {
    let _ = login_required::<User>().login_url("//evil.example");
}

#[tokio::test]
async fn permissions_are_loaded_once_however_many_are_asked_for() {
    let loads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&loads);
    let routes = Router::new()
        .route("/edit", get(edit))
        .route("/publish", get(publish))
        .route("/ada", get(ada))
        .route(
            "/guarded",
            get(publish).route_layer(login_required::<User>().permission::<Publish>()),
        );
    let (app, router) = with(routes, move |builder| {
        builder.permissions(move |user: Arc<User>, parts: Parts| {
            counter.fetch_add(1, Ordering::SeqCst);
            assert!(parts.extensions.get::<Db>().is_some());
            async move {
                Ok(match user.email.as_str() {
                    "ada@example.com" => Grants::from_iter(["posts.edit", "posts.publish"]),
                    _ => Grants::from_iter(["posts.edit"]),
                })
            }
        })
    })
    .await;
    let mut ada = logged_in(&app, &router, "ada@example.com").await;
    let mut bob = logged_in(&app, &router, "bob@example.com").await;
    loads.store(0, Ordering::SeqCst);
    assert_eq!(ada.get("/edit").await.body, "ada@example.com edits");
    assert_eq!(loads.swap(0, Ordering::SeqCst), 1);
    assert_eq!(ada.get("/publish").await.body, "ada@example.com publishes");
    assert_eq!(ada.get("/guarded").await.body, "ada@example.com publishes");
    assert_eq!(loads.swap(0, Ordering::SeqCst), 2, "once a request");
    assert_eq!(ada.get("/ada").await.body, "ada@example.com");
    assert_eq!(bob.get("/edit").await.body, "bob@example.com edits");
    for uri in ["/publish", "/guarded", "/ada"] {
        let answer = bob.get(uri).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{uri}");
        assert!(answer.header("location").is_empty());
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let answer = bob.with("accept", "application/json").get("/publish").await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["status"], 403);
    // A stranger is asked to log in, for that may help.
    let answer = Browser::new(&router).get("/publish").await;
    assert_eq!(answer.header("location"), "/login?next=%2Fpublish");
}

#[tokio::test]
async fn freshness_may_have_an_age() {
    let routes = Router::new()
        .route("/any", get(async |_: FreshUser<User>| "any"))
        .route(
            "/recent",
            get(async |user: FreshUser<User, 15>| user.into_inner().email),
        )
        .route(
            "/guarded",
            get(async || "guarded")
                .route_layer(login_required::<User>().fresh_within(Duration::from_secs(15 * 60))),
        )
        .route(
            "/fresh",
            get(async || "fresh").route_layer(login_required::<User>().fresh()),
        )
        .route(
            "/all",
            get(async || "all").route_layer(
                login_required::<User>()
                    .fresh()
                    .permission::<BeAda>()
                    .fresh_within(Duration::from_secs(15 * 60)),
            ),
        );
    let clock = FakeClock::new();
    let turned = clock.clone();
    let (app, router) = with(routes, |builder| builder.clock(turned)).await;
    let mut browser = logged_in(&app, &router, "ada@example.com").await;
    clock.advance(Duration::from_secs(15 * 60));
    for uri in ["/any", "/recent", "/guarded", "/fresh", "/all"] {
        assert_eq!(browser.get(uri).await.status, StatusCode::OK, "{uri}");
    }
    let mut bob = logged_in(&app, &router, "bob@example.com").await;
    assert_eq!(bob.get("/all").await.status, StatusCode::FORBIDDEN);
    clock.advance(Duration::from_secs(1));
    for (uri, status) in [
        ("/any", StatusCode::OK),
        ("/fresh", StatusCode::OK),
        ("/recent", StatusCode::SEE_OTHER),
        ("/guarded", StatusCode::SEE_OTHER),
        ("/all", StatusCode::SEE_OTHER),
    ] {
        assert_eq!(browser.get(uri).await.status, status, "{uri}");
    }
    let mut at_home = app.browser();
    at_home.cookies = browser.cookies.clone();
    at_home.post("/confirm", "password=password").await;
    assert_eq!(browser.get("/recent").await.body, "ada@example.com");
}

#[tokio::test]
async fn the_application_may_answer_itself() {
    let routes = Router::new()
        .route("/account", get(async |_: CurrentUser<User>| "account"))
        .route("/ada", get(ada));
    let (app, router) = with(routes, |builder| {
        builder.on_unauthorized(|denial| match denial.reason {
            DenialReason::LoginRequired if denial.headers.contains_key("x-app") => {
                let login = denial.login_url.clone().unwrap_or_default();
                let body = format!("{} {} → {login}", denial.method, denial.uri);
                Some((StatusCode::IM_A_TEAPOT, body).into_response())
            }
            DenialReason::Forbidden => Some(StatusCode::NOT_FOUND.into_response()),
            _ => None,
        })
    })
    .await;
    let mut own = Browser::new(&router).with("x-app", "1");
    let answer = own.get("/account?x=1").await;
    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(
        answer.body,
        "GET /account?x=1 → /login?next=%2Faccount%3Fx%3D1"
    );
    assert!(answer.cookies().is_empty(), "no message is left");
    let answer = Browser::new(&router).get("/account").await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "the rest is as always"
    );
    let mut bob = logged_in(&app, &router, "bob@example.com").await;
    assert_eq!(bob.get("/ada").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_closed_router_lists_its_routes_and_opens_what_is_public() {
    let admin = GuardedRouter::new(login_required::<User>().permission::<BeAda>())
        .route("/", get(async || "admin"))
        .route("/users/{id}", any(async || "a user"));
    let routes = GuardedRouter::new(login_required::<User>())
        .public("/", get(async || "home"))
        .public_nest(
            "/static",
            Router::new().route("/a.css", get(async || "css")),
        )
        .route("/account", get(async || "account").post(async || "saved"))
        .guarded(
            "/danger",
            get(async || "danger"),
            login_required::<User>().fresh(),
        )
        .nest("/admin", admin)
        .merge(GuardedRouter::new(login_required::<User>()).route("/more", get(async || "more")));
    assert_eq!(
        routes.audit().to_string(),
        "/                  public\n\
         /static/*          public\n\
         /account           login as User\n\
         /danger            login as User, fresh\n\
         /admin             login as User, permission ada\n\
         /admin/users/{id}  login as User, permission ada\n\
         /more              login as User\n"
    );
    let (app, router) = with(routes.into_router(), |builder| builder).await;
    let mut stranger = Browser::new(&router);
    assert_eq!(stranger.get("/").await.body, "home");
    assert_eq!(stranger.get("/static/a.css").await.body, "css");
    for uri in ["/account", "/danger", "/admin", "/admin/users/1", "/more"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let status = stranger.send(method.clone(), uri, "").await.status;
            assert_eq!(status, StatusCode::SEE_OTHER, "{method} {uri}");
        }
    }
    let mut ada = logged_in(&app, &router, "ada@example.com").await;
    assert_eq!(ada.get("/account").await.body, "account");
    assert_eq!(ada.get("/danger").await.body, "danger");
    assert_eq!(
        ada.send(Method::DELETE, "/admin/users/1", "").await.body,
        "a user"
    );
    let mut bob = logged_in(&app, &router, "bob@example.com").await;
    assert_eq!(bob.get("/more").await.body, "more");
    assert_eq!(bob.get("/admin").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_handler_learns_what_is_missing() {
    async fn why(user: Result<Require<BeAda>, LoginRejection>) -> String {
        match user {
            Ok(user) => user.email.clone(),
            Err(rejection) => format!("{:?}: {rejection}", rejection.reason().unwrap()),
        }
    }
    let (app, router) = with(Router::new().route("/", get(why)), |builder| builder).await;
    let body = Browser::new(&router).get("/").await.body;
    assert_eq!(body, "LoginRequired: the request needs a login");
    let mut bob = logged_in(&app, &router, "bob@example.com").await;
    let body = bob.get("/").await.body;
    assert_eq!(
        body,
        "Forbidden: the request needs a permission that the user lacks"
    );
}

#[tokio::test]
async fn a_missing_layer_is_named_by_guards_too() {
    let routes = Router::new().route("/ada", get(ada)).route(
        "/guarded",
        get(async || "inside").route_layer(login_required::<User>()),
    );
    for uri in ["/ada", "/guarded"] {
        let answer = Browser::new(&routes).get(uri).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            answer.body.contains("`.layer(login.layer())`"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_guard_within_another_adds_to_what_that_one_says() {
    let inner = Router::new()
        .route("/secret", get(async || "secret"))
        .route_layer(login_required::<User>().login_message("For members.", "info"));
    let outer = Router::new()
        .nest("/inner", inner)
        .route("/page", get(async || "page"))
        .route_layer(login_required::<User>().login_url("/outer/login"));
    let (_app, router) = with(outer, |builder| builder).await;
    let mut stranger = Browser::new(&router);
    for (page, location) in [
        ("/inner/secret", "/outer/login?next=%2Finner%2Fsecret"),
        ("/page", "/outer/login?next=%2Fpage"),
    ] {
        assert_eq!(stranger.get(page).await.header("location"), location);
    }
}

#[tokio::test]
async fn a_guard_before_the_login_page_itself_sends_nobody_there_for_ever() {
    let routes = Router::new()
        .route("/login", get(async || "the form").post(async || "the form"))
        .route("/page", get(async || "page"))
        .route_layer(login_required::<User>());
    let (_app, router) = with(routes, |builder| builder.login_url("/login?lang=de")).await;
    let (log, _guard) = logged(LevelFilter::ERROR);
    let mut stranger = Browser::new(&router);
    let answer = stranger.get("/page").await;
    assert_eq!(answer.header("location"), "/login?lang=de&next=%2Fpage");
    assert_eq!(log.text(), "");
    for uri in ["/login", "/login?lang=de&next=%2Fpage"] {
        let answer = stranger.get(uri).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{uri}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, "Session realm=\"user\"");
    }
    assert!(
        log.text().contains("is behind a guard itself"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn a_denial_prints_nothing_secret() {
    let printed = Arc::new(std::sync::Mutex::new(String::new()));
    let prints = Arc::clone(&printed);
    let routes = Router::new()
        .route("/page", get(async || "page"))
        .route_layer(login_required::<User>());
    let (_app, router) = with(routes, |builder| {
        builder.on_unauthorized(move |denial| {
            *prints.lock().unwrap() = format!("{denial:?}");
            None
        })
    })
    .await;
    let mut stranger = Browser::new(&router).with("authorization", "Bearer secret-1");
    stranger.cookies.insert("own".into(), "secret-2".into());
    stranger.get("/page?token=secret-3").await;
    let printed = printed.lock().unwrap();
    assert!(
        printed.contains("LoginRequired") && printed.contains("/page"),
        "{printed}"
    );
    assert!(!printed.contains("secret"), "{printed}");
}
