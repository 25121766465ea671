//! Tokens that prove, once and for a while, who may do one thing: they are mailed, and nowhere stored.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDateTime;

use crate::manager::{LoginManager, Manager};
use crate::user::AuthUser;

/// The length of a code, in characters.
const CODE: usize = 43;
/// Longer ones are not looked at.
const MAX_TOKEN: usize = 2048;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    PasswordReset,
    EmailConfirmation,
    EmailChange,
}

impl Purpose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Purpose::PasswordReset => "token for a password reset",
            Purpose::EmailConfirmation => "token for an e-mail confirmation",
            Purpose::EmailChange => "token for an e-mail change",
        }
    }
}

/// Makes and reads the tokens behind links for a new password, and for confirming or changing an e-mail address;
/// from [`LoginManager::tokens`] or [`Auth::tokens`](crate::Auth::tokens).
///
/// A token is a text for a URL that holds the user's id and the time it ends, under a code that only this
/// application can make. Nothing is stored. It is good for one purpose, one user and one manager, and ends by being
/// used, because it is bound to what its use changes:
///
/// | for | bound to | lasts |
/// |---|---|---|
/// | a new password | the password hash, the epoch and the address | 1 hour |
/// | confirming the address | the address, and that it is not confirmed | 3 days |
/// | changing the address | both addresses, the password hash and the epoch | 1 day |
///
/// Most applications need none of these methods: [`Auth`](crate::Auth) mails tokens and takes them back.
///
/// ```
/// # use axum_db::prelude::*;
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
/// use axum_login_kit::{AuthUser, LoginManager};
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
///
/// let login = LoginManager::<User>::new(&database, b"at least 32 bytes that nobody can guess").build()?;
/// let mut ada = User { id: 7, password_hash: "$2b$12$…".into() };
/// let token = login.tokens().password_reset(&ada);
///
/// let read = login.tokens().read_password_reset(&token).unwrap();
/// assert_eq!(*read.user_id(), 7);
/// assert!(read.is_for(&ada));
/// ada.password_hash = "$2b$12$another".into();
/// assert!(!read.is_for(&ada)); // used
///
/// assert!(login.tokens().read_email_confirmation(&token).is_none());
/// # Ok(())
/// # }
/// ```
pub struct Tokens<U: AuthUser>(Arc<Manager<U>>);

impl<U: AuthUser> LoginManager<U> {
    /// The tokens of this manager.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().password_reset(&ada());
    /// assert!(login.tokens().read_password_reset(&token).is_some_and(|read| read.is_for(&ada())));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tokens(&self) -> Tokens<U> {
        Tokens(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> Tokens<U> {
    pub(crate) fn of(manager: Arc<Manager<U>>) -> Self {
        Tokens(manager)
    }
}

impl<U> Tokens<U>
where
    U: AuthUser,
    U::Id: Display + FromStr,
{
    /// A token with which the user may set a new password.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().password_reset(&ada());
    /// assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))); // as it is in a URL
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn password_reset(&self, user: &U) -> String {
        self.make(Purpose::PasswordReset, user, "")
    }

    /// A token that proves that the user's address is theirs.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().email_confirmation(&ada());
    /// assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))); // as it is in a URL
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn email_confirmation(&self, user: &U) -> String {
        self.make(Purpose::EmailConfirmation, user, "")
    }

    /// A token that proves that another address is the user's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().email_change(&ada(), "ada@example.org");
    /// assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))); // as it is in a URL
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn email_change(&self, user: &U, new_email: &str) -> String {
        self.make(Purpose::EmailChange, user, new_email)
    }

    /// What [`password_reset`](Self::password_reset) made, if its time is not up.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().password_reset(&ada());
    /// assert_eq!(login.tokens().read_password_reset(&token).map(|read| *read.user_id()), Some(1));
    /// assert!(login.tokens().read_password_reset("forged").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_password_reset(&self, token: &str) -> Option<TokenFor<U>> {
        self.read(Purpose::PasswordReset, token)
    }

    /// What [`email_confirmation`](Self::email_confirmation) made, if its time is not up.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().email_confirmation(&ada());
    /// assert_eq!(login.tokens().read_email_confirmation(&token).map(|read| *read.user_id()), Some(1));
    /// assert!(login.tokens().read_email_confirmation("forged").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_email_confirmation(&self, token: &str) -> Option<TokenFor<U>> {
        self.read(Purpose::EmailConfirmation, token)
    }

    /// What [`email_change`](Self::email_change) made, if its time is not up.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().email_change(&ada(), "ada@example.org");
    /// assert_eq!(login.tokens().read_email_change(&token).map(|read| *read.user_id()), Some(1));
    /// assert!(login.tokens().read_email_change("forged").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_email_change(&self, token: &str) -> Option<TokenFor<U>> {
        self.read(Purpose::EmailChange, token)
    }

    fn make(&self, purpose: Purpose, user: &U, new_email: &str) -> String {
        let manager = &*self.0;
        let lasts = match purpose {
            Purpose::PasswordReset => manager.settings.tokens.password_reset,
            Purpose::EmailConfirmation => manager.settings.tokens.email_confirmation,
            Purpose::EmailChange => manager.settings.tokens.email_change,
        };
        let ends = seconds(manager.now()).saturating_add_unsigned(lasts.as_secs());
        let id = user.id().to_string();
        let binding = bound(purpose, user, |purpose, parts| {
            manager.keys.code(purpose, parts)
        });
        let payload = [
            &ends.to_be_bytes(),
            binding.as_bytes(),
            &(id.len() as u64).to_be_bytes(),
            id.as_bytes(),
            new_email.as_bytes(),
        ]
        .concat();
        let realm = manager.settings.realm.as_bytes();
        let code = manager.keys.code(purpose.name(), &[realm, &payload]);
        format!("{}.{code}", URL_SAFE_NO_PAD.encode(payload))
    }

    /// Nothing is loaded for a token that this application has not made.
    fn read(&self, purpose: Purpose, token: &str) -> Option<TokenFor<U>> {
        let manager = &self.0;
        let (payload, code) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let realm = manager.settings.realm.as_bytes();
        let parts: [&[u8]; 2] = [realm, &payload];
        if !manager.keys.is_code(code, purpose.name(), &parts) {
            return None;
        }
        let (ends, rest) = payload.split_first_chunk::<8>()?;
        let (binding, rest) = rest.split_first_chunk::<CODE>()?;
        let (id_length, rest) = rest.split_first_chunk::<8>()?;
        let id_length = usize::try_from(u64::from_be_bytes(*id_length)).ok()?;
        let (id, new_email) = rest.split_at_checked(id_length)?;
        if i64::from_be_bytes(*ends) <= seconds(manager.now()) {
            return None;
        }
        Some(TokenFor {
            manager: Arc::clone(manager),
            purpose,
            user_id: std::str::from_utf8(id).ok()?.parse().ok()?,
            binding: std::str::from_utf8(binding).ok()?.to_owned(),
            new_email: std::str::from_utf8(new_email).ok()?.to_owned(),
        })
    }
}

/// What a token of [`Tokens`] says: this application made it, for this purpose, and its time is not up.
///
/// Whether it was used already is known only once its user is loaded: see [`is_for`](Self::is_for).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let token = login.tokens().email_change(&ada(), "ada@example.org");
/// let read = login.tokens().read_email_change(&token).unwrap();
/// assert_eq!((*read.user_id(), read.new_email()), (1, "ada@example.org"));
///
/// let mut changed = ada();
/// assert!(read.is_for(&changed));
/// changed.email = "ada@example.org".into();
/// assert!(!read.is_for(&changed)); // used
/// # Ok(())
/// # }
/// ```
pub struct TokenFor<U: AuthUser> {
    manager: Arc<Manager<U>>,
    purpose: Purpose,
    user_id: U::Id,
    binding: String,
    new_email: String,
}

impl<U: AuthUser> TokenFor<U> {
    /// The primary key of its user.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().password_reset(&ada());
    /// let read = login.tokens().read_password_reset(&token).unwrap();
    /// assert_eq!(*read.user_id(), 1); // whom to load now
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn user_id(&self) -> &U::Id {
        &self.user_id
    }

    /// The address that a token of [`Tokens::email_change`] is for; empty for the others.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let tokens = login.tokens();
    /// let change = tokens.read_email_change(&tokens.email_change(&ada(), "ada@example.org"));
    /// assert_eq!(change.unwrap().new_email(), "ada@example.org");
    /// let reset = tokens.read_password_reset(&tokens.password_reset(&ada()));
    /// assert_eq!(reset.unwrap().new_email(), "");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new_email(&self) -> &str {
        &self.new_email
    }

    /// Whether it was made for this user, and nothing that it is bound to has changed since.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let token = login.tokens().password_reset(&ada());
    /// let read = login.tokens().read_password_reset(&token).unwrap();
    /// assert!(read.is_for(&ada()));
    /// assert!(!read.is_for(&User { password_hash: "another".into(), ..ada() })); // the token was used
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_for(&self, user: &U) -> bool
    where
        U::Id: Display,
    {
        bound(self.purpose, user, |purpose, parts| {
            self.manager.keys.is_code(&self.binding, purpose, parts)
        })
    }
}

/// Gives `code` the parts of the user that a token is bound to.
fn bound<U, R>(purpose: Purpose, user: &U, code: impl FnOnce(&str, &[&[u8]]) -> R) -> R
where
    U: AuthUser,
    U::Id: Display,
{
    let id = user.id().to_string();
    let epoch = user.session_epoch().to_be_bytes();
    let absent_or = |text: Option<&str>| match text {
        Some(text) => format!("={text}"),
        None => String::new(),
    };
    let password = absent_or(user.password_hash());
    let email = absent_or(user.email());
    let confirmed = [u8::from(user.is_email_confirmed())];
    let (id, password, email) = (id.as_bytes(), password.as_bytes(), email.as_bytes());
    match purpose {
        Purpose::PasswordReset | Purpose::EmailChange => {
            code("what a token changes", &[id, email, password, &epoch])
        }
        Purpose::EmailConfirmation => code("what a confirmation changes", &[id, email, &confirmed]),
    }
}

fn seconds(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp()
}

/// How long tokens last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenDurations {
    pub(crate) password_reset: Duration,
    pub(crate) email_confirmation: Duration,
    pub(crate) email_change: Duration,
}

impl Default for TokenDurations {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(60 * 60);
        TokenDurations {
            password_reset: HOUR,
            email_confirmation: 72 * HOUR,
            email_change: 24 * HOUR,
        }
    }
}

impl<U: AuthUser> Clone for Tokens<U> {
    fn clone(&self) -> Self {
        Tokens(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> fmt::Debug for Tokens<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl<U: AuthUser> fmt::Debug for TokenFor<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFor")
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use proptest::prelude::*;

    use super::Tokens;
    use crate::testing::FakeClock;
    use crate::{AuthUser, Error, LoginManager, MemorySessions, UserLoader};

    #[derive(Debug, Clone)]
    struct User {
        id: String,
        hash: Option<String>,
        email: Option<String>,
    }

    impl AuthUser for User {
        type Id = String;

        fn id(&self) -> String {
            self.id.clone()
        }

        fn password_hash(&self) -> Option<&str> {
            self.hash.as_deref()
        }

        fn email(&self) -> Option<&str> {
            self.email.as_deref()
        }
    }

    struct Nobody;

    #[async_trait]
    impl UserLoader<User> for Nobody {
        async fn load(&self, _: &String) -> Result<Option<User>, Error> {
            Ok(None)
        }
    }

    fn tokens() -> Tokens<User> {
        let builder = LoginManager::over(MemorySessions::new(), Nobody, [7; 32]);
        builder.clock(FakeClock::new()).build().unwrap().tokens()
    }

    fn user() -> impl Strategy<Value = User> {
        let text = || proptest::option::of(".{0,20}");
        (".{0,40}", text(), text()).prop_map(|(id, hash, email)| User { id, hash, email })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_token_is_for_its_user_as_it_was(user in user(), other in user(), new in ".{0,40}") {
            let tokens = tokens();
            let token = tokens.email_change(&user, &new);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            prop_assert!(token.chars().all(is_plain));
            let read = tokens.read_email_change(&token).unwrap();
            prop_assert_eq!(read.user_id(), &user.id);
            prop_assert_eq!(read.new_email(), new);
            prop_assert!(read.is_for(&user));
            let same = user.id == other.id && user.hash == other.hash && user.email == other.email;
            prop_assert_eq!(read.is_for(&other), same);
            for (id, hash, email) in [(true, false, false), (false, true, false), (false, false, true)] {
                let mut changed = user.clone();
                if id { changed.id.push('x'); }
                if hash { changed.hash = changed.hash.map_or(Some(String::new()), |_| None); }
                if email { changed.email = changed.email.map_or(Some(String::new()), |_| None); }
                prop_assert!(!read.is_for(&changed));
            }
        }

        #[test]
        fn a_damaged_token_is_none(user in user(), at in any::<prop::sample::Index>(), by in "[a-zA-Z0-9_.-]{0,2}") {
            let tokens = tokens();
            let token = tokens.password_reset(&user);
            let at = at.index(token.len());
            let damaged = [&token[..at], &by, &token[at + 1..]].concat();
            prop_assume!(damaged != token);
            prop_assert!(tokens.read_password_reset(&damaged).is_none());
        }

        #[test]
        fn a_text_that_nobody_made_is_no_token(text in ".{0,200}") {
            let tokens = tokens();
            prop_assert!(tokens.read_password_reset(&text).is_none());
            prop_assert!(tokens.read_email_confirmation(&text).is_none());
            prop_assert!(tokens.read_email_change(&text).is_none());
        }
    }

    #[test]
    fn a_token_that_is_too_long_is_not_looked_at() {
        let tokens = tokens();
        let user = User {
            id: "x".repeat(4000),
            hash: None,
            email: None,
        };
        let token = tokens.password_reset(&user);
        assert!(tokens.read_password_reset(&token).is_none());
    }
}
