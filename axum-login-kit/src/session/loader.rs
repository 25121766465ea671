//! Where users come from, as an application may provide it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Extensions;

use crate::error::Error;
use crate::user::AuthUser;

/// Loads users by the id that a session notes, where the backend does not load both at once.
///
/// [`LoginManager::new`](crate::LoginManager::new) brings one for every model: by primary key, through the request's
/// own database session. Another one is given to [`LoginManager::over`](crate::LoginManager::over): for users who are
/// not in a database, or are found by another column, such as a random name that may be changed.
///
/// ```
/// use axum_login_kit::{AuthUser, Error, UserLoader};
///
/// struct Account { name: String }
///
/// impl AuthUser for Account {
///     type Id = String;
///     fn id(&self) -> String { self.name.clone() }
///     fn password_hash(&self) -> Option<&str> { None }
/// }
///
/// /// Everybody but mallory.
/// struct Directory;
///
/// #[async_trait::async_trait]
/// impl UserLoader<Account> for Directory {
///     async fn load(&self, name: &String) -> Result<Option<Account>, Error> {
///         Ok((name != "mallory").then(|| Account { name: name.clone() }))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// assert!(Directory.load(&"ada".to_owned()).await?.is_some());
/// assert!(Directory.load(&"mallory".to_owned()).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait UserLoader<U: AuthUser>: Send + Sync + 'static {
    /// The same within the unit of work of a request, whose extensions these are. Default: `None`, which means that
    /// this loader serves every request as it is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let users = Users(Arc::new(Mutex::new(ada())));
    /// use axum::http::Extensions;
    ///
    /// assert!(users.bind(&Extensions::new())?.is_none()); // no request needs anything of its own
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When what it needs is missing from the request: the router lacks a layer.
    fn bind(&self, request: &Extensions) -> Result<Option<Arc<dyn UserLoader<U>>>, Error> {
        let _ = request;
        Ok(None)
    }

    /// Stores another password hash for the user, unless the stored one is no longer
    /// [`password_hash`](AuthUser::password_hash): of several at once, one succeeds. False for the others.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let users = Users(Arc::new(Mutex::new(ada())));
    /// assert!(users.replace_password(&ada(), "the new hash").await?);
    /// assert!(!users.replace_password(&ada(), "too late").await?); // this is the user of before
    /// assert_eq!(users.load(&1).await?.unwrap().password_hash, "the new hash");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) by default: passwords are kept elsewhere.
    async fn replace_password(&self, user: &U, hash: &str) -> Result<bool, Error> {
        let _ = (user, hash);
        Err(Error::unsupported(
            "this `UserLoader` stores no passwords: implement `UserLoader::replace_password`",
        ))
    }

    /// The user, or `None` for one who is gone: the session is then ended.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let users = Users(Arc::new(Mutex::new(ada())));
    /// assert_eq!(users.load(&1).await?.unwrap().email, "ada@example.com");
    /// assert!(users.load(&2).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When users cannot be loaded at all.
    async fn load(&self, id: &U::Id) -> Result<Option<U>, Error>;

    /// Gives back what the request holds of a shared resource, before a password is hashed. Default: nothing.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let users = Users(Arc::new(Mutex::new(ada())));
    /// assert!(users.release().await.is_ok()); // they hold nothing
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When users cannot be reached.
    async fn release(&self) -> Result<(), Error> {
        Ok(())
    }
}
