//! The blog clicked in a real browser: Chromium, driven by ChromeDriver over the WebDriver protocol.
//!
//! `cargo xtask ci --long` runs it on every engine, and installs both programs where it may.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

use crate::blog::{Blog, PASSWORD};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser of its own, closed when this value is dropped.
struct Browser {
    agent: Agent,
    session: String,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    fn open() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a free port")
            .port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian: chromium-driver)");
        let profile = TempDir::new().expect("a temporary folder");
        let mut browser = Self {
            agent: Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into(),
            session: format!("http://127.0.0.1:{port}"),
            driver,
            _profile: profile,
        };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            sleep(Duration::from_millis(50));
        }
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--no-first-run".to_owned(),
            format!("--user-data-dir={}", browser._profile.path().display()),
        ];
        let options = json!({ "args": arguments });
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let session = browser.command("/session", &wanted);
        let id = session["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no browser: {session}"));
        browser.session = format!("{}/session/{id}", browser.session);
        browser
    }

    /// Sends a command and returns its value.
    fn command(&self, path: &str, body: &Value) -> Value {
        let response = self
            .agent
            .post(format!("{}{path}", self.session))
            .send(body.to_string());
        Self::value(response)
    }

    fn ask(&self, path: &str) -> Value {
        Self::value(self.agent.get(format!("{}{path}", self.session)).call())
    }

    fn value(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
        let text = response.and_then(|mut answer| answer.body_mut().read_to_string());
        let text = text.expect("chromedriver answers");
        let mut answer: Value = serde_json::from_str(&text).expect("the answer is JSON");
        answer["value"].take()
    }

    fn go(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    fn path(&self) -> String {
        let url = self.ask("/url");
        let url = url.as_str().expect("an address");
        url.splitn(4, '/')
            .nth(3)
            .map_or_else(String::new, |path| format!("/{path}"))
    }

    /// The first element that the XPath expression finds; it waits for a page that is still loading.
    #[track_caller]
    fn find(&self, xpath: &str) -> String {
        let mut last = Value::Null;
        for _ in 0..100 {
            last = self.command("/element", &json!({ "using": "xpath", "value": xpath }));
            if let Some(element) = last[ELEMENT].as_str() {
                return format!("/element/{element}");
            }
            sleep(Duration::from_millis(50));
        }
        panic!(
            "{xpath} is not on {}: {last}\n{}",
            self.path(),
            self.ask("/source")
        );
    }

    #[track_caller]
    fn click(&self, xpath: &str) {
        let refused = self.command(&format!("{}/click", self.find(xpath)), &json!({}));
        assert!(refused.is_null(), "{xpath} cannot be clicked: {refused}");
    }

    /// Fills in the field with this label.
    #[track_caller]
    fn fill(&self, label: &str, text: &str) {
        let field = self.find(&format!(
            "//*[@id = //label[normalize-space() = '{label}']/@for]"
        ));
        self.command(&format!("{field}/clear"), &json!({}));
        self.command(&format!("{field}/value"), &json!({ "text": text }));
    }

    #[track_caller]
    fn press(&self, button: &str) {
        self.click(&format!("//button[normalize-space() = '{button}']"));
    }

    #[track_caller]
    fn follow(&self, link: &str) {
        self.click(&format!("//a[normalize-space() = '{link}']"));
    }

    /// Waits until the page says this.
    #[track_caller]
    fn sees(&self, text: &str) {
        self.find(&format!("//body//*[contains(normalize-space(), '{text}')]"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn a_newcomer_registers_writes_edits_deletes_and_leaves() {
    let blog = Blog::new();
    let browser = Browser::open();

    // Whoever is not logged in is sent to log in, and back afterwards.
    browser.go(&format!("{}/account", blog.url));
    browser.sees("Please log in to access this page.");
    assert_eq!(browser.path(), "/login?next=%2Faccount");
    browser.follow("Register");

    browser.fill("Username", "grace");
    browser.fill("E-mail", "grace@example.com");
    browser.fill("Password", PASSWORD);
    browser.fill("Confirm password", "something else");
    browser.press("Sign up");
    browser.find("//input[@id = 'confirm_password'][@aria-invalid = 'true']");
    let kept = browser.find("//input[@id = 'username'][@value = 'grace']");
    assert!(!kept.is_empty());
    browser.fill("Password", PASSWORD);
    browser.fill("Confirm password", PASSWORD);
    browser.press("Sign up");
    browser.sees("Your account has been created!");

    browser.go(&format!("{}/login?next=%2Faccount", blog.url));
    browser.fill("E-mail", "grace@example.com");
    browser.fill("Password", "wrong");
    browser.press("Log in");
    browser.sees("Login unsuccessful.");
    browser.fill("Password", PASSWORD);
    browser.press("Log in");
    browser.find("//nav//button[normalize-space() = 'Log out']");
    assert_eq!(browser.path(), "/account");

    browser.follow("New post");
    browser.fill("Title", "Häuser & <b>Gärten</b>");
    browser.fill("Content", "Ein erster Beitrag.");
    browser.press("Save post");
    browser.sees("Your post has been created!");
    browser.follow("Häuser & <b>Gärten</b>");
    browser.follow("Update");
    browser.fill("Title", "Gärten");
    browser.press("Save post");
    browser.sees("Your post has been updated!");
    assert!(browser.path().starts_with("/post/"));

    browser.press("Delete");
    browser.press("Delete it");
    browser.sees("Your post has been deleted!");

    browser.press("Log out");
    browser.find("//nav//a[normalize-space() = 'Log in']");
    browser.go(&format!("{}/post/new", blog.url));
    browser.sees("Please log in to access this page.");
}

#[test]
fn a_member_changes_the_password_and_is_logged_out_elsewhere() {
    let blog = Blog::new();
    let elsewhere = blog.member("grace");
    let browser = Browser::open();
    let log_in = |password: &str| {
        browser.go(&format!("{}/login?next=%2Faccount", blog.url));
        browser.fill("E-mail", "grace@example.com");
        browser.fill("Password", password);
        browser.press("Log in");
    };
    log_in(PASSWORD);
    browser.follow("Password");
    let change = |current: &str, new: &str, confirmed: &str| {
        browser.fill("Current password", current);
        browser.fill("New password", new);
        browser.fill("Confirm the new password", confirmed);
        browser.press("Change it");
    };

    change(PASSWORD, "another password", "something else");
    browser.find("//input[@id = 'confirm_password'][@aria-invalid = 'true']");
    change("not mine", "another password", "another password");
    browser.sees("This is not your current password.");
    browser.find("//input[@id = 'current'][@aria-invalid = 'true'][not(@value)]");
    assert_eq!(elsewhere.get("/account").status, 200);

    change(PASSWORD, "another password", "another password");
    browser.sees("Your password has been changed, and you are logged out everywhere else.");
    assert_eq!(browser.path(), "/account");
    assert_eq!(elsewhere.get("/account").status, 303);

    browser.press("Log out");
    browser.find("//nav//a[normalize-space() = 'Log in']");
    log_in(PASSWORD);
    browser.sees("Login unsuccessful.");
    log_in("another password");
    browser.find("//nav//button[normalize-space() = 'Log out']");
}
