//! Databases of tests: isolated, set up, and gone at the end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use axum_db::prelude::*;
use axum_db::testing::{Client, Failure, Fixture, Test};
use axum_db::{Error, metadata};

use super::{Engine, SET_UPS_OF_A_PROCESS, SET_UPS_OF_A_RUN, exists};
use crate::models::{Comment, NewComment, NewHit, NewNote, Note, Other, comments, hits, notes};

type Db = axum_db::Db<Engine>;
type Database = axum_db::Database<Engine>;

async fn show(db: Db, Path(id): Path<i32>) -> Result<String, Error> {
    Ok(Note::find(id).first_or_404(&db).await?.title)
}

fn app(database: &Database) -> Router {
    Router::new()
        .route("/notes/{id}", get(show))
        .layer(database.layer())
}

#[axum_db::test(app = app)]
async fn a_missing_note_is_404(client: Client) {
    client.get("/notes/1").await.assert_status(404);
}

#[axum_db::test(app = app)]
async fn a_note_is_shown(db: Db, client: Client) -> Result<(), Error> {
    let note = NewNote::new("milk").insert(&db).await?;
    db.commit().await?;
    client
        .get(format!("/notes/{}", note.id))
        .await
        .assert_status(200)
        .assert_text("milk");
    Ok(())
}

/// The same unique row, by tests that run at the same time.
async fn writes_the_same(db: Db) -> Result<(), Error> {
    let note = NewNote::new("milk").insert(&db).await?;
    NewComment::new(note.id, "skimmed").insert(&db).await?;
    db.commit().await?;
    assert_eq!(notes::table.row_count(&db).await?, 1);
    assert_eq!(Comment::query().row_count(&db).await?, 1);
    Ok(())
}

#[axum_db::test]
async fn isolated_one(db: Db) -> Result<(), Error> {
    writes_the_same(db).await
}

#[axum_db::test]
async fn isolated_two(db: Db) -> Result<(), Error> {
    writes_the_same(db).await
}

#[axum_db::test]
async fn isolated_three(db: Db) -> Result<(), Error> {
    writes_the_same(db).await
}

#[axum_db::test]
async fn constraints_are_in_force(db: Db) {
    let orphan = NewComment::new(99, "of no note").insert(&db).await;
    let error = orphan.expect_err("there is no such note");
    assert!(error.is(axum_db::ErrorKind::ForeignKeyViolation));
}

#[axum_db::test(app = app)]
async fn parameters_share_the_database(db: Db, database: Database, ada: Client, bob: Client) {
    let note = NewNote::new("shared").insert(&db).await.expect("a row");
    db.commit().await.expect("a commit");
    let other = database.session();
    assert_eq!(Note::query().row_count(&other).await.expect("a count"), 1);
    for visitor in [ada, bob] {
        let page = visitor.get(format!("/notes/{}", note.id)).await;
        page.assert_text("shared");
    }
}

#[axum_db::test(app = app)]
async fn statements_are_counted(db: Db, client: Client) -> Result<(), Error> {
    let note = NewNote::new("milk").insert(&db).await?;
    db.commit().await?;
    let page = client.get(format!("/notes/{}", note.id)).await;
    page.assert_queries(1);
    assert!(page.queries()[0].sql().starts_with("SELECT"));
    client.get("/nowhere").await.assert_queries(0);
    Ok(())
}

#[axum_db::test(app = app)]
#[should_panic(expected = "GET /notes/7: expected 2 statements, got 1:\n  SELECT")]
async fn too_few_statements_are_listed(client: Client) {
    client.get("/notes/7").await.assert_queries(2);
}

#[axum_db::test]
async fn a_listed_statement_has_its_line(db: Db, database: Database) {
    let recorder = database.record(axum_db::Recording::Sql);
    let line = line!() + 1;
    Note::query().all(&db).await.expect("no rows");
    let counted = std::panic::AssertUnwindSafe(|| axum_db::testing::assert_queries(&recorder, 0));
    let panic = std::panic::catch_unwind(counted).expect_err("there was one");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.contains(&format!("behaviour.rs:{line})")), "{text}");
    axum_db::testing::assert_queries(&recorder, 0);
}

static SET_UPS: AtomicUsize = AtomicUsize::new(0);

async fn counted(database: &Database) -> Result<(), Error> {
    SET_UPS.fetch_add(1, Ordering::Relaxed);
    if let Ok(file) = std::env::var("SET_UPS_FILE") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .expect("a file");
        file.write_all(b"set up\n").expect("a line");
    }
    database.create_all(&metadata![Note]).await?;
    let db = database.session();
    NewNote::new("from the set-up").insert(&db).await?;
    db.commit().await
}

async fn has_the_set_up(db: &Db) {
    let titles: Vec<String> = notes::table
        .select(notes::title)
        .all(db)
        .await
        .expect("rows");
    assert_eq!(titles, ["from the set-up"]);
    assert!(comments::table.row_count(db).await.is_err());
    if let Some(times) = SET_UPS_OF_A_PROCESS {
        assert_eq!(SET_UPS.load(Ordering::Relaxed), times);
    }
}

#[axum_db::test(setup = counted)]
async fn set_up_one(db: Db) {
    has_the_set_up(&db).await;
    NewNote::new("not for others")
        .insert(&db)
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
}

#[axum_db::test(setup = counted)]
async fn set_up_two(db: Db) {
    has_the_set_up(&db).await;
    NewNote::new("not for others")
        .insert(&db)
        .await
        .expect("a row");
    db.commit().await.expect("a commit");
}

#[axum_db::test(setup = async |database: &Database| database.create_all(&metadata![Note]).await)]
async fn a_set_up_may_be_a_closure(db: Db) {
    assert!(!Note::query().exists(&db).await.expect("a table"));
}

async fn refuses(_: &Database) -> Result<(), &'static str> {
    Err("not today")
}

#[axum_db::test(setup = refuses)]
#[should_panic(expected = "the test's `Db` cannot be had: the set-up failed: not today")]
async fn a_failed_set_up_fails_the_test(_db: Db) {}

#[axum_db::test(setup = refuses)]
#[should_panic(expected = "not today")]
async fn and_the_next_one_too(_db: Db) {}

#[axum_db::test]
#[should_panic(expected = "write #[axum_db::test(app = app)]")]
async fn a_client_needs_an_application(_client: Client) {}

#[axum_db::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runtime_can_be_chosen(db: Db) {
    let runtime = tokio::runtime::Handle::current();
    assert_eq!(
        runtime.runtime_flavor(),
        tokio::runtime::RuntimeFlavor::MultiThread
    );
    assert_eq!(runtime.metrics().num_workers(), 2);
    let counted = tokio::spawn(async move { Note::query().row_count(&db).await });
    assert_eq!(counted.await.expect("a task").expect("a count"), 0);
}

/// A fixture of the user's own.
struct Milk(Note);

impl Fixture for Milk {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        let db = Db::prepare(test).await?;
        let note = NewNote::new("milk").insert(&db).await?;
        db.commit().await?;
        Ok(Milk(note))
    }
}

#[axum_db::test(app = app)]
async fn fixtures_are_made_in_order(Milk(note): Milk, mut db: Db, client: Client) {
    let page = client.get(format!("/notes/{}", note.id)).await;
    page.assert_text("milk");
    db = db.clone();
    assert_eq!(Note::query().row_count(&db).await.expect("a count"), 1);
}

#[axum_db::test]
async fn a_test_may_have_several_databases(main: Db, other: axum_db::Db<Engine, Other>) {
    assert_ne!(main.database().url(), other.database().url());
    NewHit::new("/").insert(&other).await.expect("a row");
    other.commit().await.expect("a commit");
    assert!(!Note::query().exists(&main).await.expect("a table"));
    assert!(hits::table.row_count(&main).await.is_err());
}

/// What runs in processes of its own; within the suite itself it is one more test.
#[axum_db::test(setup = counted)]
async fn a_test_in_a_process_of_its_own(database: Database) {
    let Ok(what) = std::env::var("CHILD") else {
        return;
    };
    let db = database.session();
    NewNote::new("held").insert(&db).await.expect("a row");
    println!("\nURL {}", database.url().expose());
    match what.as_str() {
        "panic" => panic!("in the midst of a transaction"),
        "hang" => std::future::pending().await,
        _ => {}
    }
}

/// This program, to run one test of this suite.
pub(crate) fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    let (_, module) = module_path!().split_once("::").expect("a crate");
    command
        .arg(format!("{module}::{test}"))
        .args(["--exact", "--nocapture"])
        .env_remove("NEXTEST_RUN_ID");
    command
}

fn url_in(output: &str) -> String {
    let line = output.lines().find_map(|line| line.strip_prefix("URL "));
    line.unwrap_or_else(|| panic!("no URL in {output}")).into()
}

#[tokio::test]
async fn a_panic_leaves_nothing() {
    let output = child("a_test_in_a_process_of_its_own")
        .env("CHILD", "panic")
        .output()
        .expect("the tests can be run");
    assert!(!output.status.success());
    let url = url_in(&String::from_utf8_lossy(&output.stdout));
    assert!(!exists(&url).await, "{url}");
}

#[tokio::test]
async fn what_a_killed_process_left_goes_with_the_next() {
    let mut killed = child("a_test_in_a_process_of_its_own")
        .env("CHILD", "hang")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests can be run");
    let mut lines = BufReader::new(killed.stdout.take().expect("a pipe")).lines();
    let url = lines.find_map(|line| Some(line.ok()?.strip_prefix("URL ")?.to_owned()));
    let url = url.expect("a URL");
    let next = || {
        let mut next = child("a_test_in_a_process_of_its_own");
        let output = next.env("CHILD", "pass").output();
        let output = output.expect("the tests can be run");
        assert!(output.status.success(), "{output:?}");
        url_in(&String::from_utf8_lossy(&output.stdout))
    };
    // As long as it lives, nobody takes its database away.
    assert!(!exists(&next()).await);
    assert!(exists(&url).await);
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    // The server takes a moment to notice that the process is gone.
    for _ in 0..50 {
        next();
        if !exists(&url).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{url} is still there");
}

#[test]
fn processes_run_at_the_same_time() {
    let file = std::env::temp_dir().join(format!(
        "set_ups_{}_{}",
        std::process::id(),
        std::any::type_name::<Engine>().replace(':', "_")
    ));
    let mut running: Vec<_> = (0..4)
        .map(|_| {
            child("a_test_in_a_process_of_its_own")
                .env("CHILD", "pass")
                .env("NEXTEST_RUN_ID", format!("run {}", std::process::id()))
                .env("SET_UPS_FILE", &file)
                .stdout(Stdio::null())
                .spawn()
                .expect("the tests can be run")
        })
        .collect();
    for child in &mut running {
        assert!(child.wait().expect("it ends").success());
    }
    let set_ups = std::fs::read_to_string(&file).expect("a file");
    std::fs::remove_file(&file).expect("it can be removed");
    if let Some(times) = SET_UPS_OF_A_RUN {
        assert_eq!(set_ups.lines().count(), times);
    }
}
