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
    const SESSION_TABLE: &'static str = "auth_sessions";

    /// The column of the password hash in the users' table. Default: `password_hash`.
    ///
    /// The kit writes it when a password is hashed anew at login, and in
    /// [`Auth::reset_password`](crate::Auth::reset_password). Without such a column, the former does not happen, and the
    /// latter is an error.
    const PASSWORD_COLUMN: &'static str = "password_hash";

    /// The primary key.
    fn id(&self) -> Self::Id;

    /// The stored password hash; `None` for a user who has no password.
    ///
    /// Every session is bound to it: storing another hash ends all sessions of the user. A handler that
    /// changes the password keeps the current one by logging in again with the changed user.
    fn password_hash(&self) -> Option<&str>;

    /// The address that mails go to. Default: none.
    fn email(&self) -> Option<&str> {
        None
    }

    /// Whether [`email`](Self::email) is known to be the user's. Default: `false`. A token that confirms the address ends
    /// once this is true.
    fn is_email_confirmed(&self) -> bool {
        false
    }

    /// Whether the user may log in. Default: `true`.
    ///
    /// It is asked when a session begins. To end the sessions of a user who is deactivated later, raise
    /// [`session_epoch`](Self::session_epoch) or call [`LoginManager::end_sessions_of`](crate::LoginManager::end_sessions_of).
    fn is_active(&self) -> bool {
        true
    }

    /// A number whose change ends all sessions of the user, as a change of the password does. Default: `0`.
    fn session_epoch(&self) -> i64 {
        0
    }
}
