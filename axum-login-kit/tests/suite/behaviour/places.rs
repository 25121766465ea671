//! What holds wherever sessions are kept: in the table, in memory, in cookies.

use std::time::Duration;

use axum_db::metadata;
use axum_db::prelude::*;
use axum_login_kit::testing::{FakeClock, check_backend, login_as};
use axum_login_kit::{CookieSessions, DbSessions, MemorySessions};

use super::app::{self, App, Kept};
use super::{Engine, fresh};
use crate::models::{NewUser, User};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test(flavor = "multi_thread")]
async fn the_table_keeps_the_rules() {
    let files = std::sync::Mutex::new(Vec::new());
    check_backend::<User, DbSessions<Engine>>(async || {
        let file = fresh();
        let database = app::connect_with(file.url(), 4);
        files.lock().unwrap().push(file);
        let metadata = metadata![User].with(axum_login_kit::tables::<User>());
        database.create_all(&metadata).await.unwrap();
        let db = database.session();
        let ada = NewUser::new("ada@example.com", "-")
            .insert(&db)
            .await
            .unwrap();
        let bob = NewUser::new("bob@example.com", "-")
            .insert(&db)
            .await
            .unwrap();
        db.commit().await.unwrap();
        (DbSessions::new(&database), [ada.id, bob.id])
    })
    .await;
}

#[tokio::test]
async fn memory_keeps_the_rules() {
    check_backend::<User, _>(async || (MemorySessions::new(), [1, 2])).await;
}

#[tokio::test]
async fn cookies_keep_the_rules() {
    check_backend::<User, _>(async || (CookieSessions::new(), [1, 2])).await;
}

#[tokio::test]
async fn a_session_begins_lasts_and_ends() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        let user = app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        let mut browser = app.browser();
        assert_eq!(browser.get("/home").await.body, "hello stranger");
        let mut browser = app.logged_in("ada@example.com").await;
        for _ in 0..2 {
            assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
            assert_eq!(browser.get("/fresh").await.body, "true", "{kept:?}");
        }
        // As another user, in the same browser.
        let form = "email=bob@example.com&password=password";
        browser.post("/login", form).await;
        assert_eq!(browser.get("/home").await.body, "hello bob@example.com");
        let stale = browser.clone();
        browser.post("/logout", "").await;
        assert!(
            browser.cookies.is_empty(),
            "{kept:?}: {:?}",
            browser.cookies
        );
        assert_eq!(browser.get("/home").await.body, "hello stranger");
        if kept != Kept::Cookies {
            assert_eq!(stale.clone().get("/home").await.body, "hello stranger");
        }
        let rows = app.sessions().await;
        assert_eq!(rows, 0, "{kept:?}");

        let cookie = login_as(&app.login, &user).await.unwrap();
        let mut test = app.browser().with("cookie", cookie.to_str().unwrap());
        assert_eq!(test.get("/danger").await.body, "danger for ada@example.com");
    }
}

#[tokio::test]
async fn remembered_sessions_lose_their_freshness_with_the_browser() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        app.user("ada@example.com").await;
        let mut browser = app.remembered("ada@example.com").await;
        assert_eq!(browser.get("/fresh").await.body, "true", "{kept:?}");
        browser.restart();
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
        assert_eq!(browser.get("/fresh").await.body, "false", "{kept:?}");
        let answer = browser.post("/confirm", "password=password").await;
        assert_eq!(answer.body, "true");
        assert_eq!(browser.get("/fresh").await.body, "true", "{kept:?}");
        browser.restart();
        assert_eq!(browser.get("/fresh").await.body, "false", "{kept:?}");
        assert_eq!(browser.get("/home").await.body, "hello ada@example.com");
    }
}

#[tokio::test]
async fn a_session_ends_after_its_idle_and_its_absolute_time() {
    for kept in Kept::ALL {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let settings = |builder| {
            kept.set(builder)
                .clock(turned)
                .idle_timeout(HOUR)
                .session_duration(5 * HOUR)
        };
        let app = App::with(settings).await;
        app.user("ada@example.com").await;
        let mut browser = app.logged_in("ada@example.com").await;
        let mut idle = app.logged_in("ada@example.com").await;
        // In use, it goes on for as long as it may at most.
        for _ in 0..9 {
            clock.advance(33 * MINUTE);
            assert_eq!(
                browser.get("/home").await.body,
                "hello ada@example.com",
                "{kept:?}"
            );
            seen(&app, kept).await;
        }
        assert_eq!(
            idle.get("/home").await.body,
            "hello stranger",
            "{kept:?}: idle"
        );
        clock.advance(3 * MINUTE);
        assert_eq!(
            browser.get("/home").await.body,
            "hello stranger",
            "{kept:?}: absolute"
        );
    }
}

#[tokio::test]
async fn a_remembered_session_ends_after_its_time_on_the_server_too() {
    for kept in Kept::ALL {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let app = App::with(|builder| kept.set(builder).clock(turned)).await;
        app.user("ada@example.com").await;
        let mut browser = app.remembered("ada@example.com").await;
        clock.advance(30 * DAY - MINUTE);
        assert_eq!(
            browser.get("/home").await.body,
            "hello ada@example.com",
            "{kept:?}"
        );
        clock.advance(MINUTE);
        assert_eq!(
            browser.get("/home").await.body,
            "hello stranger",
            "{kept:?}"
        );
    }
}

#[tokio::test]
async fn short_idle_times_do_not_end_a_session_in_use() {
    for kept in Kept::ALL {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let app =
            App::with(|builder| kept.set(builder).clock(turned).idle_timeout(4 * MINUTE)).await;
        app.user("ada@example.com").await;
        let mut browser = app.logged_in("ada@example.com").await;
        for _ in 0..5 {
            clock.advance(3 * MINUTE);
            assert_eq!(
                browser.get("/home").await.body,
                "hello ada@example.com",
                "{kept:?}"
            );
            seen(&app, kept).await;
        }
    }
}

#[tokio::test]
async fn a_changed_password_a_raised_epoch_and_a_deactivation_end_sessions_everywhere() {
    for kept in Kept::ALL {
        let app = App::with(|builder| kept.set(builder)).await;
        let id = app.user("ada@example.com").await.id;
        let mut browser = app.logged_in("ada@example.com").await;
        let mut thief = app.remembered("ada@example.com").await;
        browser.post("/cart", "apple").await;
        assert_eq!(browser.post("/password", "").await.body, "changed");
        assert_eq!(thief.get("/home").await.body, "hello stranger", "{kept:?}");
        let who = browser.get("/home").await.body;
        assert_eq!(who, "hello ada@example.com", "{kept:?}");
        assert_eq!(browser.get("/cart").await.body, "apple", "{kept:?}");

        let changes: [fn(&mut User); 2] = [|user| user.epoch += 1, |user| user.blocked = true];
        for change in changes {
            let form = "email=ada@example.com&password=another+password";
            browser.post("/login", form).await;
            let who = browser.get("/home").await.body;
            assert_eq!(who, "hello ada@example.com", "{kept:?}");
            let db = app.database.session();
            let mut user = User::find(id).one(&db).await.unwrap();
            drop(db);
            change(&mut user);
            app.save(&user).await;
            assert_eq!(
                browser.get("/home").await.body,
                "hello stranger",
                "{kept:?}"
            );
        }
        let forced = browser
            .post("/login/options", "email=ada@example.com&force=true")
            .await;
        assert_eq!(forced.body, "now ada@example.com", "{kept:?}");
        assert_eq!(
            browser.get("/home").await.body,
            "hello ada@example.com",
            "{kept:?}"
        );
    }
}

#[tokio::test]
async fn a_changed_password_keeps_how_this_browser_is_logged_in() {
    for kept in Kept::ALL {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let app = App::with(|builder| kept.set(builder).clock(turned)).await;
        app.user("ada@example.com").await;
        let mut browser = app.remembered("ada@example.com").await;
        browser.restart();
        clock.advance(20 * DAY);
        assert_eq!(browser.get("/fresh").await.body, "false", "{kept:?}");
        let before = browser.cookie("session").unwrap().to_owned();
        let answer = browser.post("/password", "").await;
        assert_ne!(browser.cookie("session").unwrap(), before, "{kept:?}");
        let cookies = answer.cookies();
        let ten_days = cookies
            .iter()
            .any(|cookie| cookie.contains("Max-Age=864000"));
        assert!(ten_days, "{kept:?}: {cookies:?}");
        assert_eq!(browser.get("/remembered").await.body, "true", "{kept:?}");
        assert_eq!(browser.get("/fresh").await.body, "true", "{kept:?}");
        clock.advance(10 * DAY);
        assert_eq!(
            browser.get("/home").await.body,
            "hello stranger",
            "{kept:?}"
        );
    }
}

#[tokio::test]
async fn a_user_who_is_gone_is_anonymous_wherever_sessions_are() {
    for kept in Kept::ALL {
        let memory = MemorySessions::new();
        let sessions = memory.clone();
        let app = App::with(|builder| match kept {
            Kept::Memory => builder.sessions(sessions),
            _ => kept.set(builder),
        })
        .await;
        let user = app.user("ada@example.com").await;
        let mut browser = app.logged_in("ada@example.com").await;
        let db = app.database.session();
        user.delete(&db).await.unwrap();
        db.commit().await.unwrap();
        drop(db);
        assert_eq!(
            browser.get("/home").await.body,
            "hello stranger",
            "{kept:?}"
        );
        assert_eq!(app.sessions().await, 0);
        assert!(memory.is_empty());
    }
}

#[tokio::test]
async fn an_older_secret_key_keeps_its_sessions_good() {
    for kept in Kept::ALL {
        let memory = MemorySessions::new();
        let sessions = memory.clone();
        let app = App::with(|builder| match kept {
            Kept::Memory => builder.sessions(sessions),
            _ => kept.set(builder),
        })
        .await;
        app.user("ada@example.com").await;
        let before = app.remembered("ada@example.com").await;
        for (rotates, who) in [(false, "stranger"), (true, "ada@example.com")] {
            let new = b"another secret that is just as long as that";
            let builder = axum_login_kit::LoginManager::<User>::new(&app.database, new);
            let builder = match kept {
                Kept::Memory => builder.sessions(memory.clone()),
                _ => kept.set(builder),
            };
            let builder = if rotates {
                builder.older_secret_key(app::SECRET)
            } else {
                builder
            };
            let login = builder.build().unwrap();
            let router = app::router(app.gate.clone())
                .layer(login.layer())
                .layer(app.database.layer());
            let mut browser = crate::browser::Browser::new(&router);
            browser.cookies = before.cookies.clone();
            assert_eq!(
                browser.get("/home").await.body,
                format!("hello {who}"),
                "{kept:?}"
            );
            assert_eq!(browser.get("/fresh").await.body, rotates.to_string());
        }
    }
}

#[tokio::test]
async fn expired_sessions_are_deleted_in_batches() {
    let clock = FakeClock::new();
    let turned = clock.clone();
    let app = App::with(|builder| builder.clock(turned)).await;
    let user = app.user("ada@example.com").await;
    let first = login_as(&app.login, &user).await.unwrap();
    drop(first);
    // As many as two batches and a half.
    let copy = |from: u32| {
        format!(
            "INSERT INTO auth_sessions (user_id, realm, token_hash, auth_tag, created_at, last_seen_at, expires_at, \
             remembered) SELECT user_id, realm, {}, auth_tag, created_at, last_seen_at, expires_at, remembered \
             FROM auth_sessions",
            concat("token_hash", from)
        )
    };
    for round in 0..12 {
        app.execute(&copy(round)).await;
    }
    clock.advance(13 * DAY);
    login_as(&app.login, &user).await.unwrap();
    assert_eq!(app.login.delete_expired().await.unwrap(), 0);
    clock.advance(2 * DAY);
    let recorder = app.database.record(axum_db::Recording::Sql);
    assert_eq!(app.login.delete_expired().await.unwrap(), 4_096);
    let deletions = recorder.take();
    let deletions = deletions
        .iter()
        .filter(|query| query.sql().starts_with("DELETE"));
    assert_eq!(deletions.count(), 5);
    assert_eq!(app.sessions().await, 1);
}

/// SQL that makes another text out of a column, which fits into 64 characters.
fn concat(column: &str, from: u32) -> String {
    let letter = char::from(b'g' + u8::try_from(from).unwrap());
    if std::any::type_name::<Engine>().ends_with("Mysql") {
        format!(
            "CONCAT('{letter}', SUBSTR({column}, 1, {from}), SUBSTR({column}, {}))",
            from + 2
        )
    } else {
        format!(
            "'{letter}' || SUBSTR({column}, 1, {from}) || SUBSTR({column}, {})",
            from + 2
        )
    }
}

/// Waits until the last use was noted, which happens after the response.
async fn seen(app: &App, kept: Kept) {
    match kept {
        // With one connection, whoever comes next comes after the late write.
        Kept::Table => {
            tokio::task::yield_now().await;
            app.database.session().begin().await.unwrap();
        }
        Kept::Memory => tokio::task::yield_now().await,
        Kept::Cookies => {}
    }
}
