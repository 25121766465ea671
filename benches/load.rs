//! A load of requests over loopback.

use axum::Router;
use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// An application that serves on a free port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: std::net::SocketAddr,
    serving: JoinHandle<()>,
}

/// The request of a step: its method and path, and its headers with a line break after each.
pub type Request = fn(usize) -> (String, String);

impl Server {
    /// Starts `app`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(app: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("a server");
        });
        Self { address, serving }
    }

    /// Sends `requests` requests over `connections` connections that are kept alive, and reads the answers.
    ///
    /// # Panics
    /// When an answer is no 200.
    pub fn load(&self, connections: usize, requests: usize, request: Request) -> BoxFuture<'_, ()> {
        let each = requests / connections;
        let clients = (0..connections).map(move |client| {
            tokio::spawn(one_client(
                self.address,
                client * each..(client + 1) * each,
                request,
            ))
        });
        join_all(clients)
            .map(|ended| assert!(ended.iter().all(Result::is_ok), "a client failed"))
            .boxed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn one_client(
    address: std::net::SocketAddr,
    steps: std::ops::Range<usize>,
    request: Request,
) {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a setting");
    let mut stream = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    for step in steps {
        let (target, headers) = request(step);
        let text =
            format!("{target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n{headers}\r\n");
        stream.write_all(text.as_bytes()).await.expect("a request");
        let mut length = 0;
        let mut ok = None;
        loop {
            line.clear();
            stream.read_line(&mut line).await.expect("a line");
            ok.get_or_insert(line.starts_with("HTTP/1.1 200"));
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body).await.expect("a body");
        assert_eq!(
            ok,
            Some(true),
            "{target}: {}",
            String::from_utf8_lossy(&body)
        );
    }
}
