//! Permissions.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::manager::LoginContext;
use crate::unauthorized::LoginRejection;
use crate::user::AuthUser;

/// Something that not every user may do: a type of its own, which [`Require`] asks for in a handler and
/// [`LoginRequired::permission`](crate::LoginRequired::permission) for a whole router.
///
/// What decides is a name among the [`Grants`] that
/// [`LoginManagerBuilder::permissions`](crate::LoginManagerBuilder::permissions) loads once a request, or whatever
/// [`is_granted`](Self::is_granted) says, such as a column of the user's own. A tuple of permissions needs all of them.
///
/// ```
/// use axum_login_kit::{AuthUser, Grants, Permission, Require};
///
/// pub struct User { id: i32, password_hash: String, is_admin: bool }
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
///
/// pub struct EditPosts;
///
/// impl Permission for EditPosts {
///     type User = User;
///     const NAME: &'static str = "posts.edit";
/// }
///
/// pub struct Administer;
///
/// impl Permission for Administer {
///     type User = User;
///     const NAME: &'static str = "administer";
///
///     fn is_granted(user: &User, _: &Grants) -> bool {
///         user.is_admin
///     }
/// }
///
/// #[axum::debug_handler]
/// async fn edit(user: Require<EditPosts>) -> String {
///     format!("User {} may edit.", user.id)
/// }
///
/// let ada = User { id: 1, password_hash: "…".into(), is_admin: false };
/// let granted = Grants::from_iter(["posts.edit"]);
/// assert!(EditPosts::is_granted(&ada, &granted));
/// assert!(!Administer::is_granted(&ada, &granted));
/// assert!(!<(EditPosts, Administer)>::is_granted(&ada, &granted));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no permission",
    label = "not a permission",
    note = "write `impl Permission for {Self} {{ type User = User; const NAME: &'static str = \"posts.edit\"; }}`"
)]
pub trait Permission: Send + Sync + 'static {
    /// Whose permission it is.
    type User: AuthUser;

    /// Its name, such as `posts.edit`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// struct EditPosts;
    ///
    /// impl Permission for EditPosts {
    ///     type User = User;
    ///     const NAME: &'static str = "posts.edit";
    /// }
    ///
    /// assert!(EditPosts::is_granted(&ada(), &Grants::from_iter([EditPosts::NAME])));
    /// # Ok(())
    /// # }
    /// ```
    const NAME: &'static str;

    /// Whether the user has it. Default: whether its name was granted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// /// Whoever is of the house.
    /// struct SeeDrafts;
    ///
    /// impl Permission for SeeDrafts {
    ///     type User = User;
    ///     const NAME: &'static str = "drafts.see";
    ///
    ///     fn is_granted(user: &User, _: &Grants) -> bool {
    ///         user.email.ends_with("@example.com")
    ///     }
    /// }
    ///
    /// assert!(SeeDrafts::is_granted(&ada(), &Grants::default()));
    /// # Ok(())
    /// # }
    /// ```
    fn is_granted(user: &Self::User, granted: &Grants) -> bool {
        let _ = user;
        granted.has(Self::NAME)
    }
}

/// The names of what a user is granted.
///
/// ```
/// use axum_login_kit::Grants;
///
/// let granted = Grants::from_iter(["posts.edit", "posts.delete"]);
/// assert!(granted.has("posts.edit") && !granted.has("users.edit"));
/// assert!(!Grants::default().has("posts.edit"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(HashSet<String>);

impl Grants {
    /// Whether this was granted.
    ///
    /// ```
    /// use axum_login_kit::Grants;
    ///
    /// let granted = Grants::from_iter(["posts.edit"]);
    /// assert!(granted.has("posts.edit"));
    /// assert!(!granted.has("posts")); // a name is a name, and no path
    /// ```
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl<T: Into<String>> FromIterator<T> for Grants {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        Grants(names.into_iter().map(Into::into).collect())
    }
}

/// That the permissions of a tuple are of one kind of user.
#[diagnostic::on_unimplemented(
    message = "permissions of `{Self}` and of `{U}` are asked for at once",
    label = "permissions of two kinds of user",
    note = "a tuple takes permissions of one kind of user: give the handler a `Require` for each kind"
)]
pub trait SameUser<U> {
    /// The user.
    fn same(&self) -> &U;
}

impl<U> SameUser<U> for U {
    fn same(&self) -> &U {
        self
    }
}

macro_rules! all_of {
    ($first:ident $(, $other:ident)+) => {
        impl<$first: Permission, $($other: Permission),+> Permission for ($first, $($other),+)
        where
            $($first::User: SameUser<$other::User>),+
        {
            type User = $first::User;
            const NAME: &'static str = "all of several";

            fn is_granted(user: &Self::User, granted: &Grants) -> bool {
                $first::is_granted(user, granted) $(&& $other::is_granted(user.same(), granted))+
            }
        }
    };
}

all_of!(A, B);
all_of!(A, B, C);
all_of!(A, B, C, D);

/// The user who is logged in and has the [`Permission`]. Whoever is logged in without it gets 403, and whoever is not
/// logged in the answer that [`LoginRejection`] describes.
///
/// It derefs to the user. Several of them cost one load of permissions a request.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// struct EditPosts;
///
/// impl Permission for EditPosts {
///     type User = User;
///     const NAME: &'static str = "posts.edit";
/// }
///
/// let login = manager().permissions(async |_, _| Ok(Grants::from_iter(["posts.edit"]))).build()?;
/// let edit = async |user: Require<EditPosts>| format!("{} edits", user.email);
/// let routes = Router::new().route("/edit", get(edit));
/// stranger(&login, routes.clone()).get("/edit").await.assert_status(401);
/// browser(&login, routes).await.get("/edit").await.assert_text("ada@example.com edits");
/// # Ok(())
/// # }
/// ```
pub struct Require<P: Permission>(pub Arc<P::User>);

impl<P: Permission> Require<P> {
    /// The user as an owned value, for changing it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # struct EditPosts;
    /// #
    /// # impl Permission for EditPosts {
    /// #     type User = User;
    /// #     const NAME: &'static str = "posts.edit";
    /// # }
    /// let login = manager().permissions(async |_, _| Ok(Grants::from_iter(["posts.edit"]))).build()?;
    /// let owned = async |user: Require<EditPosts>| {
    ///     let mut user: User = user.into_inner();
    ///     user.email.push_str(".invalid");
    ///     user.email
    /// };
    /// let ada = browser(&login, Router::new().route("/owned", get(owned))).await;
    /// ada.get("/owned").await.assert_text("ada@example.com.invalid");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_inner(self) -> P::User
    where
        P::User: Clone,
    {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<P: Permission> Deref for Require<P> {
    type Target = P::User;

    fn deref(&self) -> &P::User {
        &self.0
    }
}

impl<P: Permission> fmt::Debug for Require<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Require").field(&P::NAME).finish()
    }
}

impl<S: Send + Sync, P: Permission> FromRequestParts<S> for Require<P> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let context = LoginContext::<P::User>::of(parts)?;
        let user = context.check_permission::<P>(parts).await?;
        Ok(Require(user))
    }
}
