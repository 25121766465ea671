//! What is hashed in the place of a password.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroizing;

/// Separates this pre-hash from any other use of HMAC-SHA-384 over the same password.
const PREHASH_KEY: &[u8] = b"axum-login-kit password pre-hash 1";
/// Separates the name of a pepper from what it is for.
const PEPPER_NAME: &[u8] = b"axum-login-kit name of a pepper 1";

/// A secret of the application that goes into its hashes, and the name they know it by.
pub(super) struct Pepper {
    key: Zeroizing<Vec<u8>>,
    name: String,
}

impl Pepper {
    pub(super) fn new(key: &[u8]) -> Self {
        let name = hmac(key, PEPPER_NAME);
        Pepper {
            key: Zeroizing::new(key.to_vec()),
            name: URL_SAFE_NO_PAD.encode(&name[..6]),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// Eight characters, which say nothing about the key.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// 64 characters without NUL that depend on every byte of the password, and on the pepper.
    pub(super) fn prehash(&self, password: &str) -> Zeroizing<String> {
        let mut message = Zeroizing::new(PREHASH_KEY.to_vec());
        message.extend_from_slice(password.as_bytes());
        encoded(&hmac(&self.key, &message))
    }
}

/// 64 characters without NUL that depend on every byte of the password.
pub(super) fn prehash(password: &str) -> Zeroizing<String> {
    encoded(&hmac(PREHASH_KEY, password.as_bytes()))
}

/// The SHA-256 of a password in hexadecimal digits, which Flask-Bcrypt and Django hash in its place.
pub(super) fn sha256_hex(password: &str) -> Zeroizing<String> {
    let mut digits = Zeroizing::new(String::with_capacity(64));
    for byte in Sha256::digest(password.as_bytes()) {
        digits.push(crate::password::hex_digit(byte >> 4));
        digits.push(crate::password::hex_digit(byte & 15));
    }
    digits
}

/// Whether a password looks like the outcome of [`sha256_hex`].
pub(super) fn is_sha256_hex(password: &str) -> bool {
    password.len() == 64 && password.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD_NO_PAD.encode(bytes))
}

fn hmac(key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
    // A key longer than a block is hashed first, as RFC 2104 has it.
    let digest = Sha384::digest(key);
    let short = if key.len() > 128 { &digest[..] } else { key };
    let mut block = hmac::digest::Key::<Hmac<Sha384>>::default();
    block[..short.len()].copy_from_slice(short);
    let mut mac = Hmac::<Sha384>::new(&block);
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{Pepper, is_sha256_hex, prehash, sha256_hex};

    #[test]
    fn every_way_to_prehash_gives_another_text_of_64_characters() {
        let texts = [
            prehash("password"),
            prehash("passwore"),
            Pepper::new(b"one").prehash("password"),
            Pepper::new(b"two").prehash("password"),
            Pepper::new(&[7; 300]).prehash("password"),
            sha256_hex("password"),
        ];
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(text.len(), 64);
            assert!(!texts[..index].contains(text));
        }
        assert_eq!(
            texts[5].as_str(),
            "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
        );
        assert!(is_sha256_hex(&texts[5]) && !is_sha256_hex(&texts[0]));
    }

    #[test]
    fn a_pepper_is_known_by_a_short_name() {
        let (one, two) = (Pepper::new(b"one"), Pepper::new(b"two"));
        assert_eq!(one.name().len(), 8);
        assert_eq!(one.name(), Pepper::new(b"one").name());
        assert_ne!(one.name(), two.name());
    }
}
