//! What stands in the database: the hashes of this crate, and those of others that it can check.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{self, GeneralPurpose};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::work::Kind;

/// What bcrypt reads of a password, in bytes.
const BCRYPT_BYTES: usize = 72;
/// Marks a hash of bcrypt whose password was pre-hashed; a plain one follows.
pub(super) const PREHASHED_BCRYPT: &str = "$bcrypt-sha384";
/// Marks a hash of Argon2 whose password was pre-hashed with a pepper; a plain one follows.
#[cfg(feature = "argon2")]
pub(super) const PREHASHED_ARGON2: &str = "$argon2-sha384";
/// The shortest outcome that is compared: no less would be guessed by chance.
#[cfg(any(feature = "argon2", feature = "werkzeug"))]
const MIN_OUTPUT: usize = 16;
#[cfg(any(feature = "argon2", feature = "werkzeug"))]
const MAX_OUTPUT: usize = 64;
/// The length of a pepper's name.
const NAME: usize = 8;

/// bcrypt's alphabet. Some programs left bits in a salt's last character, which nothing reads.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    general_purpose::NO_PAD.with_decode_allow_trailing_bits(true),
);
#[cfg(any(feature = "argon2", feature = "werkzeug"))]
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    general_purpose::PAD.with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// What was hashed in the place of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prehash<'a> {
    Nothing,
    /// HMAC-SHA-384, ours.
    Ours,
    /// The same with the pepper of this name.
    Peppered(&'a str),
    /// SHA-256 in hexadecimal digits, Django's and Flask-Bcrypt's.
    Sha256Hex,
}

/// A stored hash, taken apart.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    pub(super) prehash: Prehash<'a>,
    /// Whether it is marked as someone else's, so that it is to be replaced.
    pub(super) foreign: bool,
    pub(super) core: Core,
}

#[derive(Debug)]
pub(super) enum Core {
    Bcrypt {
        version: u8,
        cost: u32,
        salt: [u8; 16],
        hash: [u8; 23],
    },
    #[cfg(feature = "argon2")]
    Argon2(super::argon2id::Stored),
    #[cfg(feature = "werkzeug")]
    Pbkdf2 {
        digest: super::werkzeug::Digest,
        iterations: u32,
        salt: String,
        hash: Vec<u8>,
    },
    #[cfg(feature = "werkzeug")]
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
        salt: String,
        hash: Vec<u8>,
    },
}

impl<'a> Stored<'a> {
    /// `None` when it is not a hash that this crate can check.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let ours = |prehash, core| Stored {
            prehash,
            foreign: false,
            core,
        };
        let foreign = |prehash, core| Stored {
            prehash,
            foreign: true,
            core,
        };
        if let Some(rest) = text.strip_prefix(PREHASHED_BCRYPT) {
            let (prehash, hash) = pepper(rest)?;
            return Some(ours(prehash, bcrypt(hash)?));
        }
        if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
            return Some(foreign(Prehash::Sha256Hex, bcrypt(hash)?));
        }
        if let Some(hash) = text.strip_prefix("bcrypt$") {
            return Some(foreign(Prehash::Nothing, bcrypt(hash)?));
        }
        if text.starts_with("$2") {
            return Some(ours(Prehash::Nothing, bcrypt(text)?));
        }
        #[cfg(feature = "argon2")]
        {
            use super::argon2id;

            if let Some(rest) = text.strip_prefix(PREHASHED_ARGON2) {
                let (prehash, hash) = pepper(rest)?;
                return Some(ours(prehash, Core::Argon2(argon2id::Stored::parse(hash)?)));
            }
            if let Some(hash) = text.strip_prefix("argon2$") {
                // Django's: the rest is the usual form without its first character.
                let hash = argon2id::Stored::parse(text.get(text.len() - hash.len() - 1..)?)?;
                return Some(foreign(Prehash::Nothing, Core::Argon2(hash)));
            }
            if text.starts_with("$argon2") {
                let hash = argon2id::Stored::parse(text)?;
                return Some(ours(Prehash::Nothing, Core::Argon2(hash)));
            }
        }
        #[cfg(feature = "werkzeug")]
        return Some(foreign(Prehash::Nothing, super::werkzeug::parse(text)?));
        #[cfg(not(feature = "werkzeug"))]
        None
    }

    /// The kind of work it is to check it, how much, and Argon2's memory.
    pub(super) fn work(&self) -> (Kind, u64, u64) {
        match &self.core {
            Core::Bcrypt { cost, .. } => (Kind::Bcrypt, 1 << cost, 0),
            #[cfg(feature = "argon2")]
            Core::Argon2(hash) => (Kind::Argon2, hash.work(), hash.memory()),
            #[cfg(feature = "werkzeug")]
            Core::Pbkdf2 { iterations, .. } => (Kind::Pbkdf2, u64::from(*iterations), 0),
            #[cfg(feature = "werkzeug")]
            Core::Scrypt { log_n, r, p, .. } => {
                let amount = (u64::from(*r) * u64::from(*p)) << log_n;
                (Kind::Scrypt, amount, 0)
            }
        }
    }

    /// Whether `text`, a password or what stands for it, made this hash.
    ///
    /// bcrypt reads no more than 72 bytes, as every other one does: hashes brought along keep working.
    pub(super) fn verify(&self, text: &str) -> bool {
        match &self.core {
            Core::Bcrypt {
                cost, salt, hash, ..
            } => equal(&bcrypt_raw(text, *cost, *salt), hash),
            #[cfg(feature = "argon2")]
            Core::Argon2(hash) => hash.verify(text),
            #[cfg(feature = "werkzeug")]
            Core::Pbkdf2 {
                digest,
                iterations,
                salt,
                hash,
            } => equal(
                &super::werkzeug::pbkdf2(*digest, text, salt, *iterations, hash.len()),
                hash,
            ),
            #[cfg(feature = "werkzeug")]
            Core::Scrypt {
                log_n,
                r,
                p,
                salt,
                hash,
            } => equal(
                &super::werkzeug::scrypt(text, salt, *log_n, *r, *p, hash.len()),
                hash,
            ),
        }
    }
}

/// The name of the pepper after a mark, if there is one, and the hash that follows.
fn pepper(rest: &str) -> Option<(Prehash<'_>, &str)> {
    let Some(rest) = rest.strip_prefix('-') else {
        return Some((Prehash::Ours, rest));
    };
    let (name, hash) = rest.split_at_checked(NAME)?;
    Some((Prehash::Peppered(name), hash))
}

/// `$2b$12$`, 22 characters of salt and 31 of hash.
fn bcrypt(text: &str) -> Option<Core> {
    let rest = text.strip_prefix("$2")?;
    let &[
        version @ (b'a' | b'b' | b'x' | b'y'),
        b'$',
        tens,
        ones,
        b'$',
        ref rest @ ..,
    ] = rest.as_bytes()
    else {
        return None;
    };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() || rest.len() != 53 {
        return None;
    }
    let cost = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    let (mut salt, mut hash) = ([0; 16], [0; 23]);
    let (salt_text, hash_text) = rest.split_at(22);
    BCRYPT_BASE64.decode_slice(salt_text, &mut salt).ok()?;
    BCRYPT_BASE64.decode_slice(hash_text, &mut hash).ok()?;
    super::COSTS.contains(&cost).then_some(Core::Bcrypt {
        version,
        cost,
        salt,
        hash,
    })
}

fn bcrypt_raw(text: &str, cost: u32, salt: [u8; 16]) -> [u8; 23] {
    let mut bytes = Zeroizing::new([0; BCRYPT_BYTES]);
    let length = text.len().min(BCRYPT_BYTES);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    // With the NUL that ends a shorter one.
    let read = (length + 1).min(BCRYPT_BYTES);
    let raw = ::bcrypt::bcrypt(cost, salt, &bytes[..read]);
    let mut hash = [0; 23];
    hash.copy_from_slice(&raw[..23]);
    hash
}

fn equal(made: &[u8], stored: &[u8]) -> bool {
    made.ct_eq(stored).into()
}

/// Whether an outcome of this length is compared at all.
#[cfg(any(feature = "argon2", feature = "werkzeug"))]
pub(super) fn is_long_enough(output: &[u8]) -> bool {
    (MIN_OUTPUT..=MAX_OUTPUT).contains(&output.len())
}

/// Base64 as most hashes have it, with padding or without.
#[cfg(any(feature = "argon2", feature = "werkzeug"))]
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// Base64 without padding.
#[cfg(feature = "argon2")]
pub(super) fn to_base64(bytes: &[u8]) -> String {
    general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// Does `amount` of work of a kind for nothing; how much it was.
pub(super) fn spend(kind: Kind, amount: u64, memory: u64, password: &str) -> u64 {
    let _ = memory;
    match kind {
        // Powers of two, which add up to it.
        Kind::Bcrypt => {
            let mut spent = 0;
            for cost in super::COSTS.filter(|cost| amount & (1 << cost) != 0) {
                std::hint::black_box(bcrypt_raw(password, cost, [0; 16]));
                spent += 1 << cost;
            }
            spent
        }
        #[cfg(feature = "argon2")]
        Kind::Argon2 => super::argon2id::spend(amount, memory, password),
        #[cfg(feature = "werkzeug")]
        Kind::Pbkdf2 => super::werkzeug::spend_pbkdf2(amount, password),
        #[cfg(feature = "werkzeug")]
        Kind::Scrypt => super::werkzeug::spend_scrypt(amount, password),
    }
}
