//! Passwords, as a login form sees them.

use axum::http::StatusCode;
use axum_login_kit::{Bcrypt, Passwords};

use super::app::App;

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
