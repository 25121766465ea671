//! Settings that are refused, and layers that are missing.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_login_kit::{Auth, ConfigError, CurrentUser, Flash, LoginManager};

use crate::browser::Browser;
use crate::models::User;
use crate::sqlite::app::{App, Db, SECRET};

#[tokio::test]
async fn settings_that_cannot_work_are_refused_when_built() {
    let database = Db::connect("sqlite://:memory:").await.unwrap();
    let error = LoginManager::<User>::new(&database, "short")
        .build()
        .unwrap_err();
    assert_eq!(error, ConfigError::SecretTooShort { bytes: 5 });
    assert!(error.to_string().contains("openssl rand"), "{error}");
    for url in ["login", "//login", "https://e.com/login", "/log in", ""] {
        let manager = LoginManager::<User>::new(&database, SECRET).login_url(url);
        let error = manager.build().unwrap_err();
        assert_eq!(error, ConfigError::LoginUrl { url: url.into() });
        let manager = LoginManager::<User>::new(&database, SECRET).refresh_url(url);
        assert!(manager.build().is_err());
    }
    for realm in ["", "Admin", "a b", "ä", &"a".repeat(33)] {
        let manager = LoginManager::<User>::new(&database, SECRET).realm(realm);
        let error = manager.build().unwrap_err();
        assert_eq!(
            error,
            ConfigError::Realm {
                realm: realm.into()
            }
        );
    }
    LoginManager::<User>::new(&database, SECRET)
        .login_url("/login?lang=de")
        .realm("admin_2")
        .build()
        .unwrap();
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let app = App::new().await;
    let printed = format!("{:?} {:?}", app.login, app.login.layer());
    assert!(!printed.contains("secret for tests"), "{printed}");
    let builder = LoginManager::<User>::new(&app.database, SECRET);
    assert!(!format!("{builder:?}").contains("secret for tests"));
}

#[tokio::test]
async fn a_missing_layer_is_named_with_its_place() {
    async fn account(_: CurrentUser<User>) {}
    async fn home(_: Option<CurrentUser<User>>) {}
    async fn login(_: Auth<User>) {}
    async fn page(_: Flash) {}
    let app = App::new().await;
    let routes = Router::new()
        .route("/account", get(account))
        .route("/home", get(home))
        .route("/login", get(login))
        .route("/page", get(page));
    let mut without_any = Browser::new(&routes);
    let mut without_database = Browser::new(&routes.clone().layer(app.login.layer()));
    for uri in ["/account", "/home", "/login", "/page"] {
        let answer = without_any.get(uri).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            answer.body.contains("`.layer(login.layer())`"),
            "{}",
            answer.body
        );
    }
    for uri in ["/account", "/home", "/login"] {
        let answer = without_database.get(uri).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            answer.body.contains("`.layer(database.layer())`"),
            "{}",
            answer.body
        );
    }
}
