//! Passwords, as a login form sees them.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::http::StatusCode;
use axum_login_kit::{Bcrypt, LoginManager, Passwords};
use futures_util::future::join_all;

use super::app::{self, App, Kept};
use crate::browser::Browser;
use crate::models::User;

#[tokio::test]
async fn every_failed_login_costs_the_same() {
    let passwords = Passwords::from(Bcrypt::with_cost(5).unwrap());
    let app = App::with(|builder| builder.passwords(passwords.clone())).await;
    for email in ["ada", "inactive", "unusable", "django"] {
        let mut user = app.user(&format!("{email}@example.com")).await;
        match email {
            "inactive" => user.blocked = true,
            "unusable" => user.password_hash = "!".to_owned(),
            // Of a lower cost than others have here, and marked.
            "django" => user.password_hash.insert_str(0, "bcrypt$"),
            _ => {}
        }
        app.save(&user).await;
    }
    for email in ["nobody", "ada", "inactive", "unusable", "django"] {
        let before = passwords.work_done();
        let form = format!("email={email}@example.com&password=wrong");
        let answer = app.browser().post("/login", &form).await;
        assert_eq!(answer.header("location"), "/login", "{email}");
        assert_eq!(passwords.work_done() - before, 1 << 5, "{email}");
    }
}

#[tokio::test]
async fn users_of_a_flask_application_log_in() {
    let passwords = Passwords::from(Bcrypt::with_cost(4).unwrap()).flask_compat();
    let app = App::with(|builder| builder.passwords(passwords)).await;
    for (name, hash) in [
        (
            "long",
            "$2b$04$0WtPUXBhI..a//rKHiHG6eXo7RpSVvgJ90XNlVLjLAJ03qXHFTci2",
        ),
        (
            "plain",
            "$2b$04$EhO47zhTVQuo07toNfP0w.EkpjtwsmU5Os1T2mKT0Uy4jhXd50vfW",
        ),
    ] {
        let mut user = app.user(&format!("{name}@example.com")).await;
        user.password_hash = hash.to_owned();
        app.save(&user).await;
        let login = |password| format!("email={name}@example.com&password={password}");
        let answer = app.browser().post("/login", &login("wrong")).await;
        assert_eq!(answer.header("location"), "/login", "{name}");
        let answer = app.browser().post("/login", &login("correct+horse")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), "/", "{name}");
    }
}

#[tokio::test]
async fn hostile_passwords_are_wrong_ones() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    for password in [
        "",
        "%00",
        "password%00",
        &"x".repeat(4097),
        &"x".repeat(1 << 20),
    ] {
        let form = format!("email=ada@example.com&password={password}");
        let answer = app.browser().post("/login", &form).await;
        assert_eq!(answer.header("location"), "/login");
    }
}

/// Whoever has an old password holds the form back until its owner has a new one.
#[tokio::test]
async fn a_password_that_was_reset_meanwhile_stays() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        app.user("ada@example.com").await;
        let mut thief = app.logged_in("ada@example.com").await;
        let mut owner = app.logged_in("ada@example.com").await;
        let changing = thief.post("/password/slow", "");
        let resetting = async {
            app.gate.entered.notified().await;
            assert_eq!(owner.post("/password", "").await.body, "changed");
            app.gate.open.notify_one();
        };
        let (answer, ()) = tokio::join!(changing, resetting);
        assert_eq!(answer.body, "not changed", "{kept:?}");
        assert_eq!(thief.get("/home").await.body, "hello stranger", "{kept:?}");
        assert_eq!(
            owner.get("/home").await.body,
            "hello ada@example.com",
            "{kept:?}"
        );
        for (password, location) in [("the+thief's", "/login"), ("another+password", "/")] {
            let form = format!("email=ada@example.com&password={password}");
            let answer = app.browser().post("/login", &form).await;
            assert_eq!(answer.header("location"), location, "{kept:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_at_once_that_hash_anew_all_stand() {
    let passwords = Passwords::from(Bcrypt::with_cost(5).unwrap());
    let app = App::with_connections(4, |builder| builder.passwords(passwords)).await;
    app.user("ada@example.com").await; // hashed with cost 4
    let logins = (0..8).map(|_| app.logged_in("ada@example.com"));
    for mut browser in join_all(logins).await {
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    }
    assert_eq!(app.sessions().await, 8);
}

/// The old password is verified, and before its hash is renewed the user has another one.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_password_does_not_get_in_while_it_is_hashed_anew() {
    let app = App::with_connections(4, |builder| builder).await;
    let bcrypt = Bcrypt::with_cost(4).unwrap();
    let mut lost = 0;
    for round in 0..10 {
        let email = format!("ada{round}@example.com");
        let mut user = app.user(&email).await;
        user.password_hash = bcrypt.hash("the new one").await.unwrap();
        let slow = app.login_with(|builder| {
            builder.passwords(Passwords::from(Bcrypt::with_cost(9).unwrap()))
        });
        let router = app.routes(&slow);
        let mut browser = Browser::new(&router);
        let form = format!("email={email}&password=password");
        let logging_in = browser.post("/login", &form);
        let changing = async {
            tokio::time::sleep(Duration::from_millis(5 * round)).await;
            app.save(&user).await;
        };
        let (answer, ()) = tokio::join!(logging_in, changing);
        lost += u32::from(answer.header("location") == "/login");
        assert_eq!(browser.get("/home").await.body, "hello stranger", "{round}");
    }
    assert!(lost > 0, "no login came in between");
}

/// Other sessions stay, wherever the request that hashes the password anew breaks off.
#[tokio::test]
async fn a_login_that_breaks_off_while_it_hashes_anew_ends_no_other_session() {
    let app = App::new().await;
    let passwords = Passwords::from(Bcrypt::with_cost(5).unwrap());
    let renewing = app.routes(&app.login_with(|builder| builder.passwords(passwords)));
    for polls in 1.. {
        let email = format!("ada{polls}@example.com");
        app.user(&email).await;
        let mut other = app.logged_in(&email).await;
        let mut browser = Browser::new(&renewing);
        let form = format!("email={email}&password=password");
        let finished = {
            let mut login = pin!(browser.post("/login", &form));
            let mut left = polls;
            poll_fn(|context| {
                if login.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                left -= 1;
                if left == 0 {
                    Poll::Ready(false)
                } else {
                    Poll::Pending
                }
            })
            .await
        };
        let mut looks = 0;
        while other.get("/home").await.body != format!("hello {email}") {
            looks += 1;
            assert!(looks < 200, "the session has ended after {polls} polls");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if finished {
            assert!(polls > 3, "it waits for more than that");
            return;
        }
    }
}

#[tokio::test]
async fn sessions_under_an_older_key_stay_when_their_password_is_hashed_anew() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let before = app.logged_in("ada@example.com").await;
    let rotated = LoginManager::<User>::new(&app.database, "another secret that is just as long")
        .older_secret_key(app::SECRET)
        .passwords(Bcrypt::with_cost(5).unwrap())
        .build()
        .unwrap();
    let router = app.routes(&rotated);
    let mut here = Browser::new(&router);
    let form = "email=ada@example.com&password=password";
    assert_eq!(here.post("/login", form).await.header("location"), "/");
    let mut there = Browser::new(&router);
    there.cookies = before.cookies;
    for browser in [&mut here, &mut there] {
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    }
}
