//! What attackers try: rows of the threat table that concern the table of sessions. The others are
//!
//! | threat | tests |
//! |---|---|
//! | open redirect | `src/next_url_tests.rs`, with a property test against a parser of the WHATWG standard |
//! | logout race | `races.rs`, too |
//! | login, then the handler fails | `transactions.rs` |
//! | cookie confusion | `data.rs`, `src/keys.rs`, and `fuzz.rs` |
//! | idle and absolute timeout | `places.rs`, and `machine.rs` |
//! | enumeration by time | `passwords.rs`, `src/password/tests.rs` |
//! | runtime stall, hashing as a weapon | `queries.rs`, `src/password/threads.rs` |
//! | forms from other sites | the blog's `accounts.rs` |
//! | cookies, shared caches | `cookies.rs`, `remember.rs` |
//! | secrets in logs | `logs.rs` |
//! | spoofed address | `protection.rs` |
//! | forgotten routes | `guards.rs` |
//! | streams that outlive a logout | `ended.rs` |

use axum::http::StatusCode;
use axum_db::metadata;
use axum_login_kit::{AuthUser, Bcrypt, CurrentUser, LoginManager};

use super::app::{self, App, SECRET};
use super::fresh;
use crate::browser::Browser;
use crate::models::{Admin, NewAdmin, User};

#[tokio::test]
async fn session_fixation_a_login_takes_a_new_token_and_ends_the_presented_one() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    // Fixation: the attacker plants a token; it is worth nothing, before and after.
    let planted = "A".repeat(43);
    browser
        .cookies
        .insert("session".to_owned(), planted.clone());
    browser
        .post("/login", "email=ada@example.com&password=password")
        .await;
    let first = browser.cookie("session").unwrap().to_owned();
    assert_ne!(first, planted);

    browser
        .post("/login", "email=ada@example.com&password=password")
        .await;
    let second = browser.cookie("session").unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(app.sessions().await, 1);
    for dead in [planted, first] {
        let mut attacker = app.browser();
        attacker.cookies.insert("session".to_owned(), dead);
        assert_eq!(attacker.get("/home").await.body, "hello stranger");
    }
}

#[tokio::test]
async fn cross_user_bleed_nothing_of_one_user_is_left_for_the_next() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    let adas = browser.clone();
    browser
        .post("/login", "email=bob@example.com&password=password")
        .await;
    assert_eq!(
        browser.get("/account").await.body,
        "account of bob@example.com"
    );
    assert!(browser.cookie("fresh").is_none(), "bob is not remembered");
    assert!(!browser.cookies["session"].contains("Max-Age"));
    assert_eq!(adas.clone().get("/home").await.body, "hello stranger");
    assert_eq!(app.sessions().await, 1);
}

#[tokio::test]
async fn logout_race_a_slow_request_does_not_bring_back_a_session_that_ended() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let mut slow = browser.clone();
    let slow = tokio::spawn(async move {
        let answer = slow.get("/slow").await;
        (slow, answer)
    });
    app.gate.entered.notified().await;
    browser.post("/logout", "").await;
    app.gate.open.notify_one();
    let (mut slow, answer) = slow.await.unwrap();
    assert_eq!(answer.body, "at last, ada@example.com");
    assert!(answer.cookies().is_empty());
    assert_eq!(slow.get("/home").await.body, "hello stranger");
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn replay_a_stolen_cookie_is_dead_after_logout() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.remembered("ada@example.com").await;
    let mut thief = browser.clone();
    assert_eq!(thief.get("/home").await.body, "hello ada@example.com");
    browser.post("/logout", "").await;
    assert_eq!(thief.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn replay_a_password_change_ends_every_other_session() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let mut thief = app.remembered("ada@example.com").await;
    assert_eq!(browser.post("/password", "").await.body, "changed");
    assert_eq!(thief.get("/home").await.body, "hello stranger");
    assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
}

#[tokio::test]
async fn replay_a_raised_epoch_ends_every_session() {
    let app = App::new().await;
    let mut user = app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    user.epoch += 1;
    app.save(&user).await;
    assert_eq!(browser.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn replay_a_user_who_is_gone_is_anonymous_and_so_are_the_sessions() {
    let app = App::new().await;
    let user = app.user("ada@example.com").await;
    let mut browser = app.logged_in("ada@example.com").await;
    let db = app.database.session();
    user.delete(&db).await.unwrap();
    db.commit().await.unwrap();
    drop(db);
    assert_eq!(browser.get("/home").await.body, "hello stranger");
    assert_eq!(app.sessions().await, 0);
    // Whoever gets the same key next is someone else.
    app.user("eve@example.com").await;
    assert_eq!(browser.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn forgery_forged_and_tampered_cookies_are_nobodys() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let token = browser.cookie("session").unwrap();
    let flipped = if token.starts_with('A') { "B" } else { "A" };
    let hash_in_the_table = "0".repeat(64);
    for forged in [
        format!("{flipped}{}", &token[1..]),
        token[..42].to_owned(),
        format!("{token}A"),
        token.to_lowercase(),
        hash_in_the_table,
        "1".to_owned(),
        "' OR 1=1 --".to_owned(),
        "\"".to_owned(),
        String::new(),
    ] {
        let mut forger = app.browser();
        forger.cookies.insert("session".to_owned(), forged.clone());
        assert_eq!(forger.get("/home").await.body, "hello stranger", "{forged}");
        assert_eq!(forger.get("/account").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(app.sessions().await, 1);
}

#[tokio::test]
async fn database_leak_a_dump_of_the_table_holds_no_working_cookie() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let query = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(
        "(SELECT token_hash FROM auth_sessions)",
    ));
    let mut connection = app.database.connect_dedicated().await.unwrap();
    let stored: String = diesel_async::RunQueryDsl::get_result(query, &mut connection)
        .await
        .unwrap();
    assert_eq!(stored.len(), 64);
    assert_ne!(stored, browser.cookie("session").unwrap());
    let mut thief = app.browser();
    thief.cookies.insert("session".to_owned(), stored);
    assert_eq!(thief.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn another_secret_ends_all_sessions() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let other = LoginManager::<User>::new(
        &app.database,
        b"another secret that is just as long as that",
    )
    .build()
    .unwrap();
    let router = app::router(app.gate.clone())
        .layer(other.layer())
        .layer(app.database.layer());
    let mut moved = Browser::new(&router);
    moved.cookies = browser.cookies;
    assert_eq!(moved.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn realm_confusion_a_session_of_one_realm_is_nobodys_in_another() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let browser = app.logged_in("ada@example.com").await;
    let admins = app::manager(&app.database, "admin").build().unwrap();
    let router = app::router(app.gate.clone())
        .layer(admins.layer())
        .layer(app.database.layer());
    let token = browser.cookies["session"].clone();
    let mut planted = Browser::new(&router);
    planted
        .cookies
        .insert("session-admin".to_owned(), token.clone());
    planted.cookies.insert("session".to_owned(), token);
    assert_eq!(planted.get("/home").await.body, "hello stranger");

    planted
        .post("/login", "email=ada@example.com&password=password")
        .await;
    assert_eq!(planted.get("/home").await.body, "hello ada@example.com");
    let mut back = app.browser();
    let token = planted.cookies["session-admin"].clone();
    back.cookies.insert("session".to_owned(), token);
    assert_eq!(back.get("/home").await.body, "hello stranger");
}

#[tokio::test]
async fn two_types_of_user_live_side_by_side() {
    async fn who(user: Option<CurrentUser<User>>, admin: Option<CurrentUser<Admin>>) -> String {
        let user = user.map_or_else(|| "nobody".to_owned(), |user| user.email.clone());
        let admin = admin.map_or_else(|| "nobody".to_owned(), |admin| admin.name.clone());
        format!("{user} and {admin}")
    }
    let files = fresh();
    let database = app::connect(files.url());
    let metadata = metadata![User, Admin]
        .with(axum_login_kit::tables::<User>())
        .with(axum_login_kit::tables::<Admin>());
    database.create_all(&metadata).await.unwrap();
    let users = app::manager(&database, "user").build().unwrap();
    let admins = LoginManager::<Admin>::new(&database, SECRET)
        .realm("admin")
        .passwords(Bcrypt::with_cost(4).unwrap())
        .build()
        .unwrap();
    let db = database.session();
    let root = NewAdmin::new("rööt").insert(&db).await.unwrap();
    let ada = crate::models::NewUser::new("ada@example.com", "-")
        .insert(&db)
        .await
        .unwrap();
    db.commit().await.unwrap();
    drop(db);
    assert_eq!(AuthUser::id(&root), "rööt");

    let router = axum::Router::new()
        .route("/", axum::routing::get(who))
        .layer(users.layer())
        .layer(admins.layer())
        .layer(database.layer());
    let mut browser = Browser::new(&router);
    assert_eq!(browser.get("/").await.body, "nobody and nobody");
    let admin = axum_login_kit::testing::login_as(&admins, &root)
        .await
        .unwrap();
    let mut as_admin = browser.clone().with("cookie", admin.to_str().unwrap());
    assert_eq!(as_admin.get("/").await.body, "nobody and rööt");
    let user = axum_login_kit::testing::login_as(&users, &ada)
        .await
        .unwrap();
    let mut as_both = as_admin.with("cookie", user.to_str().unwrap());
    assert_eq!(as_both.get("/").await.body, "ada@example.com and rööt");
}
