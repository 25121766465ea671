//! `diesel`, the command line of Diesel.

use std::process::Command;

use crate::peer::{Peer, Place, is_there, timed, write};
use crate::schema;

fn absent(engine: &str) -> Option<String> {
    if !is_there("diesel") {
        return Some("no `diesel` on the PATH: cargo install diesel_cli".into());
    }
    // It is built for some engines only, and says so when it is asked to connect.
    let url = match engine {
        "sqlite" => ":memory:",
        "postgres" => "postgres://127.0.0.1:1/none",
        _ => "mysql://127.0.0.1:1/none",
    };
    let output = Command::new("diesel")
        .args(["print-schema", "--database-url", url])
        .output()
        .expect("a process");
    String::from_utf8_lossy(&output.stderr)
        .contains("feature")
        .then(|| format!("`diesel` is not built for {engine}"))
}

fn diesel(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new("diesel");
    command
        .args(words)
        .args(["--database-url", place.peers_url()])
        .current_dir(&place.folder);
    command
}

/// `migration generate --diff-schema`.
pub(crate) struct DieselGenerates(pub(crate) usize);

impl Peer for DieselGenerates {
    fn name(&self) -> &'static str {
        "diesel migration generate --diff-schema"
    }

    fn absent(&self, engine: &str) -> Option<String> {
        absent(engine)
    }

    fn prepare(&self, place: &Place) -> Command {
        crate::autogenerate::fill(place, self.0);
        let settings = "[print_schema]\nfile = \"schema.rs\"\n";
        write(&place.folder.join("diesel.toml"), settings);
        std::fs::create_dir_all(place.folder.join("migrations")).expect("a folder");
        let printed = diesel(place, &["print-schema"])
            .output()
            .expect("a process");
        let printed = String::from_utf8(printed.stdout).expect("text");
        // In the first table's block, as its last column.
        let (before, after) = printed
            .split_once(&format!("    {} (id) {{", schema::name(0)))
            .expect("the first table");
        let (columns, after) = after.split_once("\n    }").expect("its columns");
        let text = format!(
            "{before}    {} (id) {{{columns}\n        {} -> Nullable<Text>,\n    }}{after}",
            schema::name(0),
            schema::NEW
        );
        write(&place.folder.join("schema.rs"), &text);
        diesel(place, &["migration", "generate", "--diff-schema", "change"])
    }

    fn check(&self, place: &Place) {
        crate::autogenerate::assert_written(&place.folder.join("migrations"));
    }
}

/// `migration run`.
pub(crate) struct DieselUpgrades;

impl Peer for DieselUpgrades {
    fn name(&self) -> &'static str {
        "diesel migration run"
    }

    fn absent(&self, engine: &str) -> Option<String> {
        absent(engine)
    }

    fn prepare(&self, place: &Place) -> Command {
        crate::upgrade::write_directory(place);
        write(&place.folder.join("diesel.toml"), "");
        if place.engine == "sqlite" {
            let set_up = "PRAGMA journal_mode = WAL;";
            let mut sqlite = Command::new("sqlite3");
            timed("sqlite3", sqlite.args([place.peers_url(), set_up]));
        }
        diesel(place, &["migration", "run"])
    }

    fn check(&self, place: &Place) {
        crate::upgrade::assert_done(place);
    }
}
