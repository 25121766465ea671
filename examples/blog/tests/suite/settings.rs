use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::blog::Site;

/// Starts the blog and returns the first line it says, of whichever kind.
fn first_line(site: &Site, settings: &[(&str, &str)]) -> String {
    let mut server = site
        .command(&["serve"])
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("blog can be run");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("a line");
    let _ = server.kill();
    let ended = server.wait_with_output().expect("blog ends");
    if line.is_empty() {
        String::from_utf8_lossy(&ended.stderr).into_owned()
    } else {
        line
    }
}

#[test]
fn a_secret_key_is_made_once_and_is_its_owners_alone() {
    let site = Site::new();
    let database = format!(
        "sqlite://{}",
        site.folder.path().join("data/blog.db").display()
    );
    #[cfg(not(feature = "sqlite"))]
    let database = {
        drop(database);
        site.database.url().to_owned()
    };
    let key_file = site.folder.path().join(if cfg!(feature = "sqlite") {
        "data/blog.key"
    } else {
        "blog.key"
    });

    assert!(first_line(&site, &[("DATABASE_URL", &database)]).contains("http://127.0.0.1:"));
    let key = std::fs::read_to_string(&key_file).expect("the key is kept");
    assert_eq!(key.len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&key_file)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(first_line(&site, &[("DATABASE_URL", &database)]).contains("http://127.0.0.1:"));
    assert_eq!(
        std::fs::read_to_string(&key_file).expect("the key is kept"),
        key
    );
}

#[test]
fn other_machines_are_let_in_only_with_a_secret_key() {
    let site = Site::new();
    let refused = first_line(&site, &[("BLOG_ADDR", "0.0.0.0:0")]);
    assert!(refused.contains("SECRET_KEY"), "{refused}");
    let short = first_line(
        &site,
        &[("BLOG_ADDR", "0.0.0.0:0"), ("SECRET_KEY", "short")],
    );
    assert!(short.contains("32"), "{short}");
    let nonsense = first_line(&site, &[("BLOG_ADDR", "nonsense")]);
    assert!(nonsense.contains("BLOG_ADDR"), "{nonsense}");
    assert!(!site.folder.path().join("blog.key").exists());
}
