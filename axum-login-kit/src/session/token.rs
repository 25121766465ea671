//! Tokens and the codes that bind a session to its user.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDateTime;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

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

    /// The token a cookie holds; `None` for a value that cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let mut bytes = Zeroizing::new([0; 32]);
        let written = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut()).ok()?;
        (written == bytes.len()).then_some(Token(bytes))
    }

    /// The cookie's value: 43 characters.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_ref()))
    }

    /// What the table holds in its place: SHA-256 in 64 hexadecimal digits, which compare the same under
    /// every collation.
    pub(crate) fn hash(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digest = Sha256::digest(self.0.as_ref());
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .map(|digit| char::from(DIGITS[usize::from(digit)]))
            .collect()
    }
}

/// What binds a session to the user's password and epoch: it no longer matches once either has changed.
pub(crate) fn auth_tag<U: AuthUser>(keys: &Keys, user: &U) -> String {
    let epoch = user.session_epoch().to_be_bytes();
    match user.password_hash() {
        Some(hash) => keys.code("auth tag", &[hash.as_bytes(), &epoch]),
        None => keys.code("auth tag without password", &[&epoch]),
    }
}

/// What the fresh-mark cookie of a remembered session holds.
pub(crate) fn fresh_mark(keys: &Keys, token: &Token, authenticated_at: NaiveDateTime) -> String {
    let time = authenticated_at.and_utc().timestamp().to_be_bytes();
    keys.code("fresh mark", &[token.0.as_ref(), &time])
}

/// Whether two codes are the same, in a time that does not tell where they differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{Token, auth_tag, fresh_mark};
    use crate::AuthUser;
    use crate::keys::Keys;

    struct User(Option<&'static str>, i64);

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
        let token = Token::generate().unwrap();
        let text = token.text();
        assert_eq!(Token::parse(&text).unwrap().hash(), token.hash());
        let zeros = Token::parse(&"A".repeat(43)).unwrap();
        let known = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(zeros.hash(), known);
        assert_ne!(Token::generate().unwrap().hash(), token.hash());
        for junk in ["", "x", &"=".repeat(43), &"é".repeat(22), &"a".repeat(44)] {
            assert!(Token::parse(junk).is_none(), "{junk:?}");
        }
        // The last character carries two unused bits: a second spelling of a token is none.
        let respelled = format!("{}B", "A".repeat(42));
        assert!(Token::parse(&respelled).is_none());
    }

    #[test]
    fn the_tag_changes_with_password_epoch_and_key() {
        let keys = Keys::derive(&[1; 32]).unwrap();
        let tag = |user: &User| auth_tag(&keys, user);
        let original = tag(&User(Some("hash"), 0));
        assert_eq!(original, tag(&User(Some("hash"), 0)));
        assert_ne!(original, tag(&User(Some("other"), 0)));
        assert_ne!(original, tag(&User(Some("hash"), 1)));
        assert_ne!(tag(&User(None, 0)), tag(&User(Some(""), 0)));
        let other_keys = Keys::derive(&[2; 32]).unwrap();
        assert_ne!(original, auth_tag(&other_keys, &User(Some("hash"), 0)));
    }

    #[test]
    fn the_fresh_mark_belongs_to_one_token_and_one_moment() {
        let keys = Keys::derive(&[1; 32]).unwrap();
        let (token, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        let now = crate::session::now();
        let mark = fresh_mark(&keys, &token, now);
        assert_ne!(mark, fresh_mark(&keys, &other, now));
        let later = now + chrono::TimeDelta::seconds(1);
        assert_ne!(mark, fresh_mark(&keys, &token, later));
    }
}
