//! The sessions of a user, on all devices.

use std::sync::Arc;

use chrono::NaiveDateTime;
use serde::Serialize;

use super::request::LoginContext;
use crate::error::Error;
use crate::events::LoginEventKind;
use crate::session::{Session, SessionId};
use crate::user::AuthUser;

/// A session of the user, for a page of devices; from [`Auth::sessions`](crate::Auth::sessions).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let devices = async |auth: Auth<User>| -> Result<axum::Json<Vec<SessionInfo>>, Error> {
///     Ok(axum::Json(auth.sessions().await?))
/// };
/// let ada = browser(&login, Router::new().route("/devices", get(devices))).await;
/// let page = ada.get("/devices").await;
/// page.assert_shows(r#""is_current":true"#);
/// page.assert_shows(r#""remembered":false"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionInfo {
    /// What [`Auth::revoke`](crate::Auth::revoke) takes.
    pub id: SessionId,
    /// Whether it is the session of this request.
    pub is_current: bool,
    /// When it began, in UTC.
    #[serde(serialize_with = "as_text")]
    pub created_at: NaiveDateTime,
    /// When it was last used, to within minutes.
    #[serde(serialize_with = "as_text")]
    pub last_seen_at: NaiveDateTime,
    /// When it ends at the latest.
    #[serde(serialize_with = "as_text")]
    pub expires_at: NaiveDateTime,
    /// Whether it outlasts the browser.
    pub remembered: bool,
    /// The `User-Agent` it began with.
    pub user_agent: Option<String>,
    /// The address it began from.
    pub ip: Option<String>,
}

fn as_text<S: serde::Serializer>(time: &NaiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%Y-%m-%dT%H:%M:%S"))
}

impl SessionInfo {
    fn of<I>(session: Session<I>, current: Option<&SessionId>) -> Self {
        SessionInfo {
            is_current: Some(&session.id) == current,
            id: session.id,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            remembered: session.remembered,
            user_agent: session.user_agent,
            ip: session.ip,
        }
    }
}

impl<U: AuthUser> LoginContext<U> {
    /// The user's sessions that stand, the one last used first.
    pub(crate) async fn list(&self) -> Result<Vec<SessionInfo>, Error> {
        let Some((user, current)) = self.user_and_session().await? else {
            return Ok(Vec::new());
        };
        let manager = self.manager();
        let now = manager.now();
        let mut sessions = self.sessions.list(manager.realm(), &user.id()).await?;
        sessions.retain(|session| manager.stands(session, &user, now));
        sessions
            .sort_by_key(|session| std::cmp::Reverse((session.last_seen_at, session.created_at)));
        let infos = sessions.into_iter();
        Ok(infos
            .map(|session| SessionInfo::of(session, current.as_ref()))
            .collect())
    }

    /// Ends one of the user's sessions.
    pub(crate) async fn revoke(&self, id: &SessionId) -> Result<bool, Error> {
        let Some((user, current)) = self.user_and_session().await? else {
            return Ok(false);
        };
        if Some(id) == current.as_ref() {
            self.logout().await?;
            return Ok(true);
        }
        let realm = self.manager().realm();
        let ended = self.sessions.delete(realm, id, Some(&user.id())).await?;
        if ended {
            let event = self.event(LoginEventKind::Revoked, Some(user.id()), Some(id.clone()));
            self.tell(event, vec![id.clone()]);
        }
        Ok(ended)
    }

    /// Ends all sessions of the current user but this one.
    pub(crate) async fn logout_others(&self) -> Result<u64, Error> {
        match self.user_and_session().await? {
            Some((user, current)) => self.end_all(&user.id(), current.as_ref()).await,
            None => Ok(0),
        }
    }

    /// Ends all sessions of the current user.
    pub(crate) async fn logout_everywhere(&self) -> Result<u64, Error> {
        let Some((user, current)) = self.user_and_session().await? else {
            return Ok(0);
        };
        let others = self.end_all(&user.id(), current.as_ref()).await?;
        Ok(others + u64::from(self.logout().await?))
    }

    /// Ends all sessions of a user but one, and returns how many there were.
    pub(crate) async fn end_all(
        &self,
        user_id: &U::Id,
        except: Option<&SessionId>,
    ) -> Result<u64, Error> {
        let realm = self.manager().realm();
        let ended = self.sessions.delete_all(realm, user_id, except).await?;
        let event = self.event(LoginEventKind::Revoked, Some(user_id.clone()), None);
        let (manager, user_id) = (Arc::clone(self.manager()), user_id.clone());
        self.after_commit(move || {
            manager.waiting.wake_all(&user_id);
            manager.emit(&event);
        });
        Ok(ended)
    }

    async fn user_and_session(&self) -> Result<Option<(Arc<U>, Option<SessionId>)>, Error> {
        Ok(self.current().await?.map(|session| {
            let id = session.stored.as_ref().map(|session| session.id.clone());
            (Arc::clone(&session.user), id)
        }))
    }
}
