//! The time by which a session must be done with its database.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::handle::{Bind, Db};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};

/// When a session's time is up, if ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

/// The deadline came before the end of the work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passed;

impl Deadline {
    /// So much time from now.
    pub(super) fn after(limit: Duration) -> Self {
        // More than the clock can tell is for ever.
        Self(Instant::now().checked_add(limit))
    }

    /// The moment, if there is one.
    pub(super) fn moment(self) -> Option<Instant> {
        self.0
    }

    /// Whether the time is up.
    pub(super) fn has_passed(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }

    /// Does `work`, until the time is up.
    pub(crate) fn cover<F: Future>(self, work: F) -> Covered<F> {
        Covered {
            work,
            until: self.0.map(|at| Box::pin(sleep_until(at))),
        }
    }
}

pin_project! {
    /// The future of [`Deadline::cover`]: no `async fn`, which would have room for its work twice.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Covered<F> {
        #[pin]
        work: F,
        until: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future> Future for Covered<F> {
    type Output = Result<F::Output, Passed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.work.poll(context) {
            return Poll::Ready(Ok(output));
        }
        match this.until {
            Some(until) => until.as_mut().poll(context).map(|()| Err(Passed)),
            None => Poll::Pending,
        }
    }
}

impl From<Passed> for Error {
    fn from(_: Passed) -> Self {
        Self::new(
            ErrorKind::Deadline,
            "the request's deadline passed, so its transaction was rolled back; make its statements faster, or give it more time \
             (with_deadline)",
        )
    }
}

impl<B: Backend, K: Bind> Db<B, K> {
    /// Gives the session so much time from now on: for scripts and jobs. A request gets it from
    /// [`SessionLayer::with_deadline`](crate::SessionLayer::with_deadline), which says what happens then.
    ///
    /// It holds for all handles of the session, and replaces an earlier deadline.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use axum_db::{Access, ErrorKind};
    /// # use diesel_async::RunQueryDsl;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// let db = database.session().with_deadline(Duration::from_secs(30));
    /// db.begin().await?;
    ///
    /// let late = database.session().with_deadline(Duration::ZERO);
    /// let error = late.begin().await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Deadline);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "the session is what has the deadline"]
    pub fn with_deadline(self, limit: Duration) -> Self {
        self.shared.notes().deadline = Deadline::after(limit);
        self
    }
}
