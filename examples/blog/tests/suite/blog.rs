//! A running blog with a database of its own, and visitors of it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;
use testkit::TestDatabase;
use ureq::http::Response;
use ureq::{Agent, Body};

pub(crate) const PASSWORD: &str = "a long enough password";

/// An empty database of the engine that the blog was built for.
pub(crate) fn empty_database() -> TestDatabase {
    #[cfg(feature = "sqlite")]
    return testkit::sqlite();
    #[cfg(all(feature = "postgres", not(feature = "sqlite")))]
    return testkit::postgres();
    #[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
    return testkit::mysql();
}

/// The blog's program, with a database and a folder to itself, not running yet.
pub(crate) struct Site {
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            database: empty_database(),
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    /// `blog` with these arguments, to be run in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blog"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DATABASE_URL", self.database.url())
            .env("BLOG_ADDR", "127.0.0.1:0")
            .env("BLOG_PICTURES", self.pictures())
            .env("RUST_LOG", "info")
            .env_remove("SECRET_KEY");
        command
    }

    /// Runs `blog` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("blog can be run")
    }

    pub(crate) fn pictures(&self) -> PathBuf {
        self.folder.path().join("pictures")
    }

    pub(crate) fn serve(self) -> Blog {
        Blog::start(self)
    }
}

/// A blog that is being served; it is stopped when this value is dropped.
pub(crate) struct Blog {
    pub(crate) site: Site,
    pub(crate) url: String,
    server: Child,
}

impl Blog {
    /// Serves a blog on an empty database.
    pub(crate) fn new() -> Self {
        Site::new().serve()
    }

    fn start(site: Site) -> Self {
        let mut server = site
            .command(&["serve"])
            .env(
                "SECRET_KEY",
                "the secret key of the tests, which is long enough",
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("blog can be run");
        let mut line = String::new();
        let stdout = server.stdout.take().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("blog says where it listens");
        let Some(address) = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split(". ").next())
        else {
            let mut complaint = String::new();
            let _ = server
                .stderr
                .take()
                .expect("stderr is piped")
                .read_to_string(&mut complaint);
            panic!("blog did not start: {line}{complaint}");
        };
        // What it logs is read, so that it never waits for a full pipe.
        let mut log = server.stderr.take().expect("stderr is piped");
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            url: format!("http://{address}"),
            site,
            server,
        }
    }

    /// Asks the program to stop, as a service manager does.
    #[cfg(unix)]
    pub(crate) fn ask_to_stop(&self) {
        let process = self.server.id().to_string();
        let asked = Command::new("kill").arg(process).status();
        assert!(asked.expect("kill can be run").success());
    }

    /// Waits for the program to end, and returns whether it ended well.
    #[cfg(unix)]
    pub(crate) fn ended(mut self) -> bool {
        self.server.wait().expect("blog ends").success()
    }

    /// Somebody with a browser of their own.
    pub(crate) fn visitor(&self) -> Visitor {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_idle_connections(0)
            .http_status_as_error(false)
            .build();
        Visitor {
            agent: config.into(),
            url: self.url.clone(),
        }
    }

    /// Somebody who has registered as `name` and logged in.
    pub(crate) fn member(&self, name: &str) -> Visitor {
        let visitor = self.visitor();
        visitor.register(name, &format!("{name}@example.com"));
        visitor.log_in(&format!("{name}@example.com"));
        visitor
    }
}

impl Drop for Blog {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A browser: it keeps cookies and follows redirects only when it is told to.
pub(crate) struct Visitor {
    agent: Agent,
    url: String,
}

impl Visitor {
    pub(crate) fn get(&self, path: &str) -> Page {
        Page::read(self.agent.get(self.address(path)).call())
    }

    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.post_with(path, &[], form)
    }

    /// A POST with any body.
    pub(crate) fn send(&self, path: &str, content_type: &str, body: &[u8]) -> Page {
        Page::read(
            self.agent
                .post(self.address(path))
                .header("content-type", content_type)
                .send(body),
        )
    }

    /// A POST with headers of its own. Where the blog says that it is busy, it is repeated.
    pub(crate) fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Page {
        loop {
            let mut request = self.agent.post(self.address(path));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let page = Page::read(request.send_form(form.iter().copied()));
            match page.header("retry-after").parse() {
                Ok(seconds) if page.status == 503 => sleep(Duration::from_secs(seconds)),
                _ => return page,
            }
        }
    }

    /// A POST as of a form with a file.
    pub(crate) fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        file: (&str, &str, &[u8]),
    ) -> Page {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--BOUNDARY\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes());
        }
        let (name, file_name, content) = file;
        body.extend(format!("--BOUNDARY\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\ncontent-type: application/octet-stream\r\n\r\n").as_bytes());
        body.extend(content);
        body.extend(b"\r\n--BOUNDARY--\r\n");
        self.send(path, "multipart/form-data; boundary=BOUNDARY", &body)
    }

    pub(crate) fn register(&self, username: &str, email: &str) {
        let page = self.post("/register", &registration(username, email));
        assert_eq!(page.redirect(), "/login", "{}", page.body);
    }

    pub(crate) fn log_in(&self, email: &str) {
        let page = self.post("/login", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(page.redirect(), "/", "{}", page.body);
    }

    /// Writes a post and returns its address.
    pub(crate) fn write(&self, title: &str, content: &str) -> String {
        let page = self.post("/post/new", &[("title", title), ("content", content)]);
        assert_eq!(page.redirect(), "/", "{}", page.body);
        let home = self.get("/").body;
        let (before, _) = home
            .split_once(&format!("\">{title}</a>"))
            .expect("the new post is on the home page");
        before
            .rsplit('"')
            .next()
            .expect("the title is a link")
            .to_owned()
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

pub(crate) fn registration<'a>(username: &'a str, email: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("username", username),
        ("email", email),
        ("password", PASSWORD),
        ("confirm_password", PASSWORD),
    ]
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
    head: ureq::http::response::Parts,
}

impl Page {
    fn read(response: Result<Response<Body>, ureq::Error>) -> Self {
        let (head, mut body) = response.expect("the blog answers").into_parts();
        let bytes = body.read_to_vec().expect("the answer is complete");
        Self {
            status: head.status.as_u16(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
            head,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.head
            .headers
            .get(name)
            .map_or("", |value| value.to_str().expect("headers are text"))
    }

    /// Everything that the answer stores in the browser.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.head
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().expect("cookies are text"))
            .collect()
    }

    /// Where the answer of a form sends the browser.
    pub(crate) fn redirect(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header("location")
    }

    /// A page of the blog's own with this status.
    #[track_caller]
    pub(crate) fn assert_page(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        assert!(
            self.body.contains("<title>") && self.body.contains("</html>"),
            "{}",
            self.body
        );
        self
    }

    #[track_caller]
    pub(crate) fn assert_shows(&self, text: &str) -> &Self {
        assert!(
            self.body.contains(text),
            "{text:?} is missing in:\n{}",
            self.body
        );
        self
    }

    #[track_caller]
    pub(crate) fn assert_hides(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} is in:\n{}", self.body);
        self
    }
}
