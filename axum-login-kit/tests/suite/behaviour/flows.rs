//! Lost passwords, addresses to be proved, and hashes to be renewed.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Form, Path, Query};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, debug_handler};
use axum_db::prelude::*;
use axum_db::{Database, Metadata};
use axum_login_kit::testing::{FakeClock, Outbox, login_as};
use axum_login_kit::{
    Auth, Bcrypt, Error, Lockout, LoginEventKind, LoginManager, LoginManagerBuilder, Mail,
    MailLimit, Password, Passwords,
};
use serde::Deserialize;
use std::sync::{Arc, Mutex};
use testkit::logged;
use tower::Layer;
use tracing_subscriber::filter::LevelFilter;

use super::app::{App, Db, Kept, SECRET, manager, router};
use crate::browser::{Answer, Browser};
use crate::models::{User, users};

#[derive(Deserialize)]
struct Who {
    email: String,
    #[serde(default)]
    end: String,
}

#[derive(Deserialize)]
struct New {
    password: Password,
}

#[debug_handler]
async fn forgot(db: Db, auth: Auth<User>, Form(who): Form<Who>) -> Result<&'static str, Error> {
    let user = User::query()
        .filter(users::email.eq(&who.email))
        .one_or_none(&db)
        .await?;
    auth.mail_password_reset(user, |user, token| {
        Mail::new(format!("For {}", user.email), token)
    })?;
    Ok("a mail is on its way")
}

#[debug_handler]
async fn reset(
    db: Db,
    auth: Auth<User>,
    Path(token): Path<String>,
    Query(end): Query<Who>,
    Form(new): Form<New>,
) -> Result<(StatusCode, String), Error> {
    if !end.end.is_empty() {
        db.begin().await?;
    }
    let Some(user) = auth.reset_password(&token, &new.password).await? else {
        return Ok((StatusCode::GONE, String::new()));
    };
    auth.login(&user).await?;
    match end.end.as_str() {
        "commit" => db.commit().await?,
        "rollback" => db.rollback().await?,
        _ => {}
    }
    Ok((StatusCode::OK, user.email))
}

#[debug_handler]
async fn join(db: Db, auth: Auth<User>, Form(who): Form<Who>) -> Result<(), Error> {
    let mut user = User::query()
        .filter(users::email.eq(&who.email))
        .one(&db)
        .await?;
    user.blocked = false;
    user.save(&db).await?;
    auth.mail_email_confirmation(&user, |token| Mail::new("Welcome", token))?;
    match who.end.as_str() {
        "commit" => db.commit().await?,
        _ => db.rollback().await?,
    }
    Ok(())
}

#[debug_handler]
async fn confirm(db: Db, auth: Auth<User>, Path(token): Path<String>) -> Result<StatusCode, Error> {
    let Some(mut user) = auth.confirm_email(&token).await? else {
        return Ok(StatusCode::GONE);
    };
    user.confirmed = true;
    user.save(&db).await?;
    db.commit().await?;
    Ok(StatusCode::OK)
}

#[debug_handler]
async fn ask_for_change(db: Db, auth: Auth<User>, Form(who): Form<Who>) -> Result<(), Error> {
    let user = User::query()
        .filter(users::email.eq(&who.email))
        .one(&db)
        .await?;
    auth.mail_email_change(&user, &who.end, |token| Mail::new("Is it you?", token))
}

#[debug_handler]
async fn change(db: Db, auth: Auth<User>, Path(token): Path<String>) -> Result<StatusCode, Error> {
    let Some((mut user, email)) = auth.confirm_email_change(&token).await? else {
        return Ok(StatusCode::GONE);
    };
    user.email = email;
    user.save(&db).await?;
    db.commit().await?;
    Ok(StatusCode::OK)
}

struct Flows {
    app: App,
    router: Router,
    outbox: Outbox,
    clock: FakeClock,
    login: LoginManager<User>,
}

impl Flows {
    async fn new(set: impl FnOnce(LoginManagerBuilder<User>) -> LoginManagerBuilder<User>) -> Self {
        Self::with_database(|builder, _| set(builder)).await
    }

    async fn with_database(
        set: impl FnOnce(
            LoginManagerBuilder<User>,
            &Database<super::Engine>,
        ) -> LoginManagerBuilder<User>,
    ) -> Self {
        let app = App::with_connections(4, |builder| builder).await;
        let (outbox, clock) = (Outbox::default(), FakeClock::new());
        let builder = manager(&app.database, "user")
            .mailer(outbox.clone())
            .clock(clock.clone());
        let login = set(builder, &app.database).build().unwrap();
        let routes = Router::new()
            .route("/forgot", post(forgot))
            .route("/reset/{token}", post(reset))
            .route("/join", post(join))
            .route("/confirm/{token}", post(confirm))
            .route("/change", post(ask_for_change))
            .route("/change/{token}", post(change));
        let router = router(app.gate.clone()).merge(routes);
        let router = router.layer(login.layer()).layer(app.database.layer());
        Flows {
            router,
            app,
            outbox,
            clock,
            login,
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    /// The token in the mail that `user` gets when they ask for a new password.
    async fn forgotten(&self, user: &User) -> String {
        let form = format!("email={}", user.email);
        self.browser().post("/forgot", &form).await;
        let mail = self.outbox.next().await;
        assert_eq!(mail.to, user.email);
        mail.text
    }

    async fn reset(&self, token: &str) -> Answer {
        let uri = format!("/reset/{token}?email=");
        self.browser().post(&uri, "password=new+password").await
    }

    /// Somebody asks for a new password from an address; all of them get the same answer.
    async fn ask_from(&self, address: &str, form: &str) {
        let address: SocketAddr = address.parse().unwrap();
        let router = axum::Extension(ConnectInfo(address)).layer(self.router.clone());
        let mut browser = Browser::new(&Router::new().fallback_service(router));
        let answer = browser.post("/forgot", form).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, "a mail is on its way");
    }

    async fn stored(&self, user: &User) -> User {
        let db = self.app.database.session();
        User::find(user.id).one(&db).await.unwrap()
    }
}

#[tokio::test]
async fn a_new_password_needs_a_mail_and_ends_all_sessions() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    let cookie = login_as(&flows.login, &ada).await.unwrap();
    let mut elsewhere = flows.browser().with("cookie", cookie.to_str().unwrap());
    assert_eq!(elsewhere.get("/account").await.status, StatusCode::OK);

    let token = flows.forgotten(&ada).await;
    let mut browser = flows.browser();
    let uri = format!("/reset/{token}?email=");
    let answer = browser.post(&uri, "password=new+password").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    assert_eq!(elsewhere.get("/home").await.body, "hello stranger");
    for (password, location) in [("password", "/login"), ("new+password", "/")] {
        let form = format!("email=ada@example.com&password={password}");
        let answer = flows.browser().post("/login", &form).await;
        assert_eq!(answer.header("location"), location);
    }
    // It was good once.
    assert_eq!(flows.reset(&token).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn the_answer_tells_nobody_who_has_an_account() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    let mut blocked = flows.app.user("blocked@example.com").await;
    blocked.blocked = true;
    flows.app.save(&blocked).await;
    let mut answers = Vec::new();
    for email in ["nobody", "blocked", "ada"] {
        let form = format!("email={email}@example.com");
        let answer = flows.browser().post("/forgot", &form).await;
        answers.push((answer.status, answer.body, answer.headers));
    }
    assert!(
        answers.windows(2).all(|two| two[0] == two[1]),
        "{answers:?}"
    );
    assert_eq!(flows.outbox.next().await.to, ada.email);
    assert_eq!(flows.outbox.waiting(), 0);
}

#[tokio::test]
async fn of_many_uses_of_a_token_one_counts() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    let token = flows.forgotten(&ada).await;
    let uses = (0..8).map(|_| flows.reset(&token));
    let answers = futures_util::future::join_all(uses).await;
    let good = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(good.count(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_reset_within_a_transaction_ends_with_it() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    let token = flows.forgotten(&ada).await;
    for (end, changed) in [("rollback", false), ("forgotten", false), ("commit", true)] {
        let uri = format!("/reset/{token}?email=&end={end}");
        let answer = flows.browser().post(&uri, "password=new+password").await;
        assert_eq!(answer.status, StatusCode::OK, "{end} {answer:?}");
        let stored = flows.stored(&ada).await.password_hash;
        assert_eq!(stored != ada.password_hash, changed, "{end}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_what_it_is_bound_to() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    let token = flows.forgotten(&ada).await;
    flows.clock.advance(Duration::from_secs(60 * 60 - 1));
    let tokens = flows.login.tokens();
    assert!(tokens.read_password_reset(&token).is_some());
    flows.clock.advance(Duration::from_secs(1));
    assert!(tokens.read_password_reset(&token).is_none());
    assert_eq!(flows.reset(&token).await.status, StatusCode::GONE);

    let changes: [fn(&mut User); 3] = [
        |user| user.email = "lovelace@example.com".to_owned(),
        |user| user.epoch += 1,
        |user| user.password_hash = "another".to_owned(),
    ];
    for change in changes {
        let mut user = flows.stored(&ada).await;
        let token = flows.forgotten(&user).await;
        change(&mut user);
        flows.app.save(&user).await;
        assert_eq!(flows.reset(&token).await.status, StatusCode::GONE);
    }
    let ada = flows.stored(&ada).await;
    let token = flows.forgotten(&ada).await;
    flows.app.execute("DELETE FROM users").await;
    assert_eq!(flows.reset(&token).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_token_is_for_one_purpose_one_user_and_one_manager() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    let bob = flows.app.user("bob@example.com").await;
    let tokens = flows.login.tokens();
    let made = [
        tokens.password_reset(&ada),
        tokens.email_confirmation(&ada),
        tokens.email_change(&ada, "new@example.com"),
    ];
    for (index, token) in made.iter().enumerate() {
        let read = [
            tokens.read_password_reset(token),
            tokens.read_email_confirmation(token),
            tokens.read_email_change(token),
        ];
        for (other, read) in read.into_iter().enumerate() {
            assert_eq!(read.is_some(), index == other);
            let Some(read) = read else { continue };
            assert!(read.is_for(&ada) && !read.is_for(&bob));
            assert_eq!(*read.user_id(), ada.id);
        }
    }
    let token = &made[0];
    let builder =
        || LoginManager::<User>::new(&flows.app.database, b"another secret of at least 32 bytes");
    let other_realm = manager(&flows.app.database, "admin").clock(flows.clock.clone());
    let other_key = builder().clock(flows.clock.clone());
    let rotated = builder()
        .older_secret_key(SECRET)
        .clock(flows.clock.clone());
    for (other, accepted) in [(other_realm, false), (other_key, false), (rotated, true)] {
        let read = other.build().unwrap().tokens().read_password_reset(token);
        assert_eq!(read.is_some_and(|read| read.is_for(&ada)), accepted);
    }
}

#[tokio::test]
async fn an_address_is_confirmed_once_and_after_the_commit() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    flows.app.user("bob@example.com").await;
    for (name, end) in [("bob", "rollback"), ("ada", "commit")] {
        let form = format!("email={name}@example.com&end={end}");
        flows.browser().post("/join", &form).await;
    }
    let mail = flows.outbox.next().await;
    assert_eq!(
        mail.to, "ada@example.com",
        "what was rolled back comes first"
    );
    assert_eq!(flows.outbox.waiting(), 0);
    for status in [StatusCode::OK, StatusCode::GONE] {
        let uri = format!("/confirm/{}", mail.text);
        assert_eq!(flows.browser().post(&uri, "").await.status, status);
        assert!(flows.stored(&ada).await.confirmed);
    }
}

#[tokio::test]
async fn another_address_is_proved_before_it_counts() {
    let flows = Flows::new(|builder| builder).await;
    let ada = flows.app.user("ada@example.com").await;
    // Not another header of the mail.
    let injected = "email=ada@example.com&end=new@example.com%0D%0ABcc:%20eve@example.com";
    let answer = flows.browser().post("/change", injected).await;
    assert_eq!(answer.status, StatusCode::OK);
    let form = "email=ada@example.com&end=new@example.com";
    flows.browser().post("/change", form).await;
    let mail = flows.outbox.next().await;
    assert_eq!(mail.to, "new@example.com");
    for status in [StatusCode::OK, StatusCode::GONE] {
        let uri = format!("/change/{}", mail.text);
        assert_eq!(flows.browser().post(&uri, "").await.status, status);
        assert_eq!(flows.stored(&ada).await.email, "new@example.com");
    }
}

/// The application with a limit to its mails, counted in the table or in memory, and how many were withheld.
async fn limited(limit: MailLimit, in_table: bool) -> (Flows, Arc<Mutex<usize>>) {
    let withheld = Arc::new(Mutex::new(0));
    let count = Arc::clone(&withheld);
    let flows = Flows::with_database(move |builder, database| {
        let builder = builder.mail_limit(limit).on_event(move |event| {
            *count.lock().unwrap() += usize::from(event.kind == LoginEventKind::MailWithheld);
        });
        match in_table {
            true => builder.lockout(Lockout::in_table(database)),
            false => builder,
        }
    });
    let flows = flows.await;
    let table = Metadata::new([axum_login_kit::lockout_table()]);
    flows.app.database.create_all(&table).await.unwrap();
    (flows, withheld)
}

/// Waits until so many mails were sent, and so many withheld: both happen after the answer.
async fn settled(flows: &Flows, sent: usize, withheld: (&Mutex<usize>, usize)) {
    while flows.outbox.waiting() + *withheld.0.lock().unwrap() < sent + withheld.1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(flows.outbox.waiting(), sent);
    assert_eq!(*withheld.0.lock().unwrap(), withheld.1);
}

#[tokio::test]
async fn nobodys_mailbox_is_flooded_and_nobody_is_told() {
    for in_table in [true, false] {
        let (flows, withheld) = limited(MailLimit::default(), in_table).await;
        let ada = flows.app.user("ada@example.com").await;
        let flows = &flows;
        let asked = (0..25).map(|number| async move {
            // From everywhere.
            let address = format!("192.0.2.{number}:1");
            flows.ask_from(&address, "email=ada@example.com").await;
        });
        futures_util::future::join_all(asked).await;
        settled(flows, 5, (&withheld, 20)).await;
        // A link that came is good, whatever was withheld after it.
        let token = flows.outbox.next().await.text;
        assert!(flows.login.tokens().read_password_reset(&token).is_some());
        while flows.outbox.waiting() > 0 {
            flows.outbox.next().await;
        }
        // Mails for another purpose, and to others, are not kept back.
        let form = "email=ada@example.com&end=commit";
        flows.browser().post("/join", form).await;
        assert_eq!(flows.outbox.next().await.subject, "Welcome");
        flows.app.user("bob@example.com").await;
        flows.ask_from("192.0.2.1:1", "email=bob@example.com").await;
        assert_eq!(flows.outbox.next().await.to, "bob@example.com");
        // The next ones are further and further apart.
        let mut refused = 20;
        for pause in [15, 30, 60, 120] {
            flows.clock.advance(Duration::from_secs(pause * 60 - 1));
            flows.ask_from("192.0.2.1:1", "email=ada@example.com").await;
            refused += 1;
            settled(flows, 0, (&withheld, refused)).await;
            flows.clock.advance(Duration::from_secs(1));
            assert!(!flows.forgotten(&ada).await.is_empty());
        }
        // After a quiet day all is as it was, and no row is left.
        flows.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
        flows.login.delete_expired().await.unwrap();
        let rows = flows.app.count("(SELECT COUNT(*) FROM auth_lockouts)");
        assert_eq!(rows.await, 0);
        for _ in 0..5 {
            flows.forgotten(&ada).await;
        }
    }
}

#[tokio::test]
async fn an_address_gets_no_more_mails_sent_than_its_share_whoever_they_are_to() {
    for in_table in [true, false] {
        let (flows, withheld) = limited(MailLimit::default().address(3), in_table).await;
        for number in 0..5_usize {
            let email = format!("user{number}@example.com");
            flows.app.user(&email).await;
            let from = format!("[2001:db8:1:2::{number}]:4711");
            flows.ask_from(&from, &format!("email={email}")).await;
            let (sent, refused) = (3.min(number + 1), (number + 1).saturating_sub(3));
            settled(&flows, sent, (&withheld, refused)).await;
        }
        flows
            .ask_from("192.0.2.1:1", "email=user4@example.com")
            .await;
        settled(&flows, 4, (&withheld, 2)).await;
        // Asking for an account that does not exist costs nobody anything.
        for _ in 0..5 {
            let nobody = "email=nobody@example.com";
            flows.ask_from("192.0.2.2:1", nobody).await;
        }
        flows
            .ask_from("192.0.2.2:1", "email=user3@example.com")
            .await;
        settled(&flows, 5, (&withheld, 2)).await;
    }
}

#[tokio::test]
async fn a_user_who_names_other_addresses_is_stopped_too() {
    let (flows, withheld) = limited(MailLimit::default().mailbox(2), true).await;
    flows.app.user("ada@example.com").await;
    for number in 0..4_usize {
        let form = format!("email=ada@example.com&end=victim{number}@example.com");
        flows.browser().post("/change", &form).await;
        settled(
            &flows,
            2.min(number + 1),
            (&withheld, (number + 1).saturating_sub(2)),
        )
        .await;
    }
    // One mailbox under several spellings is one.
    flows.app.user("bob@example.com").await;
    for victim in ["VICTIM0@example.com", "victim0@EXAMPLE.com"] {
        let form = format!("email=bob@example.com&end={victim}");
        flows.browser().post("/change", &form).await;
    }
    settled(&flows, 3, (&withheld, 3)).await;
}

#[tokio::test]
async fn a_mail_that_cannot_be_counted_is_sent() {
    let (flows, _) = limited(MailLimit::default(), true).await;
    let ada = flows.app.user("ada@example.com").await;
    flows.app.execute("DROP TABLE auth_lockouts").await;
    assert!(!flows.forgotten(&ada).await.is_empty());
}

#[tokio::test]
async fn without_a_mailer_the_error_says_what_to_do() {
    let flows = Flows::new(|builder| builder).await;
    let app = &flows.app;
    let routes = Router::new().route("/forgot", post(forgot));
    let routes = routes.layer(app.login.layer()).layer(app.database.layer());
    let (log, _guard) = logged(LevelFilter::ERROR);
    let answer = Browser::new(&routes).post("/forgot", "email=a").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "");
    assert!(log.text().contains(".mailer("), "{}", log.text());
}

#[tokio::test]
async fn a_login_renews_an_outdated_hash_and_leaves_other_sessions() {
    for kept in [Kept::Table, Kept::Memory] {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let stronger = Passwords::from(Bcrypt::with_cost(5).unwrap());
        let flows = Flows::new(|builder| {
            kept.set(builder.passwords(stronger))
                .on_event(move |event| seen.lock().unwrap().push(event.kind))
        })
        .await;
        let ada = flows.app.user("ada@example.com").await;
        let mut bob = flows.app.user("bob@example.com").await;
        bob.password_hash.clone_from(&ada.password_hash);
        flows.app.save(&bob).await;
        let session_of = async |user: &User| {
            let cookie = login_as(&flows.login, user).await.unwrap();
            flows.browser().with("cookie", cookie.to_str().unwrap())
        };
        let mut elsewhere = session_of(&ada).await;
        let mut bobs = session_of(&bob).await;
        // One that ended with an earlier password, and that a thief may still have.
        let mut before = ada.clone();
        before.password_hash = "an earlier one".to_owned();
        let mut thief = session_of(&before).await;
        let mut browser = flows.browser();
        let form = "email=ada@example.com&password=password";
        assert_eq!(browser.post("/login", form).await.header("location"), "/");
        let home = thief.get("/home").await;
        assert_eq!(home.body, "hello stranger", "{kept:?}");
        let home = bobs.get("/home").await;
        assert_eq!(home.body, "hello bob@example.com", "{kept:?}");
        let stored = flows.stored(&ada).await;
        assert!(stored.password_hash.starts_with("$2b$05$"));
        for browser in [&mut browser, &mut elsewhere] {
            let home = browser.get("/home").await;
            assert_eq!(home.body, "hello ada@example.com", "{kept:?}");
        }
        let rehashed = |kind: &&LoginEventKind| **kind == LoginEventKind::Rehashed;
        assert_eq!(events.lock().unwrap().iter().filter(rehashed).count(), 1);
        // Now it is as it should be.
        flows.browser().post("/login", form).await;
        assert_eq!(flows.stored(&ada).await.password_hash, stored.password_hash);
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_stored_keeps_nobody_out() {
    let flows = Flows::new(|builder| builder.passwords(Bcrypt::with_cost(5).unwrap())).await;
    let ada = flows.app.user("ada@example.com").await;
    flows
        .app
        .execute("ALTER TABLE users RENAME COLUMN password_hash TO pw")
        .await;
    let router = Router::new()
        .route(
            "/",
            post(async move |auth: Auth<User>| {
                let known = auth.verify_password(Some(ada), "password").await?;
                let error = auth.reset_password("forged", "password").await;
                assert!(error.unwrap().is_none());
                Ok::<_, Error>(known.map_or_else(String::new, |user| user.email))
            }),
        )
        .layer(flows.login.layer())
        .layer(flows.app.database.layer());
    let answer = Browser::new(&router).post("/", "").await;
    assert_eq!(answer.body, "ada@example.com");
}
