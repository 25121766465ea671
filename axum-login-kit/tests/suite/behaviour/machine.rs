//! Random histories of logins and whatever ends them, against a model that fits on a page; on a fake clock, wherever
//! sessions are kept.

use std::time::Duration;

use axum_login_kit::Bcrypt;
use axum_login_kit::testing::FakeClock;
use chrono::TimeDelta;
use proptest::prelude::*;

use super::Engine;
use super::app::{App, Kept};
use crate::browser::Browser;
use crate::models::User;

const EMAILS: [&str; 2] = ["ada@example.com", "bob@example.com"];
const BROWSERS: usize = 3;
const IDLE: i64 = 24 * 60;
const LASTS: i64 = 14 * 24 * 60;
const REMEMBERED: i64 = 30 * 24 * 60;

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Login {
        browser: usize,
        user: usize,
        remember: bool,
    },
    Logout {
        browser: usize,
    },
    LogoutOthers {
        browser: usize,
    },
    LogoutEverywhere {
        browser: usize,
    },
    RevokeFirst {
        browser: usize,
    },
    Confirm {
        browser: usize,
    },
    Restart {
        browser: usize,
    },
    Visit {
        browser: usize,
    },
    ChangePassword {
        user: usize,
    },
    RaiseEpoch {
        user: usize,
    },
    DeleteExpired,
    Wait {
        minutes: i64,
    },
}

/// A step, or two at once.
#[derive(Debug, Clone)]
enum Event {
    One(Step),
    Both(Step, Step),
}

/// What is known of a session: of which login it is, and the minutes of its time.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    login: u32,
    user: usize,
    began: i64,
    seen: i64,
    remembered: bool,
    fresh: bool,
}

/// What should be so.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    now: i64,
    logins: u32,
    browsers: [Option<Known>; BROWSERS],
}

impl Model {
    fn new() -> Self {
        Model {
            now: 0,
            logins: 0,
            browsers: [const { None }; BROWSERS],
        }
    }

    fn stands(&self, known: &Known) -> bool {
        let lasts = if known.remembered { REMEMBERED } else { LASTS };
        self.now - known.began < lasts && (known.remembered || self.now - known.seen <= IDLE)
    }

    /// The session that stands in a browser, which is used by asking.
    fn visit(&mut self, browser: usize) -> Option<Known> {
        let known = self.browsers[browser].clone();
        let mut known = known.filter(|known| self.stands(known))?;
        if self.now - known.seen >= 5 {
            known.seen = self.now;
        }
        self.browsers[browser] = Some(known.clone());
        Some(known)
    }

    fn end(&mut self, ends: impl Fn(&Known) -> bool) {
        for browser in &mut self.browsers {
            if browser.as_ref().is_some_and(&ends) {
                *browser = None;
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Login {
                browser,
                user,
                remember,
            } => {
                self.logins += 1;
                self.browsers[browser] = Some(Known {
                    login: self.logins,
                    user,
                    began: self.now,
                    seen: self.now,
                    remembered: remember,
                    fresh: true,
                });
            }
            Step::Logout { browser } => self.browsers[browser] = None,
            Step::LogoutOthers { browser } => {
                if let Some(this) = self.visit(browser) {
                    self.end(|known| known.user == this.user && known.login != this.login);
                }
            }
            Step::LogoutEverywhere { browser } => {
                if let Some(this) = self.visit(browser) {
                    self.end(|known| known.user == this.user);
                }
            }
            Step::RevokeFirst { browser } => {
                // The one in the first browser, if it is the same user's.
                let first = self.browsers[0].clone();
                if let (Some(this), Some(first)) = (self.visit(browser), first)
                    && this.user == first.user
                {
                    self.end(|known| known.login == first.login);
                }
            }
            Step::Confirm { browser } => {
                if let Some(mut known) = self.visit(browser) {
                    known.fresh = true;
                    known.seen = self.now;
                    self.browsers[browser] = Some(known);
                }
            }
            Step::Restart { browser } => {
                let known = self.browsers[browser].take();
                self.browsers[browser] =
                    known.filter(|known| known.remembered).map(|known| Known {
                        fresh: false,
                        ..known
                    });
            }
            Step::Visit { browser } => {
                self.visit(browser);
            }
            Step::ChangePassword { user } | Step::RaiseEpoch { user } => {
                self.end(|known| known.user == user);
            }
            Step::DeleteExpired => {}
            Step::Wait { minutes } => self.now += minutes,
        }
    }

    /// What a browser should see.
    fn sees(&self, browser: usize) -> (String, bool) {
        let known = self.browsers[browser]
            .as_ref()
            .filter(|known| self.stands(known));
        match known {
            Some(known) => (format!("hello {}", EMAILS[known.user]), known.fresh),
            None => ("hello stranger".to_owned(), false),
        }
    }
}

/// What is so.
struct World {
    app: App,
    clock: FakeClock,
    users: [User; 2],
    browsers: [Browser; BROWSERS],
}

impl World {
    async fn new(kept: Kept) -> Self {
        let clock = FakeClock::new();
        let turned = clock.clone();
        let app = App::with(|builder| kept.set(builder).clock(turned)).await;
        let users = [app.user(EMAILS[0]).await, app.user(EMAILS[1]).await];
        let browsers = [app.browser(), app.browser(), app.browser()];
        World {
            app,
            clock,
            users,
            browsers,
        }
    }

    /// What happens over HTTP, with the browser that it happens in.
    async fn request(&self, step: &Step) -> Option<(usize, Browser)> {
        let (number, uri, form) = match *step {
            Step::Login {
                browser,
                user,
                remember,
            } => {
                let form = format!(
                    "email={}&password=password&remember={remember}",
                    EMAILS[user]
                );
                (browser, "/login".to_owned(), form)
            }
            Step::Logout { browser } => (browser, "/logout".into(), String::new()),
            Step::LogoutOthers { browser } => (browser, "/logout/others".into(), String::new()),
            Step::LogoutEverywhere { browser } => {
                (browser, "/logout/everywhere".into(), String::new())
            }
            Step::RevokeFirst { browser } => {
                let token = self.browsers[0].cookie("session").unwrap_or_default();
                let id = axum_login_kit::SessionId::of_token(token);
                (browser, format!("/revoke/{id}"), String::new())
            }
            Step::Confirm { browser } => (browser, "/confirm".into(), "password=password".into()),
            Step::Visit { browser } => (browser, String::new(), String::new()),
            _ => return None,
        };
        let mut browser = self.browsers[number].clone();
        if uri.is_empty() {
            browser.get("/home").await;
        } else {
            let answer = browser.post(&uri, &form).await;
            assert!(!answer.status.is_server_error(), "{uri}: {answer:?}");
        }
        Some((number, browser))
    }

    /// What happens elsewhere.
    async fn elsewhere(&mut self, step: &Step) {
        match *step {
            Step::Restart { browser } => self.browsers[browser].restart(),
            Step::ChangePassword { user } => {
                let bcrypt = Bcrypt::with_cost(4).unwrap();
                self.users[user].password_hash = bcrypt.hash("password").await.unwrap();
                self.app.save(&self.users[user]).await;
            }
            Step::RaiseEpoch { user } => {
                self.users[user].epoch += 1;
                self.app.save(&self.users[user]).await;
            }
            Step::DeleteExpired => {
                self.app.login.delete_expired().await.unwrap();
            }
            Step::Wait { minutes } => {
                let by = TimeDelta::minutes(minutes).to_std();
                self.clock.advance(by.unwrap_or(Duration::ZERO));
            }
            _ => {}
        }
    }

    async fn take(&mut self, event: &Event) {
        match event {
            Event::One(step) => {
                if let Some((number, browser)) = self.request(step).await {
                    self.browsers[number] = browser;
                }
                self.elsewhere(step).await;
            }
            Event::Both(one, other) => {
                let (one, other) = futures_util::join!(self.request(one), self.request(other));
                for (number, browser) in [one, other].into_iter().flatten() {
                    self.browsers[number] = browser;
                }
            }
        }
        self.settle().await;
    }

    /// Waits for what was noted after the answers: with one connection, whoever comes next comes after it.
    async fn settle(&self) {
        tokio::task::yield_now().await;
        self.app.database.session().begin().await.unwrap();
    }
}

/// Runs a history, and holds it against the model. Where two things happened at once, either order will do.
async fn run(kept: Kept, events: Vec<Event>) {
    let mut world = World::new(kept).await;
    let mut models = vec![Model::new()];
    for (number, event) in events.iter().enumerate() {
        world.take(event).await;
        models = models
            .into_iter()
            .flat_map(|model| {
                let orders = match event {
                    Event::One(step) => vec![vec![step]],
                    Event::Both(one, other) => vec![vec![one, other], vec![other, one]],
                };
                orders.into_iter().map(move |steps| {
                    let mut model = model.clone();
                    steps.into_iter().for_each(|step| model.take(step));
                    model
                })
            })
            .collect();
        models.dedup();
        for browser in 0..BROWSERS {
            let home = world.browsers[browser].get("/home").await.body;
            world.settle().await;
            let fresh = world.browsers[browser].get("/fresh").await.body == "true";
            world.settle().await;
            let expected: Vec<_> = models.iter().map(|model| model.sees(browser)).collect();
            models.retain_mut(|model| {
                let is_so = model.sees(browser) == (home.clone(), fresh);
                model.visit(browser);
                is_so
            });
            assert!(
                !models.is_empty(),
                "{kept:?}: after {number} ({event:?}) browser {browser} sees {home:?} and fresh {fresh}, not {expected:?}"
            );
        }
    }
}

fn step(kept: Kept) -> impl Strategy<Value = Step> {
    let browser = 0..BROWSERS;
    let login = (browser.clone(), 0..2usize, any::<bool>());
    let login = login.prop_map(|(browser, user, remember)| Step::Login {
        browser,
        user,
        remember,
    });
    let minutes = prop_oneof![1..10i64, 100..1_000i64, 1_000..20_000i64];
    // What cookies cannot do is not asked of them.
    let only_stored = move |browser: usize, step: Step| match kept {
        Kept::Cookies => Step::Visit { browser },
        Kept::Table | Kept::Memory => step,
    };
    prop_oneof![
        5 => login,
        2 => browser.clone().prop_map(|browser| Step::Logout { browser }),
        1 => browser.clone().prop_map(move |browser| only_stored(browser, Step::LogoutOthers { browser })),
        1 => browser.clone().prop_map(move |browser| only_stored(browser, Step::LogoutEverywhere { browser })),
        1 => browser.clone().prop_map(move |browser| only_stored(browser, Step::RevokeFirst { browser })),
        2 => browser.clone().prop_map(|browser| Step::Confirm { browser }),
        2 => browser.clone().prop_map(|browser| Step::Restart { browser }),
        1 => browser.prop_map(|browser| Step::Visit { browser }),
        1 => (0..2usize).prop_map(|user| Step::ChangePassword { user }),
        1 => (0..2usize).prop_map(|user| Step::RaiseEpoch { user }),
        1 => Just(Step::DeleteExpired),
        3 => minutes.prop_map(|minutes| Step::Wait { minutes }),
    ]
}

fn events(kept: Kept) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => step(kept).prop_map(Event::One),
        1 => (step(kept), step(kept))
            .prop_filter("in two browsers", |(one, other)| in_two_browsers(one, other))
            .prop_map(|(one, other)| Event::Both(one, other)),
    ];
    proptest::collection::vec(event, 1..25)
}

/// Whether these are requests of two browsers. Two that end each other's session at once may both succeed, which is no
/// order of them.
fn in_two_browsers(one: &Step, other: &Step) -> bool {
    let ends_others = |step: &Step| matches!(step, Step::LogoutOthers { .. });
    if ends_others(one) && ends_others(other) {
        return false;
    }
    let browser = |step: &Step| match *step {
        Step::Login { browser, .. }
        | Step::Logout { browser }
        | Step::LogoutOthers { browser }
        | Step::LogoutEverywhere { browser }
        | Step::Confirm { browser }
        | Step::Visit { browser } => Some(browser),
        _ => None,
    };
    matches!((browser(one), browser(other)), (Some(one), Some(other)) if one != other)
}

fn check(kept: Kept) {
    // Making a database takes longer than most histories.
    let embedded = std::any::type_name::<Engine>().ends_with("Sqlite");
    let cases = match kept {
        Kept::Table if !embedded => 8,
        Kept::Memory | Kept::Cookies if !embedded => 2,
        _ => 16,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&events(kept), |events| {
        runtime.block_on(run(kept, events));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn histories_in_the_table_are_as_the_model_says() {
    check(Kept::Table);
}

#[test]
fn histories_in_memory_are_as_the_model_says() {
    check(Kept::Memory);
}

#[test]
fn histories_in_cookies_are_as_the_model_says() {
    check(Kept::Cookies);
}
