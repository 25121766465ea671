//! The task that goes with a connection over the network.

use std::future::Future;
use std::sync::Arc;

use tokio::task::AbortHandle;

/// A task that ends when the last of its handles is dropped; before that, its end tells that the connection has ended,
/// or the runtime that drives it.
#[derive(Clone)]
pub(super) struct Task(Arc<Handle>);

struct Handle(AbortHandle);

impl Task {
    pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Arc::new(Handle(tokio::spawn(task).abort_handle())))
    }

    /// Ends it now.
    #[cfg(feature = "postgres")]
    pub(super) fn end(&self) {
        self.0.0.abort();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.0.0.is_finished()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.abort();
    }
}
