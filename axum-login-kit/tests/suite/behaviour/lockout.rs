//! Guessing takes time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Form};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, debug_handler};
use axum_db::Metadata;
use axum_db::prelude::*;
use axum_login_kit::testing::FakeClock;
use axum_login_kit::{Auth, Bcrypt, Error, Lockout, LoginManager, Password, Passwords};
use futures_util::future::join_all;
use serde::Deserialize;
use tower::Layer;

use super::app::{App, Db, connect_with, manager};
use crate::browser::{Answer, Browser};
use crate::models::{User, users};

#[derive(Deserialize)]
struct LoginForm {
    email: String,
    password: Password,
    #[serde(default)]
    end: String,
}

#[debug_handler]
async fn log_in(
    db: Db,
    auth: Auth<User>,
    Form(form): Form<LoginForm>,
) -> Result<StatusCode, Error> {
    let user = User::query()
        .filter(users::email.eq(&form.email))
        .one_or_none(&db)
        .await?;
    if !form.end.is_empty() {
        db.begin().await?;
    }
    let verifying = auth.verify_password(user, &form.password);
    let known = verifying.account(&form.email).await?;
    if form.end == "commit" {
        db.commit().await?;
    }
    Ok(match known {
        Some(_) => StatusCode::OK,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    })
}

const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const LOCKED: StatusCode = StatusCode::TOO_MANY_REQUESTS;

struct Locked {
    app: App,
    router: Router,
    clock: FakeClock,
    passwords: Passwords,
    login: LoginManager<User>,
    in_table: bool,
}

impl Locked {
    /// Once for each place to count in.
    async fn all(set: impl Fn(Lockout) -> Lockout) -> Vec<Self> {
        vec![
            Self::new(1, &set, false).await,
            Self::new(1, &set, true).await,
        ]
    }

    async fn new(connections: usize, set: impl Fn(Lockout) -> Lockout, in_memory: bool) -> Self {
        let app = App::with_connections(connections, |builder| builder).await;
        let table = Metadata::new([axum_login_kit::lockout_table()]);
        app.database.create_all(&table).await.unwrap();
        let lockout = match in_memory {
            true => Lockout::in_memory(),
            false => Lockout::in_table(&app.database),
        };
        let clock = FakeClock::new();
        let passwords = Passwords::from(Bcrypt::with_cost(4).unwrap());
        let login = manager(&app.database, "user")
            .passwords(passwords.clone())
            .clock(clock.clone())
            .lockout(set(lockout))
            .build()
            .unwrap();
        let router = Router::new().route("/login", post(log_in));
        let router = router.layer(login.layer()).layer(app.database.layer());
        app.user("ada@example.com").await;
        Locked {
            app,
            router,
            clock,
            passwords,
            login,
            in_table: !in_memory,
        }
    }

    async fn try_from(&self, address: &str, email: &str, password: &str) -> Answer {
        let address: SocketAddr = address.parse().unwrap();
        let router = axum::Extension(ConnectInfo(address)).layer(self.router.clone());
        let form = format!("email={email}@example.com&password={password}");
        Browser::new(&Router::new().fallback_service(router))
            .post("/login", &form)
            .await
    }

    async fn attempt(&self, email: &str, password: &str) -> Answer {
        let form = format!("email={email}@example.com&password={password}");
        Browser::new(&self.router).post("/login", &form).await
    }
}

#[tokio::test]
async fn guesses_wait_longer_each_time_whether_the_account_exists_or_not() {
    for locked in Locked::all(|lockout| lockout).await {
        for email in ["ada", "nobody"] {
            for _ in 0..5 {
                assert_eq!(locked.attempt(email, "wrong").await.status, WRONG);
            }
            for pause in [30, 60, 120, 240, 480, 900, 900] {
                let before = locked.passwords.work_done();
                for password in ["wrong", "password"] {
                    let answer = locked.attempt(email, password).await;
                    assert_eq!(answer.status, LOCKED, "{email} {pause}");
                    assert_eq!(answer.header("retry-after"), pause.to_string());
                }
                assert_eq!(locked.passwords.work_done(), before);
                locked.clock.advance(Duration::from_secs(pause - 1));
                let answer = locked.attempt(email, "password").await;
                assert_eq!(answer.header("retry-after"), "1");
                locked.clock.advance(Duration::from_secs(1));
                assert_eq!(locked.attempt(email, "wrong").await.status, WRONG);
            }
        }
    }
}

#[tokio::test]
async fn spellings_of_a_name_count_together() {
    for locked in Locked::all(|lockout| lockout).await {
        for email in ["ada", "ADA", "+ada", "Ada", "aDa"] {
            locked.attempt(email, "wrong").await;
        }
        assert_eq!(locked.attempt("adA", "wrong").await.status, LOCKED);
        assert_eq!(locked.attempt("bob", "wrong").await.status, WRONG);
    }
}

#[tokio::test]
async fn a_right_password_makes_failures_forgotten_and_so_does_a_quiet_day() {
    for locked in Locked::all(|lockout| lockout).await {
        for _ in 0..3 {
            for _ in 0..4 {
                assert_eq!(locked.attempt("ada", "wrong").await.status, WRONG);
            }
            let answer = locked.attempt("ada", "password").await;
            assert_eq!(answer.status, StatusCode::OK);
        }
        for _ in 0..4 {
            locked.attempt("ada", "wrong").await;
        }
        locked.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
        for _ in 0..5 {
            assert_eq!(locked.attempt("ada", "wrong").await.status, WRONG);
        }
        assert_eq!(locked.attempt("ada", "wrong").await.status, LOCKED);
        // What is forgotten is swept out.
        locked.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
        locked.login.delete_expired().await.unwrap();
        let rows = locked.app.count("(SELECT COUNT(*) FROM auth_lockouts)");
        assert_eq!(rows.await, 0);
    }
}

#[tokio::test]
async fn of_25_guesses_at_once_25_count_and_no_more_than_the_limit_are_looked_at() {
    for in_memory in [false, true] {
        let many = Locked::new(4, |lockout| lockout.account(25), in_memory).await;
        let guesses = (0..25).map(|_| many.attempt("ada", "wrong"));
        let answers = join_all(guesses).await;
        assert!(
            answers.iter().all(|answer| answer.status == WRONG),
            "{answers:?}"
        );
        assert_eq!(many.attempt("ada", "password").await.status, LOCKED);
        if !in_memory {
            let count = "(SELECT CAST(SUM(failures) AS SIGNED) FROM auth_lockouts)";
            let count = match std::any::type_name::<super::Engine>().contains("mysql") {
                true => count.to_owned(),
                false => count.replace("SIGNED", "BIGINT"),
            };
            // By the name that was typed, and by the user whose it is.
            assert_eq!(many.app.count(&count).await, 2 * 25);
        }

        let few = Locked::new(4, |lockout| lockout.account(5), in_memory).await;
        let before = few.passwords.work_done();
        let guesses = (0..25).map(|_| few.attempt("ada", "wrong"));
        let answers = join_all(guesses).await;
        let looked_at = answers.iter().filter(|answer| answer.status == WRONG);
        assert_eq!(looked_at.count(), 5, "{answers:?}");
        assert_eq!(few.passwords.work_done() - before, 5 << 4);
    }
}

#[tokio::test]
async fn an_address_counts_whatever_accounts_it_tries() {
    for locked in Locked::all(|lockout| lockout.address(6)).await {
        for number in 0..6 {
            let (from, email) = (
                format!("[2001:db8:1:2::{number}]:4711"),
                format!("user{number}"),
            );
            // A right password in between neither counts nor makes others forgotten.
            let answer = locked.try_from(&from, "ada", "password").await;
            assert_eq!(answer.status, StatusCode::OK, "{number}");
            let answer = locked.try_from(&from, &email, "wrong").await;
            assert_eq!(answer.status, WRONG, "{number}");
        }
        let same = locked.try_from("[2001:db8:1:2:ffff::9]:1", "ada", "password");
        assert_eq!(same.await.status, LOCKED);
        for other in ["[2001:db8:1:3::1]:1", "192.0.2.1:1"] {
            let answer = locked.try_from(other, "ada", "password").await;
            assert_eq!(answer.status, StatusCode::OK);
        }
        // Nobody becomes another address by saying so.
        let address: SocketAddr = "[2001:db8:1:2::1]:1".parse().unwrap();
        let router = axum::Extension(ConnectInfo(address)).layer(locked.router.clone());
        let mut liar = Browser::new(&Router::new().fallback_service(router))
            .with("x-forwarded-for", "192.0.2.7");
        let form = "email=ada@example.com&password=password";
        assert_eq!(liar.post("/login", form).await.status, LOCKED);
    }
}

#[tokio::test]
async fn what_happens_in_a_transaction_counts_however_it_ends() {
    for end in ["commit", "rollback"] {
        for locked in Locked::all(|lockout| lockout).await {
            for _ in 0..5 {
                let form = format!("email=ada@example.com&password=wrong&end={end}");
                let answer = Browser::new(&locked.router).post("/login", &form).await;
                assert_eq!(answer.status, WRONG, "{answer:?}");
            }
            let form = format!("email=ada@example.com&password=password&end={end}");
            // Counted in the background, after the end of the transaction; in memory, at once.
            let rows = || {
                locked
                    .app
                    .count("(SELECT COUNT(*) FROM auth_lockouts WHERE failures >= 5)")
            };
            while locked.in_table && rows().await < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let answer = Browser::new(&locked.router).post("/login", &form).await;
            assert_eq!(answer.status, LOCKED, "{end}");
        }
    }
}

#[tokio::test]
async fn several_processes_count_together() {
    let one = Locked::new(2, |lockout| lockout, false).await;
    let other = connect_with(one.app.url(), 2);
    let lockout = Lockout::in_table(&other);
    let login = manager(&other, "user").clock(one.clock.clone());
    let login = login.lockout(lockout).build().unwrap();
    let router = Router::new().route("/login", post(log_in));
    let router = router.layer(login.layer()).layer(other.layer());
    for _ in 0..5 {
        one.attempt("ada", "wrong").await;
    }
    let form = "email=ada@example.com&password=password";
    let answer = Browser::new(&router).post("/login", form).await;
    assert_eq!(answer.status, LOCKED);
}

#[tokio::test]
async fn refused_attempts_on_an_account_do_not_count_for_their_address() {
    for locked in Locked::all(|lockout| lockout.account(1).address(4)).await {
        let from = "198.51.100.7:1";
        assert_eq!(locked.try_from(from, "ada", "wrong").await.status, WRONG);
        for _ in 0..8 {
            assert_eq!(locked.try_from(from, "ada", "wrong").await.status, LOCKED);
        }
        for (name, status) in [
            ("bob", WRONG),
            ("eve", WRONG),
            ("mia", WRONG),
            ("zoe", LOCKED),
        ] {
            let answer = locked.try_from(from, name, "wrong").await;
            assert_eq!(answer.status, status, "{name}");
        }
    }
}

#[tokio::test]
async fn what_still_counts_is_not_swept_away() {
    for locked in Locked::all(|lockout| lockout.account(2)).await {
        for _ in 0..2 {
            assert_eq!(locked.attempt("ada", "wrong").await.status, WRONG);
        }
        assert_eq!(locked.attempt("bob", "wrong").await.status, WRONG);
        locked.clock.advance(Duration::from_secs(10));
        locked.login.delete_expired().await.unwrap();
        assert_eq!(locked.attempt("ada", "password").await.status, LOCKED);
        assert_eq!(locked.attempt("bob", "wrong").await.status, WRONG);
        assert_eq!(locked.attempt("bob", "wrong").await.status, LOCKED);
    }
}

#[tokio::test]
async fn an_account_of_one_realm_is_not_locked_by_its_name_in_another() {
    for in_memory in [true, false] {
        let locked = Locked::new(1, |lockout| lockout, in_memory).await;
        let lockout = match in_memory {
            true => Lockout::in_memory(),
            false => Lockout::in_table(&locked.app.database),
        };
        let routers = ["user", "admin"].map(|realm| {
            let login = manager(&locked.app.database, realm)
                .lockout(lockout.clone().account(1))
                .build()
                .unwrap();
            let router = Router::new().route("/login", post(log_in));
            router
                .layer(login.layer())
                .layer(locked.app.database.layer())
        });
        let form = "email=ada@example.com&password=wrong";
        for (router, status) in [(0, WRONG), (0, LOCKED), (1, WRONG), (1, LOCKED)] {
            let answer = Browser::new(&routers[router]).post("/login", form).await;
            assert_eq!(answer.status, status, "{router}");
        }
    }
}

#[tokio::test]
async fn a_lock_of_a_clock_that_was_ahead_ends_with_it() {
    for locked in Locked::all(|lockout| lockout).await {
        let now = chrono::Utc::now().naive_utc();
        locked.clock.set(now + chrono::TimeDelta::days(3_650));
        for _ in 0..5 {
            assert_eq!(locked.attempt("ada", "wrong").await.status, WRONG);
        }
        assert_eq!(locked.attempt("ada", "password").await.status, LOCKED);
        locked.clock.set(now);
        assert_eq!(locked.attempt("ada", "wrong").await.status, WRONG);
        let answer = locked.attempt("ada", "password").await;
        assert_eq!(answer.status, LOCKED);
        assert_eq!(answer.header("retry-after"), "60");
        locked.clock.advance(Duration::from_secs(60));
        assert_eq!(
            locked.attempt("ada", "password").await.status,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn whether_there_is_such_an_account_is_not_told_by_the_number_of_statements() {
    let locked = Locked::new(1, |lockout| lockout, false).await;
    let recorder = locked.app.database.record(axum_db::Recording::Sql);
    for _ in 0..2 {
        let [known, unknown] = [
            locked.attempt("ada", "wrong").await,
            locked.attempt("nobody", "wrong").await,
        ]
        .map(|answer| answer.status);
        assert_eq!((known, unknown), (WRONG, WRONG));
        let texts: Vec<String> = recorder
            .take()
            .iter()
            .map(|statement| statement.sql().to_owned())
            .collect();
        let (known, unknown) = texts.split_at(texts.len() / 2);
        assert_eq!(known, unknown);
    }
}
