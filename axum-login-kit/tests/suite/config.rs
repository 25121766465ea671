//! Settings that are refused, and layers that are missing.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum_db::metadata;
use axum_db::prelude::*;
use axum_login_kit::{
    Auth, Bcrypt, ConfigError, CurrentUser, Error, ErrorKind, Flash, Lockout, LoginManager,
    Passwords, RememberConfig, login_required,
};

use crate::browser::Browser;
use crate::models::{Admin, NewUser, User};
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
    let mut remember = RememberConfig::default();
    remember.duration = Duration::ZERO;
    let builder = || LoginManager::<User>::new(&database, SECRET);
    for (setting, builder) in [
        (
            "session_duration",
            builder().session_duration(Duration::ZERO),
        ),
        ("idle_timeout", builder().idle_timeout(Duration::ZERO)),
        ("RememberConfig::duration", builder().remember(remember)),
        (
            "RememberConfig::duration",
            builder().remember_duration(Duration::ZERO),
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error, ConfigError::ZeroDuration { setting });
    }
    let passwords = Passwords::default().pepper("this year's").pepper("");
    let error = builder().passwords(passwords).build().unwrap_err();
    assert_eq!(error, ConfigError::EmptyPepper);
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

#[tokio::test]
async fn two_kinds_of_user_in_one_realm_are_an_error_that_names_both() {
    async fn both(users: Result<Auth<User>, Error>, admins: Result<Auth<Admin>, Error>) -> String {
        for error in [users.unwrap_err(), admins.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::SharedRealm);
            for part in ["models::User`", "models::Admin`", "\"user\"", ".realm("] {
                assert!(error.to_string().contains(part), "{error}");
            }
        }
        "checked".to_owned()
    }
    let database = Db::connect("sqlite://:memory:").await.unwrap();
    let users = LoginManager::<User>::new(&database, SECRET)
        .build()
        .unwrap();
    let around = |admins: LoginManager<Admin>| {
        let guarded = Router::new()
            .route("/guarded", get(async || "let in"))
            .route_layer(login_required::<User>());
        let routes = Router::new()
            .route("/", get(both))
            .route("/home", get(async |_: Option<CurrentUser<User>>| "home"))
            .route("/plain", get(async || "plain"))
            .merge(guarded);
        // The same manager once more, as around a nested router, is not one more.
        let routes = routes.layer(users.layer()).layer(users.layer());
        Browser::new(&routes.layer(admins.layer()).layer(database.layer()))
    };
    let admins = || LoginManager::<Admin>::new(&database, SECRET);

    let mut browser = around(admins().build().unwrap());
    assert_eq!(browser.get("/").await.body, "checked");
    for path in ["/home", "/guarded"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    assert_eq!(browser.get("/plain").await.body, "plain");

    let mut browser = around(admins().realm("admin").build().unwrap());
    assert_eq!(browser.get("/home").await.body, "home");
    assert_eq!(
        browser.get("/guarded").await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// Every count loses, as if somebody else were always quicker: after 20 tries nobody gets through.
#[tokio::test]
async fn a_failure_that_cannot_be_counted_is_refused_and_costs_no_hash() {
    async fn log_in(auth: Auth<User>) -> Result<String, Error> {
        let known = auth.verify_password(None, "guess").account("ada").await?;
        Ok(known.is_some().to_string())
    }
    let app = App::new().await;
    let table = axum_db::Metadata::new([axum_login_kit::lockout_table()]);
    app.database.create_all(&table).await.unwrap();
    let passwords = Passwords::from(Bcrypt::with_cost(4).unwrap());
    let login = LoginManager::<User>::new(&app.database, SECRET)
        .passwords(passwords.clone())
        .lockout(Lockout::in_table(&app.database))
        .build()
        .unwrap();
    let routes = Router::new().route("/login", post(log_in));
    let router = routes.layer(login.layer()).layer(app.database.layer());
    let mut browser = Browser::new(&router);
    assert_eq!(browser.post("/login", "").await.body, "false");
    let before = passwords.work_done();
    app.execute(
        "CREATE TRIGGER always_late BEFORE UPDATE ON auth_lockouts BEGIN SELECT RAISE(IGNORE); END",
    )
    .await;
    let recorder = app.database.record(axum_db::Recording::Sql);
    let answer = browser.post("/login", "").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(passwords.work_done(), before);
    let statements = recorder.take();
    let tries = |word| {
        let texts = statements.iter().map(axum_db::RecordedQuery::sql);
        texts.filter(|text| text.starts_with(word)).count()
    };
    assert_eq!((tries("UPDATE"), tries("SELECT")), (20, 20));

    app.execute("DROP TRIGGER always_late").await;
    assert_eq!(browser.post("/login", "").await.body, "false");
}
