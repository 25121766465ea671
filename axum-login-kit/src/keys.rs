//! The keys derived from the application's secret.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, CookieJar, Key};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::error::ConfigError;

/// The least number of bytes a secret needs.
const MIN_SECRET_BYTES: usize = 32;

/// What is derived from one secret, and from those before it.
pub(crate) struct Keys {
    current: SecretKeys,
    older: Vec<SecretKeys>,
}

/// An encryption and a signing key, derived from one secret.
struct SecretKeys {
    sealing: Key,
    /// With the signing key taken in, which is half the work of a code.
    signing: Hmac<Sha256>,
}

impl Keys {
    pub(crate) fn derive(secret: &[u8]) -> Result<Self, ConfigError> {
        Ok(Keys {
            current: SecretKeys::derive(secret)?,
            older: Vec::new(),
        })
    }

    /// The same, which also accepts what was made with an older secret.
    pub(crate) fn and_older(mut self, secret: &[u8]) -> Result<Self, ConfigError> {
        self.older.push(SecretKeys::derive(secret)?);
        Ok(self)
    }

    fn all(&self) -> impl Iterator<Item = &SecretKeys> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// An authentication code over `parts` for one `purpose`, as 43 characters.
    ///
    /// Every part is preceded by its length, so that no two lists of parts give the same bytes.
    pub(crate) fn code(&self, purpose: &str, parts: &[&[u8]]) -> String {
        self.current.code(purpose, parts)
    }

    /// The code that [`Keys::code`] makes, and those that older secrets made.
    pub(crate) fn codes(&self, purpose: &str, parts: &[&[u8]]) -> Vec<String> {
        self.all().map(|keys| keys.code(purpose, parts)).collect()
    }

    /// Whether `given` is the code of these parts, under this secret or an older one, in a time that does not tell
    /// where they differ.
    pub(crate) fn is_code(&self, given: &str, purpose: &str, parts: &[&[u8]]) -> bool {
        self.all()
            .any(|keys| same(given, &keys.code(purpose, parts)))
    }

    /// Encrypts the value of the cookie `name`, which it can be read under only.
    pub(crate) fn seal(&self, name: &str, value: String) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&self.current.sealing)
            .add(Cookie::new(name.to_owned(), value));
        jar.get(name)
            .map_or_else(String::new, |cookie| cookie.value().to_owned())
    }

    /// What [`seal`](Self::seal) encrypted under the same name; `None` for anything else.
    pub(crate) fn unseal(&self, name: &str, sealed: &str) -> Option<String> {
        self.all().find_map(|keys| {
            let cookie = Cookie::new(name.to_owned(), sealed.to_owned());
            let opened = CookieJar::new().private(&keys.sealing).decrypt(cookie)?;
            Some(opened.value().to_owned())
        })
    }
}

impl SecretKeys {
    fn derive(secret: &[u8]) -> Result<Self, ConfigError> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(ConfigError::SecretTooShort {
                bytes: secret.len(),
            });
        }
        let sealing = Key::derive_from(secret);
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        key[..sealing.signing().len()].copy_from_slice(sealing.signing());
        Ok(SecretKeys {
            signing: Hmac::new(&key),
            sealing,
        })
    }

    fn code(&self, purpose: &str, parts: &[&[u8]]) -> String {
        let mut mac = self.signing.clone();
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// Whether two codes are the same, in a time that does not tell where they differ.
fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Keys derived from a manager's secret, for what a [`SessionBackend`](crate::SessionBackend) leaves in a cookie.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sealing_keys.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys: SealingKeys = sealing_keys(); // as `SessionBackend::set_up` is given them
/// let sealed = keys.seal("my backend", "a text".to_owned());
/// assert!(!sealed.contains("a text"));
/// assert_eq!(keys.unseal("my backend", &sealed).as_deref(), Some("a text"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SealingKeys(Arc<Keys>);

impl SealingKeys {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        SealingKeys(keys)
    }

    /// Encrypts a value, which can be read for the same purpose only.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sealing_keys.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = sealing_keys();
    /// let sealed = keys.seal("my backend", "a text".to_owned());
    /// assert!(sealed.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';')); // good for a cookie
    /// assert_ne!(keys.seal("my backend", "a text".to_owned()), sealed); // it tells not even what is the same
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seal(&self, purpose: &str, value: String) -> String {
        self.0.seal(purpose, value)
    }

    /// What [`seal`](Self::seal) encrypted for the same purpose; `None` for anything else.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sealing_keys.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = sealing_keys();
    /// let sealed = keys.seal("my backend", "a text".to_owned());
    /// assert_eq!(keys.unseal("my backend", &sealed).as_deref(), Some("a text"));
    /// assert_eq!(keys.unseal("something else", &sealed), None);
    /// assert_eq!(keys.unseal("my backend", "forged"), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Option<String> {
        self.0.unseal(purpose, sealed)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use crate::ConfigError;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn a_short_secret_is_refused_with_the_way_out() {
        let error = Keys::derive(&SECRET[1..]).unwrap_err();
        assert_eq!(error, ConfigError::SecretTooShort { bytes: 31 });
        assert!(error.to_string().contains("openssl rand -base64 48"));
        Keys::derive(SECRET).unwrap();
    }

    #[test]
    fn a_sealed_value_opens_under_its_own_name_and_key_only() {
        let keys = Keys::derive(SECRET).unwrap();
        let sealed = keys.seal("flash", "hello".into());
        assert!(!sealed.contains("hello"));
        assert_eq!(keys.unseal("flash", &sealed).as_deref(), Some("hello"));
        assert_eq!(keys.unseal("other", &sealed), None);
        let others = Keys::derive(&[7; 32]).unwrap();
        assert_eq!(others.unseal("flash", &sealed), None);
        assert_eq!(keys.unseal("flash", "junk"), None);
        assert_eq!(keys.unseal("flash", ""), None);
    }

    #[test]
    fn an_older_secret_is_accepted_and_no_longer_used() {
        let old = Keys::derive(SECRET).unwrap();
        let new = Keys::derive(&[7; 32]).unwrap();
        let both = Keys::derive(&[7; 32]).unwrap().and_older(SECRET).unwrap();
        let sealed = old.seal("flash", "hello".into());
        assert_eq!(new.unseal("flash", &sealed), None);
        assert_eq!(both.unseal("flash", &sealed).as_deref(), Some("hello"));
        assert_eq!(old.unseal("flash", &both.seal("flash", "x".into())), None);
        let code = old.code("tag", &[b"a"]);
        assert!(both.is_code(&code, "tag", &[b"a"]));
        assert!(!both.is_code(&code, "tag", &[b"b"]));
        assert!(!new.is_code(&code, "tag", &[b"a"]));
        assert_eq!(both.code("tag", &[b"a"]), new.code("tag", &[b"a"]));
        assert_eq!(both.codes("tag", &[b"a"]), [new.code("tag", &[b"a"]), code]);
        assert!(Keys::derive(SECRET).unwrap().and_older(b"short").is_err());
    }

    #[test]
    fn codes_depend_on_purpose_key_and_the_borders_of_their_parts() {
        let keys = Keys::derive(SECRET).unwrap();
        let code = keys.code("a", &[b"bc", b"d"]);
        assert_eq!(code, keys.code("a", &[b"bc", b"d"]));
        assert_eq!(code.len(), 43);
        assert_ne!(code, keys.code("a", &[b"b", b"cd"]));
        assert_ne!(code, keys.code("ab", &[b"c", b"d"]));
        assert_ne!(code, keys.code("a", &[b"bcd"]));
        assert_ne!(
            code,
            Keys::derive(&[7; 32]).unwrap().code("a", &[b"bc", b"d"])
        );
    }
}
