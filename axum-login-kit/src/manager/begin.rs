//! How a session begins.

use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::{LoginManager, Manager};
use crate::error::Error;
use crate::session::{self, NewSession, SessionKey, Token};
use crate::user::AuthUser;

/// What a login is asked to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginOptions {
    pub(crate) remember: bool,
    pub(crate) fresh: bool,
    pub(crate) duration: Option<Duration>,
}

impl<U: AuthUser> Manager<U> {
    /// A session for `user`, and the token that is its key.
    pub(super) fn new_session(
        &self,
        user: &U,
        options: LoginOptions,
    ) -> Result<(Token, NewSession), Error> {
        let now = session::now();
        let token = Token::generate()?;
        let new = NewSession {
            key: self.key(&token),
            auth_tag: session::auth_tag(&self.keys, user),
            created_at: now,
            authenticated_at: options.fresh.then_some(now),
            expires_at: later(now, self.duration(options)),
            remembered: options.remember,
            user_agent: None,
            ip: None,
        };
        Ok((token, new))
    }

    /// How long such a session lasts at most.
    pub(super) fn duration(&self, options: LoginOptions) -> Duration {
        options.duration.unwrap_or(if options.remember {
            self.settings.remember_duration
        } else {
            self.settings.session_duration
        })
    }

    pub(super) fn key(&self, token: &Token) -> SessionKey {
        SessionKey {
            realm: self.settings.realm.clone(),
            token_hash: token.hash(),
        }
    }
}

impl<U: AuthUser> LoginManager<U> {
    /// Begins a session outside a request; the header that presents it, under both names of its cookie.
    pub(crate) async fn begin_session(&self, user: &U) -> Result<HeaderValue, Error> {
        let manager = &*self.0;
        let options = LoginOptions {
            remember: false,
            fresh: true,
            duration: None,
        };
        let (token, new) = manager.new_session(user, options)?;
        manager.sessions.open().insert(new, user.id()).await?;
        let names =
            [true, false].map(|secure| session::cookie_name(&manager.settings.realm, secure));
        let text = token.text();
        let cookies = names
            .map(|name| format!("{name}={}", text.as_str()))
            .join("; ");
        let mut header = HeaderValue::from_str(&cookies)
            .map_err(|_| Error::internal("the name of a cookie does not fit into a header"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// `duration` after `now`, or the end of the year 9999, the last that every database can store.
fn later(now: NaiveDateTime, duration: Duration) -> NaiveDateTime {
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).map(NaiveDateTime::from);
    let end = TimeDelta::from_std(duration)
        .ok()
        .and_then(|duration| now.checked_add_signed(duration));
    match (end, last) {
        (Some(end), Some(last)) => end.min(last),
        (Some(end), None) => end,
        (None, last) => last.unwrap_or(now),
    }
}
