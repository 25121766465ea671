//! Any `Cookie` headers, one a line: they log nobody in, show no message, and break nothing.
#![no_main]

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum_login_kit::{
    Auth, AuthUser, CookieSessions, CurrentUser, Error, Flash, FreshUser, LoginManager,
    MemorySessions, SessionBackend, SessionProtection, UserLoader,
};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

#[derive(Clone)]
struct User(i32);

impl AuthUser for User {
    type Id = i32;

    fn id(&self) -> i32 {
        self.0
    }

    fn password_hash(&self) -> Option<&str> {
        None
    }
}

/// Whoever a session names exists.
struct Everybody;

#[async_trait]
impl UserLoader<User> for Everybody {
    async fn load(&self, id: &i32) -> Result<Option<User>, Error> {
        Ok(Some(User(*id)))
    }
}

async fn home(user: Option<CurrentUser<User>>, flash: Flash) -> String {
    let who = user.map_or_else(|| "nobody".to_owned(), |user| user.0.0.to_string());
    let messages = flash.take().into_iter().map(|message| message.text);
    messages.fold(who, |page, message| page + &message)
}

async fn logout(auth: Auth<User>) -> Result<String, Error> {
    auth.logout().await?;
    Ok("nobody".to_owned())
}

async fn account(user: CurrentUser<User>) -> String {
    user.0.0.to_string()
}

async fn danger(user: FreshUser<User>) -> String {
    user.0.0.to_string()
}

async fn app(sessions: impl SessionBackend<User>) -> Router {
    let login = LoginManager::over(
        sessions,
        Everybody,
        b"a secret for tests, long enough to be one",
    )
    .session_protection(SessionProtection::Strong)
    .build()
    .unwrap();
    // Somebody is logged in elsewhere.
    axum_login_kit::testing::login_as(&login, &User(1))
        .await
        .unwrap();
    Router::new()
        .route("/home", get(home))
        .route("/account", get(account))
        .route("/danger", get(danger))
        .route("/logout", post(logout))
        .layer(login.layer())
}

struct World {
    runtime: Runtime,
    apps: [Router; 2],
}

impl World {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let apps = runtime.block_on(async {
            [
                app(MemorySessions::new()).await,
                app(CookieSessions::new()).await,
            ]
        });
        World { runtime, apps }
    }

    fn send(
        &self,
        app: &Router,
        host: &str,
        cookies: &[HeaderValue],
        method: Method,
        uri: &str,
    ) -> (StatusCode, String) {
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::HOST, host);
        for cookie in cookies {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let response: Response = app.clone().oneshot(request).await.into_response();
            let status = response.status();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        })
    }
}

thread_local! {
    static WORLD: World = World::new();
}

fuzz_target!(|data: &[u8]| {
    let lines = data.split(|byte| *byte == b'\n');
    let cookies: Vec<HeaderValue> = lines
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    WORLD.with(|world| {
        for app in &world.apps {
            // Cookies have one name on this machine, and another on a real host.
            for host in ["localhost", "blog.example"] {
                let ask = |method, uri| world.send(app, host, &cookies, method, uri);
                assert_eq!(
                    ask(Method::GET, "/home"),
                    (StatusCode::OK, "nobody".to_owned())
                );
                assert_eq!(ask(Method::GET, "/account").0, StatusCode::UNAUTHORIZED);
                assert_eq!(ask(Method::GET, "/danger").0, StatusCode::UNAUTHORIZED);
                assert_eq!(
                    ask(Method::POST, "/logout"),
                    (StatusCode::OK, "nobody".to_owned())
                );
            }
        }
    });
});
