//! Passwords at work in a request: checked, hashed anew, replaced.

use std::sync::Arc;

use super::{LoginContext, Manager};
use crate::error::{Error, ErrorKind};
use crate::events::LoginEventKind;
use crate::lockout::RequestLockout;
use crate::session;
use crate::user::AuthUser;

impl<U: AuthUser> LoginContext<U> {
    /// The user back, if the password is theirs; hashed anew where that is due.
    pub(crate) async fn verify_password(
        &self,
        user: Option<U>,
        password: &str,
        account: Option<&str>,
        lockout: Option<&RequestLockout>,
    ) -> Result<Option<U>, Error> {
        self.release().await?;
        let manager = self.manager();
        let hash = user.as_ref().and_then(|user| user.password_hash());
        let attempt = match lockout {
            Some(lockout) => {
                let now = manager.now().and_utc().timestamp();
                let (keys, realm) = (&manager.keys, manager.realm());
                let attempt = lockout.attempt(keys, realm, account, hash, self.client().ip, now);
                match attempt.await {
                    Ok(attempt) => Some(attempt),
                    Err(error) => {
                        if error.kind() == ErrorKind::LockedOut {
                            let user_id = user.as_ref().map(AuthUser::id);
                            self.emit(LoginEventKind::LockedOut, user_id, None);
                        }
                        return Err(error);
                    }
                }
            }
            None => None,
        };
        let passwords = &manager.settings.passwords;
        let verified = match passwords.verify_or_pretend(password, hash).await {
            Ok(verified) => verified,
            Err(error) => {
                if let Some(attempt) = attempt {
                    attempt.take_back().await?;
                }
                return Err(error);
            }
        };
        let Some(user) = user.filter(|_| verified.valid) else {
            if let Some(attempt) = attempt {
                attempt.failed();
            }
            return Ok(None);
        };
        if let Some(attempt) = attempt {
            attempt.succeeded().await?;
        }
        if !verified.rehash_due {
            return Ok(Some(user));
        }
        match self.rehash(&user, password).await {
            Ok(renewed) => Ok(Some(renewed.unwrap_or(user))),
            Err(error) => {
                // The password was right: that it could not be hashed anew is no reason to turn its owner away.
                tracing::debug!(%error, "a password was not hashed anew");
                Ok(Some(user))
            }
        }
    }

    /// Hashes a right password anew; the user's sessions stay. `None` when another one was quicker.
    async fn rehash(&self, user: &U, password: &str) -> Result<Option<U>, Error> {
        let manager = self.manager();
        let hash = manager.settings.passwords.hash(password).await?;
        let Some(renewed) = self.replace_password(user, &hash).await? else {
            return Ok(None);
        };
        let [from, to] = [user, &renewed].map(|user| session::auth_tag(&manager.keys, user));
        let realm = manager.realm();
        self.sessions.rebind(realm, &user.id(), &from, &to).await?;
        self.emit(LoginEventKind::Rehashed, Some(user.id()), None);
        Ok(Some(renewed))
    }

    /// Stores another hash, unless it has changed meanwhile, and gives the changed user.
    pub(crate) async fn replace_password(&self, user: &U, hash: &str) -> Result<Option<U>, Error> {
        if !self.users.replace_password(user, hash).await? {
            return Ok(None);
        }
        self.users.load(&user.id()).await
    }

    pub(crate) async fn load_user(&self, id: &U::Id) -> Result<Option<U>, Error> {
        self.users.load(id).await
    }

    /// Runs something once what was written is committed, and not at all when it is rolled back.
    pub(crate) fn after_commit(&self, then: impl FnOnce() + Send + 'static) {
        self.on_finish(Box::new(move |committed, _| {
            if committed {
                then();
            }
        }));
    }

    pub(crate) fn shared_manager(&self) -> Arc<Manager<U>> {
        Arc::clone(self.manager())
    }
}
