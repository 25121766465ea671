//! The future of a request within its session.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;

use super::deadline::Deadline;
use super::handle::Shared;
use crate::backend::Backend;

pin_project! {
    /// Runs the inner service, then ends the unit of work, then answers.
    ///
    /// # Cancellation
    /// Dropped before it is ready, it rolls the unit of work back in the background.
    #[must_use = "futures do nothing unless polled"]
    pub struct SessionFuture<F, B: Backend> {
        #[pin]
        inner: Option<F>,
        finishing: Option<BoxFuture<'static, Response>>,
        // Present until the unit of work has ended.
        shared: Option<Arc<Shared<B>>>,
    }

    impl<F, B: Backend> PinnedDrop for SessionFuture<F, B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // The handler goes first: it may hold the session's lock.
            this.inner.set(None);
            *this.finishing = None;
            if let Some(shared) = this.shared.take() {
                shared.abandon("the request was dropped");
            }
        }
    }
}

impl<F, B: Backend> SessionFuture<F, B> {
    pub(super) fn new(inner: F, shared: Option<Arc<Shared<B>>>) -> Self {
        Self {
            inner: Some(inner),
            finishing: None,
            shared,
        }
    }
}

impl<F, B, R, E> Future for SessionFuture<F, B>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
    B: Backend,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(inner) = this.inner.as_mut().as_pin_mut() {
            let outcome = ready!(inner.poll(context));
            this.inner.set(None);
            let response = match outcome {
                Ok(response) => response.into_response(),
                // Dropping this future rolls back.
                Err(error) => return Poll::Ready(Err(error)),
            };
            let Some(shared) = this.shared.as_ref() else {
                return Poll::Ready(Ok(response));
            };
            match shared.finish_at_once(response) {
                ControlFlow::Break(response) => {
                    end(this.shared);
                    return Poll::Ready(Ok(response));
                }
                ControlFlow::Continue(response) => {
                    let shared = shared.clone();
                    *this.finishing = Some(Box::pin(async move { shared.finish(response).await }));
                }
            }
        }
        match this.finishing {
            Some(finishing) => {
                let response = ready!(finishing.as_mut().poll(context));
                *this.finishing = None;
                end(this.shared);
                Poll::Ready(Ok(response))
            }
            // Polled after it was ready.
            None => Poll::Pending,
        }
    }
}

/// The request is over, and so is its time: what its handles do from now on is a unit of work of its own.
fn end<B: Backend>(shared: &mut Option<Arc<Shared<B>>>) {
    if let Some(shared) = shared.take() {
        shared.notes().deadline = Deadline::default();
    }
}
