//! The task that moves a pooled connection's bytes.

use std::future::poll_fn;
use std::task::ready;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio_postgres::Connection;

/// Moves a connection's bytes until it is dropped, which closes the socket at once.
///
/// diesel-async's own task also tells every statement why the connection broke, and passes LISTEN's notifications
/// on. Each costs every message; what a statement is told by the driver itself is enough to know that its connection
/// is gone, and LISTEN belongs on a connection of its own.
pub(super) struct Driver(AbortHandle);

impl Driver {
    pub(super) fn spawn<S, T>(mut connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let driving = tokio::spawn(poll_fn(move |context| {
            // Notices, notifications and changed parameters concern nobody here.
            while let Some(Ok(_)) = ready!(connection.poll_message(context)) {}
            std::task::Poll::Ready(())
        }));
        Self(driving.abort_handle())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
