//! The task that moves a pooled connection's bytes.

use std::future::poll_fn;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::Connection;

use crate::backend::task::Task;

/// Moves a connection's bytes until the server ends it, or the task is dropped, which closes the socket at once.
///
/// diesel-async's own task also tells every statement why the connection broke, and passes LISTEN's notifications
/// on. Each costs every message; what a statement is told by the driver itself is enough to know that its connection
/// is gone, and LISTEN belongs on a connection of its own.
pub(super) fn drive<S, T>(mut connection: Connection<S, T>) -> Task
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Task::spawn(poll_fn(move |context| {
        // Notices, notifications and changed parameters concern nobody here.
        while let Some(Ok(_)) = ready!(connection.poll_message(context)) {}
        Poll::Ready(())
    }))
}
