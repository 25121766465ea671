//! What the kit needs to know of a user.

/// A type whose values can log in: implement it for the model of your users, by hand or with
/// [`#[derive(AuthUser)]`](derive@crate::AuthUser).
///
/// ```
/// use axum_login_kit::AuthUser;
///
/// struct User {
///     id: i32,
///     password_hash: String,
///     blocked: bool,
/// }
///
/// impl AuthUser for User {
///     type Id = i32;
///
///     fn id(&self) -> i32 {
///         self.id
///     }
///
///     fn password_hash(&self) -> Option<&str> {
///         Some(&self.password_hash)
///     }
///
///     fn is_active(&self) -> bool {
///         !self.blocked
///     }
/// }
///
/// let user = User { id: 1, password_hash: "…".into(), blocked: true };
/// assert!(!user.is_active());
/// assert_eq!(user.session_epoch(), 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot log in: it does not implement `AuthUser`",
    label = "not a user",
    note = "write `#[derive(axum_login_kit::AuthUser)]` above `struct {Self}`, or `impl AuthUser for {Self} {{ type Id = i32; fn id(&self) -> i32 {{ self.id }} \
            fn password_hash(&self) -> Option<&str> {{ Some(&self.password_hash) }} }}`"
)]
pub trait AuthUser: Send + Sync + 'static {
    /// The type of the primary key of the users' table.
    type Id: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static;

    /// The table of this user type's sessions. Default: `auth_sessions`.
    ///
    /// Its `user_id` refers to the users' table, so a second type of user, such as administrators in a table of
    /// their own, names another one.
    ///
    /// ```
    /// use axum_login_kit::AuthUser;
    ///
    /// #[derive(AuthUser)]
    /// #[auth(session_table = "admin_sessions")]
    /// struct Admin { id: i32, password_hash: String }
    ///
    /// assert_eq!(Admin::SESSION_TABLE, "admin_sessions");
    /// ```
    const SESSION_TABLE: &'static str = "auth_sessions";

    /// The column of the password hash in the users' table. Default: `password_hash`.
    ///
    /// The kit writes it when a password is hashed anew at login, and in
    /// [`Auth::reset_password`](crate::Auth::reset_password). Without such a column, the former does not happen, and the
    /// latter is an error.
    ///
    /// ```
    /// use axum_login_kit::AuthUser;
    ///
    /// #[derive(AuthUser)]
    /// struct User {
    ///     id: i32,
    ///     #[auth(password_hash, column = "password")] // as Django calls it
    ///     hash: String,
    /// }
    ///
    /// assert_eq!(User::PASSWORD_COLUMN, "password");
    /// ```
    const PASSWORD_COLUMN: &'static str = "password_hash";

    /// The primary key.
    ///
    /// ```
    /// use axum_login_kit::AuthUser;
    ///
    /// #[derive(AuthUser)]
    /// #[auth(no_password)]
    /// struct Account {
    ///     #[auth(id)]
    ///     name: String,
    /// }
    ///
    /// let account = Account { name: "ada".into() };
    /// assert_eq!(account.id(), "ada"); // what a session notes of its user
    /// ```
    fn id(&self) -> Self::Id;

    /// The stored password hash; `None` for a user who has no password.
    ///
    /// Every session is bound to it: storing another hash ends all sessions of the user. A handler that
    /// changes the password keeps the current one by logging in again with the changed user.
    ///
    /// ```
    /// use axum_login_kit::AuthUser;
    ///
    /// #[derive(AuthUser)]
    /// struct User { id: i32, password_hash: Option<String> }
    ///
    /// let invited = User { id: 1, password_hash: None }; // no password is theirs, however it is spelled
    /// assert_eq!(invited.password_hash(), None);
    /// ```
    fn password_hash(&self) -> Option<&str>;

    /// The address that mails go to. Default: none.
    ///
    /// ```
    /// use axum_login_kit::AuthUser;
    ///
    /// #[derive(AuthUser)]
    /// struct User {
    ///     id: i32,
    ///     password_hash: String,
    ///     #[auth(email)]
    ///     address: Option<String>,
    /// }
    ///
    /// let user = User { id: 1, password_hash: "…".into(), address: Some("ada@example.com".into()) };
    /// assert_eq!(user.email(), Some("ada@example.com"));
    /// ```
    fn email(&self) -> Option<&str> {
        None
    }

    /// Whether [`email`](Self::email) is known to be the user's. Default: `false`. A token that confirms the address ends
    /// once this is true.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Clone, AuthUser)]
    /// struct Member { id: i32, password_hash: String, email: String, is_email_confirmed: bool }
    ///
    /// # struct Nobody;
    /// # #[async_trait::async_trait]
    /// # impl UserLoader<Member> for Nobody {
    /// #     async fn load(&self, _: &i32) -> Result<Option<Member>, Error> { Ok(None) }
    /// # }
    /// # let login = LoginManager::over(MemorySessions::new(), Nobody, "at least 32 bytes that nobody can guess").build()?;
    /// let mut ada = Member { id: 1, password_hash: "…".into(), email: "ada@example.com".into(), is_email_confirmed: false };
    /// let token = login.tokens().email_confirmation(&ada);
    /// let read = login.tokens().read_email_confirmation(&token).unwrap();
    /// assert!(read.is_for(&ada));
    /// ada.is_email_confirmed = true;
    /// assert!(!read.is_for(&ada));
    /// # Ok(())
    /// # }
    /// ```
    fn is_email_confirmed(&self) -> bool {
        false
    }

    /// Whether the user may log in. Default: `true`.
    ///
    /// A session stands as long as this is what it was when it began: whoever is deactivated is logged out everywhere, and so
    /// is a login that was under way.
    ///
    /// ```
    /// use axum_login_kit::AuthUser;
    ///
    /// struct Guest { id: i32, nights_left: u32 }
    ///
    /// impl AuthUser for Guest {
    ///     type Id = i32;
    ///     fn id(&self) -> i32 { self.id }
    ///     fn password_hash(&self) -> Option<&str> { None }
    ///     fn is_active(&self) -> bool { self.nights_left > 0 }
    /// }
    ///
    /// assert!(Guest { id: 1, nights_left: 2 }.is_active());
    /// assert!(!Guest { id: 1, nights_left: 0 }.is_active()); // a login is `LoginRefused::Inactive`, sessions end
    /// ```
    fn is_active(&self) -> bool {
        true
    }

    /// A number whose change ends all sessions of the user, as a change of the password does. Default: `0`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let users = Users(Arc::new(Mutex::new(ada())));
    /// # let secret_key = "at least 32 bytes that nobody can guess";
    /// let login = LoginManager::over(MemorySessions::new(), users.clone(), secret_key).build()?;
    /// let ada = browser(&login, Router::new()).await;
    /// ada.get("/").await.assert_text("ada@example.com");
    /// users.0.lock().unwrap().epoch += 1; // in earnest: an UPDATE
    /// ada.get("/").await.assert_text("nobody");
    /// # Ok(())
    /// # }
    /// ```
    fn session_epoch(&self) -> i64 {
        0
    }
}
