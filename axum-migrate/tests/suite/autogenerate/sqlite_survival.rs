//! The rebuild beside everything that SQLite can hang on a table, and killed at every step of it.

use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::Poll;
use std::time::Duration;

use axum_db::{Backend as _, Database, Metadata, Sqlite};
use axum_migrate::schema::Schema;
use axum_migrate::{Engine, Hints, Migrate, diff, inverse, render};

use super::harness::{expect_same, statements};
use crate::support::Project;

const START: &str = "\
CREATE TABLE authors (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE NOT NULL ON CONFLICT IGNORE,
  boss INTEGER CONSTRAINT boss REFERENCES authors ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  short TEXT AS (substr(name, 1, 1)) STORED, CHECK (name <> ''));
CREATE UNIQUE INDEX authors_lower ON authors (lower(name), boss DESC) WHERE boss IS NOT NULL;
CREATE TABLE docs (title TEXT NOT NULL, body TEXT, author INTEGER REFERENCES authors (id) ON DELETE CASCADE);
CREATE TABLE likes (author INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE, n INTEGER NOT NULL,
  PRIMARY KEY (author, n DESC)) STRICT, WITHOUT ROWID;
CREATE TABLE log (what TEXT);
CREATE VIRTUAL TABLE found USING fts5(title, body, content='docs', content_rowid='rowid');
CREATE VIRTUAL TABLE notes USING fts5(text);
CREATE VIRTUAL TABLE places USING rtree(id, x1, x2);
CREATE TRIGGER docs_added AFTER INSERT ON docs BEGIN
  INSERT INTO found (rowid, title, body) VALUES (NEW.rowid, NEW.title, NEW.body); INSERT INTO log VALUES ('doc; ' || NEW.title); END;
CREATE TRIGGER likes_gone AFTER DELETE ON likes BEGIN
  UPDATE authors SET name = name || '!' WHERE id = OLD.author; DELETE FROM docs WHERE author = -1; END;
CREATE VIEW bosses AS SELECT id, name FROM authors WHERE boss IS NULL;
CREATE VIEW \"big bosses\" AS SELECT b.name, d.title FROM bosses b JOIN docs d ON d.author = b.id;
CREATE TRIGGER bosses_named INSTEAD OF UPDATE ON bosses BEGIN UPDATE authors SET name = NEW.name WHERE id = OLD.id; END;
INSERT INTO authors (id, name, boss) VALUES (1, 'Ada', NULL), (4, 'Bob', 1), (9, 'Cy', 4);
DELETE FROM authors WHERE id = 9;
INSERT INTO docs (rowid, title, body, author) VALUES (3, 'one', 'hello world', 1), (8, 'two', 'hello there', 4), (9, 'gone', '', NULL);
DELETE FROM docs WHERE rowid = 9;
INSERT INTO likes VALUES (1, 1), (4, 2);
INSERT INTO notes VALUES ('a note');
INSERT INTO places VALUES (1, 2, 3);
";

/// The texts of what is not changed, and every row, with the numbers by which others know them.
const STATE: [&str; 7] = [
    "SELECT type || ' ' || name || ' ' || sql AS value FROM sqlite_schema \
     WHERE sql IS NOT NULL AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT IN ('authors', 'docs') \
     AND type <> 'index' ORDER BY type, name",
    "SELECT id || name || short || coalesce(boss, '-') AS value FROM authors ORDER BY id",
    "SELECT rowid || title || body || author AS value FROM docs ORDER BY rowid",
    "SELECT author || ' ' || n AS value FROM likes ORDER BY n",
    "SELECT docs.title AS value FROM found JOIN docs ON docs.rowid = found.rowid WHERE found MATCH 'hello' ORDER BY 1",
    "SELECT text AS value FROM notes WHERE notes MATCH 'note' UNION ALL SELECT CAST(x1 AS TEXT) FROM places",
    "SELECT name || title AS value FROM \"big bosses\" UNION ALL SELECT name || seq FROM sqlite_sequence \
     UNION ALL SELECT what FROM log ORDER BY 1",
];

const LAST: &str = "2030-01-02-000000-0000_rebuild";

/// A database at the start, and a revision that rebuilds two of its tables.
struct Place {
    project: Project<Sqlite>,
    before: Schema,
    after: Schema,
    state: Vec<Vec<String>>,
}

impl Place {
    async fn new() -> Self {
        let project = Project::<Sqlite>::new().await;
        project.ok("init").await;
        project.add("2030-01-01-000000-0000_start", START, "SELECT 1;");
        project.ok("upgrade").await;
        let mut conn = project.connection().await;
        let before = Sqlite::introspect(&mut conn).await.expect("the schema");
        let wanted = START
            .replace("name TEXT COLLATE", "name VARCHAR(50) COLLATE")
            .replace("body TEXT,", "body CLOB DEFAULT 'none',");
        let wanted: Vec<String> = statements(&wanted)
            .into_iter()
            .filter(|sql| sql.starts_with("CREATE TABLE") || sql.contains(" INDEX "))
            .collect();
        let desired = Sqlite::scratch_schema(&mut conn, &wanted)
            .await
            .expect("the desired schema");
        let found = diff(&before, &desired, &Hints::default()).expect("no hints to refuse");
        let up = render(Sqlite::DIALECT, &found.ops, &before).expect("up");
        let down = render(Sqlite::DIALECT, &inverse(&found.ops), &found.target).expect("down");
        assert!(!up.run_in_transaction && !down.run_in_transaction);
        project.add_bare(LAST, &up.to_sql(), &down.to_sql());
        let state = state(&project).await;
        Self {
            project,
            before,
            after: found.target,
            state,
        }
    }

    async fn expect(&self, when: &str, schema: &Schema) {
        let mut conn = self.project.connection().await;
        let is = Sqlite::introspect(&mut conn).await.expect("the schema");
        expect_same(when, &is, schema).expect("the same");
        let texts = |schema: &Schema| -> Vec<_> {
            let objects = schema.unmanaged.iter();
            objects.map(|object| object.sql.clone()).collect()
        };
        assert_eq!(texts(&is), texts(&self.before), "{when}");
        assert_eq!(state(&self.project).await, self.state, "{when}");
        let whole = self
            .project
            .rows("SELECT integrity_check AS value FROM pragma_integrity_check")
            .await;
        assert_eq!(whole, ["ok"], "{when}");
    }
}

async fn state(project: &Project<Sqlite>) -> Vec<Vec<String>> {
    let mut state = Vec::new();
    for query in STATE {
        state.push(project.rows(query).await);
    }
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_hangs_on_a_table_is_lost() {
    let place = Place::new().await;
    assert_eq!(place.state[4], ["one", "two"]);
    assert_eq!(place.state[6][0], "Adaone");
    place.project.ok("upgrade").await;
    place.expect("after up", &place.after).await;
    place.project.ok("downgrade --allow-data-loss").await;
    place.expect("after down", &place.before).await;
    place.project.ok("upgrade").await;
    place.expect("after up again", &place.after).await;

    // All of it still works.
    let project = &place.project;
    project
        .execute("INSERT INTO authors (name) VALUES ('Di'); INSERT INTO docs (title, body) VALUES ('three', 'hello')")
        .await;
    let last = "SELECT id || name AS value FROM authors ORDER BY id DESC LIMIT 1";
    assert_eq!(project.rows(last).await, ["10Di"]);
    assert_eq!(
        project.rows(STATE[4]).await,
        ["one", "three", "two"],
        "the trigger feeds the index"
    );
    project
        .execute(
            "UPDATE bosses SET name = 'ADA' WHERE id = 1; INSERT INTO authors (name) VALUES (NULL)",
        )
        .await;
    project.execute("DELETE FROM likes WHERE n = 2").await;
    assert_eq!(
        project
            .rows("SELECT name AS value FROM authors ORDER BY id")
            .await,
        ["ADA", "Bob!", "Di"]
    );
    project.execute("DELETE FROM authors WHERE id = 1").await;
    assert_eq!(
        project.rows("SELECT title AS value FROM docs").await,
        ["three"],
        "the children go with their parents, as before"
    );
}

const JOB: &str = "AXUM_MIGRATE_TEST_REBUILD";

/// By itself it upgrades a database of its own; with a job, the one it is told, and kills itself at a step.
#[tokio::test]
async fn a_program_rebuilds() {
    let Ok(job) = std::env::var(JOB) else {
        let place = Place::new().await;
        let upgraded = upgrade(place.project.url(), &place.project.migrations(), None).await;
        assert_eq!(upgraded, 1);
        return;
    };
    let job: Vec<&str> = job.split('\n').collect();
    let killed_at = job[2].parse().expect("a number");
    let later = Duration::from_micros(job[3].parse().expect("a number"));
    upgrade(job[0], Path::new(job[1]), Some((killed_at, later))).await;
}

/// Ends this program as `kill -9` ends one.
fn kill() -> ! {
    let me = std::process::id().to_string();
    let killed = Command::new("kill").args(["-9", &me]).status();
    panic!("still alive after kill -9: {killed:?}");
}

/// Upgrades; how many revisions. It is killed before its step of that number, or so much later, while the step
/// is under way.
async fn upgrade(url: &str, folder: &Path, killed_at: Option<(usize, Duration)>) -> usize {
    let database = Database::<Sqlite>::connect(url).await.expect("a URL");
    let migrate = Migrate::new(&database, Metadata::default()).directory(folder);
    let mut upgrade = pin!(migrate.upgrade_on_start());
    let mut polls = 0;
    let upgraded = std::future::poll_fn(|context| {
        polls += 1;
        match killed_at {
            Some((step, later)) if polls == step && later.is_zero() => kill(),
            Some((step, later)) if polls == step => {
                std::thread::spawn(move || {
                    std::thread::sleep(later);
                    kill()
                });
            }
            _ => {}
        }
        match upgrade.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => Poll::Pending,
        }
    });
    upgraded.await.expect("no failure").applied
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_it_is_wholly_done_or_not_at_all() {
    let place = Place::new().await;
    let file = place
        .project
        .url()
        .strip_prefix("sqlite://")
        .expect("a file");
    // Its content goes back to the start before each round.
    place
        .project
        .execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .await;
    let start = std::fs::read(file).expect("the database");
    let (mut before, mut after) = (0, 0);
    for step in 1.. {
        // A step may run many statements on the connection's thread.
        let mut done = false;
        for later in [0, 200, 600, 1_500, 4_000] {
            for rest in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{file}{rest}"));
            }
            std::fs::write(file, &start).expect("the database");
            let folder = place.project.migrations().display().to_string();
            let job = [
                place.project.url(),
                &folder,
                &step.to_string(),
                &later.to_string(),
            ]
            .join("\n");
            let status = Command::new(std::env::current_exe().expect("this program"))
                .args([
                    "--exact",
                    "autogenerate::sqlite_survival::a_program_rebuilds",
                ])
                .env(JOB, job)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("this program starts");
            let is_done = place.project.versions().await.len() == 2;
            let (when, schema) = if is_done {
                after += 1;
                ("killed after it", &place.after)
            } else {
                before += 1;
                ("killed before its end", &place.before)
            };
            let when = format!("{when}, {later} µs into step {step}");
            place.expect(&when, schema).await;
            done = later == 0 && status.success();
            if done {
                break;
            }
            place.project.ok("upgrade").await;
            assert_eq!(place.project.versions().await.len(), 2);
            place.expect("completed", &place.after).await;
        }
        if done {
            break;
        }
    }
    assert!(before > 0 && after > 0, "{before} before, {after} after");
}
