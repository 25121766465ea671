//! What a request does about its session: logging in and out, confirming.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::LoginOptions;
use super::request::{Began, Current, LoginContext};
use crate::error::{Error, ErrorKind};
use crate::events::{LoginEvent, LoginEventKind};
use crate::session::{self, Session, SessionChange, SessionId, Written};
use crate::user::AuthUser;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

impl<U: AuthUser> LoginContext<U> {
    /// Begins a session for `user` with a new token, in the place of the one presented.
    pub(crate) async fn login(&self, user: &U, options: LoginOptions) -> Result<(), Error> {
        let manager = self.manager();
        let (token, new) = manager.new_session(user, options)?;
        let mut current = self.lock().await;
        let mut new = Session {
            data: self.data_for(&mut current, user).await?,
            fingerprint: self.fingerprint(),
            user_agent: self.client().user_agent(),
            ip: self.client().ip.map(|ip| ip.to_string()),
            ..new
        };
        let max_age = options
            .remember
            .then(|| manager.settings.remember.max_age(manager.duration(options)));
        let fresh_mark = new
            .authenticated_at
            .map(|at| session::fresh_mark(&manager.keys, &new.id, at));
        // In this order: whatever fails, one whole session is left, and its cookie is the one the browser has.
        let mut inserted = self.sessions.insert(manager.realm(), &new).await;
        if let Err(error) = &inserted
            && error.kind() == ErrorKind::TooLarge
            && new.data.take().is_some()
        {
            tracing::warn!(%error, "the data of a visitor was not kept at login");
            inserted = self.sessions.insert(manager.realm(), &new).await;
        }
        let value = match inserted? {
            Written::InCookie(value) => Zeroizing::new(value),
            Written::Stored | Written::Nothing => token.text(),
        };
        let replaced = self.ending(&mut current);
        for id in &replaced {
            self.delete(id).await?;
        }
        let mut presented = vec![value.to_string()];
        if !self.sessions.is_in_cookie() {
            // They have ended with this, unless it is rolled back.
            presented.extend_from_slice(self.presented(&mut current));
        }
        current.presented = Some(presented);
        current.session = None;
        current.began = Some(Began {
            cookie: value.to_string(),
            fresh: options.fresh,
        });
        self.state().mark_private();
        let event = self.event(LoginEventKind::LoggedIn, Some(user.id()), Some(new.id));
        self.tell(event, replaced);
        let cookies = self.cookies.clone();
        self.on_finish(Box::new(move |committed, headers| {
            if !committed {
                return;
            }
            cookies.set(headers, &value, max_age);
            cookies.remove_state(headers);
            cookies.remove_visitor(headers);
            match fresh_mark.filter(|_| max_age.is_some()) {
                Some(mark) => cookies.set_fresh_mark(headers, &mark),
                None => cookies.remove_fresh_mark(headers),
            }
        }));
        Ok(())
    }

    /// Ends the sessions presented, if there are any, and says whether there were.
    pub(crate) async fn logout(&self) -> Result<bool, Error> {
        let mut current = self.lock().await;
        let known = current.session.clone().flatten();
        let mut ended = None;
        for id in self.ending(&mut current) {
            if self.delete(&id).await? {
                ended = Some(id);
            }
        }
        current.presented = Some(Vec::new());
        current.session = Some(None);
        current.began = None;
        current.visitor = Some(None);
        self.state().mark_private();
        let stored = known.as_ref().and_then(|session| session.stored.as_ref());
        let has_ended = ended.is_some();
        let clears = has_ended && self.manager().settings.clear_site_data;
        if let Some(id) = ended {
            let id = stored.map_or(id, |session| session.id.clone());
            let user_id = stored.map(|session| session.user_id.clone());
            let event = self.event(LoginEventKind::LoggedOut, user_id, Some(id.clone()));
            self.tell(event, vec![id]);
        }
        let cookies = self.cookies.clone();
        self.on_finish(Box::new(move |committed, headers| {
            if !committed {
                return;
            }
            cookies.remove(headers);
            cookies.remove_visitor(headers);
            if clears {
                let what = HeaderValue::from_static("\"cache\", \"storage\"");
                headers.insert(CLEAR_SITE_DATA, what);
            }
        }));
        Ok(has_ended)
    }

    /// Tells those who listen, and the streams of sessions that have ended with it, once it is committed.
    pub(super) fn tell(&self, event: LoginEvent<U>, ended: Vec<SessionId>) {
        let manager = Arc::clone(self.manager());
        self.after_commit(move || {
            ended.iter().for_each(|id| manager.waiting.wake(id));
            manager.emit(&event);
        });
    }

    /// What a login or logout ends: the session that counts now, and the one that the browser presented, which is another
    /// one where a login before this was rolled back.
    fn ending(&self, current: &mut Current<U>) -> Vec<SessionId> {
        let counting = self.presented(current).iter().map(String::as_str);
        let mut ids: Vec<SessionId> = counting.map(SessionId::of_token).collect();
        for presented in self.cookies.presented().filter(|value| self.may_be(value)) {
            let id = SessionId::of_token(presented);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// Makes the current session fresh; false when there is none.
    pub(crate) async fn confirm(&self) -> Result<bool, Error> {
        let mut current = self.lock().await;
        let Some(session) = self.load_into(&mut current).await? else {
            return Ok(false);
        };
        let Some(stored) = &session.stored else {
            return Ok(false);
        };
        let now = self.manager().now();
        let change = SessionChange {
            authenticated_at: Some(now),
            last_seen_at: Some(now),
            fingerprint: self.fingerprint(),
            ..SessionChange::default()
        };
        if !self.write_state(stored, &change, now).await? {
            current.session = Some(None);
            return Ok(false);
        }
        let event = self.event(
            LoginEventKind::Confirmed,
            Some(stored.user_id.clone()),
            Some(stored.id.clone()),
        );
        let mark = stored
            .remembered
            .then(|| session::fresh_mark(&self.manager().keys, &stored.id, now));
        self.tell(event, Vec::new());
        if let Some(mark) = mark {
            let cookies = self.cookies.clone();
            self.on_finish(Box::new(move |committed, headers| {
                if committed {
                    cookies.set_fresh_mark(headers, &mark);
                }
            }));
        }
        current.session = Some(Some(session.changed(&change)));
        Ok(true)
    }
}
