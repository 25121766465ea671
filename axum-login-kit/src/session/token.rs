//! Tokens and the codes that bind a session to its user.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDateTime;
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::record::SessionId;
use crate::error::Error;
use crate::keys::Keys;
use crate::user::AuthUser;

/// 256 random bits that name a session. Only the browser keeps them.
pub(crate) struct Token(Zeroizing<[u8; 32]>);

impl Token {
    /// A token that nobody has seen.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(bytes.as_mut()).map_err(|_| {
            Error::internal("the operating system gave no randomness for a session")
        })?;
        Ok(Token(bytes))
    }

    /// Whether a cookie's value can be a token: 43 characters, in their one spelling.
    pub(crate) fn is_one(text: &str) -> bool {
        let mut bytes = Zeroizing::new([0; 32]);
        text.len() == 43 && URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut()) == Ok(bytes.len())
    }

    /// The cookie's value: 43 characters.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_ref()))
    }
}

/// What binds a session to the user's password, epoch and being active: it no longer matches once one has changed.
pub(crate) fn auth_tag<U: AuthUser>(keys: &Keys, user: &U) -> String {
    with_tag_parts(user, user.password_hash(), |purpose, parts| {
        keys.code(purpose, parts)
    })
}

/// The tag that sessions of `user` have once `hash` is the password's, and nothing else has changed.
pub(crate) fn auth_tag_after<U: AuthUser>(keys: &Keys, user: &U, hash: &str) -> String {
    with_tag_parts(user, Some(hash), |purpose, parts| keys.code(purpose, parts))
}

/// The tags of sessions that are bound to `user`, made with this secret and with older ones.
pub(crate) fn auth_tags<U: AuthUser>(keys: &Keys, user: &U) -> Vec<String> {
    with_tag_parts(user, user.password_hash(), |purpose, parts| {
        keys.codes(purpose, parts)
    })
}

/// Whether a session is bound to the user as it is now.
pub(crate) fn is_bound<U: AuthUser>(keys: &Keys, auth_tag: &str, user: &U) -> bool {
    with_tag_parts(user, user.password_hash(), |purpose, parts| {
        keys.is_code(auth_tag, purpose, parts)
    })
}

fn with_tag_parts<U: AuthUser, R>(
    user: &U,
    hash: Option<&str>,
    code: impl FnOnce(&str, &[&[u8]]) -> R,
) -> R {
    let epoch = user.session_epoch().to_be_bytes();
    let active = [u8::from(user.is_active())];
    match hash {
        Some(hash) => code("auth tag", &[hash.as_bytes(), &epoch, &active]),
        None => code("auth tag without password", &[&epoch, &active]),
    }
}

/// What the fresh-mark cookie of a remembered session holds.
pub(crate) fn fresh_mark(keys: &Keys, id: &SessionId, authenticated_at: NaiveDateTime) -> String {
    let time = authenticated_at.and_utc().timestamp().to_be_bytes();
    keys.code("fresh mark", &[id.as_str().as_bytes(), &time])
}

/// Whether the cookie's mark is that of this session and moment.
pub(crate) fn is_fresh_mark(keys: &Keys, mark: &str, id: &SessionId, at: NaiveDateTime) -> bool {
    let time = at.and_utc().timestamp().to_be_bytes();
    keys.is_code(mark, "fresh mark", &[id.as_str().as_bytes(), &time])
}

#[cfg(test)]
mod tests {
    use super::{Token, auth_tag, auth_tag_after, auth_tags, fresh_mark, is_bound, is_fresh_mark};
    use crate::AuthUser;
    use crate::SessionId;
    use crate::keys::Keys;

    struct User(Option<&'static str>, i64);

    /// The same, deactivated.
    struct Inactive(User);

    impl AuthUser for Inactive {
        type Id = i32;

        fn id(&self) -> i32 {
            self.0.id()
        }

        fn password_hash(&self) -> Option<&str> {
            self.0.password_hash()
        }

        fn session_epoch(&self) -> i64 {
            self.0.session_epoch()
        }

        fn is_active(&self) -> bool {
            false
        }
    }

    impl AuthUser for User {
        type Id = i32;

        fn id(&self) -> i32 {
            1
        }

        fn password_hash(&self) -> Option<&str> {
            self.0
        }

        fn session_epoch(&self) -> i64 {
            self.1
        }
    }

    #[test]
    fn tokens_survive_the_cookie_and_nothing_else_does() {
        let (token, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert!(Token::is_one(&token.text()));
        assert_ne!(token.text(), other.text());
        assert!(Token::is_one(&"A".repeat(43)));
        for junk in ["", "x", &"=".repeat(43), &"é".repeat(22), &"a".repeat(44)] {
            assert!(!Token::is_one(junk), "{junk:?}");
        }
        // The last character carries two unused bits: a second spelling of a token is none.
        let respelled = format!("{}B", "A".repeat(42));
        assert!(!Token::is_one(&respelled));
    }

    #[test]
    fn every_byte_of_a_token_is_random() {
        let tokens: Vec<Token> = (0..64).map(|_| Token::generate().unwrap()).collect();
        for at in 0..32 {
            let first = tokens[0].0[at];
            assert!(tokens.iter().any(|token| token.0[at] != first), "{at}");
        }
    }

    #[test]
    fn the_tag_changes_with_password_epoch_activity_and_key() {
        let keys = Keys::derive(&[1; 32]).unwrap();
        let tag = |user: &User| auth_tag(&keys, user);
        let original = tag(&User(Some("hash"), 0));
        assert_eq!(original, tag(&User(Some("hash"), 0)));
        assert!(is_bound(&keys, &original, &User(Some("hash"), 0)));
        assert!(!is_bound(&keys, &original, &User(Some("hash"), 1)));
        assert_ne!(original, tag(&User(Some("other"), 0)));
        assert_ne!(original, tag(&User(Some("hash"), 1)));
        assert_ne!(tag(&User(None, 0)), tag(&User(Some(""), 0)));
        let other_keys = Keys::derive(&[2; 32]).unwrap();
        assert_ne!(original, auth_tag(&other_keys, &User(Some("hash"), 0)));

        let user = User(Some("hash"), 0);
        assert_eq!(
            auth_tag_after(&keys, &user, "other"),
            tag(&User(Some("other"), 0))
        );
        assert_eq!(auth_tags(&keys, &user), std::slice::from_ref(&original));
        let inactive = Inactive(user);
        assert!(!is_bound(&keys, &original, &inactive));
        assert!(is_bound(&keys, &auth_tag(&keys, &inactive), &inactive));
    }

    #[test]
    fn the_fresh_mark_belongs_to_one_token_and_one_moment() {
        let keys = Keys::derive(&[1; 32]).unwrap();
        let (id, other) = (SessionId::of_token("a"), SessionId::of_token("b"));
        let now = chrono::NaiveDateTime::default();
        let mark = fresh_mark(&keys, &id, now);
        assert!(is_fresh_mark(&keys, &mark, &id, now));
        assert!(!is_fresh_mark(&keys, &mark, &other, now));
        let later = now + chrono::TimeDelta::seconds(1);
        assert!(!is_fresh_mark(&keys, &mark, &id, later));
    }
}
