//! The sessions of a user, on all devices.

use super::Auth;
use crate::error::Error;
use crate::manager::SessionInfo;
use crate::session::SessionId;
use crate::user::AuthUser;

impl<U: AuthUser> Auth<U> {
    /// Ends all other sessions of the user who is logged in, and returns how many there were.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let end_others = async |auth: Auth<User>| -> Result<String, Error> {
    ///     Ok(auth.logout_others().await?.to_string())
    /// };
    /// let here = browser(&login, Router::new().route("/others/end", post(end_others))).await;
    /// let there = here.another().with_cookies(login_as(&login, &ada()).await?);
    /// here.post("/others/end").await.assert_text("1");
    /// here.get("/").await.assert_text("ada@example.com");
    /// there.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails, and with [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for sessions that
    /// are kept in cookies: a raised [`session_epoch`](AuthUser::session_epoch) ends those, and a login after it keeps this
    /// one.
    ///
    /// # Cancellation
    /// The sessions may have ended or not.
    pub async fn logout_others(&self) -> Result<u64, Error> {
        self.0.logout_others().await
    }

    /// Ends all sessions of the user who is logged in, this one included, and returns how many there were.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let end_all = async |auth: Auth<User>| -> Result<String, Error> {
    ///     Ok(auth.logout_everywhere().await?.to_string())
    /// };
    /// let here = browser(&login, Router::new().route("/all/end", post(end_all))).await;
    /// let there = here.another().with_cookies(login_as(&login, &ada()).await?);
    /// here.post("/all/end").await.assert_text("2");
    /// here.get("/").await.assert_text("nobody");
    /// there.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails, and with [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for sessions that
    /// are kept in cookies.
    ///
    /// # Cancellation
    /// The sessions may have ended or not.
    pub async fn logout_everywhere(&self) -> Result<u64, Error> {
        self.0.logout_everywhere().await
    }

    /// The sessions of the user who is logged in, the one last used first: a page of devices.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::extract::Path;
    /// use axum::{Json, response::Redirect, routing::delete};
    /// use axum_login_kit::{Auth, Error, SessionId, SessionInfo};
    ///
    /// #[axum::debug_handler]
    /// async fn devices(auth: Auth<User>) -> Result<Json<Vec<SessionInfo>>, Error> {
    ///     Ok(Json(auth.sessions().await?))
    /// }
    ///
    /// #[axum::debug_handler]
    /// async fn revoke(auth: Auth<User>, Path(id): Path<SessionId>) -> Result<Redirect, Error> {
    ///     auth.revoke(&id).await?;
    ///     Ok(Redirect::to("/devices"))
    /// }
    ///
    /// # let login = manager().build()?;
    /// let routes = Router::new().route("/devices", get(devices)).route("/devices/{id}", delete(revoke));
    /// let ada = browser(&login, routes).await;
    /// ada.get("/devices").await.assert_shows(r#""is_current":true"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails, and with [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for sessions that
    /// are kept in cookies.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, Error> {
        self.0.list().await
    }

    /// Ends a session of the user who is logged in, on whatever device it is, this one included. False when it had
    /// ended already, or is somebody else's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let end_the_other = async |auth: Auth<User>| -> Result<String, Error> {
    ///     let sessions = auth.sessions().await?;
    ///     let other = sessions.iter().find(|session| !session.is_current);
    ///     Ok(match other {
    ///         Some(other) => auth.revoke(&other.id).await?.to_string(),
    ///         None => "there is none".to_owned(),
    ///     })
    /// };
    /// let here = browser(&login, Router::new().route("/end", post(end_the_other))).await;
    /// let there = here.another().with_cookies(login_as(&login, &ada()).await?);
    /// here.post("/end").await.assert_text("true");
    /// there.get("/").await.assert_text("nobody");
    /// here.post("/end").await.assert_text("there is none");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`sessions`](Self::sessions).
    ///
    /// # Cancellation
    /// The session may have ended or not.
    pub async fn revoke(&self, id: &SessionId) -> Result<bool, Error> {
        self.0.revoke(id).await
    }

    /// Ends all sessions of any user, within the transaction that is open: when an administrator blocks an account. Returns
    /// how many there were. From outside of a request there is
    /// [`LoginManager::end_sessions_of`](crate::LoginManager::end_sessions_of).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let block = async |auth: Auth<User>| -> Result<String, Error> {
    ///     Ok(auth.end_sessions_of(&ada().id).await?.to_string())
    /// };
    /// let ada_s = browser(&login, Router::new().route("/block", post(block))).await;
    /// ada_s.another().post("/block").await.assert_text("1");
    /// ada_s.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails, and with [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for sessions that
    /// are kept in cookies.
    ///
    /// # Cancellation
    /// The sessions may have ended or not.
    pub async fn end_sessions_of(&self, user_id: &U::Id) -> Result<u64, Error> {
        self.0.end_all(user_id, None).await
    }
}
