//! Upgrades by many programs at once, some of which are killed.
//!
//! The programs are this test binary, started again with a job.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::task::Poll;
use std::time::Duration;

use axum_db::{Database, Dialect, Metadata};
use axum_migrate::{ErrorKind, Migrate};

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    sixteen_processes_run_each_step_once,
    the_others_take_over_from_one_that_is_killed,
    killed_anywhere_it_goes_on_where_it_stopped,
);

/// The engine, the URL, the folder, and before which step of its own the program kills itself: 0 for never.
const JOB: &str = "AXUM_MIGRATE_TEST_JOB";
const PROCESSES: usize = 16;

fn start<B: Tested>(project: &Project<B>, killed_at: usize) -> Child {
    let folder = project.migrations();
    let job = [
        B::DIALECT.name(),
        project.url(),
        &folder.display().to_string(),
        &killed_at.to_string(),
    ];
    Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "runner::processes::a_program_upgrades",
            "--nocapture",
        ])
        .env(JOB, job.join("\n"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program starts")
}

/// Waits for the end; how many revisions it applied, or how it failed.
fn applied(child: Child) -> Result<usize, String> {
    let output = child.wait_with_output().expect("an end");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text
        .split("applied: ")
        .nth(1)
        .and_then(|rest| rest.split(';').next());
    match number.and_then(|number| number.parse().ok()) {
        Some(number) if output.status.success() => Ok(number),
        _ => Err(format!(
            "{}\n{text}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// By itself it upgrades a database of its own; with a job, the one it is told.
#[tokio::test]
async fn a_program_upgrades() {
    let Ok(job) = std::env::var(JOB) else {
        let project = steps::<axum_db::Sqlite>(Project::add_bare).await;
        let count = upgrade::<axum_db::Sqlite>(project.url(), &project.migrations(), 0).await;
        assert_eq!(count, STEPS);
        return;
    };
    let job: Vec<&str> = job.split('\n').collect();
    let (folder, killed_at) = (Path::new(job[2]), job[3].parse().expect("a number"));
    let count = match job[0] {
        #[cfg(feature = "postgres")]
        "postgres" => upgrade::<axum_db::Postgres>(job[1], folder, killed_at).await,
        #[cfg(feature = "mysql")]
        "mysql" => upgrade::<axum_db::Mysql>(job[1], folder, killed_at).await,
        _ => upgrade::<axum_db::Sqlite>(job[1], folder, killed_at).await,
    };
    println!("applied: {count};");
}

async fn upgrade<B: Tested>(url: &str, folder: &Path, killed_at: usize) -> usize {
    let database = Database::<B>::connect(url).await.expect("a URL");
    let migrate = Migrate::new(&database, Metadata::default()).directory(folder);
    let mut upgrade = pin!(migrate.upgrade_on_start());
    let mut polls = 0;
    let upgraded = std::future::poll_fn(|context| {
        polls += 1;
        if polls == killed_at {
            kill_this();
        }
        match upgrade.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => Poll::Pending,
        }
    });
    upgraded.await.expect("no failure").applied
}

/// Ends this program as `kill -9` does, with no chance to tidy up.
fn kill_this() {
    let me = std::process::id().to_string();
    let _ = Command::new("kill").args(["-9", &me]).status();
    std::thread::sleep(Duration::from_secs(60));
}

const STEPS: usize = 8;

/// A table, and steps that count themselves, every second one slow, the others as `quick` adds them.
async fn steps<B: Tested>(quick: fn(&Project<B>, &str, &str, &str) -> PathBuf) -> Project<B> {
    let project = Project::<B>::new().await;
    let count = "CREATE TABLE counted (step INTEGER NOT NULL);";
    project.add("2026-01-01-000000-0000_count", count, "DROP TABLE counted;");
    let pause = match B::DIALECT {
        Dialect::Postgres => "SELECT pg_sleep(0.5);",
        Dialect::Mysql => "DO SLEEP(0.5);",
        Dialect::Sqlite => {
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 600000) SELECT count(*) FROM n;"
        }
    };
    for step in 2..=STEPS {
        let name = format!("2026-01-0{step}-000000-0000_step");
        let insert = format!("INSERT INTO counted (step) VALUES ({step});");
        if step % 2 == 0 {
            project.add(&name, &format!("{insert}\n{pause}"), "SELECT 1;");
        } else {
            quick(&project, &name, &insert, "SELECT 1;");
        }
    }
    project
}

async fn each_step_ran_once<B: Tested>(project: &Project<B>) {
    let steps = project
        .rows("SELECT CAST(step AS CHAR(1)) AS value FROM counted ORDER BY step")
        .await;
    assert_eq!(steps, ["2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(project.versions().await.len(), STEPS);
}

fn rounds() -> usize {
    std::env::var("AXUM_MIGRATE_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(1)
}

async fn sixteen_processes_run_each_step_once<B: Tested>() {
    for _ in 0..rounds() {
        let project = steps(Project::<B>::add_bare).await;
        let children: Vec<Child> = (0..PROCESSES).map(|_| start(&project, 0)).collect();
        let mut sum = 0;
        for child in children {
            sum += applied(child).unwrap_or_else(|how| panic!("{how}"));
        }
        assert_eq!(sum, STEPS);
        each_step_ran_once(&project).await;
    }
}

/// The process that holds the lock, as it introduces itself.
async fn holder<B: Tested>(project: &Project<B>) -> Option<u32> {
    let text = match B::DIALECT {
        Dialect::Sqlite => {
            let file = project.url().trim_start_matches("sqlite://");
            std::fs::read_to_string(format!("{file}-migrate")).ok()?
        }
        Dialect::Postgres => {
            let names = "SELECT application_name AS value FROM pg_stat_activity \
                         WHERE datname = current_database() AND application_name LIKE 'axum-migrate process%'";
            project.rows(names).await.pop()?
        }
        Dialect::Mysql => {
            let table = "SELECT table_name AS value FROM information_schema.tables \
                         WHERE table_schema = DATABASE() AND table_name = '__axum_migrate'";
            project.rows(table).await.pop()?;
            let note = "SELECT checksum AS value FROM __axum_migrate WHERE version = ''";
            project.rows(note).await.pop()?
        }
    };
    text.split("process ")
        .nth(1)?
        .split(' ')
        .next()?
        .parse()
        .ok()
}

async fn the_others_take_over_from_one_that_is_killed<B: Tested>() {
    for _ in 0..rounds() {
        // One that is killed in a step outside of transactions, as MySQL's tables are made, leaves the others an
        // error: `go_on` has these.
        let project = steps(Project::<B>::add).await;
        project.ok("upgrade +1").await;
        let mut children: Vec<Child> = (0..PROCESSES).map(|_| start(&project, 0)).collect();
        let mut killed = 0;
        while killed < 3 {
            if let Some(holder) = holder(&project).await
                && let Some(at) = children.iter().position(|child| child.id() == holder)
            {
                let mut child = children.remove(at);
                // It may have ended by itself meanwhile.
                if child.try_wait().expect("a state").is_none() {
                    child.kill().expect("it can be killed");
                }
                child.wait().expect("an end");
                killed += 1;
            }
            if children
                .iter_mut()
                .all(|child| child.try_wait().expect("a state").is_some())
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        assert!(killed > 0, "nobody was caught holding the lock");
        for child in children {
            applied(child).unwrap_or_else(|how| panic!("{how}"));
        }
        each_step_ran_once(&project).await;
    }
}

/// What takes effect statement by statement, where an engine has that.
pub(super) async fn resumable<B: Tested>() -> Project<B> {
    let project = Project::<B>::new().await;
    project.add(
        "2026-01-01-000000-0000_tables",
        "CREATE TABLE a (id INTEGER PRIMARY KEY);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (id INTEGER PRIMARY KEY);",
        "DROP TABLE b; DROP TABLE a;",
    );
    let second = match B::DIALECT {
        Dialect::Mysql => {
            "ALTER TABLE a ADD COLUMN n INT NOT NULL DEFAULT 0;\nUPDATE a SET n = n + 1;\n\
             UPDATE a SET n = n + 1;\nCREATE INDEX i ON a (n);\nALTER TABLE a MODIFY n BIGINT NOT NULL;"
        }
        Dialect::Postgres => {
            "CREATE INDEX CONCURRENTLY i ON a (id);\nCREATE INDEX CONCURRENTLY j ON b (id);"
        }
        Dialect::Sqlite => {
            "PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\nCREATE TABLE new_a (id INTEGER PRIMARY KEY, n INT);\n\
             INSERT INTO new_a SELECT id, 2 FROM a;\nDROP TABLE a;\nALTER TABLE new_a RENAME TO a;\nCOMMIT;\n\
             PRAGMA foreign_keys = ON;\nVACUUM;"
        }
    };
    project.add_bare("2026-01-02-000000-0000_steps", second, "SELECT 1;");
    project.add(
        "2026-01-03-000000-0000_row",
        "INSERT INTO b VALUES (7);",
        "DELETE FROM b;",
    );
    project
}

/// Everything [`resumable`] does is there, once.
pub(super) async fn all_is_there<B: Tested>(project: &Project<B>) {
    assert_eq!(project.versions().await.len(), 3);
    assert_eq!(project.tables().await, ["a", "b"]);
    let number = |sql: &'static str| async move { project.rows(sql).await[0].trim().to_owned() };
    assert_eq!(
        number("SELECT CAST(COUNT(*) AS CHAR(3)) AS value FROM a").await,
        "1"
    );
    assert_eq!(
        number("SELECT CAST(COUNT(*) AS CHAR(3)) AS value FROM b").await,
        "1"
    );
    if B::DIALECT == Dialect::Postgres {
        let valid = "SELECT CAST(COUNT(*) AS CHAR(3)) AS value FROM pg_index AS i \
                     JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indisvalid AND c.relname IN ('i', 'j')";
        assert_eq!(number(valid).await, "2");
        let invalid =
            "SELECT CAST(COUNT(*) AS CHAR(3)) AS value FROM pg_index WHERE NOT indisvalid";
        assert_eq!(number(invalid).await, "0");
    } else {
        assert_eq!(
            number("SELECT CAST(n AS CHAR(3)) AS value FROM a").await,
            "2"
        );
    }
    let progress = "SELECT CAST(COUNT(*) AS CHAR(3)) AS value FROM __axum_migrate \
                    WHERE progress IS NOT NULL AND version <> ''";
    assert_eq!(number(progress).await, "0");
}

/// Goes on after an interruption, as a person does who reads the message.
pub(super) async fn go_on<B: Tested>(project: &Project<B>) {
    match project.run(&Metadata::default(), "upgrade").await {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
            assert!(error.to_string().contains("upgrade --resume"), "{error}");
            project.ok("upgrade --resume").await;
        }
    }
}

async fn killed_anywhere_it_goes_on_where_it_stopped<B: Tested>() {
    // Every one in a long run.
    let stride = if rounds() > 1 { 1 } else { 4 };
    let mut killed_at = 1;
    loop {
        let project = resumable::<B>().await;
        let child = start(&project, killed_at);
        let alive = applied(child).is_ok();
        if !alive {
            go_on(&project).await;
        }
        all_is_there(&project).await;
        if alive {
            break;
        }
        killed_at += stride;
    }
    assert!(killed_at > 8, "it was never killed while it was at work");
}
