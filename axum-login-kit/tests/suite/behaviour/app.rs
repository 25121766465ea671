//! The application under test: the handlers are those of the documentation.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use axum_db::prelude::*;
use axum_db::{Config, Database, metadata};
use axum_login_kit::{
    Auth, Bcrypt, CookieSessions, CurrentUser, Error, Flash, FreshUser, LoginManager,
    LoginManagerBuilder, LoginRefused, MemorySessions, NextUrl, Password, SessionData, SessionId,
};
use diesel_async::SimpleAsyncConnection;
use serde::{Deserialize, Serialize};
use testkit::TestDatabase;
use tokio::sync::Notify;

use super::{Engine, fresh};
use crate::browser::Browser;
use crate::models::{NewUser, User, users};

pub(crate) type Db = axum_db::Db<Engine>;

pub(crate) const SECRET: &[u8] = b"a secret for tests, long enough to be one";

/// The application over a database of its own, with a pool of one connection.
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) login: LoginManager<User>,
    pub(crate) database: Database<Engine>,
    pub(crate) gate: Arc<Gate>,
    _files: TestDatabase,
}

/// Stops a slow request between its extractors and its end.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) entered: Notify,
    pub(crate) open: Notify,
}

/// Where the sessions of a test are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Table,
    Memory,
    Cookies,
}

impl Kept {
    pub(crate) const ALL: [Kept; 3] = [Kept::Table, Kept::Memory, Kept::Cookies];

    pub(crate) fn set(self, builder: LoginManagerBuilder<User>) -> LoginManagerBuilder<User> {
        match self {
            Kept::Table => builder,
            Kept::Memory => builder.sessions(MemorySessions::new()),
            Kept::Cookies => builder.sessions(CookieSessions::new()),
        }
    }
}

/// What the application keeps in sessions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cart(pub(crate) Vec<String>);

impl SessionData for Cart {
    const NAME: &'static str = "cart";
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// The application with other settings.
    pub(crate) async fn with(
        settings: impl FnOnce(LoginManagerBuilder<User>) -> LoginManagerBuilder<User>,
    ) -> Self {
        Self::with_connections(1, settings).await
    }

    /// The application with other settings, over a larger pool.
    pub(crate) async fn with_connections(
        connections: usize,
        settings: impl FnOnce(LoginManagerBuilder<User>) -> LoginManagerBuilder<User>,
    ) -> Self {
        let files = fresh();
        let database = connect_with(files.url(), connections);
        let metadata = metadata![User].with(axum_login_kit::tables::<User>());
        database.create_all(&metadata).await.unwrap();
        let builder = manager(&database, "user");
        let login = settings(builder).build().unwrap();
        let gate = Arc::new(Gate::default());
        App {
            router: router(Arc::clone(&gate))
                .layer(login.layer())
                .layer(database.layer()),
            login,
            database,
            gate,
            _files: files,
        }
    }

    /// A user with the password `password`.
    pub(crate) async fn user(&self, email: &str) -> User {
        let bcrypt = Bcrypt::with_cost(4).unwrap();
        let hash = bcrypt.hash("password").await.unwrap();
        let db = self.database.session();
        let user = NewUser::new(email, hash).insert(&db).await.unwrap();
        db.commit().await.unwrap();
        user
    }

    /// Where the database is.
    pub(crate) fn url(&self) -> &str {
        self._files.url()
    }

    pub(crate) async fn save(&self, user: &User) {
        let db = self.database.session();
        user.save(&db).await.unwrap();
        db.commit().await.unwrap();
    }

    /// Another manager over the same tables.
    pub(crate) fn login_with(
        &self,
        settings: impl FnOnce(LoginManagerBuilder<User>) -> LoginManagerBuilder<User>,
    ) -> LoginManager<User> {
        settings(manager(&self.database, "user")).build().unwrap()
    }

    /// The routes, with another manager.
    pub(crate) fn routes(&self, login: &LoginManager<User>) -> Router {
        router(Arc::clone(&self.gate))
            .layer(login.layer())
            .layer(self.database.layer())
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    /// A browser in which the user has logged in.
    pub(crate) async fn logged_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let form = format!("email={email}&password=password");
        let answer = browser.post("/login", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        browser
    }

    /// A browser in which the user has logged in to be remembered.
    pub(crate) async fn remembered(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let form = format!("email={email}&password=password&remember=true");
        let answer = browser.post("/login", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        browser
    }

    /// Runs SQL that only these tests know.
    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = self.database.connect_dedicated().await.unwrap();
        connection.batch_execute(sql).await.unwrap();
    }

    /// How many sessions there are.
    pub(crate) async fn sessions(&self) -> i64 {
        self.count("(SELECT COUNT(*) FROM auth_sessions)").await
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let count = diesel::dsl::sql::<diesel::sql_types::BigInt>(sql);
        let mut connection = self.database.connect_dedicated().await.unwrap();
        let query = diesel::select(count);
        diesel_async::RunQueryDsl::get_result(query, &mut connection)
            .await
            .unwrap()
    }
}

/// A pool of that many connections.
pub(crate) fn connect_with(url: &str, connections: usize) -> Database<Engine> {
    let mut config = Config::new(url);
    config.max_connections = connections;
    config.pool_timeout = Duration::from_secs(20);
    Database::with_config(config).unwrap()
}

/// A pool of one connection.
pub(crate) fn connect(url: &str) -> Database<Engine> {
    connect_with(url, 1)
}

/// The manager of the documentation, with cheap hashes.
pub(crate) fn manager(database: &Database<Engine>, realm: &str) -> LoginManagerBuilder<User> {
    LoginManager::<User>::new(database, SECRET)
        .login_url("/login")
        .login_message("Please log in to access this page.", "info")
        .realm(realm)
        .passwords(Bcrypt::with_cost(4).unwrap())
}

pub(crate) fn router(gate: Arc<Gate>) -> Router {
    let nested = Router::new().route("/deep/page", get(account));
    Router::new()
        .route("/account", get(account).post(account))
        .route("/home", get(home))
        .route("/danger", get(danger))
        .route("/plain", get(async || "plain"))
        .route("/slow", get(slow))
        .route("/login", get(login_form).post(login_post))
        .route("/login/options", post(login_with_options))
        .route("/login/transaction", post(login_in_transaction))
        .route("/login/then/fail", post(login_then_fail))
        .route("/logout", post(logout))
        .route("/logout/others", post(logout_others))
        .route("/logout/everywhere", post(logout_everywhere))
        .route("/devices", get(devices))
        .route("/revoke/{id}", post(revoke))
        .route("/cart", get(cart).post(add_to_cart))
        .route("/ip", get(ip))
        .route("/confirm", post(confirm))
        .route("/fresh", get(is_fresh))
        .route("/remembered", get(is_remembered))
        .route("/password", post(change_password))
        .route("/password/slow", post(change_password_slowly))
        .nest("/nested", nested)
        .with_state(gate)
}

#[derive(Debug, Deserialize)]
pub(crate) struct LoginForm {
    email: String,
    password: Password,
    #[serde(default)]
    remember: bool,
}

#[axum::debug_handler(state = Arc<Gate>)]
async fn account(user: CurrentUser<User>) -> String {
    format!("account of {}", user.email)
}

#[axum::debug_handler(state = Arc<Gate>)]
async fn home(user: Option<CurrentUser<User>>) -> String {
    match user {
        Some(user) => format!("hello {}", user.email),
        None => "hello stranger".to_owned(),
    }
}

#[axum::debug_handler(state = Arc<Gate>)]
async fn danger(user: FreshUser<User>) -> String {
    format!("danger for {}", user.email)
}

async fn slow(
    State(gate): State<Arc<Gate>>,
    db: Db,
    user: CurrentUser<User>,
) -> Result<String, Error> {
    db.release().await?;
    gate.entered.notify_one();
    gate.open.notified().await;
    Ok(format!("at last, {}", user.email))
}

async fn login_form(flash: Flash) -> String {
    let messages = flash.take();
    let lines = messages
        .iter()
        .map(|message| format!("[{}] {}", message.category, message.text));
    lines.collect::<Vec<_>>().join("\n")
}

#[axum::debug_handler(state = Arc<Gate>)]
async fn login_post(
    db: Db,
    auth: Auth<User>,
    next: NextUrl,
    flash: Flash,
    Form(f): Form<LoginForm>,
) -> Result<Response, Error> {
    let user = User::query()
        .filter(users::email.eq(&f.email))
        .one_or_none(&db)
        .await?;
    match auth.verify_password(user, &f.password).await? {
        Some(user) => {
            auth.login(&user).remember(f.remember).await?;
            Ok(next.or("/").into_response())
        }
        None => {
            flash.danger("Login unsuccessful. Please check email and password.");
            Ok(Redirect::to("/login").into_response())
        }
    }
}

#[derive(Debug, Deserialize)]
struct Options {
    email: String,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    stale: bool,
    #[serde(default)]
    force: bool,
    seconds: Option<u64>,
}

async fn by_email(db: &Db, email: &str) -> Result<User, Error> {
    Ok(User::query().filter(users::email.eq(email)).one(db).await?)
}

async fn login_with_options(
    db: Db,
    auth: Auth<User>,
    Form(options): Form<Options>,
) -> Result<String, Error> {
    let user = by_email(&db, &options.email).await?;
    let mut login = auth
        .login(&user)
        .remember(options.remember)
        .fresh(!options.stale);
    if let Some(seconds) = options.seconds {
        login = login.duration(Duration::from_secs(seconds));
    }
    if options.force {
        login = login.force();
    }
    login.await?;
    let user = auth.user().await?;
    Ok(format!(
        "now {}",
        user.map_or_else(String::new, |user| user.email.clone())
    ))
}

#[derive(Debug, Deserialize)]
struct End {
    email: String,
    end: String,
}

async fn login_in_transaction(
    db: Db,
    auth: Auth<User>,
    Query(end): Query<End>,
) -> Result<StatusCode, Error> {
    let user = by_email(&db, &end.email).await?;
    db.begin().await?;
    auth.login(&user).await?;
    match end.end.as_str() {
        "commit" => db.commit().await?,
        "rollback" => db.rollback().await?,
        "commit-then-lose" => {
            db.commit().await?;
            db.begin().await?;
        }
        "savepoint" => {
            db.rollback().await?;
            let refused = db.savepoint(async |_| {
                auth.login(&user).await?;
                Err::<(), Error>(LoginRefused::Inactive.into())
            });
            refused.await.unwrap_err();
            db.commit().await?;
        }
        "fail" => return Ok(StatusCode::INTERNAL_SERVER_ERROR),
        _ => {}
    }
    Ok(StatusCode::OK)
}

async fn login_then_fail(
    db: Db,
    auth: Auth<User>,
    Query(end): Query<End>,
) -> Result<StatusCode, Error> {
    let user = by_email(&db, &end.email).await?;
    auth.login(&user).await?;
    db.begin().await?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn logout(auth: Auth<User>) -> Result<Redirect, Error> {
    auth.logout().await?;
    Ok(Redirect::to("/"))
}

async fn logout_others(auth: Auth<User>) -> Result<String, Error> {
    Ok(auth.logout_others().await?.to_string())
}

async fn logout_everywhere(auth: Auth<User>) -> Result<String, Error> {
    Ok(auth.logout_everywhere().await?.to_string())
}

/// A line for each session: its id, whose browser it is, and whether it is this one.
async fn devices(auth: Auth<User>) -> Result<String, Error> {
    let sessions = auth.sessions().await?.into_iter();
    let lines = sessions.map(|session| {
        let browser = session.user_agent.unwrap_or_default();
        let here = if session.is_current { " here" } else { "" };
        format!("{} {browser}{here}", session.id)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

async fn revoke(auth: Auth<User>, Path(id): Path<SessionId>) -> Result<String, Error> {
    Ok(auth.revoke(&id).await?.to_string())
}

async fn cart(auth: Auth<User>) -> Result<String, Error> {
    Ok(auth.data::<Cart>().await?.0.join(","))
}

async fn add_to_cart(auth: Auth<User>, item: String) -> Result<String, Error> {
    let count = auth.update_data(|cart: &mut Cart| {
        cart.0.push(item.clone());
        cart.0.len()
    });
    Ok(count.await?.to_string())
}

async fn ip(auth: Auth<User>) -> String {
    auth.ip().map(|ip| ip.to_string()).unwrap_or_default()
}

async fn confirm(
    auth: Auth<User>,
    user: CurrentUser<User>,
    Form(form): Form<Confirm>,
) -> Result<String, Error> {
    let verified = auth
        .verify_password(Some(user.into_inner()), &form.password)
        .await?;
    if verified.is_none() {
        return Ok("wrong".to_owned());
    }
    Ok(auth.confirm().await?.to_string())
}

#[derive(Debug, Deserialize)]
struct Confirm {
    password: Password,
}

async fn is_remembered(auth: Auth<User>) -> Result<String, Error> {
    Ok(auth.is_remembered().await?.to_string())
}

async fn is_fresh(auth: Auth<User>) -> Result<String, Error> {
    Ok(auth.is_fresh().await?.to_string())
}

async fn change_password(auth: Auth<User>, user: CurrentUser<User>) -> Result<&'static str, Error> {
    let changed = auth.change_password(&user, "another password").await?;
    Ok(changed.map_or("not changed", |_| "changed"))
}

/// The same from a form that takes its time.
async fn change_password_slowly(
    State(gate): State<Arc<Gate>>,
    db: Db,
    auth: Auth<User>,
    user: CurrentUser<User>,
) -> Result<&'static str, Error> {
    let verified = auth
        .verify_password(Some(user.into_inner()), "password")
        .await?;
    db.release().await?;
    gate.entered.notify_one();
    gate.open.notified().await;
    let Some(user) = verified else {
        return Ok("wrong");
    };
    let changed = auth.change_password(&user, "the thief's").await?;
    Ok(changed.map_or("not changed", |_| "changed"))
}
