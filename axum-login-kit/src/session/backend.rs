//! Where sessions are kept, as the rest of the crate sees it, and as an application may provide it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::{Extensions, HeaderMap};
use chrono::NaiveDateTime;

use super::presented::{Presented, Written};
use super::record::{Session, SessionChange, SessionId};
use crate::error::Error;
use crate::keys::SealingKeys;
use crate::user::AuthUser;

/// A place where sessions are kept: [`DbSessions`](crate::DbSessions) unless
/// [`LoginManagerBuilder::sessions`](crate::LoginManagerBuilder::sessions) names another one.
///
/// The kit decides whether a session stands: its time, its user and the binding to the password are checked after
/// [`find`](Self::find). A backend only keeps sessions, and by three rules:
///
/// - **It never brings a session back.** [`update`](Self::update) changes what is there and inserts nothing, however
///   late it comes: a logout would be undone by the slow request beside it.
/// - **The realm counts as much as the id**: a session of one manager is unknown in another one.
/// - **One change of the data wins**: of two updates from the same [`DataChange::from`](crate::DataChange::from) one
///   gets [`Written::Nothing`].
///
/// [`testing::check_backend`](crate::testing::check_backend) checks them.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// use axum_login_kit::{AuthUser, Error, Presented, Session, SessionBackend, SessionChange, SessionId, Written};
/// use chrono::NaiveDateTime;
///
/// /// Sessions in a store of keys and texts, such as Redis; here in a map.
/// #[derive(Default)]
/// struct KeyValueSessions(Mutex<HashMap<(String, SessionId), String>>);
///
/// fn read<I: serde::de::DeserializeOwned>(json: &str) -> Result<Session<I>, Error> {
///     serde_json::from_str(json).map_err(Error::backend)
/// }
///
/// #[async_trait::async_trait]
/// impl<U> SessionBackend<U> for KeyValueSessions
/// where
///     U: AuthUser<Id: serde::Serialize + serde::de::DeserializeOwned>,
/// {
///     async fn find(&self, realm: &str, presented: &Presented<'_>) -> Result<Option<(Session<U::Id>, Option<U>)>, Error> {
///         let map = self.0.lock().unwrap();
///         let found = map.get(&(realm.to_owned(), presented.id().clone()));
///         found.map(|json| Ok((read(json)?, None))).transpose() // the kit loads the user
///     }
///
///     async fn insert(&self, realm: &str, session: &Session<U::Id>) -> Result<Written, Error> {
///         let json = serde_json::to_string(session).map_err(Error::backend)?;
///         self.0.lock().unwrap().insert((realm.to_owned(), session.id.clone()), json);
///         Ok(Written::Stored)
///     }
///
///     async fn update(&self, realm: &str, session: &Session<U::Id>, change: &SessionChange) -> Result<Written, Error> {
///         let mut map = self.0.lock().unwrap(); // in Redis: WATCH, or a script
///         let Some(json) = map.get_mut(&(realm.to_owned(), session.id.clone())) else {
///             return Ok(Written::Nothing);
///         };
///         let mut session: Session<U::Id> = read(json)?;
///         if !change.apply(&mut session) {
///             return Ok(Written::Nothing);
///         }
///         *json = serde_json::to_string(&session).map_err(Error::backend)?;
///         Ok(Written::Stored)
///     }
///
///     async fn delete(&self, realm: &str, id: &SessionId, of: Option<&U::Id>) -> Result<bool, Error> {
///         let key = (realm.to_owned(), id.clone());
///         let mut map = self.0.lock().unwrap();
///         let Some(json) = map.get(&key) else { return Ok(false) };
///         let is_theirs = match of {
///             Some(user) => read::<U::Id>(json)?.user_id == *user,
///             None => true,
///         };
///         Ok(is_theirs && map.remove(&key).is_some())
///     }
///
///     async fn list(&self, realm: &str, user: &U::Id) -> Result<Vec<Session<U::Id>>, Error> {
///         let map = self.0.lock().unwrap();
///         let sessions = map.iter().filter(|((of, _), _)| of == realm).map(|(_, json)| read::<U::Id>(json));
///         let theirs = sessions.filter(|session| session.as_ref().map_or(true, |session| session.user_id == *user));
///         theirs.collect()
///     }
///
///     async fn delete_expired(&self, _realm: &str, _now: NaiveDateTime, _limit: u32) -> Result<u64, Error> {
///         Ok(0) // such a store has an expiry of its own
///     }
/// #   // The rest is what the trait provides.
/// }
///
/// # use axum_login_kit::testing::check_backend;
/// # #[derive(AuthUser)]
/// # #[auth(no_password)]
/// # struct User { id: i32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // In its tests; it asserts every rule.
/// check_backend::<User, _>(async || (KeyValueSessions::default(), [1, 2])).await;
/// # }
/// ```
#[async_trait]
pub trait SessionBackend<U: AuthUser>: Send + Sync + 'static {
    /// The same sessions within the unit of work of a request, whose extensions these are. Default: `None`, which
    /// means that this backend serves every request as it is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::http::Extensions;
    ///
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// assert!(sessions.bind(&Extensions::new())?.is_none()); // no request needs anything of its own
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When what it needs is missing from the request: the router lacks a layer.
    fn bind(&self, request: &Extensions) -> Result<Option<Arc<dyn SessionBackend<U>>>, Error> {
        let _ = request;
        Ok(None)
    }

    /// Called once, when the manager is built, with keys derived from its secret: for backends that leave something
    /// in a cookie. Default: nothing.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Default)]
    /// struct Sealed {
    ///     keys: Option<SealingKeys>,
    /// }
    ///
    /// #[async_trait::async_trait]
    /// impl SessionBackend<User> for Sealed {
    ///     fn set_up(&mut self, keys: SealingKeys) {
    ///         self.keys = Some(keys);
    ///     }
    ///
    ///     async fn insert(&self, _: &str, session: &Session<i32>) -> Result<Written, Error> {
    ///         let keys = self.keys.as_ref().expect("the manager has called `set_up`");
    ///         let json = serde_json::to_string(session).map_err(Error::backend)?;
    ///         Ok(Written::InCookie(keys.seal("my backend", json)))
    ///     }
    /// #     async fn find(&self, _: &str, _: &Presented<'_>) -> Result<Option<(Session<i32>, Option<User>)>, Error> {
    /// #         Ok(None)
    /// #     }
    /// #     async fn update(&self, _: &str, _: &Session<i32>, _: &SessionChange) -> Result<Written, Error> {
    /// #         Ok(Written::Nothing)
    /// #     }
    /// #     async fn delete(&self, _: &str, _: &SessionId, _: Option<&i32>) -> Result<bool, Error> { Ok(false) }
    /// #     async fn list(&self, _: &str, _: &i32) -> Result<Vec<Session<i32>>, Error> { Ok(Vec::new()) }
    /// #     async fn delete_expired(&self, _: &str, _: chrono::NaiveDateTime, _: u32) -> Result<u64, Error> { Ok(0) }
    ///     // …
    /// }
    ///
    /// let login = manager().sessions(Sealed::default()).build()?;
    /// let cookies = login_as(&login, &ada()).await?;
    /// assert!(!cookies.to_str()?.contains("user_id")); // nobody reads it
    /// # Ok(())
    /// # }
    /// ```
    fn set_up(&mut self, keys: SealingKeys) {
        drop(keys);
    }

    /// Whether the cookie holds the session itself, and not only its token. Default: `false`, and
    /// [`find`](Self::find) is then asked for well-formed tokens only.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (cookies, memory) = (CookieSessions::new(), MemorySessions::new());
    /// assert!(SessionBackend::<User>::is_in_cookie(&cookies));
    /// assert!(!SessionBackend::<User>::is_in_cookie(&memory));
    /// # Ok(())
    /// # }
    /// ```
    fn is_in_cookie(&self) -> bool {
        false
    }

    /// The session presented, if it is known, whether its time is up or not, and its user where both can be had at
    /// once. Its [`user_agent`](Session::user_agent) and [`ip`](Session::ip) may be left out.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// sessions.insert("user", &session).await?;
    /// let (found, user) = sessions.find("user", &Presented::new("token")).await?.unwrap();
    /// assert_eq!(found, session);
    /// assert!(user.is_none()); // the kit loads the user
    /// assert!(sessions.find("user", &Presented::new("a guess")).await?.is_none());
    /// assert!(sessions.find("admin", &Presented::new("token")).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached; a session that is not there is no error.
    async fn find(
        &self,
        realm: &str,
        presented: &Presented<'_>,
    ) -> Result<Option<(Session<U::Id>, Option<U>)>, Error>;

    /// Keeps a session that begins.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// assert_eq!(sessions.insert("user", &session).await?, Written::Stored);
    /// assert!(sessions.find("user", &Presented::new("token")).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached, or does not take the session.
    async fn insert(&self, realm: &str, session: &Session<U::Id>) -> Result<Written, Error>;

    /// Changes a session that is there, as it was found in this request: [`Written::Nothing`] when it has ended
    /// meanwhile, or its data is not what the change begins from.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// sessions.insert("user", &session).await?;
    /// let mut change = SessionChange::default();
    /// change.last_seen_at = Some(now + chrono::TimeDelta::minutes(10));
    /// assert_eq!(sessions.update("user", &session, &change).await?, Written::Stored);
    /// sessions.delete("user", &session.id, None).await?; // a logout, and beside it a slow request:
    /// assert_eq!(sessions.update("user", &session, &change).await?, Written::Nothing);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn update(
        &self,
        realm: &str,
        session: &Session<U::Id>,
        change: &SessionChange,
    ) -> Result<Written, Error>;

    /// Ends a session, if it is this user's; whosever it is, for `None`. Whether there was one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// sessions.insert("user", &session).await?; // of user 1
    /// assert!(!sessions.delete("user", &session.id, Some(&2)).await?);
    /// assert!(sessions.delete("user", &session.id, Some(&1)).await?);
    /// assert!(!sessions.delete("user", &session.id, None).await?); // it has ended
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn delete(&self, realm: &str, id: &SessionId, of: Option<&U::Id>) -> Result<bool, Error>;

    /// The sessions of a user, whether their time is up or not.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// sessions.insert("user", &session).await?; // of user 1
    /// assert_eq!(sessions.list("user", &1).await?, [session]);
    /// assert_eq!(sessions.list("user", &2).await?, []);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached, or keeps no list.
    async fn list(&self, realm: &str, user: &U::Id) -> Result<Vec<Session<U::Id>>, Error>;

    /// Binds the sessions of a user anew whose [`auth_tag`](Session::auth_tag) is `from`: the password was hashed anew and is
    /// the same. Default: nothing, and they end.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// # let mut session = session;
    /// session.auth_tag = "of the old hash".into();
    /// sessions.insert("user", &session).await?;
    /// sessions.rebind("user", &1, "of the old hash", "of the new hash").await?;
    /// assert_eq!(sessions.list("user", &1).await?[0].auth_tag, "of the new hash");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn rebind(&self, realm: &str, user: &U::Id, from: &str, to: &str) -> Result<(), Error> {
        let _ = (realm, user, from, to);
        Ok(())
    }

    /// Ends all sessions of a user but one, and returns how many there were. Default: by [`list`](Self::list) and
    /// [`delete`](Self::delete).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// for token in ["here", "there", "elsewhere"] {
    ///     sessions.insert("user", &Session::new(SessionId::of_token(token), 1, now, now)).await?;
    /// }
    /// assert_eq!(sessions.delete_all("user", &1, Some(&SessionId::of_token("here"))).await?, 2);
    /// assert_eq!(sessions.delete_all("user", &1, None).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached, or keeps no list.
    async fn delete_all(
        &self,
        realm: &str,
        user: &U::Id,
        except: Option<&SessionId>,
    ) -> Result<u64, Error> {
        let mut ended = 0;
        for session in self.list(realm, user).await? {
            if except != Some(&session.id) {
                ended += u64::from(self.delete(realm, &session.id, Some(user)).await?);
            }
        }
        Ok(ended)
    }

    /// Deletes up to `limit` sessions whose [`expires_at`](Session::expires_at) is not after `now`, and returns how
    /// many there were; it is called again until there are fewer than that.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = chrono::NaiveDateTime::default();
    /// # let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// sessions.insert("user", &session).await?;
    /// let ends = session.expires_at;
    /// assert_eq!(sessions.delete_expired("user", ends - chrono::TimeDelta::seconds(1), 1_000).await?, 0);
    /// assert_eq!(sessions.delete_expired("user", ends, 1_000).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn delete_expired(
        &self,
        realm: &str,
        now: NaiveDateTime,
        limit: u32,
    ) -> Result<u64, Error>;

    /// Gives back what the request holds of a shared resource, such as a pooled connection, before a password is
    /// hashed. Default: nothing.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// assert!(sessions.release().await.is_ok()); // it holds nothing
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn release(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Runs the hook at the end of the request's unit of work. Default: gives it back, and it runs when the response
    /// is ready, as for a unit of work that was committed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::http::HeaderMap;
    ///
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// let hook = sessions.on_finish(Box::new(|committed, headers| {
    ///     if committed {
    ///         headers.insert("set-cookie", "session=abc".parse().unwrap());
    ///     }
    /// }));
    /// let mut headers = HeaderMap::new();
    /// hook.expect("given back, to run when the response is ready")(true, &mut headers);
    /// assert!(headers.contains_key("set-cookie"));
    /// # Ok(())
    /// # }
    /// ```
    fn on_finish(&self, hook: FinishHook) -> Option<FinishHook> {
        Some(hook)
    }

    /// Runs the hook once what the request has written is committed, and drops it if that is rolled back: a mail is sent
    /// then, and a listener told, whether the response can still be sent or not. Default: gives it back, and it runs at
    /// once, as where every write stands by itself.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions: &dyn SessionBackend<User> = &MemorySessions::new();
    /// let (told, heard) = std::sync::mpsc::channel();
    /// let hook = sessions.after_commit(Box::new(move || drop(told.send("logged in"))));
    /// hook.expect("given back, as nothing is to be waited for")();
    /// assert_eq!(heard.recv()?, "logged in");
    /// # Ok(())
    /// # }
    /// ```
    fn after_commit(&self, hook: CommitHook) -> Option<CommitHook> {
        Some(hook)
    }
}

/// What runs once a transaction is committed.
///
/// ```
/// use axum_login_kit::CommitHook;
///
/// let (told, heard) = std::sync::mpsc::channel();
/// let hook: CommitHook = Box::new(move || drop(told.send("logged in")));
/// hook();
/// assert_eq!(heard.recv(), Ok("logged in"));
/// ```
pub type CommitHook = Box<dyn FnOnce() + Send>;

/// What runs at the end of a unit of work: whether what was written until then stands, and the response's headers.
///
/// ```
/// use axum::http::HeaderMap;
/// use axum_login_kit::FinishHook;
///
/// let hook: FinishHook = Box::new(|committed, headers: &mut HeaderMap| {
///     if committed {
///         headers.insert("set-cookie", "session=abc".parse().unwrap());
///     }
/// });
/// let mut headers = HeaderMap::new();
/// hook(false, &mut headers); // rolled back: the browser keeps what it has
/// assert!(headers.is_empty());
/// ```
pub type FinishHook = Box<dyn FnOnce(bool, &mut HeaderMap) + Send>;
