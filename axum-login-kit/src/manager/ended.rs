//! The end of a session, for whatever outlives its request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use chrono::NaiveDateTime;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Manager;
use super::request::LoginContext;
use crate::error::Error;
use crate::session::{Presented, SessionId};
use crate::user::AuthUser;

/// How soon it looks again at the earliest.
const LEAST: Duration = Duration::from_millis(10);

/// A future that is ready when a session has ended; from [`Auth::ended`](crate::Auth::ended).
///
/// Dropping it stops the watch.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let watched = Arc::new(Mutex::new(None));
/// let slot = Arc::clone(&watched);
/// let watch = async move |auth: Auth<User>| -> Result<(), Error> {
///     let ended: SessionEnded = auth.ended().await?;
///     *slot.lock().unwrap() = Some(ended); // in earnest it goes with a stream
///     Ok(())
/// };
/// browser(&login, Router::new().route("/watch", get(watch))).await.get("/watch").await.assert_status(200);
///
/// let ended = watched.lock().unwrap().take().unwrap();
/// login.end_sessions_of(&ada().id).await?;
/// assert!(tokio::time::timeout(Duration::from_secs(5), ended).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[must_use = "it tells nothing unless it is awaited"]
#[derive(Debug)]
pub struct SessionEnded(Option<Watch>);

/// The task that looks. A stream is polled only while its client reads: looking must not wait for that, least of all
/// with a pooled connection in hand.
#[derive(Debug)]
struct Watch(JoinHandle<()>);

impl Future for SessionEnded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(watch) => Pin::new(&mut watch.0).poll(context).map(drop),
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Who waits in this process for the end of a session.
pub(crate) struct Waiting<I>(Mutex<Vec<Arc<Waiter<I>>>>);

struct Waiter<I> {
    id: SessionId,
    user_id: I,
    ended: Notify,
}

impl<I: PartialEq> Waiting<I> {
    pub(super) fn new() -> Self {
        Waiting(Mutex::default())
    }

    /// Has those look again who wait for this session.
    pub(super) fn wake(&self, id: &SessionId) {
        let waiters = self.waiters();
        let theirs = waiters.iter().filter(|waiter| waiter.id == *id);
        theirs.for_each(|waiter| waiter.ended.notify_one());
    }

    /// Has those look again who wait for a session of this user.
    pub(super) fn wake_all(&self, user_id: &I) {
        let waiters = self.waiters();
        let theirs = waiters.iter().filter(|waiter| waiter.user_id == *user_id);
        theirs.for_each(|waiter| waiter.ended.notify_one());
    }

    fn waiters(&self) -> MutexGuard<'_, Vec<Arc<Waiter<I>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a waiter off the list.
struct Registered<U: AuthUser> {
    manager: Arc<Manager<U>>,
    waiter: Arc<Waiter<U::Id>>,
}

impl<U: AuthUser> Registered<U> {
    fn new(manager: Arc<Manager<U>>, id: SessionId, user_id: U::Id) -> Self {
        let waiter = Arc::new(Waiter {
            id,
            user_id,
            ended: Notify::new(),
        });
        manager.waiting.waiters().push(Arc::clone(&waiter));
        Registered { manager, waiter }
    }
}

impl<U: AuthUser> Drop for Registered<U> {
    fn drop(&mut self) {
        let mut waiters = self.manager.waiting.waiters();
        waiters.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
    }
}

impl<U: AuthUser> LoginContext<U> {
    /// Ready when the session that counts now has ended, and at once when there is none. It holds nothing of the
    /// request.
    pub(crate) async fn ended(&self) -> Result<SessionEnded, Error> {
        let session = self.current().await?;
        let stored = session.as_ref().and_then(|session| session.stored.as_ref());
        let (Some(session), Some(stored)) = (&session, stored) else {
            return Ok(SessionEnded(None));
        };
        let manager = Arc::clone(self.manager());
        let registered = Registered::new(manager, stored.id.clone(), stored.user_id.clone());
        let cookie = session.cookie.clone();
        let state = self.cookies.state().map(str::to_owned);
        let expires_at = stored.expires_at;
        let watch = tokio::spawn(async move {
            let manager = &*registered.manager;
            let mut expires_at = expires_at;
            loop {
                let look = manager.settings.check_streams_every.max(LEAST);
                let left = expires_at.signed_duration_since(manager.now());
                let wait = left.to_std().unwrap_or_default().min(look);
                let woken = registered.waiter.ended.notified();
                // Whether it was woken or not, it looks again.
                let _ = tokio::time::timeout(wait, woken).await;
                match manager.end_of(&cookie, state.as_deref()).await {
                    Ok(Some(later)) => expires_at = later,
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(%error, "whether a session has ended could not be read");
                        tokio::time::sleep(look).await;
                    }
                }
            }
        });
        Ok(SessionEnded(Some(Watch(watch))))
    }
}

impl<U: AuthUser> Manager<U> {
    /// When the session ends that the cookie presents; `None` if it has.
    async fn end_of(
        &self,
        cookie: &str,
        state: Option<&str>,
    ) -> Result<Option<NaiveDateTime>, Error> {
        let presented = Presented::new(cookie).with_state(state);
        let Some((stored, user)) = self.sessions.find(self.realm(), &presented).await? else {
            return Ok(None);
        };
        let user = match user {
            Some(user) => Some(user),
            None => self.users.load(&stored.user_id).await?,
        };
        let stands = user.is_some_and(|user| self.stands(&stored, &user, self.now()));
        Ok(stands.then_some(stored.expires_at))
    }
}
