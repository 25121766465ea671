//! What one request knows about its visitor.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::header;
use axum::http::request::Parts;
use chrono::TimeDelta;

use super::{LoginOptions, Manager, RequestState};
use crate::error::Error;
use crate::flash::Flash;
use crate::session::{
    self, NewSession, RequestSessions, SessionCookies, SessionKey, StoredSession, Token,
};
use crate::user::AuthUser;

/// How old `last_seen` becomes before it is written again.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// What one manager knows in one request; shared by its extractors, so that the user is loaded once.
pub(super) struct RequestLogin<U: AuthUser> {
    manager: Arc<Manager<U>>,
    state: Arc<RequestState>,
    current: tokio::sync::Mutex<Current<U>>,
}

struct Current<U> {
    /// The token that counts: the one presented, until a login or logout in this request.
    token: Presented,
    /// What it led to, once somebody asked.
    session: Option<Option<Arc<ActiveSession<U>>>>,
}

enum Presented {
    Unread,
    Token(Token),
    Nothing,
}

/// A session that stands, with its user.
pub(crate) struct ActiveSession<U> {
    pub(crate) user: Arc<U>,
    pub(crate) fresh: bool,
    stored: StoredSession,
}

impl<U: AuthUser> RequestLogin<U> {
    pub(super) fn new(manager: Arc<Manager<U>>, state: Arc<RequestState>) -> Self {
        RequestLogin {
            manager,
            state,
            current: tokio::sync::Mutex::new(Current {
                token: Presented::Unread,
                session: None,
            }),
        }
    }
}

/// A manager at work in one request: what the extractors are made of.
pub(crate) struct LoginContext<U: AuthUser> {
    shared: Arc<RequestLogin<U>>,
    sessions: Box<dyn RequestSessions<U>>,
    cookies: SessionCookies,
    user_agent: Option<String>,
    ip: Option<String>,
}

impl<U: AuthUser> LoginContext<U> {
    /// The manager of the request that `parts` belongs to.
    pub(crate) fn of(parts: &Parts) -> Result<Self, Error> {
        let shared = parts.extensions.get::<Arc<RequestLogin<U>>>();
        let shared = shared.cloned().ok_or_else(|| {
            let user = std::any::type_name::<U>();
            Error::missing_layer(format!(
                "there is no login layer for `{user}`: build a `LoginManager::<{user}>` and add \
                 `.layer(login.layer())` to the router, after its routes and before `.layer(database.layer())`"
            ))
        })?;
        let settings = &shared.manager.settings;
        let secure = settings.secure_cookies.for_request(parts);
        let cookies = SessionCookies::read(&settings.realm, secure, &parts.headers);
        Ok(LoginContext {
            sessions: shared.manager.sessions.bind(&parts.extensions)?,
            user_agent: None,
            ip: None,
            cookies,
            shared,
        })
    }

    /// The same, with what a new session notes of its browser.
    pub(crate) fn for_login(parts: &Parts) -> Result<Self, Error> {
        let user_agent = parts.headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(LoginContext {
            user_agent: user_agent.map(|text| text.chars().take(255).collect()),
            ip: address.map(|ConnectInfo(address)| address.ip().to_string()),
            ..Self::of(parts)?
        })
    }

    pub(crate) fn manager(&self) -> &Manager<U> {
        &self.shared.manager
    }

    pub(crate) fn state(&self) -> &Arc<RequestState> {
        &self.shared.state
    }

    /// Gives the request's connection back while no transaction is open.
    pub(crate) async fn release(&self) -> Result<(), Error> {
        self.sessions.release().await
    }

    pub(crate) fn flash(&self, parts: &Parts) -> Flash {
        Flash::open(self.state(), parts)
    }

    /// The session of the request's visitor, loaded at the first call: one query, or none without a cookie.
    pub(crate) async fn current(&self) -> Result<Option<Arc<ActiveSession<U>>>, Error> {
        self.state().mark_consulted();
        let mut current = self.shared.current.lock().await;
        if let Some(session) = &current.session {
            return Ok(session.clone());
        }
        let session = match self.presented(&mut current) {
            Some(token) => self.load(token).await?.map(Arc::new),
            None => None,
        };
        current.session = Some(session.clone());
        if session.is_some() {
            self.state().mark_private();
        }
        Ok(session)
    }

    fn presented<'a>(&self, current: &'a mut Current<U>) -> Option<&'a Token> {
        if let Presented::Unread = current.token {
            current.token = self
                .cookies
                .token()
                .map_or(Presented::Nothing, Presented::Token);
        }
        match &current.token {
            Presented::Token(token) => Some(token),
            Presented::Unread | Presented::Nothing => None,
        }
    }

    async fn load(&self, token: &Token) -> Result<Option<ActiveSession<U>>, Error> {
        let manager = self.manager();
        let now = session::now();
        let key = self.key(token);
        let Some((stored, user)) = self.sessions.find(key, now).await? else {
            return Ok(None);
        };
        let tag = session::auth_tag(&manager.keys, &user);
        let is_bound = session::same(&stored.auth_tag, &tag);
        let idle = now.signed_duration_since(stored.last_seen_at);
        if !is_bound || (!stored.remembered && exceeds(idle, manager.settings.idle_timeout)) {
            tracing::debug!(realm = manager.settings.realm, "a session has ended");
            return Ok(None);
        }
        if idle >= SEEN_EVERY {
            self.sessions.seen(stored.id, now);
        }
        let fresh = stored.authenticated_at.is_some_and(|at| {
            !stored.remembered
                || self
                    .cookies
                    .has_fresh_mark(&session::fresh_mark(&manager.keys, token, at))
        });
        Ok(Some(ActiveSession {
            user: Arc::new(user),
            fresh,
            stored,
        }))
    }

    fn key(&self, token: &Token) -> SessionKey {
        self.manager().key(token)
    }

    /// Begins a session for `user` with a new token, in the place of the one presented.
    pub(crate) async fn login(&self, user: &U, options: LoginOptions) -> Result<(), Error> {
        let manager = self.manager();
        let (token, new) = manager.new_session(user, options)?;
        let new = NewSession {
            user_agent: self.user_agent.clone(),
            ip: self.ip.clone(),
            ..new
        };
        let max_age = options.remember.then(|| manager.duration(options));
        let fresh_mark = new
            .authenticated_at
            .map(|at| session::fresh_mark(&manager.keys, &token, at));
        let mut current = self.shared.current.lock().await;
        // In this order: whatever fails, one whole session is left, and its cookie is the one the browser has.
        self.sessions.insert(new, user.id()).await?;
        if let Some(old) = self.presented(&mut current) {
            self.sessions.delete(self.key(old)).await?;
        }
        let value = token.text();
        current.token = Presented::Token(token);
        current.session = None;
        self.state().mark_private();
        let cookies = self.cookies.clone();
        self.sessions.on_commit(Box::new(move |headers| {
            cookies.set(headers, &value, max_age);
            match fresh_mark.filter(|_| max_age.is_some()) {
                Some(mark) => cookies.set_fresh_mark(headers, &mark),
                None => cookies.remove_fresh_mark(headers),
            }
        }));
        tracing::info!(realm = manager.settings.realm, "logged in");
        Ok(())
    }

    /// Ends the session presented, if there is one.
    pub(crate) async fn logout(&self) -> Result<(), Error> {
        let mut current = self.shared.current.lock().await;
        if let Some(token) = self.presented(&mut current) {
            self.sessions.delete(self.key(token)).await?;
            tracing::info!(realm = self.manager().settings.realm, "logged out");
        }
        let began_here = matches!(current.token, Presented::Token(_));
        current.token = Presented::Nothing;
        current.session = Some(None);
        self.state().mark_consulted();
        self.state().mark_private();
        if began_here || self.cookies.any() {
            let cookies = self.cookies.clone();
            self.sessions.on_commit(Box::new(move |headers| {
                cookies.remove(headers);
                cookies.remove_fresh_mark(headers);
            }));
        }
        Ok(())
    }

    /// Ends all sessions of the current user but this one.
    pub(crate) async fn logout_others(&self) -> Result<u64, Error> {
        let Some(session) = self.current().await? else {
            return Ok(0);
        };
        let mut current = self.shared.current.lock().await;
        match self.presented(&mut current) {
            Some(token) => {
                let kept = self.key(token);
                self.sessions.delete_others(kept, session.user.id()).await
            }
            None => Ok(0),
        }
    }

    /// Makes the current session fresh; false when there is none.
    pub(crate) async fn confirm(&self) -> Result<bool, Error> {
        let Some(session) = self.current().await? else {
            return Ok(false);
        };
        let mut current = self.shared.current.lock().await;
        let Some(token) = self.presented(&mut current) else {
            return Ok(false);
        };
        let now = session::now();
        if !self.sessions.confirm(self.key(token), now).await? {
            current.session = Some(None);
            return Ok(false);
        }
        let mark = session::fresh_mark(&self.manager().keys, token, now);
        let stored = StoredSession {
            authenticated_at: Some(now),
            ..session.stored.clone()
        };
        if stored.remembered {
            let cookies = self.cookies.clone();
            self.sessions.on_commit(Box::new(move |headers| {
                cookies.set_fresh_mark(headers, &mark);
            }));
        }
        current.session = Some(Some(Arc::new(ActiveSession {
            user: Arc::clone(&session.user),
            fresh: true,
            stored,
        })));
        Ok(true)
    }
}

fn exceeds(elapsed: TimeDelta, limit: Duration) -> bool {
    elapsed.to_std().is_ok_and(|elapsed| elapsed > limit)
}
