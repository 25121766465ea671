//! Sessions in the browser's cookies.

use std::fmt;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::backend::SessionBackend;
use super::presented::{Presented, Written};
use super::record::{Session, SessionChange, SessionId};
use crate::error::Error;
use crate::keys::SealingKeys;
use crate::user::AuthUser;

/// What a cookie may hold, so that it stays below a browser's 4,096 bytes with its name and attributes.
const MAX_BYTES: usize = 3_800;

/// Sessions in encrypted cookies, without a table: a request that asks for its user loads the user and nothing else.
///
/// What is not stored cannot be ended from elsewhere. A logout removes the cookies from the browser; a copy that
/// somebody took before works until the session's time is up, or the user's password or
/// [`session_epoch`](AuthUser::session_epoch) changes, which ends **all** sessions of the user at once. So
/// [`Auth::sessions`](crate::Auth::sessions), [`Auth::revoke`](crate::Auth::revoke),
/// [`Auth::logout_others`](crate::Auth::logout_others) and [`Auth::logout_everywhere`](crate::Auth::logout_everywhere)
/// are [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported); raise the epoch instead. Choose it where that
/// is acceptable; [`DbSessions`](crate::DbSessions) are as fast, since they come with the user in one query.
///
/// What changes during a session is in a second cookie, so that a slow request that ends after a logout does not bring
/// the session back. Of two requests that change [`Auth::data`](crate::Auth::data) at once, the later answer wins.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().sessions(CookieSessions::new()).build()?;
/// let log_out = async |auth: Auth<User>| auth.logout().await;
/// let cookies = login_as(&login, &ada()).await?;
/// let ada = stranger(&login, Router::new().route("/logout", post(log_out))).with_cookies(&cookies);
/// ada.get("/").await.assert_text("ada@example.com");
/// ada.post("/logout").await.assert_status(200);
/// ada.get("/").await.assert_text("nobody");
/// ada.another().with_cookies(&cookies).get("/").await.assert_text("ada@example.com"); // the copy
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct CookieSessions {
    keys: Option<SealingKeys>,
}

/// What the second cookie holds.
#[derive(Serialize, Deserialize)]
struct State<I> {
    session: Session<I>,
}

impl CookieSessions {
    /// Sessions sealed with keys derived from the manager's secret.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().sessions(CookieSessions::new()).build()?;
    /// browser(&login, Router::new()).await.get("/").await.assert_text("ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn seal(&self, purpose: &str, value: &impl Serialize) -> Result<Written, Error> {
        let json = serde_json::to_string(value).map_err(Error::backend)?;
        let sealed = self.keys()?.seal(purpose, json);
        if sealed.len() > MAX_BYTES {
            return Err(Error::too_large(sealed.len(), MAX_BYTES));
        }
        Ok(Written::InCookie(sealed))
    }

    fn unseal<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Result<Option<T>, Error> {
        let json = self.keys()?.unseal(purpose, sealed);
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    fn keys(&self) -> Result<&SealingKeys, Error> {
        self.keys.as_ref().ok_or_else(|| {
            Error::internal("cookie sessions are used without `LoginManagerBuilder::sessions`, which gives them their keys")
        })
    }
}

fn of_session(realm: &str) -> String {
    format!("session of {realm}")
}

fn of_state(realm: &str) -> String {
    format!("state of {realm}")
}

fn unsupported() -> Error {
    Error::unsupported(
        "sessions in cookies cannot be listed, or ended from elsewhere: raise the user's `session_epoch`, which ends \
         all of them, or keep sessions in a table",
    )
}

#[async_trait]
impl<U> SessionBackend<U> for CookieSessions
where
    U: AuthUser<Id: Serialize + DeserializeOwned>,
{
    fn set_up(&mut self, keys: SealingKeys) {
        self.keys = Some(keys);
    }

    fn is_in_cookie(&self) -> bool {
        true
    }

    async fn find(
        &self,
        realm: &str,
        presented: &Presented<'_>,
    ) -> Result<Option<(Session<U::Id>, Option<U>)>, Error> {
        let session = self.unseal::<Session<U::Id>>(&of_session(realm), presented.cookie())?;
        let Some(session) = session else {
            return Ok(None);
        };
        let state = match presented.state() {
            Some(state) => self.unseal::<State<U::Id>>(&of_state(realm), state)?,
            None => None,
        };
        // A state that outlived its session is another session's.
        let state = state.filter(|state| {
            state.session.id == session.id && state.session.user_id == session.user_id
        });
        Ok(Some((state.map_or(session, |state| state.session), None)))
    }

    async fn insert(&self, realm: &str, session: &Session<U::Id>) -> Result<Written, Error> {
        // Nobody lists these: they stay small.
        let session = Session {
            user_agent: None,
            ip: None,
            ..session.clone()
        };
        self.seal(&of_session(realm), &session)
    }

    async fn update(
        &self,
        realm: &str,
        session: &Session<U::Id>,
        change: &SessionChange,
    ) -> Result<Written, Error> {
        let mut session = session.clone();
        if !change.apply(&mut session) {
            return Ok(Written::Nothing);
        }
        self.seal(&of_state(realm), &State { session })
    }

    async fn delete(&self, _: &str, _: &SessionId, of: Option<&U::Id>) -> Result<bool, Error> {
        match of {
            // The kit removes the cookie of the browser that asks for it.
            None => Ok(true),
            Some(_) => Err(unsupported()),
        }
    }

    async fn list(&self, _: &str, _: &U::Id) -> Result<Vec<Session<U::Id>>, Error> {
        Err(unsupported())
    }

    async fn delete_expired(&self, _: &str, _: NaiveDateTime, _: u32) -> Result<u64, Error> {
        Ok(0)
    }
}

impl fmt::Debug for CookieSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieSessions").finish_non_exhaustive()
    }
}
