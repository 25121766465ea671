//! A SQLite URL: which file, and how it is opened.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// What a SQLite URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What `sqlite3_open` gets: the name of a file, or a URI.
    pub(super) file: String,
    /// The folder that must exist.
    pub(super) folder: Option<PathBuf>,
    pub(super) memory: bool,
    pub(super) read_only: bool,
}

/// The parameters of SQLite's URIs, which ignore all others in silence.
const PARAMETERS: [&str; 7] = [
    "mode",
    "cache",
    "immutable",
    "nolock",
    "psow",
    "vfs",
    "modeof",
];

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        const ADVICE: &str =
            "write sqlite://blog.db, sqlite:///absolute/path.db or sqlite://:memory:";
        if url == ":memory:" {
            return Self::new(url, "", url.to_owned());
        }
        if let Some(uri) = url.strip_prefix("file:") {
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            // file:///path and file://localhost/path
            let path = match path.strip_prefix("//") {
                Some(authority) => authority.find('/').map_or("", |at| &authority[at..]),
                None => path,
            };
            let path = decoded(path.split('#').next().unwrap_or_default())?;
            if path.is_empty() {
                return Err(format!("the SQLite URI names no file: {ADVICE}"));
            }
            return Self::new(&path, query, url.to_owned());
        }
        let Some(rest) = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
        else {
            return Err(format!(
                "this program is built for SQLite, and that is no SQLite URL: {ADVICE}"
            ));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = match &*decoded(path)? {
            "" => return Err(format!("the SQLite URL names no file: {ADVICE}")),
            // As others have it.
            "/:memory:" => ":memory:".to_owned(),
            path if path.starts_with("file:") => {
                return Err(format!(
                    "a URI of SQLite stands by itself, without sqlite://; or {ADVICE}"
                ));
            }
            path => path.to_owned(),
        };
        let file = if path == ":memory:" || query.is_empty() {
            path.clone()
        } else {
            let escaped = path
                .replace('%', "%25")
                .replace('?', "%3F")
                .replace('#', "%23");
            format!("file:{escaped}?{query}")
        };
        Self::new(&path, query, file)
    }

    fn new(path: &str, query: &str, file: String) -> Result<Self, String> {
        let (mut mode, mut immutable) = (None, false);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (name, value) {
                ("mode", "ro" | "rw" | "rwc" | "memory") => mode = Some(value),
                ("mode", _) => return Err("mode is none of ro, rw, rwc, memory".into()),
                ("cache", "shared" | "private") => {}
                ("cache", _) => return Err("cache is none of shared, private".into()),
                ("immutable", _) => immutable = !matches!(value, "0" | "no" | "off" | "false"),
                _ if PARAMETERS.contains(&name) => {}
                _ => {
                    return Err(format!(
                        "SQLite knows no parameter {name}; these are: {}",
                        PARAMETERS.join(", ")
                    ));
                }
            }
        }
        let memory = path == ":memory:" || mode == Some("memory");
        let must_exist = immutable || matches!(mode, Some("ro" | "rw"));
        let folder = Path::new(path)
            .parent()
            .filter(|folder| !memory && !must_exist && !folder.as_os_str().is_empty())
            .map(PathBuf::from);
        Ok(Self {
            file,
            folder,
            memory,
            read_only: immutable || mode == Some("ro"),
        })
    }
}

fn decoded(path: &str) -> Result<String, String> {
    let path = percent_decode_str(path).decode_utf8();
    path.map(String::from)
        .map_err(|_| "the name of the file is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files() {
        for (url, file, folder) in [
            ("sqlite://blog.db", "blog.db", None),
            ("sqlite:blog.db", "blog.db", None),
            ("sqlite:///:memory:", ":memory:", None),
            ("sqlite://data/blog.db", "data/blog.db", Some("data")),
            ("sqlite:///var/blog.db", "/var/blog.db", Some("/var")),
            ("sqlite://a%20b%25%3F.db", "a b%?.db", None),
            ("sqlite://100%.db", "100%.db", None),
            ("sqlite://a b%.db?mode=ro", "file:a b%25.db?mode=ro", None),
            ("sqlite://d/%23?mode=rwc", "file:d/%23?mode=rwc", Some("d")),
            ("file:d/blog.db?mode=rw", "file:d/blog.db?mode=rw", None),
            ("file:d%20/blog.db", "file:d%20/blog.db", Some("d ")),
            (
                "file:///d/b.db?cache=shared",
                "file:///d/b.db?cache=shared",
                Some("/d"),
            ),
            (
                "file://localhost/d/b.db",
                "file://localhost/d/b.db",
                Some("/d"),
            ),
        ] {
            let target = Target::parse(url).expect(url);
            assert_eq!(target.file, file, "{url}");
            assert_eq!(target.folder.as_deref(), folder.map(Path::new), "{url}");
        }
    }

    #[test]
    fn memory_and_what_may_only_be_read_are_known() {
        let is = |url: &str| Target::parse(url).map(|it| (it.memory, it.read_only));
        for url in [
            ":memory:",
            "sqlite://:memory:",
            "sqlite::memory:",
            "file::memory:",
            "file:x?mode=memory&cache=shared",
        ] {
            assert_eq!(is(url), Ok((true, false)), "{url}");
        }
        for url in [
            "sqlite://x?mode=ro",
            "file:x?immutable=1",
            "sqlite://x?immutable",
        ] {
            assert_eq!(is(url), Ok((false, true)), "{url}");
        }
        assert_eq!(is("file:x?immutable=0"), Ok((false, false)));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (wrong, named) in [
            ("", "no SQLite URL"),
            ("blog.db", "no SQLite URL"),
            ("postgres://x/y", "built for SQLite"),
            ("sqlite://", "names no file"),
            ("sqlite:", "names no file"),
            ("sqlite://x?journal=wal", "knows no parameter journal"),
            ("sqlite://x?mode=w", "mode is none of"),
            ("sqlite://%ff", "not UTF-8"),
        ] {
            let reason = Target::parse(wrong).expect_err(wrong);
            assert!(reason.contains(named), "{reason}");
        }
    }
}
