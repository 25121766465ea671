//! How a request is turned away.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::request::Parts;

use super::request::LoginContext;
use crate::error::Error;
use crate::events::LoginEventKind;
use crate::guard::{Grants, Overrides, Permission};
use crate::unauthorized::{Denial, DenialReason, LoginRejection, original_uri};
use crate::user::AuthUser;

impl<U: AuthUser> LoginContext<U> {
    /// The answer to whoever may not see this, by the settings of the manager and of the guard around the route.
    pub(crate) async fn deny(&self, parts: &Parts, reason: DenialReason) -> LoginRejection {
        let session = match self.current().await {
            Ok(session) => session,
            Err(error) => return LoginRejection::from(error),
        };
        self.state().mark_private();
        let kind = match reason {
            DenialReason::Forbidden => LoginEventKind::Forbidden,
            DenialReason::LoginRequired => LoginEventKind::Unauthorized,
            DenialReason::FreshLoginRequired => LoginEventKind::FreshLoginRequired,
        };
        let stored = session.as_ref().and_then(|session| session.stored.as_ref());
        let user_id = session.as_ref().map(|session| session.user.id());
        self.emit(kind, user_id, stored.map(|session| session.id.clone()));

        let manager = self.manager();
        let settings = &manager.settings;
        let none = Overrides::default();
        let own = parts.extensions.get::<Arc<Overrides<U>>>();
        let own = own.map_or(&none, |own| own);
        let login_url = own.login_url.as_ref().or(settings.login_url.as_ref());
        let message = own.message.as_ref().or(settings.login_message.as_ref());
        // Whoever brings credentials of their own is a program, which no page helps.
        let is_program = match &session {
            Some(session) => session.stored.is_none(),
            None => self.lock().await.refused,
        };
        let (url, message) = match reason {
            _ if is_program => (None, None),
            DenialReason::LoginRequired => (login_url, message),
            DenialReason::FreshLoginRequired => {
                let refresh_url = settings.refresh_url.as_ref();
                let refresh_message = settings.refresh_message.as_ref();
                (
                    own.refresh_url.as_ref().or(refresh_url).or(login_url),
                    refresh_message.or(message),
                )
            }
            DenialReason::Forbidden => (None, None),
        };
        let message = message.map(|(text, category)| {
            let text = match &manager.hooks.localize {
                Some(localize) => localize(text, parts),
                None => text.clone(),
            };
            (text, category.clone())
        });
        let url = url.filter(|url| !is_behind_itself(url, parts));
        let denial = Denial::new(parts, reason, url.map(String::as_str));
        let own_answer = manager.hooks.on_unauthorized.clone();
        let challenge = HeaderValue::from_str(&format!("Session realm=\"{}\"", manager.realm()))
            .unwrap_or(HeaderValue::from_static("Session"));
        LoginRejection::denied(denial, message, self.flash(parts), challenge, own_answer)
    }

    /// The user of the request, if logged in.
    pub(crate) async fn check_login(&self, parts: &Parts) -> Result<Arc<U>, LoginRejection> {
        match self.current().await? {
            Some(session) => Ok(Arc::clone(&session.user)),
            None => Err(self.deny(parts, DenialReason::LoginRequired).await),
        }
    }

    /// The user of the request, if the password was given in this browser session, and no longer ago than that.
    pub(crate) async fn check_fresh(
        &self,
        parts: &Parts,
        within: Option<Duration>,
    ) -> Result<Arc<U>, LoginRejection> {
        let Some(session) = self.current().await? else {
            return Err(self.deny(parts, DenialReason::LoginRequired).await);
        };
        let given = session
            .stored
            .as_ref()
            .and_then(|session| session.authenticated_at);
        let age = given.map(|at| self.manager().now().signed_duration_since(at));
        let is_recent = match (within, age.map(|age| age.to_std())) {
            (None, _) => true,
            (Some(within), Some(Ok(age))) => age <= within,
            // A clock that was set back.
            (Some(_), Some(Err(_))) => true,
            (Some(_), None) => false,
        };
        if session.fresh && is_recent {
            Ok(Arc::clone(&session.user))
        } else {
            Err(self.deny(parts, DenialReason::FreshLoginRequired).await)
        }
    }

    /// The user of the request, if the permission is granted.
    pub(crate) async fn check_permission<P>(&self, parts: &Parts) -> Result<Arc<U>, LoginRejection>
    where
        P: Permission<User = U>,
    {
        let Some(session) = self.current().await? else {
            return Err(self.deny(parts, DenialReason::LoginRequired).await);
        };
        let grants = self.grants(parts, &session.user).await?;
        if P::is_granted(&session.user, &grants) {
            Ok(Arc::clone(&session.user))
        } else {
            Err(self.deny(parts, DenialReason::Forbidden).await)
        }
    }

    /// What the user is granted, loaded at the first call.
    async fn grants(&self, parts: &Parts, user: &Arc<U>) -> Result<Arc<Grants>, Error> {
        if let Some((of, grants)) = &self.lock().await.grants
            && Arc::ptr_eq(of, user)
        {
            return Ok(Arc::clone(grants));
        }
        let grants = match &self.manager().hooks.permissions {
            Some(load) => load(Arc::clone(user), parts.clone()).await?,
            None => Grants::default(),
        };
        let grants = Arc::new(grants);
        self.lock().await.grants = Some((Arc::clone(user), Arc::clone(&grants)));
        Ok(grants)
    }
}

/// Whether the page that someone is to be sent to is the one that turns them away: they would be sent there for ever.
fn is_behind_itself(url: &str, parts: &Parts) -> bool {
    let path = url.split('?').next().unwrap_or_default();
    let is_there = path == original_uri(parts).path();
    if is_there {
        tracing::error!(
            path,
            "the login page is behind a guard itself: add its route after `route_layer`, or with `.public()`"
        );
    }
    is_there
}
