//! What goes over the wire: how often an upgrade waits for the server, and what a pooler in between does to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum_db::{Database, Metadata};
use axum_migrate::Migrate;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Project, Tested};

/// A URL that leads to a port of the test's own.
fn through(url: &str, port: u16, options: &str) -> (String, String) {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (authority, database) = rest.split_once('/').expect("a database");
    let (user, host) = authority.split_once('@').expect("a user");
    (
        host.to_owned(),
        format!("{scheme}://{user}@127.0.0.1:{port}/{database}?{options}"),
    )
}

/// Passes everything on, and counts how often a client speaks after the server did. An answer is held back a
/// moment, in which the client says what it says without having it.
async fn counted(url: &str, options: &str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (server, url) = through(url, port, options);
    let turns = Arc::new(AtomicUsize::new(0));
    let count = turns.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.expect("the server");
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let answered = Arc::new(AtomicBool::new(true));
            let (asks, count) = (answered.clone(), count.clone());
            tokio::spawn(async move {
                let mut chunk = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = from_client.read(&mut chunk).await {
                    if asks.swap(false, Ordering::SeqCst) {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    if to_server.write_all(&chunk[..length]).await.is_err() {
                        break;
                    }
                }
            });
            tokio::spawn(async move {
                let mut chunk = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    answered.store(true, Ordering::SeqCst);
                    if to_client.write_all(&chunk[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, turns)
}

/// How often an upgrade of so many revisions waits, each of three statements. The connections' goodbyes, for
/// which nobody waits, may be counted or not.
async fn waits<B: Tested>(revisions: usize, options: &str, up: fn(usize) -> String) -> usize {
    let project = Project::<B>::new().await;
    project.add(
        "2026-01-01-000000-0000_t",
        "CREATE TABLE t (id INTEGER);",
        "DROP TABLE t;",
    );
    project.ok("upgrade").await;
    for number in 0..revisions {
        let name = format!("2026-01-02-0000{number:02}-0000_step");
        project.add(&name, &up(number), "SELECT 1;");
    }
    let (url, turns) = counted(project.url(), options).await;
    let database = Database::<B>::connect(url).await.expect("a URL");
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    assert_eq!(
        migrate
            .upgrade_on_start()
            .await
            .expect("an upgrade")
            .applied,
        revisions
    );
    turns.load(Ordering::SeqCst)
}

/// On one thread, so that all statements are handed over before any of them is sent.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_waits_three_times_for_a_revision() {
    let up = |number| {
        format!(
            "CREATE TABLE a{number} (id INT); CREATE INDEX ON a{number} (id); INSERT INTO t VALUES (1);"
        )
    };
    let few = waits::<axum_db::Postgres>(5, "sslmode=disable", up).await;
    let many = waits::<axum_db::Postgres>(25, "sslmode=disable", up).await;
    // The beginning, the statements with the record, the commit.
    assert!(
        many - few < 20 * 3 + 5,
        "{few} waits for 5 revisions, {many} for 25"
    );
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn mysql_waits_three_times_for_a_change_of_the_schema() {
    let up = |number| format!("CREATE TABLE a{number} (id INT);");
    let few = waits::<axum_db::Mysql>(5, "prefer_socket=false", up).await;
    let many = waits::<axum_db::Mysql>(25, "prefer_socket=false", up).await;
    // The note that it begins, the statement, the record in a transaction.
    assert!(
        many - few < 20 * 3 + 5,
        "{few} waits for 5 revisions, {many} for 25"
    );
}

/// Gives each transaction the other one of two connections to the server, as a pooler in transaction mode may.
#[cfg(feature = "postgres")]
async fn pooled(url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (server, url) = through(url, port, "sslmode=disable");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move { serve(client, &server).await });
        }
    });
    url
}

#[cfg(feature = "postgres")]
async fn serve(mut client: TcpStream, server: &str) -> Option<()> {
    let mut servers = [
        TcpStream::connect(server).await.ok()?,
        TcpStream::connect(server).await.ok()?,
    ];
    let startup = message(&mut client, 0).await?;
    for (number, server) in servers.iter_mut().enumerate() {
        server.write_all(&startup).await.ok()?;
        let answer = answer(server).await?;
        if number == 0 {
            client.write_all(&answer).await.ok()?;
        }
    }
    let mut current = 0;
    loop {
        let question = message(&mut client, 1).await?;
        servers[current].write_all(&question).await.ok()?;
        if matches!(question[0], b'Q' | b'S') {
            let answer = answer(&mut servers[current]).await?;
            client.write_all(&answer).await.ok()?;
            if question[0] == b'Q' && answer.ends_with(b"I") {
                current = 1 - current;
            }
        }
    }
}

/// A message: its type, where it has one, its length and the rest.
#[cfg(feature = "postgres")]
async fn message(from: &mut TcpStream, type_length: usize) -> Option<Vec<u8>> {
    let mut text = vec![0; type_length + 4];
    from.read_exact(&mut text).await.ok()?;
    let length = u32::from_be_bytes(text[type_length..].try_into().ok()?) as usize;
    text.resize(type_length + length, 0);
    from.read_exact(&mut text[type_length + 4..]).await.ok()?;
    Some(text)
}

/// Everything up to the server's word that it is ready.
#[cfg(feature = "postgres")]
async fn answer(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let next = message(from, 1).await?;
        text.extend_from_slice(&next);
        if next[0] == b'Z' {
            return Some(text);
        }
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_splits_a_session_is_noticed() {
    let project = Project::<axum_db::Postgres>::new().await;
    for step in 1..4 {
        let name = format!("2026-01-0{step}-000000-0000_t");
        project.add(
            &name,
            &format!("CREATE TABLE t{step} (id INT);"),
            "SELECT 1;",
        );
    }
    let database = Database::<axum_db::Postgres>::connect(pooled(project.url()).await)
        .await
        .expect("a URL");
    let migrate = Migrate::new(&database, Metadata::default()).directory(project.migrations());
    let error = migrate
        .upgrade_on_start()
        .await
        .expect_err("the lock is worth nothing");
    let text = error.to_string();
    assert!(text.contains("PgBouncer in transaction mode"), "{text}");
    // What was refused left nothing, and what was done before is recorded.
    assert_eq!(project.versions().await.len(), project.tables().await.len());
    assert!(project.versions().await.len() < 3);
}
