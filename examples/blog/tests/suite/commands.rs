use std::fs;
#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::net::TcpStream;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::blog::{PASSWORD, Site};

/// The engine that the blog was built for.
const ENGINE: &str = if cfg!(feature = "sqlite") {
    "sqlite"
} else if cfg!(feature = "postgres") {
    "postgres"
} else {
    "mysql"
};

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

#[track_caller]
fn fails(output: &Output) -> String {
    assert!(!output.status.success(), "{}", text(output));
    text(output)
}

#[test]
fn the_migrations_lead_to_the_models_and_back() {
    let site = Site::new();
    fails(&site.run(&["db", "check"]));
    succeeds(&site.run(&["db", "upgrade"]));
    succeeds(&site.run(&["db", "check"]));
    assert!(succeeds(&site.run(&["db", "current"])).contains("(head)"));
    assert!(succeeds(&site.run(&["db", "history"])).contains("initial"));

    succeeds(&site.run(&["db", "downgrade", "--allow-data-loss"]));
    fails(&site.run(&["db", "check"]));
    succeeds(&site.run(&["db", "upgrade"]));
    succeeds(&site.run(&["db", "check"]));
    assert!(fails(&site.run(&["db", "upgrade", "nonesuch"])).contains("nonesuch"));
}

#[test]
fn the_blog_starts_on_any_database_that_its_migrations_made() {
    let site = Site::new();
    succeeds(&site.run(&["db", "upgrade"]));
    let blog = site.serve();
    let ada = blog.member("ada");
    let post = ada.write("Kept", "Over a restart.");
    // The database goes on after the program: a second one starts on it while the first still runs.
    let output = blog.site.run(&["db", "check"]);
    succeeds(&output);
    ada.get(&post).assert_page(200).assert_shows("Kept");
}

#[test]
fn seed_gives_something_to_look_at_once() {
    let site = Site::new();
    let outputs = [(); 2].map(|()| site.run(&["seed"]));
    for output in &outputs {
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(!log.contains("WARN"), "{log}");
    }
    let [first, second] = outputs.each_ref().map(succeeds);
    assert!(second.contains("already"), "{second}");
    let (_, login) = first
        .split_once("Log in as ")
        .expect("the login is printed");
    let (email, rest) = login
        .split_once(" with the password: ")
        .expect("and the password");
    let password = rest.lines().next().expect("a line");

    let blog = site.serve();
    let visitor = blog.visitor();
    visitor
        .get("/")
        .assert_page(200)
        .assert_shows("href=\"?page=3\"")
        .assert_hides("?page=4");
    assert_eq!(
        visitor
            .post("/login", &[("email", email), ("password", password)])
            .redirect(),
        "/"
    );
    assert_ne!(password, PASSWORD);
}

#[test]
fn a_database_newer_than_the_program_stops_it() {
    let site = Site::new();
    let later = site.folder.path().join("later");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"),
        &later,
    );
    let folder = later.to_str().expect("a plain path");
    succeeds(&site.run(&["db", "revision", "-m", "later", "--dir", folder]));
    let revision = fs::read_dir(later.join(ENGINE))
        .expect("the copy")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().ends_with("_later"))
        .expect("the new revision");
    fs::write(
        revision.join("up.sql"),
        "CREATE TABLE later (id INTEGER PRIMARY KEY);\n",
    )
    .expect("a file");
    fs::write(revision.join("down.sql"), "DROP TABLE later;\n").expect("a file");
    succeeds(&site.run(&["db", "upgrade", "--dir", folder]));

    let message = fails(&site.run(&["serve"]));
    assert!(
        message.starts_with("blog: ") && message.contains("newer"),
        "{message}"
    );
    succeeds(&site.run(&["db", "downgrade", "--allow-data-loss", "--dir", folder]));
    site.serve().visitor().get("/").assert_page(200);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

#[test]
fn a_database_out_of_reach_stops_the_start_with_a_message() {
    let site = Site::new();
    for url in unusable_urls() {
        let output = site
            .command(&["serve"])
            .env("DATABASE_URL", url)
            .output()
            .expect("blog can be run");
        let message = fails(&output);
        assert!(message.contains("blog: "), "{url}: {message}");
        assert!(
            !message.contains("secret-password") && !message.contains("panicked"),
            "{url}: {message}"
        );
    }
}

fn unusable_urls() -> [&'static str; 3] {
    #[cfg(feature = "sqlite")]
    return [
        "sqlite:///dev/null/blog.db",
        "postgres://u:secret-password@localhost/blog",
        "",
    ];
    #[cfg(not(feature = "sqlite"))]
    return [
        "postgres://u:secret-password@127.0.0.1:1/blog",
        "mysql://u:secret-password@127.0.0.1:1/blog",
        "nonsense",
    ];
}

#[cfg(unix)]
#[test]
fn the_blog_ends_when_it_is_told_to_and_finishes_what_is_under_way() {
    let blog = Site::new().serve();
    let address = blog.url.strip_prefix("http://").expect("an address");
    let form = b"email=ada%40example.com&password=secret";
    let mut visitor = TcpStream::connect(address).expect("a connection");
    write!(
        visitor,
        "POST /login HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\nexpect: 100-continue\r\n\r\n",
        form.len(),
    )
    .expect("the head is sent");
    // The blog asks for the form once a handler wants it: the request is under way.
    let mut go_on = [0; 25];
    visitor.read_exact(&mut go_on).expect("an interim answer");
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"));

    blog.ask_to_stop();
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    visitor.write_all(form).expect("the form is sent");
    let mut answer = String::new();
    visitor.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    assert!(answer.contains("Login unsuccessful."), "{answer}");
    assert!(blog.ended());
}

#[test]
fn programs_that_start_together_upgrade_the_database_once() {
    let site = Site::new();
    let starting: Vec<_> = (0..4)
        .map(|_| {
            let mut upgrade = site.command(&["db", "upgrade"]);
            upgrade.stdout(Stdio::piped()).stderr(Stdio::piped());
            upgrade.spawn().expect("blog can be run")
        })
        .collect();
    for program in starting {
        succeeds(&program.wait_with_output().expect("blog ends"));
    }
    succeeds(&site.run(&["db", "check"]));
}
