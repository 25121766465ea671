//! A load of requests over loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// An application that serves on a free port of 127.0.0.1 until it is dropped, or one of another process.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

/// The request of a step: its method and path, and its headers with a line break after each.
pub type Request = Arc<dyn Fn(usize) -> (String, String) + Send + Sync>;

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
        Self {
            address,
            serving: Some(serving),
        }
    }

    /// What another process serves.
    #[must_use]
    pub fn elsewhere(address: SocketAddr) -> Self {
        Self {
            address,
            serving: None,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
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
                request.clone(),
            ))
        });
        join_all(clients)
            .map(|ended| assert!(ended.iter().all(Result::is_ok), "a client failed"))
            .boxed()
    }

    /// A connection of its own.
    ///
    /// # Panics
    /// When it is refused.
    pub fn client(&self) -> impl Future<Output = Client> + Send + 'static {
        Client::connect(self.address)
    }

    /// Sends a form to `/login` and gives the cookie of the answer.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn log_in(&self, form: &str) -> Option<String> {
        let mut client = self.client().await;
        client.post_form("/login", form).await;
        client.cookie
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn one_client(address: SocketAddr, steps: std::ops::Range<usize>, request: Request) {
    let mut client = Client::connect(address).await;
    for step in steps {
        let (target, headers) = request(step);
        let status = client.send(&target, &headers, "").await;
        let body = String::from_utf8_lossy(&client.body);
        assert_eq!(status, 200, "{target}: {body}");
    }
}

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    line: String,
    cookie: Option<String>,
    body: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a setting");
        Self {
            stream: BufReader::new(stream),
            line: String::new(),
            cookie: None,
            body: Vec::new(),
        }
    }

    /// Asks for a page; gives the status.
    ///
    /// # Panics
    /// When the connection breaks, as in the other methods.
    pub async fn get(&mut self, path: &str) -> u16 {
        self.send(&format!("GET {path}"), "", "").await
    }

    /// Sends a form; gives the status.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn post_form(&mut self, path: &str, form: &str) -> u16 {
        let headers = "content-type: application/x-www-form-urlencoded\r\n";
        self.send(&format!("POST {path}"), headers, form).await
    }

    async fn send(&mut self, target: &str, headers: &str, body: &str) -> u16 {
        let length = body.len();
        let text = format!(
            "{target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        let stream = &mut self.stream;
        stream.write_all(text.as_bytes()).await.expect("a request");
        let mut status = None;
        let mut length = 0;
        loop {
            self.line.clear();
            stream.read_line(&mut self.line).await.expect("a line");
            let line = self.line.trim_end();
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else {
                let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
                status = status.or(code);
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default();
                self.cookie = Some(pair.trim().to_owned());
            }
        }
        self.body.resize(length, 0);
        stream.read_exact(&mut self.body).await.expect("a body");
        status.expect("a status")
    }
}
