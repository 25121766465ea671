//! The commands in a process of their own: interrupted, on a terminal, without one.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};

use axum_db::{Database, Dialect, Metadata, metadata};
use axum_migrate::Migrate;
use clap::Parser as _;
use diesel_async::SimpleAsyncConnection as _;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::on_every_engine;
use crate::support::{Cli, Project, Tested};

on_every_engine!(ctrl_c_lets_the_step_finish_and_runs_no_other);

mod before {
    use axum_db::prelude::*;

    #[model(table = "notes")]
    #[derive(Debug, Clone)]
    pub struct Note {
        #[model(primary_key)]
        pub id: i32,
        pub title: String,
    }
}

mod after {
    use axum_db::prelude::*;

    #[model(table = "notes")]
    #[derive(Debug, Clone)]
    pub struct Note {
        #[model(primary_key)]
        pub id: i32,
        pub headline: String,
        pub views: i32,
    }
}

/// The program that the other tests of this file start: this binary, told by its environment what to do.
#[test]
fn program() {
    let Ok(line) = std::env::var("AXUM_MIGRATE_LINE") else {
        return;
    };
    let told = |name: &str| std::env::var(name).expect("told by the test");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let engine = told("AXUM_MIGRATE_ENGINE");
    let (url, folder) = (told("AXUM_MIGRATE_URL"), told("AXUM_MIGRATE_FOLDER"));
    let outcome = match engine.as_str() {
        #[cfg(feature = "postgres")]
        "postgres" => runtime.block_on(run::<axum_db::Postgres>(&url, &folder, &line)),
        #[cfg(feature = "mysql")]
        "mysql" => runtime.block_on(run::<axum_db::Mysql>(&url, &folder, &line)),
        _ => runtime.block_on(run::<axum_db::Sqlite>(&url, &folder, &line)),
    };
    let code = match outcome {
        Ok(code) => i32::from(code != ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("{error}");
            1
        }
    };
    std::process::exit(code);
}

async fn run<B: Tested>(
    url: &str,
    folder: &str,
    line: &str,
) -> Result<ExitCode, axum_migrate::Error> {
    let database = Database::<B>::connect(url).await.expect("a usable URL");
    let command = Cli::parse_from(std::iter::once("db").chain(line.split(' '))).command;
    Migrate::new(&database, metadata![after::Note])
        .directory(folder)
        .run(command)
        .await
}

fn command<B: Tested>(project: &Project<B>, line: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .args(["--exact", "cli::process::program", "--nocapture"])
        .env("AXUM_MIGRATE_LINE", line)
        .env("AXUM_MIGRATE_ENGINE", B::DIALECT.name())
        .env("AXUM_MIGRATE_URL", project.url())
        .env("AXUM_MIGRATE_FOLDER", project.migrations())
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE");
    command
}

/// Runs to the end without a terminal: the code, what it answered, what it complained of.
fn finished<B: Tested>(
    project: &Project<B>,
    line: &str,
    with: impl FnOnce(&mut Command),
) -> (i32, String, String) {
    let mut command = command(project, line);
    command.stdin(Stdio::piped());
    with(&mut command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    // Somebody who would answer, were they asked.
    let _ = child.stdin.take().expect("an input").write_all(b"y\ny\n");
    let output = child.wait_with_output().expect("its end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("a code"),
        text(output.stdout),
        text(output.stderr),
    )
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).expect("a living process");
}

/// The lines that a process complains of, as they come.
fn complaints(child: &mut Child) -> Receiver<String> {
    let (send, receive) = channel();
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    receive
}

/// A first revision that shows that it began and then waits at a table that the test has locked, and a second.
async fn gated<B: Tested>() -> (Project<B>, B::Connection) {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let gate_file = project.migrations().with_file_name("gate.db");
    let wait = "INSERT INTO gate (id) VALUES (1);";
    let up = match B::DIALECT {
        Dialect::Sqlite => format!(
            "CREATE TABLE marker (id INTEGER);\nATTACH '{}' AS apart;\nINSERT INTO apart.gate (id) VALUES (1);",
            gate_file.display()
        ),
        Dialect::Postgres | Dialect::Mysql => format!("CREATE TABLE marker (id INTEGER);\n{wait}"),
    };
    project.add_bare("2026-01-01-000000-0000_one", &up, "DROP TABLE marker;");
    project.add(
        "2026-01-02-000000-0000_two",
        "CREATE TABLE two (id INTEGER);",
        "DROP TABLE two;",
    );
    let mut holder = match B::DIALECT {
        Dialect::Sqlite => {
            let url = format!("sqlite://{}", gate_file.display());
            let database = Database::<B>::connect(&url).await.expect("a URL");
            database.connect_dedicated().await.expect("a connection")
        }
        Dialect::Postgres | Dialect::Mysql => project.connection().await,
    };
    let hold = match B::DIALECT {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN; LOCK TABLE gate IN ACCESS EXCLUSIVE MODE",
        Dialect::Mysql => "LOCK TABLES gate WRITE",
    };
    for sql in ["CREATE TABLE gate (id INTEGER)", hold] {
        holder.batch_execute(sql).await.expect("the gate");
    }
    (project, holder)
}

/// Starts an upgrade and waits until its first step is under way.
async fn begun<B: Tested>(project: &Project<B>) -> Child {
    let child = command(project, "upgrade")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    while !project.tables().await.contains(&"marker".to_owned()) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    child
}

fn wait_for(lines: &Receiver<String>, says: &str) {
    loop {
        let line = lines.recv().expect("the process says it");
        if line.contains(says) {
            return;
        }
    }
}

async fn ctrl_c_lets_the_step_finish_and_runs_no_other<B: Tested>() {
    let (project, holder) = gated::<B>().await;
    let mut child = begun(&project).await;
    let lines = complaints(&mut child);
    interrupt(&child);
    wait_for(
        &lines,
        "Stopping after [1/2] 202601010000000000  one; Ctrl-C once more breaks it off.",
    );
    drop(holder);
    wait_for(
        &lines,
        "stopped as asked, after 1 of 2 revisions: nothing is half done. Run `upgrade` to go on",
    );
    assert_eq!(child.wait().expect("its end").code(), Some(1));
    assert_eq!(project.versions().await, ["202601010000000000"]);
    assert!(!project.tables().await.contains(&"two".to_owned()));
    project.ok("upgrade").await;
    assert_eq!(project.versions().await.len(), 2);
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_breaks_the_step_off_and_it_is_rolled_back() {
    let project = Project::<axum_db::Postgres>::new().await;
    project.ok("init").await;
    project.execute("CREATE TABLE gate (id INTEGER)").await;
    let mut holder = project.connection().await;
    let hold = "BEGIN; LOCK TABLE gate IN ACCESS EXCLUSIVE MODE";
    holder.batch_execute(hold).await.expect("the gate");
    let up = "CREATE TABLE marker (id INTEGER);\nINSERT INTO gate (id) VALUES (1);";
    project.add("2026-01-01-000000-0000_one", up, "DROP TABLE marker;");
    let mut child = command(&project, "upgrade")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let waits =
        "SELECT 'waits' AS value FROM pg_locks WHERE NOT granted AND relation = 'gate'::regclass";
    while project.rows(waits).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let lines = complaints(&mut child);
    interrupt(&child);
    wait_for(&lines, "Stopping after [1/1]");
    interrupt(&child);
    wait_for(
        &lines,
        "broken off in the middle of a step: its transaction is rolled back",
    );
    assert_eq!(child.wait().expect("its end").code(), Some(1));
    drop(holder);
    assert_eq!(project.tables().await, ["gate"]);
    project.ok("upgrade").await;
    assert_eq!(project.tables().await, ["gate", "marker"]);
}

/// A process on a terminal of its own.
struct Terminal {
    child: Child,
    screen: Receiver<u8>,
    keys: File,
    seen: String,
}

impl Terminal {
    fn open(mut command: Command) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&controller).expect("a terminal");
        unlockpt(&controller).expect("a terminal");
        let name = ptsname(&controller, Vec::new()).expect("its name");
        let path = Path::new(name.to_str().expect("a path"));
        let side = || {
            File::options()
                .read(true)
                .write(true)
                .open(path)
                .expect("its other side")
        };
        command.stdin(side()).stdout(side()).stderr(side());
        let child = command.spawn().expect("a process");
        // Or the other side never ends.
        drop(command);
        let mut output = File::from(controller.try_clone().expect("a handle"));
        let (send, screen) = channel();
        std::thread::spawn(move || {
            let mut byte = [0];
            while output.read_exact(&mut byte).is_ok() {
                let _ = send.send(byte[0]);
            }
        });
        Self {
            child,
            screen,
            keys: File::from(controller),
            seen: String::new(),
        }
    }

    /// Waits for a question, and answers it.
    fn answer(&mut self, question: &str, answer: &str) {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(question) {
            match self.screen.recv() {
                Ok(byte) => bytes.push(byte),
                Err(_) => panic!(
                    "{question} was not asked: {}",
                    String::from_utf8_lossy(&bytes)
                ),
            }
        }
        self.seen += &String::from_utf8_lossy(&bytes);
        writeln!(self.keys, "{answer}").expect("the keys");
    }

    /// Everything on the screen when the process has ended, and its code.
    fn end(mut self) -> (i32, String) {
        let rest: Vec<u8> = self.screen.iter().collect();
        self.seen += &String::from_utf8_lossy(&rest);
        (
            self.child.wait().expect("its end").code().expect("a code"),
            self.seen,
        )
    }
}

/// A table `notes` of the models as they were.
async fn with_notes() -> Project<axum_db::Sqlite> {
    let project = Project::new().await;
    project.ok("init").await;
    let models: Metadata = metadata![before::Note];
    project
        .run(&models, "migrate -m first --no-input")
        .await
        .expect("a revision");
    project.ok("upgrade").await;
    project
        .execute("INSERT INTO notes (id, title) VALUES (1, 'one')")
        .await;
    project
}

#[tokio::test]
async fn on_a_terminal_it_asks_and_answers_in_colour() {
    let project = with_notes().await;
    let mut terminal = Terminal::open(command(&project, "migrate -m second"));
    terminal.answer("Was notes.title only renamed to notes.headline? [y/N]", "y");
    terminal.answer(
        "notes.views is required, and rows that are there need a value.",
        "41 + 1",
    );
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("\x1b[33m~ column notes.title → headline"),
        "{screen:?}"
    );
    assert!(
        screen.contains("\x1b[32m+ column notes.views"),
        "{screen:?}"
    );
    project.ok("upgrade").await;
    let rows = "SELECT concat(headline, ' ', views) AS value FROM notes";
    assert_eq!(project.rows(rows).await, ["one 42"]);
}

#[tokio::test]
async fn without_a_terminal_it_never_asks_and_never_guesses() {
    let project = with_notes().await;
    let before = project.entries();
    let (code, answered, complained) = finished(&project, "migrate -m second", |_| {});
    assert_eq!(code, 1);
    assert!(
        !answered.contains("[y/N]") && !complained.contains("[y/N]"),
        "{complained}"
    );
    assert!(
        complained.contains("--backfill notes.views=SQL"),
        "{complained}"
    );
    assert!(
        complained.contains("--rename notes.title=notes.headline"),
        "{complained}"
    );
    assert_eq!(project.entries(), before);
}

#[tokio::test]
async fn colours_are_for_terminals_and_for_those_who_ask() {
    let project = with_notes().await;
    let escape = "\x1b[";
    let (_, plain, _) = finished(&project, "history", |_| {});
    assert!(
        !plain.contains(escape) && plain.contains("(head)  first"),
        "{plain:?}"
    );
    let (_, forced, _) = finished(&project, "history", |command| {
        command.env("CLICOLOR_FORCE", "1");
    });
    assert!(forced.contains(escape), "{forced:?}");
    let mut none = command(&project, "history");
    none.env("NO_COLOR", "1");
    let (code, screen) = Terminal::open(none).end();
    assert!(code == 0 && !screen.contains(escape), "{screen:?}");
    let (_, screen) = Terminal::open(command(&project, "history")).end();
    assert!(screen.contains(escape), "{screen:?}");
}

#[tokio::test]
async fn an_editor_is_opened_on_the_file() {
    let project = with_notes().await;
    let written = project.migrations().with_file_name("written.sql");
    std::fs::write(&written, "SELECT 42;\n").unwrap();
    let (code, answered, complained) = finished(&project, "edit head --down", |command| {
        command
            .env_remove("VISUAL")
            .env("EDITOR", format!("cp '{}'", written.display()));
    });
    assert_eq!(code, 0, "{complained}");
    assert!(answered.contains("down.sql is saved"), "{answered}");
    let folder = project.migrations().join(&project.entries()[0]);
    assert_eq!(
        std::fs::read_to_string(folder.join("down.sql")).unwrap(),
        "SELECT 42;\n"
    );
    for (editor, says) in [
        ("", "no editor is named"),
        ("false", "ended with"),
        ("/no/such/editor", "ended with"),
    ] {
        let (code, _, complained) = finished(&project, "edit", |command| {
            command.env_remove("VISUAL").env("EDITOR", editor);
        });
        assert!(code == 1 && complained.contains(says), "{complained}");
    }
}
