//! Commits whose outcome nobody knows, because the connection broke between COMMIT and its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum_db::{Backend, Database, Dialect, Error, ErrorKind, Outcome, TransactionMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::support::{Db, count, database, execute};
use super::{Engine, fresh};

/// When the line goes dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Before the server has got the COMMIT.
    Before,
    /// After it was carried out, and before its answer is there.
    After,
}

/// The host and port of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split("://").nth(1).expect("a scheme");
    let authority = rest.split('/').next().expect("a host");
    authority.rsplit('@').next().expect("a host")
}

/// Stands between the client and its server, and gives the URL of the way through it.
async fn through_proxy(url: &str, cut: Cut) -> String {
    let server = authority(url).to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let target = server.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&target).await.expect("the server");
            tokio::spawn(pass_on(client, server, cut));
        }
    });
    let plain = match Engine::DIALECT {
        Dialect::Postgres => "?sslmode=disable",
        // The driver would go round the proxy otherwise.
        _ => "?prefer_socket=false",
    };
    format!("{}{plain}", on_the_way(url, &server, address))
}

fn on_the_way(url: &str, server: &str, address: SocketAddr) -> String {
    url.replacen(server, &address.to_string(), 1)
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, cut: Cut) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let sent = &asked[..read?];
                let commits = sent.windows(6).any(|bytes| bytes == b"COMMIT");
                if sent.is_empty() || commits && cut == Cut::Before {
                    return Ok(());
                }
                server.write_all(sent).await?;
                if commits {
                    return answer_to_commit(server).await;
                }
            }
            read = server.read(&mut answered) => {
                let sent = &answered[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                client.write_all(sent).await?;
            }
        }
    }
}

/// Waits until the server has carried the COMMIT out.
async fn answer_to_commit(mut server: TcpStream) -> std::io::Result<()> {
    let mut answer = vec![0; 65536];
    loop {
        let read = server.read(&mut answer).await?;
        // PostgreSQL may still be answering an earlier message; it names what it did.
        let done = Engine::DIALECT != Dialect::Postgres
            || answer[..read].windows(6).any(|bytes| bytes == b"COMMIT");
        if done || read == 0 {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn a_commit_without_an_answer_is_reported_as_unknown_and_not_run_again() {
    let server = fresh();
    let direct = database(server.url(), 2).await;
    let mut expected = 0;
    for cut in [Cut::Before, Cut::After] {
        let url = through_proxy(server.url(), cut).await;
        let database = Database::<Engine>::connect(url).await.expect("a database");
        let (attempts, mails) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let write = {
            let (attempts, mails) = (attempts.clone(), mails.clone());
            async move |db: Db| {
                let id = cut as usize * 10 + attempts.fetch_add(1, Ordering::Relaxed);
                db.after_commit(move || {
                    mails.fetch_add(1, Ordering::Relaxed);
                });
                execute(&db, format!("INSERT INTO notes VALUES ({id}, 0)")).await?;
                db.on_finish(|outcome: Outcome, headers: &mut HeaderMap| {
                    let outcome = format!("{outcome:?}").parse().expect("a header");
                    headers.insert("x-finished", outcome);
                });
                Ok::<_, Error>(db)
            }
        };
        let told = {
            let write = write.clone();
            async move |db: Db| write(db).await?.commit().await
        };
        let swallowed = {
            let write = write.clone();
            async move |db: Db| {
                let committed = write(db).await?.commit().await;
                let error = committed.expect_err("nobody answered");
                assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
                assert!(!error.is_retryable());
                Ok::<_, Error>("all is well")
            }
        };
        let by_the_layer = async move |db: Db| write(db).await.map(|_| ());
        let app = Router::new()
            .route("/told", get(told))
            .route("/swallowed", get(swallowed))
            .route(
                "/by-the-layer",
                get(by_the_layer).layer(database.layer().mode(TransactionMode::OnSuccess)),
            )
            .layer(database.layer().with_retries(5));
        for (index, path) in ["/told", "/swallowed", "/by-the-layer"].iter().enumerate() {
            let request = axum::http::Request::get(*path)
                .body(axum::body::Body::empty())
                .expect("a request");
            let response = app.clone().oneshot(request).await.expect("a response");
            assert_eq!(
                response.status(),
                StatusCode::INTERNAL_SERVER_ERROR,
                "{cut:?} {path}"
            );
            assert_eq!(
                response.headers()["x-finished"],
                "Unknown",
                "{cut:?} {path}"
            );
            assert_eq!(
                attempts.load(Ordering::Relaxed),
                index + 1,
                "{cut:?} {path}"
            );
            if cut == Cut::After {
                expected += 1;
            }
            assert_eq!(count(&direct.session()).await, expected, "{cut:?} {path}");
        }
        assert_eq!(mails.load(Ordering::Relaxed), 0);
        // The session itself goes on, over another connection.
        assert_eq!(count(&database.session()).await, expected);
    }
}
