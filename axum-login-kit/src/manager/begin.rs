//! How a session begins.

use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::{LoginManager, Manager};
use crate::error::Error;
use crate::session::{self, Session, SessionId, Token, Written};
use crate::user::AuthUser;

/// What a login is asked to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginOptions {
    pub(crate) remember: bool,
    pub(crate) fresh: bool,
    pub(crate) duration: Option<Duration>,
}

impl Default for LoginOptions {
    fn default() -> Self {
        LoginOptions {
            remember: false,
            fresh: true,
            duration: None,
        }
    }
}

impl<U: AuthUser> Manager<U> {
    /// A session for `user`, and the token that is its key.
    pub(super) fn new_session(
        &self,
        user: &U,
        options: LoginOptions,
    ) -> Result<(Token, Session<U::Id>), Error> {
        let now = self.now();
        let token = Token::generate()?;
        let id = SessionId::of_token(&token.text());
        let new = Session {
            auth_tag: session::auth_tag(&self.keys, user),
            authenticated_at: options.fresh.then_some(now),
            remembered: options.remember,
            ..Session::new(id, user.id(), now, later(now, self.duration(options)))
        };
        Ok((token, new))
    }

    /// How long such a session lasts at most.
    pub(super) fn duration(&self, options: LoginOptions) -> Duration {
        options.duration.unwrap_or(if options.remember {
            self.settings.remember.duration
        } else {
            self.settings.session_duration
        })
    }
}

impl<U: AuthUser> LoginManager<U> {
    /// Begins a session outside a request; the header that presents it, under both names of its cookies.
    pub(crate) async fn begin_session(
        &self,
        user: &U,
        options: LoginOptions,
    ) -> Result<HeaderValue, Error> {
        let manager = &*self.0;
        let (token, new) = manager.new_session(user, options)?;
        let text = token.text();
        let value = match manager.sessions.insert(manager.realm(), &new).await? {
            Written::InCookie(value) => value,
            Written::Stored | Written::Nothing => text.as_str().to_owned(),
        };
        let mark = new
            .authenticated_at
            .map(|at| session::fresh_mark(&manager.keys, &new.id, at));
        let mut cookies = Vec::new();
        for specs in [true, false].map(|secure| manager.cookie_specs(secure)) {
            cookies.push(format!("{}={value}", specs.name(options.remember)));
            if let Some(mark) = mark.as_ref().filter(|_| options.remember) {
                cookies.push(format!("{}={mark}", specs.fresh_name()));
            }
        }
        cookies.dedup();
        let mut header = HeaderValue::from_str(&cookies.join("; "))
            .map_err(|_| Error::internal("the name of a cookie does not fit into a header"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// `duration` after `now`, or the end of the year 9999, the last that every database can store.
pub(super) fn later(now: NaiveDateTime, duration: Duration) -> NaiveDateTime {
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
