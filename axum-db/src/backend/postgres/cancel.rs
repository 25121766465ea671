//! Cancelling a statement on the server.

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Socket};

use super::target::Target;
use crate::backend::task::Task;

#[cfg(feature = "tls")]
use super::tls::Tls;
#[cfg(not(feature = "tls"))]
use tokio_postgres::NoTls as Tls;

/// What cancels a connection's statement, over TLS where the connection itself is.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Tls,
    /// Where the connection's server is, if there is no doubt.
    server: Option<Server>,
    /// Whether the server said that it refuses writes outside of a transaction.
    pub(super) guarded: bool,
    /// What moves the connection's bytes, if it is not diesel-async; it goes with the connection.
    driver: Option<Task>,
}

#[derive(Clone)]
enum Server {
    Tcp {
        /// What the certificate is for.
        host: String,
        address: Option<IpAddr>,
        port: u16,
    },
    #[cfg(unix)]
    Socket(std::path::PathBuf),
}

/// The server, where the URL names just one.
fn only_server(config: &tokio_postgres::Config) -> Option<Server> {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match (config.get_hosts(), config.get_hostaddrs()) {
        ([Host::Tcp(host)], addresses @ ([] | [_])) => Some(Server::Tcp {
            host: host.clone(),
            address: addresses.first().copied(),
            port,
        }),
        #[cfg(unix)]
        ([Host::Unix(folder)], []) => Some(Server::Socket(folder.join(format!(".s.PGSQL.{port}")))),
        _ => None,
    }
}

impl Canceller {
    pub(super) fn new(
        token: CancelToken,
        target: &Target,
        guarded: bool,
        driver: Option<Task>,
    ) -> Self {
        Self {
            token,
            tls: target.tls.clone(),
            server: only_server(&target.config),
            guarded,
            driver,
        }
    }

    /// Whether the connection has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.driver.as_ref().is_some_and(Task::has_ended)
    }

    /// Closes the connection, whatever waits for it.
    pub(super) fn hang_up(&self) {
        if let Some(driver) = &self.driver {
            driver.end();
        }
    }

    /// Sends the cancel request and waits until the server has acted on it, which it shows by hanging up.
    pub(super) async fn cancel_and_wait(&self) -> bool {
        match &self.server {
            Some(Server::Tcp {
                host,
                address,
                port,
            }) => {
                let stream = match address {
                    Some(address) => TcpStream::connect((*address, *port)).await,
                    None => TcpStream::connect((host.as_str(), *port)).await,
                };
                self.over(stream, host).await
            }
            #[cfg(unix)]
            Some(Server::Socket(path)) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                self.over(stream, "").await
            }
            None => false,
        }
    }

    async fn over<S>(&self, stream: std::io::Result<S>, host: &str) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Ok(mut stream) = stream else { return false };
        let Ok(tls) = MakeTlsConnect::<&mut S>::make_tls_connect(&mut self.tls.clone(), host)
        else {
            return false;
        };
        if self.token.cancel_query_raw(&mut stream, tls).await.is_err() {
            return false;
        }
        // Inside TLS the server leaves our goodbye unread, so that its end of the connection is a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        true
    }

    /// Sends the cancel request.
    pub(super) async fn cancel(self)
    where
        Tls: MakeTlsConnect<Socket>,
    {
        let _ = self.token.cancel_query(self.tls).await;
    }
}
