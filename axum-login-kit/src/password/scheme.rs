//! What stands in the database: bcrypt, and bcrypt over a pre-hash for long passwords.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bcrypt::HashParts;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha384;
use zeroize::Zeroizing;

use crate::error::Error;

/// What bcrypt reads of a password, in bytes, with room for its closing NUL.
const BCRYPT_BYTES: usize = 71;
/// Marks a hash whose password was pre-hashed; a plain bcrypt hash follows.
const PREHASHED: &str = "$bcrypt-sha384";
/// Separates this pre-hash from any other use of HMAC-SHA-384 over the same password.
const PREHASH_KEY: &[u8] = b"axum-login-kit password pre-hash 1";
/// A well-formed bcrypt hash without its cost, for hashing where there is nothing to compare with.
const NOBODY: &str = "IPU0BwLEnTIK9vPhwIUHl.2YBjJIkPRDSvwSLUqMQrD7CpHTXcnWK";

/// A stored hash, taken apart.
pub(super) struct Stored<'a> {
    bcrypt: &'a str,
    prehashed: bool,
    pub(super) cost: u32,
}

impl<'a> Stored<'a> {
    /// `None` when it is not a hash of ours, nor of any other bcrypt.
    pub(super) fn parse(hash: &'a str) -> Option<Self> {
        let (bcrypt, prehashed) = match hash.strip_prefix(PREHASHED) {
            Some(rest) => (rest, true),
            None => (hash, false),
        };
        let parts: HashParts = bcrypt.parse().ok()?;
        let cost = parts.get_cost();
        super::COSTS.contains(&cost).then_some(Stored {
            bcrypt,
            prehashed,
            cost,
        })
    }

    /// Whether `password` made this hash. Takes the time of one bcrypt hash at its cost.
    ///
    /// A plain hash is compared as every other bcrypt does, reading no more than 72 bytes of the password:
    /// hashes brought along from elsewhere keep working.
    pub(super) fn verify(&self, password: &str) -> bool {
        if self.prehashed {
            compare(&prehash(password), self.bcrypt, self.cost)
        } else {
            compare(password, self.bcrypt, self.cost)
        }
    }

    /// Whether `password`, which made this hash, would be hashed otherwise today.
    pub(super) fn is_outdated(&self, password: &str, cost: u32) -> bool {
        self.cost != cost
            || self.prehashed != needs_prehash(password)
            || !self.bcrypt.starts_with("$2b$")
    }
}

/// Hashes at `cost`.
pub(super) fn hash(password: &str, cost: u32) -> Result<String, Error> {
    let outcome = if needs_prehash(password) {
        bcrypt::hash(prehash(password).as_str(), cost).map(|hash| format!("{PREHASHED}{hash}"))
    } else {
        bcrypt::hash(password, cost)
    };
    outcome.map_err(|_| Error::internal("the operating system gave no randomness for a salt"))
}

/// Takes the time of one bcrypt hash at `cost`.
pub(super) fn hash_for_nobody(password: &str, cost: u32) {
    compare(password, &format!("$2b${cost:02}${NOBODY}"), cost);
}

/// One hash of `password`, at the cost of `hash`, which is known to be `cost`.
fn compare(password: &str, hash: &str, cost: u32) -> bool {
    #[cfg(test)]
    ROUNDS.with(|rounds| rounds.set(rounds.get() + (1 << cost)));
    #[cfg(not(test))]
    let _ = cost;
    bcrypt::verify(password, hash).unwrap_or(false)
}

#[cfg(test)]
thread_local! {
    /// The rounds of all comparisons of a test: the time they take, without a clock.
    pub(super) static ROUNDS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

fn needs_prehash(password: &str) -> bool {
    password.len() > BCRYPT_BYTES
}

/// 64 characters without NUL that depend on every byte of the password.
fn prehash(password: &str) -> Zeroizing<String> {
    let mut key = hmac::digest::Key::<Hmac<Sha384>>::default();
    key[..PREHASH_KEY.len()].copy_from_slice(PREHASH_KEY);
    let mut mac = Hmac::<Sha384>::new(&key);
    mac.update(password.as_bytes());
    Zeroizing::new(STANDARD_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Stored, hash, hash_for_nobody, prehash};

    const COST: u32 = 4;

    fn made_by(password: &str, hash: &str) -> bool {
        Stored::parse(hash).is_some_and(|stored| stored.verify(password))
    }

    #[test]
    fn known_hashes_of_other_bcrypts_verify() {
        for (password, known) in [
            (
                "password",
                "$2a$04$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96",
            ),
            // The vectors of the original implementation, John the Ripper's set.
            (
                "U*U",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            ),
            (
                "U*U*",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
            ),
            (
                "",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy",
            ),
            (
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
                "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
            ),
        ] {
            assert!(made_by(password, known), "{password:?}");
            assert!(!made_by("something else", known));
        }
    }

    #[test]
    fn every_byte_counts_on_both_sides_of_the_limit() {
        for length in [0, 1, 70, 71, 72, 73, 200, 4096] {
            let password = "a".repeat(length);
            let longer = format!("{password}b");
            let hash = hash(&password, COST).unwrap();
            assert!(made_by(&password, &hash), "{length}");
            assert!(!made_by(&longer, &hash), "{length}");
            assert_eq!(hash.starts_with("$bcrypt-sha384$2b$04$"), length > 71);
            assert_eq!(hash.starts_with("$2b$04$"), length <= 71);
        }
        let emoji = "🦀".repeat(64);
        let hash = hash(&emoji, COST).unwrap();
        assert!(made_by(&emoji, &hash));
        assert!(!made_by(&"🦀".repeat(63), &hash));
    }

    #[test]
    fn a_pre_hash_taken_for_a_password_opens_nothing() {
        let password = "p".repeat(100);
        let stored = hash(&password, COST).unwrap();
        assert!(!made_by(prehash(&password).as_str(), &stored));
    }

    #[test]
    fn letters_count_as_their_bytes() {
        let composed = "p\u{e4}ssword";
        let hash = hash(composed, COST).unwrap();
        assert!(made_by(composed, &hash));
        assert!(!made_by("pa\u{308}ssword", &hash));
    }

    #[test]
    fn a_malformed_hash_is_nobodys() {
        for malformed in [
            "",
            "$",
            "plain text",
            "$2b$04$",
            "$2b$04$tooshort",
            "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$00$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$9z$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$05$CCCCCCCCCCCCCCCCCCCC!!E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$05$ééééééééééééééééééééééééééééé",
            "$bcrypt-sha384",
            "$bcrypt-sha384$2b$04$tooshort",
            "$bcrypt-sha384$bcrypt-sha384$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA",
        ] {
            assert!(!made_by("password", malformed), "{malformed:?}");
            assert!(!made_by("", malformed), "{malformed:?}");
        }
    }

    #[test]
    fn a_rehash_is_due_when_cost_or_scheme_changed() {
        let outdated =
            |hash: &str, password: &str| Stored::parse(hash).unwrap().is_outdated(password, COST);
        assert!(!outdated(&hash("short", COST).unwrap(), "short"));
        assert!(outdated(&hash("short", COST + 1).unwrap(), "short"));
        let long = "x".repeat(80);
        assert!(!outdated(&hash(&long, COST).unwrap(), &long));
        assert!(outdated(&bcrypt::hash(&long, COST).unwrap(), &long));
        assert!(outdated(
            "$2a$04$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96",
            "password"
        ));
    }

    #[test]
    fn the_hash_for_nobody_is_a_real_one() {
        let nobody = format!("$2b$04${}", super::NOBODY);
        assert!(Stored::parse(&nobody).is_some());
        hash_for_nobody("password", COST);
    }
}
