//! The whole way over a real socket.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::sqlite::app::App;

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn a_login_over_tcp() {
    let app = App::new().await;
    app.user("ada@example.com").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app
        .router
        .clone()
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(axum::serve(listener, service).into_future());

    let form = "email=ada@example.com&password=password";
    let response = exchange(
        address,
        &format!(
            "POST /login?next=/account HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nUser-Agent: a browser\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    )
    .await;
    assert!(response.starts_with("HTTP/1.1 303"), "{response}");
    assert!(
        response.contains("\r\nlocation: /account\r\n"),
        "{response}"
    );
    let (_, rest) = response.split_once("\r\nset-cookie: session=").unwrap();
    let (token, _) = rest.split_once(';').unwrap();

    let response = exchange(
        address,
        &format!("GET /account HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: session={token}\r\n\r\n"),
    )
    .await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(
        response.ends_with("account of ada@example.com"),
        "{response}"
    );
    let from_here =
        "(SELECT COUNT(*) FROM auth_sessions WHERE ip = '127.0.0.1' AND user_agent = 'a browser')";
    assert_eq!(app.count(from_here).await, 1);
    server.abort();
}
