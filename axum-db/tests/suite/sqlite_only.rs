//! What only SQLite has: files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use axum_db::{Access, Config, Database, Error, ErrorKind, Sqlite};
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

type Db = axum_db::Db<Sqlite>;

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(diesel::QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn execute(db: &Db, sql: &str) -> Result<usize, Error> {
    let statement = diesel::sql_query(sql);
    db.run(Access::Write, |conn| Box::pin(statement.execute(conn)))
        .await
}

async fn count(database: &Database<Sqlite>) -> Result<i64, Error> {
    let query = diesel::sql_query("SELECT COUNT(*) AS n FROM notes");
    let row: Number = database
        .session()
        .run(Access::Read, |conn| Box::pin(query.get_result(conn)))
        .await?;
    Ok(row.n)
}

async fn write(database: &Database<Sqlite>, sql: &str) -> Result<(), Error> {
    let db = database.session();
    execute(&db, sql).await?;
    db.commit().await
}

async fn open(url: &str) -> Database<Sqlite> {
    Db::connect(url).await.expect(url)
}

/// A file with one note.
async fn with_a_note(url: &str) {
    let database = open(url).await;
    for sql in [
        "CREATE TABLE notes (body BLOB NOT NULL)",
        "INSERT INTO notes VALUES ('one')",
    ] {
        write(&database, sql).await.expect(sql);
    }
    database.close().await;
}

/// Reads, and is refused to write, without an end of it.
async fn only_reads(url: &str) {
    let database = open(url).await;
    for _ in 0..2 {
        assert_eq!(count(&database).await.expect(url), 1, "{url}");
        let db = database.session();
        let refused = execute(&db, "INSERT INTO notes VALUES ('two')").await;
        let refused = refused.expect_err(url);
        // Its end is waited for: where only the folder is closed to us, it holds a lock until then.
        let _ = db.rollback().await;
        assert_eq!(refused.kind(), ErrorKind::ReadOnly, "{url}: {refused}");
    }
}

/// Why a database cannot be used.
async fn refused(url: &str) -> String {
    let error = open(url).await.check().await.expect_err(url);
    assert_eq!(error.kind(), ErrorKind::Connection);
    error.to_string()
}

/// One after the other, in the order in which they came: left to SQLite they would try again and again, and some of them
/// would be overtaken for long.
#[tokio::test]
async fn writers_take_turns() {
    let server = testkit::sqlite();
    let database = Db::connect(server.url()).await.expect("a database");
    let first = database.session();
    first.begin().await.expect("a transaction");
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..10 {
        let (database, order) = (database.clone(), order.clone());
        writers.spawn(async move {
            let db = database.session();
            db.begin().await.expect("a transaction");
            order.lock().expect("a list").push(number);
            db.commit().await.expect("a commit");
        });
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    first.commit().await.expect("a commit");
    writers.join_all().await;
    let order = order.lock().expect("a list").clone();
    assert_eq!(order, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_url_is_a_file_where_one_expects_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().display();
    for (url, file) in [
        (format!("sqlite://{at}/new/deep/a.db"), "new/deep/a.db"),
        (format!("sqlite:{at}/b.db"), "b.db"),
        (format!("sqlite://{at}/with%20space.db"), "with space.db"),
        (format!("sqlite://{at}/100%.db"), "100%.db"),
        (format!("sqlite://{at}/q%3F%23.db?mode=rwc"), "q?#.db"),
        (format!("file:{at}/c%20d.db"), "c d.db"),
        (
            format!("file://{at}/other/e.db?mode=rwc&cache=shared"),
            "other/e.db",
        ),
    ] {
        with_a_note(&url).await;
        assert!(folder.path().join(file).is_file(), "{url}");
        assert_eq!(count(&open(&url).await).await.expect(&url), 1, "{url}");
    }
    for mode in ["ro", "rw"] {
        let reason = refused(&format!("sqlite://{at}/missing/x.db?mode={mode}")).await;
        assert!(reason.contains("check that it exists"), "{reason}");
        assert!(!folder.path().join("missing").exists());
    }
}

#[tokio::test]
async fn a_file_opened_to_be_read_is_only_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.db");
    with_a_note(&format!("sqlite://{}", file.display())).await;
    for parameters in ["mode=ro", "immutable=1", "mode=ro&immutable=1"] {
        only_reads(&format!("sqlite://{}?{parameters}", file.display())).await;
        only_reads(&format!("file:{}?{parameters}", file.display())).await;
    }
}

/// Runs a test of this file again as somebody whom permissions bind, if we are root. `false` if it runs
/// already as such.
fn ran_as_nobody(test: &str) -> bool {
    let own = tempfile::tempdir().expect("a folder");
    let we_are_root = fs::metadata(own.path()).expect("a folder").uid() == 0;
    if we_are_root {
        let status = Command::new("/proc/self/exe")
            .args(["--exact", test])
            .current_dir("/")
            .uid(65534)
            .gid(65534)
            .status();
        assert!(status.expect("a process").success(), "as nobody");
    }
    we_are_root
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

#[tokio::test]
async fn permissions_are_respected_and_explained() {
    if ran_as_nobody("sqlite_only::permissions_are_respected_and_explained") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.db");
    let url = format!("sqlite://{}", file.display());
    with_a_note(&url).await;

    // The file alone, then its folder, too. It is in WAL mode, which needs the folder even to be read.
    permit(&file, 0o444);
    only_reads(&url).await;
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("a.db{end}")));
    }
    permit(folder.path(), 0o555);
    let reason = refused(&url).await;
    assert!(reason.contains("?immutable=1"), "{reason}");
    only_reads(&format!("{url}?immutable=1")).await;

    // The folder alone: nothing can be written, because a journal could not be.
    permit(folder.path(), 0o755);
    permit(&file, 0o644);
    let mut connection = open(&url)
        .await
        .connect_dedicated()
        .await
        .expect("it is ours");
    connection
        .batch_execute("PRAGMA journal_mode = DELETE")
        .await
        .expect("another mode");
    drop(connection);
    permit(folder.path(), 0o555);
    only_reads(&url).await;
    permit(&file, 0o444);
    only_reads(&url).await;
    permit(&file, 0o000);
    let reason = refused(&url).await;
    assert!(reason.contains("check that it exists"), "{reason}");

    let inside = format!("sqlite://{}/new/b.db", folder.path().display());
    let reason = refused(&inside).await;
    assert!(reason.contains("cannot be made"), "{reason}");
    permit(folder.path(), 0o755);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.db");
    let url = format!("sqlite://{}", file.display());
    fs::write(&file, "Dear diary, ".repeat(500)).expect("a file");
    let reason = refused(&url).await;
    assert!(
        reason.contains("it is no SQLite database, or was damaged"),
        "{reason}"
    );
    assert!(
        fs::read(&file)
            .expect("the file")
            .starts_with(b"Dear diary, ")
    );

    // A database whose catalog was overwritten.
    fs::remove_file(&file).expect("removed");
    with_a_note(&url).await;
    let mut bytes = fs::read(&file).expect("the file");
    bytes[100..4096].fill(0xaa);
    fs::write(&file, bytes).expect("a file");
    let reason = refused(&url).await;
    assert!(
        reason.contains("it is no SQLite database, or was damaged"),
        "{reason}"
    );
}

#[tokio::test]
async fn every_connection_has_the_settings() {
    let test = testkit::sqlite();
    let database = open(test.url()).await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(database.connect_dedicated().await.expect("a connection"));
    }
    for connection in &mut connections {
        for (name, expected) in [
            ("journal_mode", "wal"),
            ("foreign_keys", "1"),
            ("synchronous", "1"),
            ("busy_timeout", "10000"),
        ] {
            let column = if name == "busy_timeout" {
                "timeout"
            } else {
                name
            };
            let sql = format!("SELECT CAST({column} AS TEXT) AS value FROM pragma_{name}");
            let row: Word = diesel::sql_query(sql)
                .get_result(connection)
                .await
                .expect(name);
            assert_eq!(row.value, expected, "{name}");
        }
    }
}

/// By SQLite's own measure of how large a file may be, in the middle of a transaction.
#[tokio::test]
async fn a_full_database_loses_nothing() {
    let test = testkit::sqlite();
    with_a_note(test.url()).await;
    let database = open(test.url()).await;
    let db = database.session();
    {
        let mut connection = db.conn().await.expect("a connection");
        let limit = "PRAGMA max_page_count = 40";
        connection.batch_execute(limit).await.expect("a limit");
    }
    let error = loop {
        match execute(&db, "INSERT INTO notes VALUES (zeroblob(8000))").await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert!(error.to_string().contains("disk"), "{error}");
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    let committed = db.commit().await.expect_err("it cannot be whole");
    assert_eq!(committed.kind(), ErrorKind::Aborted);
    drop(db);
    assert_eq!(count(&database).await.expect("a count"), 1);
    let wide = "INSERT INTO notes VALUES (zeroblob(400000))";
    write(&database, wide).await.expect("the limit is gone");
    assert_eq!(count(&database).await.expect("a count"), 2);
}

const SMALL_DISK: &str = "AXUM_DB_SMALL_DISK";

/// On a disk of two megabytes, where the machine lets us have one.
#[tokio::test]
async fn a_full_disk_loses_nothing() {
    if let Some(disk) = std::env::var_os(SMALL_DISK) {
        return fill(Path::new(&disk)).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script = "mount -t tmpfs -o size=2m none \"$0\" || exit 77; exec \"$@\"";
    let status = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(folder.path())
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "sqlite_only::a_full_disk_loses_nothing"])
        .env(SMALL_DISK, folder.path())
        .status();
    match status.map(|status| status.code()) {
        Ok(Some(0)) => {}
        // No such program, or not allowed to: `a_full_database_loses_nothing` has to do.
        Err(_) | Ok(Some(1 | 77)) => eprintln!("no disk could be mounted"),
        Ok(code) => panic!("it ended with {code:?}"),
    }
}

async fn fill(disk: &Path) {
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 500_000]).expect("half a megabyte");
    let url = format!("sqlite://{}", disk.join("a.db").display());
    with_a_note(&url).await;
    let mut config = Config::new(&url);
    config.max_connections = 3;
    let database: Database<Sqlite> = Db::connect(config).await.expect("a database");
    let mut written = 1;
    let error = loop {
        match write(&database, "INSERT INTO notes VALUES (randomblob(20000))").await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(written > 10, "{written}");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    // Reads go on, on every connection, and what was committed is there.
    for _ in 0..6 {
        assert_eq!(count(&database).await.expect("a count"), written);
        let again = write(&database, "INSERT INTO notes VALUES (randomblob(90000))").await;
        assert_eq!(again.expect_err("no room").kind(), ErrorKind::StorageFull);
    }
    fs::remove_file(ballast).expect("room");
    for _ in 0..3 {
        let small = "INSERT INTO notes VALUES (randomblob(20000))";
        write(&database, small).await.expect("there is room");
        written += 1;
    }
    assert_eq!(count(&database).await.expect("a count"), written);
    database.close().await;
    assert_eq!(count(&open(&url).await).await.expect("a count"), written);
}

#[test]
fn a_database_in_memory_outlives_whatever_befalls_its_connection() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    };
    let first = runtime();
    let database = first.block_on(async {
        let database = open("sqlite://:memory:").await;
        write(&database, "CREATE TABLE notes (body BLOB NOT NULL)")
            .await
            .expect("a table");
        write(&database, "INSERT INTO notes VALUES ('one')")
            .await
            .expect("a note");
        database
    });
    let is_whole = async || {
        let counted = tokio::time::timeout(Duration::from_secs(10), count(&database)).await;
        assert_eq!(counted.expect("a connection").expect("the table"), 1);
    };

    // A session that is dropped outside of every runtime, with its transaction open.
    let db = database.session();
    first
        .block_on(execute(&db, "INSERT INTO notes VALUES ('two')"))
        .expect("a note");
    drop(db);
    first.block_on(is_whole());

    // A runtime that ends in the middle of a statement, and takes its sessions along.
    let running = database.clone();
    first.spawn(async move {
        let long = "INSERT INTO notes WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) \
                    SELECT x FROM c";
        write(&running, long).await
    });
    first.block_on(async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    let second = runtime();
    second.block_on(is_whole());

    // Who asks whether it is well, and leaves before the answer.
    second.block_on(async {
        for _ in 0..5 {
            let _ = tokio::time::timeout(Duration::ZERO, database.check()).await;
            is_whole().await;
        }
    });

    // An observer in place of the session's own.
    second.block_on(async {
        for _ in 0..2 {
            let db = database.session();
            let mut conn = db.conn().await.expect("the connection");
            conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {});
            drop(conn);
            drop(db);
            is_whole().await;
            write(&database, "UPDATE notes SET body = 'seen'")
                .await
                .expect("a write");
        }
    });
}
