//! What one request knows about its visitor.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Extensions;
use axum::http::request::Parts;
use chrono::{NaiveDateTime, TimeDelta};

use super::state::LastAttempt;
use super::{Manager, RequestState, RequestUser};
use crate::client::{ClientInfo, Fingerprint, SessionProtection};
use crate::error::Error;
use crate::events::{LoginEvent, LoginEventKind};
use crate::flash::Flash;
use crate::guard::Grants;
use crate::session::{
    self, FinishHook, Presented, Session, SessionBackend, SessionChange, SessionCookies, SessionId,
    Token, UserLoader, Written,
};
use crate::user::AuthUser;

/// What one manager knows in one request; shared by its extractors, so that the user is loaded once.
pub(super) struct RequestLogin<U: AuthUser> {
    manager: Arc<Manager<U>>,
    state: Arc<RequestState>,
    current: tokio::sync::Mutex<Current<U>>,
    attempt: LastAttempt,
}

/// What counts now: what the request presented, until a login or logout in it.
pub(super) struct Current<U: AuthUser> {
    /// The cookies' values that may lead to a session; `None` before they are read.
    pub(super) presented: Option<Vec<String>>,
    /// What they led to, once somebody asked.
    pub(super) session: Option<Option<Arc<ActiveSession<U>>>>,
    /// The session that began in this request.
    pub(super) began: Option<Began>,
    /// The request has credentials of its own, and they are wrong.
    pub(super) refused: bool,
    /// What is kept for a visitor who is not logged in; `None` before it is read.
    pub(super) visitor: Option<Option<String>>,
    /// What a user is granted, once somebody asked.
    pub(super) grants: Option<(Arc<U>, Arc<Grants>)>,
}

/// A session that begins, and that a rollback can still take back.
pub(super) struct Began {
    pub(super) cookie: String,
    pub(super) fresh: bool,
}

/// A user who is logged in, by a session that stands or for this request only.
pub(crate) struct ActiveSession<U: AuthUser> {
    pub(crate) user: Arc<U>,
    pub(crate) fresh: bool,
    /// `None` for a user whom the request's own credentials name.
    pub(crate) stored: Option<Session<U::Id>>,
    /// The cookie that presented it.
    pub(super) cookie: String,
}

impl<U: AuthUser> ActiveSession<U> {
    /// The same after a change that was written.
    pub(super) fn changed(&self, change: &SessionChange) -> Arc<Self> {
        let mut stored = self.stored.clone();
        // It was written, so it applies.
        let _ = stored.as_mut().map(|stored| change.apply(stored));
        Arc::new(ActiveSession {
            user: Arc::clone(&self.user),
            fresh: self.fresh || change.authenticated_at.is_some(),
            stored,
            cookie: self.cookie.clone(),
        })
    }
}

impl<U: AuthUser> RequestLogin<U> {
    pub(super) fn new(manager: Arc<Manager<U>>, state: Arc<RequestState>) -> Self {
        RequestLogin {
            manager,
            state,
            current: tokio::sync::Mutex::default(),
            attempt: LastAttempt::default(),
        }
    }

    /// What an attempt at the request has left does not hold for the next one.
    fn begin_attempt(&self, request: &Extensions) {
        self.state.begin_attempt(request);
        if self.attempt.is_another(request)
            && let Ok(mut current) = self.current.try_lock()
        {
            *current = Current::default();
        }
    }
}

impl<U: AuthUser> Default for Current<U> {
    fn default() -> Self {
        Current {
            presented: None,
            session: None,
            began: None,
            refused: false,
            visitor: None,
            grants: None,
        }
    }
}

/// A manager at work in one request: what the extractors are made of.
pub(crate) struct LoginContext<U: AuthUser> {
    shared: Arc<RequestLogin<U>>,
    pub(super) sessions: Arc<dyn SessionBackend<U>>,
    pub(super) users: Arc<dyn UserLoader<U>>,
    pub(super) cookies: SessionCookies,
    client: ClientInfo,
    fingerprint: Option<Fingerprint>,
    /// For the function that loads users from requests.
    request: Option<Box<Parts>>,
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
        shared.state.check_realms()?;
        shared.begin_attempt(&parts.extensions);
        let manager = &*shared.manager;
        let settings = &manager.settings;
        let secure = settings.secure_cookies.for_request(parts);
        let sessions = manager.sessions.bind(&parts.extensions)?;
        let users = manager.users.bind(&parts.extensions)?;
        let client = ClientInfo::of(parts, settings.proxies);
        let fingerprint = match (settings.protection, &manager.hooks.fingerprint) {
            (SessionProtection::Off, _) => None,
            (_, None) => Some(client.fingerprint()),
            (_, Some(of)) => Some(Fingerprint::own(of(parts))),
        };
        let request = manager.hooks.request_loader.as_ref();
        Ok(LoginContext {
            sessions: sessions.unwrap_or_else(|| Arc::clone(&manager.sessions)),
            users: users.unwrap_or_else(|| Arc::clone(&manager.users)),
            cookies: SessionCookies::read(manager.cookie_specs(secure), &parts.headers),
            client,
            fingerprint,
            request: request.map(|_| Box::new(parts.clone())),
            shared,
        })
    }

    pub(crate) fn manager(&self) -> &Arc<Manager<U>> {
        &self.shared.manager
    }

    pub(crate) fn state(&self) -> &Arc<RequestState> {
        &self.shared.state
    }

    pub(crate) fn client(&self) -> &ClientInfo {
        &self.client
    }

    /// What a session is bound to that begins now.
    pub(super) fn fingerprint(&self) -> Option<String> {
        let fingerprint = self.fingerprint.as_ref()?;
        Some(fingerprint.code(&self.manager().keys))
    }

    /// Gives the request's connections back while no transaction is open.
    pub(crate) async fn release(&self) -> Result<(), Error> {
        self.sessions.release().await?;
        self.users.release().await
    }

    pub(crate) fn flash(&self, parts: &Parts) -> Flash {
        Flash::open(self.state(), parts)
    }

    /// Tells those who listen, at once.
    pub(crate) fn emit(
        &self,
        kind: LoginEventKind,
        user_id: Option<U::Id>,
        session: Option<SessionId>,
    ) {
        self.manager().emit(&self.event(kind, user_id, session));
    }

    pub(super) fn event(
        &self,
        kind: LoginEventKind,
        user_id: Option<U::Id>,
        session: Option<SessionId>,
    ) -> LoginEvent<U> {
        LoginEvent {
            kind,
            user_id,
            session,
            ip: self.client.ip,
            user_agent: self.client.user_agent(),
        }
    }

    /// Runs the hook at the end of the unit of work that what was written belongs to.
    pub(super) fn on_finish(&self, hook: FinishHook) {
        if let Some(hook) = self.sessions.on_finish(hook) {
            self.state().at_end(hook);
        }
    }

    /// Runs what must not happen for nothing once what was written stands: at once, where no transaction is open.
    pub(crate) fn after_commit(&self, then: impl FnOnce() + Send + 'static) {
        if let Some(then) = self.sessions.after_commit(Box::new(then)) {
            then();
        }
    }

    pub(super) async fn lock(&self) -> tokio::sync::MutexGuard<'_, Current<U>> {
        self.state().mark_consulted();
        self.shared.current.lock().await
    }

    /// Who is logged in, loaded at the first call: one query, or none without a cookie.
    pub(crate) async fn current(&self) -> Result<Option<Arc<ActiveSession<U>>>, Error> {
        let mut current = self.lock().await;
        self.load_into(&mut current).await
    }

    /// The same while something else is being done about it.
    pub(super) async fn load_into(
        &self,
        current: &mut Current<U>,
    ) -> Result<Option<Arc<ActiveSession<U>>>, Error> {
        // After a login it is asked for each time: a rollback brings back the session before it.
        if current.began.is_none()
            && let Some(session) = &current.session
        {
            return Ok(session.clone());
        }
        let session = self.load(current).await?.map(Arc::new);
        current.session = Some(session.clone());
        if session.is_some() {
            self.state().mark_private();
        }
        Ok(session)
    }

    async fn load(&self, current: &mut Current<U>) -> Result<Option<ActiveSession<U>>, Error> {
        // After a login or logout in this request, that is what counts.
        let untouched = current.presented.is_none();
        if let (true, Some(load), Some(request)) = (
            untouched,
            &self.manager().hooks.request_loader,
            &self.request,
        ) {
            match load(Parts::clone(request)).await? {
                RequestUser::User(user) => {
                    return Ok(Some(ActiveSession {
                        user: Arc::new(user),
                        fresh: false,
                        stored: None,
                        cookie: String::new(),
                    }));
                }
                RequestUser::Refused => {
                    self.state().mark_private();
                    current.refused = true;
                    return Ok(None);
                }
                RequestUser::NoCredentials => {}
            }
        }
        self.presented(current);
        for cookie in current.presented.iter().flatten() {
            let session = self.load_session(cookie, current.began.as_ref()).await?;
            if session.is_some() {
                return Ok(session);
            }
        }
        Ok(None)
    }

    /// The cookies' values that may lead to a session.
    pub(super) fn presented<'a>(&self, current: &'a mut Current<U>) -> &'a [String] {
        current.presented.get_or_insert_with(|| {
            let presented = self.cookies.presented();
            let presented = presented.filter(|value| self.may_be(value));
            presented.map(str::to_owned).collect()
        })
    }

    /// Whether a cookie's value may lead to a session at all.
    pub(super) fn may_be(&self, value: &str) -> bool {
        self.sessions.is_in_cookie() || Token::is_one(value)
    }

    async fn load_session(
        &self,
        cookie: &str,
        began: Option<&Began>,
    ) -> Result<Option<ActiveSession<U>>, Error> {
        let manager = self.manager();
        let presented = Presented::new(cookie).with_state(self.cookies.state());
        let Some((stored, user)) = self.sessions.find(manager.realm(), &presented).await? else {
            return Ok(None);
        };
        let user = match user {
            Some(user) => user,
            None => match self.users.load(&stored.user_id).await? {
                Some(user) => user,
                None => {
                    self.delete(&stored.id).await?;
                    return Ok(None);
                }
            },
        };
        let now = manager.now();
        if !manager.stands(&stored, &user, now) {
            tracing::debug!(realm = manager.realm(), "a session has ended");
            return Ok(None);
        }
        let is_other_client = match (&stored.fingerprint, &self.fingerprint) {
            (Some(begun_with), Some(this)) => !this.is(begun_with, &manager.keys),
            _ => false,
        };
        if is_other_client {
            let user_id = Some(stored.user_id.clone());
            self.emit(LoginEventKind::Protected, user_id, Some(stored.id.clone()));
            if manager.settings.protection == SessionProtection::Strong {
                self.delete(&stored.id).await?;
                let cookies = self.cookies.clone();
                self.on_finish(Box::new(move |_, headers| cookies.remove(headers)));
                return Ok(None);
            }
        }
        if began.is_none() {
            self.seen(&stored, now).await?;
        }
        let has_mark = |at| {
            let mark = self.cookies.fresh_mark();
            mark.is_some_and(|mark| session::is_fresh_mark(&manager.keys, mark, &stored.id, at))
        };
        let given = stored.authenticated_at;
        let fresh = match began {
            // Its mark is not with the browser yet.
            Some(began) if began.cookie == cookie => began.fresh,
            _ => !is_other_client && given.is_some_and(|at| !stored.remembered || has_mark(at)),
        };
        Ok(Some(ActiveSession {
            user: Arc::new(user),
            fresh,
            stored: Some(stored),
            cookie: cookie.to_owned(),
        }))
    }

    pub(super) async fn delete(&self, id: &SessionId) -> Result<bool, Error> {
        let realm = self.manager().realm();
        self.sessions.delete(realm, id, None).await
    }

    /// Notes that a session is used, where the last note is old, and takes up a remembered one.
    async fn seen(&self, stored: &Session<U::Id>, now: NaiveDateTime) -> Result<(), Error> {
        let manager = self.manager();
        let settings = &manager.settings;
        let refreshes = stored.remembered && settings.remember.refresh_each_request;
        if stored.remembered && self.cookies.fresh_mark().is_none() {
            let (user_id, id) = (stored.user_id.clone(), stored.id.clone());
            self.emit(LoginEventKind::Remembered, Some(user_id), Some(id));
            let cookies = self.cookies.clone();
            self.on_finish(Box::new(move |_, headers| cookies.mark_restored(headers)));
        }
        if now.signed_duration_since(stored.last_seen_at) < settings.seen_every() {
            return Ok(());
        }
        let change = SessionChange {
            last_seen_at: Some(now),
            expires_at: refreshes.then(|| super::begin::later(now, settings.remember.duration)),
            ..SessionChange::default()
        };
        if self.sessions.is_in_cookie() {
            return self.write_state(stored, &change, now).await.map(drop);
        }
        // Not here: a page must not wait for another writer, nor this write for the page's transaction.
        let (manager, stored) = (Arc::clone(manager), stored.clone());
        self.on_finish(Box::new(move |_, _| {
            tokio::spawn(async move {
                let writing = manager.sessions.update(manager.realm(), &stored, &change);
                if let Err(error) = writing.await {
                    tracing::warn!(%error, "the time a session was last seen was not written");
                }
            });
        }));
        Ok(())
    }

    /// Changes a session that stands, wherever it is kept; false when it has ended, or its data is another.
    pub(super) async fn write_state(
        &self,
        stored: &Session<U::Id>,
        change: &SessionChange,
        now: NaiveDateTime,
    ) -> Result<bool, Error> {
        let realm = self.manager().realm();
        match self.sessions.update(realm, stored, change).await? {
            Written::Stored => Ok(true),
            Written::Nothing => Ok(false),
            Written::InCookie(value) => {
                let ends = change.expires_at.unwrap_or(stored.expires_at);
                let left = ends.signed_duration_since(now).to_std().unwrap_or_default();
                let max_age = stored.remembered.then_some(left);
                let cookies = self.cookies.clone();
                self.on_finish(Box::new(move |_, headers| {
                    cookies.set_state(headers, &value, max_age);
                }));
                Ok(true)
            }
        }
    }
}

impl<U: AuthUser> Manager<U> {
    /// Whether a session lets its user in: its time is not up, and it is bound to the user's password and epoch.
    pub(crate) fn stands(&self, session: &Session<U::Id>, user: &U, now: NaiveDateTime) -> bool {
        self.is_in_time(session, now) && session::is_bound(&self.keys, &session.auth_tag, user)
    }

    fn is_in_time(&self, session: &Session<U::Id>, now: NaiveDateTime) -> bool {
        let idle = now.signed_duration_since(session.last_seen_at);
        session.expires_at > now
            && (session.remembered || !exceeds(idle, self.settings.idle_timeout))
    }
}

fn exceeds(elapsed: TimeDelta, limit: Duration) -> bool {
    elapsed.to_std().is_ok_and(|elapsed| elapsed > limit)
}
