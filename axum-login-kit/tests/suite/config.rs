//! Settings that are refused, and layers that are missing.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum_db::metadata;
use axum_db::prelude::*;
use axum_login_kit::{
    Auth, ConfigError, CurrentUser, Error, ErrorKind, Flash, Lockout, LoginManager,
};

use crate::browser::Browser;
use crate::models::{NewUser, User};
use crate::sqlite::app::{App, Db, SECRET};

#[tokio::test]
async fn a_missing_table_is_named_with_what_adds_it() {
    async fn log_in(db: Db, auth: Auth<User>) -> Result<String, Error> {
        let user = User::query().one(&db).await?;
        let login = auth.login(&user).await.unwrap_err();
        let verifying = auth.verify_password(Some(user), "password").account("ada");
        let lockout = verifying.await.unwrap_err();
        assert_eq!(login.kind(), ErrorKind::Database);
        Ok(format!("{login}\n{lockout}"))
    }
    let database = Db::connect("sqlite://:memory:").await.unwrap();
    database.create_all(&metadata![User]).await.unwrap();
    let db = database.session();
    NewUser::new("ada@example.com", "-")
        .insert(&db)
        .await
        .unwrap();
    db.commit().await.unwrap();
    drop(db);
    let login = LoginManager::<User>::new(&database, SECRET)
        .lockout(Lockout::in_table(&database))
        .build()
        .unwrap();
    let router = Router::new()
        .route("/", post(log_in))
        .route("/home", get(async |_: Option<CurrentUser<User>>| "home"))
        .layer(login.layer())
        .layer(database.layer());
    let answer = Browser::new(&router).post("/", "").await;
    let mut lines = answer.body.lines();
    for (table, added) in [
        ("auth_sessions", ".with(axum_login_kit::tables::<User>())"),
        ("auth_lockouts", ".with(axum_login_kit::lockout_table())"),
    ] {
        let line = lines.next().unwrap();
        assert!(line.contains(table) && line.contains(added), "{line}");
    }
    let mut known = Browser::new(&router);
    known.cookies.insert("session".into(), "A".repeat(43));
    let answer = known.get("/home").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.body.contains("auth_sessions"), "{}", answer.body);
}

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
