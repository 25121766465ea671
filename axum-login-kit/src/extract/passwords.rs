//! Passwords: verified, hashed, changed.

use super::{Auth, VerifyPassword};
use crate::error::Error;
use crate::user::AuthUser;

impl<U: AuthUser> Auth<U> {
    /// Gives `user` back if `password` is that user's, once the result is awaited:
    /// `auth.verify_password(user, &form.password).account(&form.email).await?`.
    ///
    /// It costs the same work on every path that fails: for a user who does not exist or has no password, and for a
    /// wrong password. While it waits, the request's connection is back in the pool, unless a transaction is open.
    ///
    /// Where the right password should be hashed anew, it is, and the result stored in the column
    /// [`AuthUser::PASSWORD_COLUMN`]; the user that is given back is the changed one, and other sessions stay.
    ///
    /// Awaited, it is an error of the kind [`ErrorKind::Busy`](crate::ErrorKind::Busy) when too many passwords are being
    /// checked (as a response, 503 with `Retry-After`), and with a [`Lockout`](crate::Lockout) of the kind
    /// [`ErrorKind::LockedOut`](crate::ErrorKind::LockedOut) (429 with `Retry-After`). Dropped, it has changed nothing,
    /// except that the attempt may count as a failed one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let check = async |auth: Auth<User>, password: String| -> Result<String, Error> {
    ///     let user = auth.verify_password(Some(ada()), &password).await?;
    ///     Ok(user.map_or("wrong".to_owned(), |user| user.email))
    /// };
    /// let visitor = stranger(&login, Router::new().route("/check", post(check)));
    /// visitor.post("/check").body("text/plain", "correct horse").await.assert_text("ada@example.com");
    /// visitor.post("/check").body("text/plain", "battery staple").await.assert_text("wrong");
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_password<'a>(
        &'a self,
        user: Option<U>,
        password: &'a str,
    ) -> VerifyPassword<'a, U> {
        VerifyPassword::new(self, user, password)
    }

    /// Hashes a password for storing, by the manager's settings. While it waits, the request's connection is
    /// back in the pool, unless a transaction is open.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().passwords(Bcrypt::with_cost(5)?).build()?;
    /// let hash = async |auth: Auth<User>, password: String| auth.hash_password(&password).await;
    /// let visitor = stranger(&login, Router::new().route("/hash", post(hash)));
    /// let hash = visitor.post("/hash").body("text/plain", "correct horse").await.text();
    /// assert!(hash.starts_with("$2b$05$"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPassword`](crate::ErrorKind::InvalidPassword) and
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy), as [`Passwords::hash`](crate::Passwords::hash).
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn hash_password(&self, password: &str) -> Result<String, Error> {
        self.0.hash_password(password).await
    }

    /// Stores a new password for `user` and gives the user back as it is now; `None` where the password is no longer the one
    /// that `user` has here, or the user is gone: whoever reset it while this form was on its way keeps the new one.
    ///
    /// Verify the current password before, and hand on the user that
    /// [`verify_password`](Self::verify_password) gave. All sessions of the user end with the old password; where this
    /// request is the user's, it goes on with a new one, which is fresh, keeps its data, and lasts as long as the one
    /// before. The password is stored in the column [`AuthUser::PASSWORD_COLUMN`], in the transaction that is open, or by
    /// itself at once.
    ///
    /// ```
    /// use axum_db::{Database, Sqlite, metadata, prelude::*};
    /// # use axum::{Router, http::header::COOKIE, routing::{get, post}};
    /// use axum_login_kit::{Auth, AuthUser, CurrentUser, Error, LoginManager, tables};
    ///
    /// #[model]
    /// #[derive(Debug, Clone, AuthUser)]
    /// pub struct User {
    ///     #[model(primary_key)]
    ///     pub id: i32,
    ///     pub password_hash: String,
    /// }
    ///
    /// async fn change_password(user: CurrentUser<User>, auth: Auth<User>) -> Result<&'static str, Error> {
    ///     let Some(user) = auth.verify_password(Some(user.into_inner()), "correct horse").await? else {
    ///         return Ok("that is not your password");
    ///     };
    ///     Ok(match auth.change_password(&user, "battery staple").await? {
    ///         Some(_) => "changed",
    ///         None => "that is no longer your password",
    ///     })
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = Database::<Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![User].with(tables::<User>())).await?;
    /// # let passwords = axum_login_kit::Bcrypt::with_cost(4)?;
    /// # let hash = passwords.hash("correct horse").await?;
    /// # let secret = "at least 32 bytes that nobody can guess";
    /// # let login = LoginManager::<User>::new(&database, secret).passwords(passwords).build()?;
    /// # let db = database.session();
    /// # let user = NewUser::new(hash).insert(&db).await?;
    /// # db.commit().await?;
    /// # drop(db);
    /// # let cookie = axum_login_kit::testing::login_as(&login, &user).await?;
    /// # let app = Router::new()
    /// #     .route("/password", post(change_password))
    /// #     .layer(login.layer())
    /// #     .layer(database.layer());
    /// # let app = axum_db::testing::Client::new(app).with_cookies(cookie);
    /// app.post("/password").await.assert_text("changed");
    /// app.post("/password").await.assert_text("that is not your password"); // and still logged in
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPassword`](crate::ErrorKind::InvalidPassword) and [`ErrorKind::Busy`](crate::ErrorKind::Busy),
    /// as [`hash_password`](Self::hash_password); [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a
    /// [`UserLoader`](crate::UserLoader) that stores no passwords; and when the database fails.
    ///
    /// # Cancellation
    /// The password is the new one or the old one; with the new one, this browser's session may have ended like the others.
    pub async fn change_password(&self, user: &U, password: &str) -> Result<Option<U>, Error> {
        self.0.change_password(user, password).await
    }
}
