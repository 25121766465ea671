//! Passwords at work in a request: checked, hashed anew, replaced.

use std::sync::Arc;
use std::time::Duration;

use super::{LoginContext, LoginOptions, Manager};
use crate::error::{Error, ErrorKind};
use crate::events::LoginEventKind;
use crate::lockout::RequestLockout;
use crate::session::{self, SessionBackend};
use crate::user::AuthUser;

/// When it is looked for a hash whose request has ended before it was known to be stored.
const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_secs(5),
];

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
                self.hint_at_address();
                if account.is_none() {
                    self.hint_at_account();
                }
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
        let hash = match passwords.hash(password).await {
            Ok(hash) => hash,
            Err(error) => return Ok(Some(not_rehashed(user, &error))),
        };
        match self.rehash(&user, &hash).await {
            Ok(Some(renewed)) => Ok(Some(renewed)),
            Ok(None) => self.replaced_meanwhile(&user, password).await,
            Err(error) => Ok(Some(not_rehashed(user, &error))),
        }
    }

    /// Stores the hash of the same password, unless another one has been stored meanwhile, and gives the changed user.
    async fn rehash(&self, user: &U, hash: &str) -> Result<Option<U>, Error> {
        let manager = self.shared_manager();
        let mut sessions = Rebinding {
            user_id: user.id(),
            from: session::auth_tags(&manager.keys, user),
            to: session::auth_tag_after(&manager.keys, user, hash),
            manager,
            is_due: true,
        };
        if !self.users.replace_password(user, hash).await? {
            sessions.is_due = false;
            return Ok(None);
        }
        match sessions.rebind(&*self.sessions).await {
            Ok(()) => sessions.is_due = false,
            Err(error) => tracing::debug!(%error, "sessions were not bound to a new hash"),
        }
        let event = self.event(LoginEventKind::Rehashed, Some(user.id()), None);
        let manager = self.shared_manager();
        self.after_commit(move || manager.emit(&event));
        self.with_password(user, hash).await
    }

    /// The user whose hash was replaced while the password was verified: by another login with it, or by another
    /// password.
    async fn replaced_meanwhile(&self, user: &U, password: &str) -> Result<Option<U>, Error> {
        let Some(user) = self.users.load(&user.id()).await? else {
            return Ok(None);
        };
        self.release().await?;
        let passwords = &self.manager().settings.passwords;
        let verifying = passwords.verify_or_pretend(password, user.password_hash());
        let verified = verifying.await?;
        Ok(Some(user).filter(|_| verified.valid))
    }

    /// Stores a new password unless another one has been stored meanwhile, and logs the user in with it where this
    /// request is the user's.
    pub(crate) async fn change_password(
        &self,
        user: &U,
        password: &str,
    ) -> Result<Option<U>, Error> {
        let hash = self.hash_password(password).await?;
        let before = self.current().await?;
        let Some(changed) = self.replace_password(user, &hash).await? else {
            return Ok(None);
        };
        let before = before.filter(|session| session.user.id() == changed.id());
        if let Some(before) = before
            && let Some(stored) = &before.stored
        {
            let keys = &self.manager().keys;
            let expected = session::auth_tag_after(keys, &*before.user, &hash);
            // Whoever was deactivated meanwhile, say, stays out.
            if expected == session::auth_tag(keys, &changed) {
                let left = stored
                    .expires_at
                    .signed_duration_since(self.manager().now());
                let options = LoginOptions {
                    remember: stored.remembered,
                    fresh: true,
                    duration: Some(left.to_std().unwrap_or_default()),
                };
                self.login(&changed, options).await?;
            }
        }
        Ok(Some(changed))
    }

    /// Hashes a password, without the connection meanwhile.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String, Error> {
        self.release().await?;
        self.manager().settings.passwords.hash(password).await
    }

    /// Stores another hash, unless it has changed meanwhile, and gives the changed user.
    pub(crate) async fn replace_password(&self, user: &U, hash: &str) -> Result<Option<U>, Error> {
        if !self.users.replace_password(user, hash).await? {
            return Ok(None);
        }
        self.with_password(user, hash).await
    }

    /// The user as it is now, unless the password is another one again: whoever knows the one before must not get in.
    async fn with_password(&self, user: &U, hash: &str) -> Result<Option<U>, Error> {
        let user = self.users.load(&user.id()).await?;
        Ok(user.filter(|user| user.password_hash() == Some(hash)))
    }

    pub(crate) async fn load_user(&self, id: &U::Id) -> Result<Option<U>, Error> {
        self.users.load(id).await
    }

    pub(crate) fn shared_manager(&self) -> Arc<Manager<U>> {
        Arc::clone(self.manager())
    }
}

/// The password was right: that it was not hashed anew is no reason to turn its owner away.
fn not_rehashed<U>(user: U, error: &Error) -> U {
    tracing::debug!(%error, "a password was not hashed anew");
    user
}

/// Keeps the sessions of a user whose hash is replaced by one of the same password, even if the request ends in between.
struct Rebinding<U: AuthUser> {
    manager: Arc<Manager<U>>,
    user_id: U::Id,
    from: Vec<String>,
    to: String,
    is_due: bool,
}

impl<U: AuthUser> Rebinding<U> {
    async fn rebind(&self, sessions: &dyn SessionBackend<U>) -> Result<(), Error> {
        let realm = self.manager.realm();
        for from in &self.from {
            sessions
                .rebind(realm, &self.user_id, from, &self.to)
                .await?;
        }
        Ok(())
    }

    /// Once the new hash is seen to be stored.
    async fn rebind_if_stored(&self) -> Result<bool, Error> {
        let user = self.manager.users.load(&self.user_id).await?;
        let is_stored =
            user.is_some_and(|user| session::is_bound(&self.manager.keys, &self.to, &user));
        if is_stored {
            self.rebind(&*self.manager.sessions).await?;
        }
        Ok(is_stored)
    }
}

impl<U: AuthUser> Drop for Rebinding<U> {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if !std::mem::take(&mut self.is_due) {
            return;
        }
        let left = Rebinding {
            manager: Arc::clone(&self.manager),
            user_id: self.user_id.clone(),
            from: std::mem::take(&mut self.from),
            to: std::mem::take(&mut self.to),
            is_due: false,
        };
        runtime.spawn(async move {
            // The statement that stores it may be still under way, or may be rolled back.
            for pause in LOOKS {
                tokio::time::sleep(pause).await;
                match left.rebind_if_stored().await {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(error) => tracing::debug!(%error, "sessions were not bound to a new hash"),
                }
            }
        });
    }
}
