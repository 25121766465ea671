use axum_login_kit::testing::Outbox;
use tracing_subscriber::filter::LevelFilter;

use super::*;

/// The blog with an outbox in the place of its log, and a visitor of it.
async fn with_outbox(test: &Test) -> Result<(Client, Outbox), Failure> {
    let database: Database = test.database().await?;
    let outbox = Outbox::default();
    let settings = Cli::parse_from([
        "blog",
        "--secret-key",
        SECRET_KEY,
        "--blog-url",
        "https://blog.example/",
    ])
    .settings;
    let app = crate::app::create_app_with(&database, &settings, outbox.clone())?;
    Ok((Client::new(app), outbox))
}

struct Mailed(Client, Outbox);

impl Fixture for Mailed {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        let (visitor, outbox) = with_outbox(test).await?;
        Ok(Self(visitor, outbox))
    }
}

impl Mailed {
    /// The path of the link in the next mail.
    async fn link(&self, to: &str) -> String {
        let mail = self.1.next().await;
        assert_eq!(mail.to, to);
        let link = mail.text.split("https://blog.example").nth(1);
        link.and_then(|rest| rest.split_whitespace().next())
            .expect("a link")
            .to_owned()
    }

    async fn register(&self) {
        let form = [
            ("username", "ada"),
            ("email", "ada@example.com"),
            ("password", "a long enough password"),
            ("confirm_password", "a long enough password"),
        ];
        self.0
            .post("/register")
            .form(&form)
            .await
            .assert_redirect("/login");
    }

    async fn log_in(&self, password: &str) -> u16 {
        let form = [("email", "ada@example.com"), ("password", password)];
        self.0.post("/login").form(&form).await.status().as_u16()
    }
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_lost_password_is_replaced_by_mail(mailed: Mailed) {
    mailed.register().await;
    mailed.link("ada@example.com").await;
    mailed.0.get("/forgot").await.assert_shows("Lost password");
    let form = [("email", "Ada@Example.com ")];
    mailed
        .0
        .post("/forgot")
        .form(&form)
        .await
        .assert_redirect("/login");
    let link = mailed.link("ada@example.com").await;
    let (log, logging) = testkit::logged(LevelFilter::INFO);
    mailed
        .0
        .get(&link)
        .await
        .assert_status(200)
        .assert_shows("New password");
    drop(logging);
    let logged = log.text();
    assert!(logged.contains("uri=\"/reset/{token}\""), "{logged}");
    assert!(!logged.contains(&*link), "whoever reads the log: {logged}");
    let different = [("password", "one"), ("confirm_password", "two")];
    mailed
        .0
        .post(&link)
        .form(&different)
        .await
        .assert_status(422)
        .assert_shows("The two passwords differ.");
    let form = [
        ("password", "another one"),
        ("confirm_password", "another one"),
    ];
    mailed
        .0
        .post(&link)
        .form(&form)
        .await
        .assert_redirect("/login");
    assert_eq!(mailed.log_in("a long enough password").await, 422);
    assert_eq!(mailed.log_in("another one").await, 303);
    // It was good once.
    mailed.0.get(&link).await.assert_redirect("/forgot");
    mailed
        .0
        .post(&link)
        .form(&form)
        .await
        .assert_redirect("/forgot");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn nobody_learns_by_a_lost_password_who_has_an_account(mailed: Mailed) {
    mailed.register().await;
    mailed.link("ada@example.com").await;
    for email in ["nobody@example.com", "ada@example.com"] {
        let forgotten = mailed.0.post("/forgot").form(&[("email", email)]);
        forgotten
            .follow()
            .await
            .assert_shows("If there is an account with this address");
    }
    mailed.link("ada@example.com").await;
    assert_eq!(mailed.1.waiting(), 0);
}

#[axum_db::test(setup = upgrade, app = app)]
async fn an_address_is_confirmed_by_mail(mailed: Mailed) {
    mailed.register().await;
    let link = mailed.link("ada@example.com").await;
    assert_eq!(mailed.log_in("a long enough password").await, 303);
    mailed
        .0
        .get("/account")
        .await
        .assert_shows("not confirmed yet");
    mailed.0.post("/confirm").await.assert_redirect("/account");
    let again = mailed.link("ada@example.com").await;
    // Looking at the page confirms nothing.
    mailed.0.get(&link).await.assert_status(200);
    mailed
        .0
        .get("/account")
        .await
        .assert_shows("not confirmed yet");
    mailed
        .0
        .post(&link)
        .follow()
        .await
        .assert_shows("your address is confirmed");
    mailed
        .0
        .get("/account")
        .await
        .assert_hides("not confirmed yet");
    mailed
        .0
        .post(&again)
        .follow()
        .await
        .assert_shows("no longer valid");

    // Another address is another thing to prove.
    let form = [("username", "ada"), ("email", "new@example.com")];
    mailed
        .0
        .post("/account")
        .form(&form)
        .await
        .assert_redirect("/account");
    mailed.link("new@example.com").await;
    mailed
        .0
        .get("/account")
        .await
        .assert_shows("not confirmed yet");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn guessing_takes_time(mailed: Mailed) {
    mailed.register().await;
    for _ in 0..5 {
        assert_eq!(mailed.log_in("wrong").await, 422);
    }
    let form = [
        ("email", "ada@example.com"),
        ("password", "a long enough password"),
    ];
    let refused = mailed.0.post("/login").form(&form).await;
    refused.assert_status(429).assert_shows("Please wait");
}
