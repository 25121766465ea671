//! The manager: settings, keys and sessions of one kind of user.

mod begin;
mod builder;
mod layer;
mod request;
mod state;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::begin::LoginOptions;
pub use self::builder::LoginManagerBuilder;
pub use self::layer::{LoginFuture, LoginLayer, LoginService};
pub(crate) use self::request::LoginContext;
pub(crate) use self::state::RequestState;

use crate::cookies::SecureCookies;
use crate::error::Error;
use crate::keys::Keys;
use crate::password::Passwords;
use crate::session::SessionBackend;
use crate::user::AuthUser;

/// Logs users of the type `U` in and out: what Flask-Login's `LoginManager` is there.
///
/// [`LoginManager::new`] begins one, [`layer`](Self::layer) puts it around a router. The layer stands
/// inside the database's, so it is added before it:
///
/// ```text
/// Router::new().route(…).layer(login.layer()).layer(database.layer())
/// ```
///
/// A clone is the same manager.
pub struct LoginManager<U: AuthUser>(pub(crate) Arc<Manager<U>>);

/// What all requests share.
pub(crate) struct Manager<U: AuthUser> {
    pub(crate) settings: Settings,
    pub(crate) keys: Arc<Keys>,
    pub(crate) sessions: Box<dyn SessionBackend<U>>,
}

/// The settings of a manager, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) realm: String,
    pub(crate) login_url: Option<String>,
    pub(crate) login_message: Option<(String, String)>,
    pub(crate) refresh_url: Option<String>,
    pub(crate) refresh_message: Option<(String, String)>,
    pub(crate) secure_cookies: SecureCookies,
    pub(crate) passwords: Passwords,
    pub(crate) session_duration: Duration,
    pub(crate) remember_duration: Duration,
    pub(crate) idle_timeout: Duration,
}

impl<U: AuthUser> LoginManager<U> {
    /// The layer that makes the extractors work in the routes before it.
    #[must_use = "a layer does nothing unless it is added to a router"]
    pub fn layer(&self) -> LoginLayer<U> {
        LoginLayer(Arc::clone(&self.0))
    }

    /// Deletes the sessions whose time is up, and returns how many there were.
    ///
    /// They let nobody in whether they are deleted or not: this keeps the table small. Call it when the
    /// program starts, or now and then.
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Dropping the future leaves the sessions deleted or not.
    pub async fn delete_expired(&self) -> Result<u64, Error> {
        let realm = self.0.settings.realm.clone();
        let now = crate::session::now();
        self.0.sessions.open().delete_expired(realm, now).await
    }
}

impl<U: AuthUser> Clone for LoginManager<U> {
    fn clone(&self) -> Self {
        LoginManager(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> fmt::Debug for LoginManager<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginManager")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
