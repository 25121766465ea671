//! Passwords: hashed with bcrypt, on threads of their own.

mod scheme;
mod secret;
mod threads;

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use self::scheme::Stored;
use self::threads::HashThreads;
use crate::error::{ConfigError, Error};

pub use self::secret::Password;
pub(crate) use self::threads::MAX_WAIT;

/// The costs bcrypt knows.
const COSTS: RangeInclusive<u32> = 4..=31;
/// The longest password that is hashed, in bytes.
const MAX_BYTES: usize = 4096;

/// Hashes and verifies passwords with bcrypt.
///
/// The work is done on threads of its own, one for each core, with a lower priority on Linux: never on the
/// runtime, which would stand still meanwhile. A hash waits at most 2 seconds for such a thread; then it is
/// [`ErrorKind::Busy`](crate::ErrorKind::Busy), answered with 503 and `Retry-After`.
///
/// Bcrypt itself reads only the first 72 bytes of a password and stops at a NUL byte. Here a password of more
/// than 71 bytes is pre-hashed (HMAC-SHA-384 in base64), so that all of it counts; such a hash begins with
/// `$bcrypt-sha384`. One with a NUL byte or of more than 4,096 bytes is refused before any hashing. Hashes are
/// ASCII text of 60 or 74 characters.
///
/// ```
/// use axum_login_kit::Bcrypt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bcrypt = Bcrypt::with_cost(4)?; // the least there is, for tests
/// let hash = bcrypt.hash("correct horse").await?;
/// assert!(hash.starts_with("$2b$04$"));
/// assert!(bcrypt.verify("correct horse", &hash).await?.valid);
/// assert!(!bcrypt.verify("battery staple", &hash).await?.valid);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bcrypt {
    cost: u32,
}

/// What [`Bcrypt::verify`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "the password may be wrong"]
pub struct Verified {
    /// Whether the password made the hash. A malformed hash was made by none.
    pub valid: bool,
    /// Whether the right password should be hashed anew and the result stored, because the cost or the way
    /// of hashing has changed since. Always false for a wrong one.
    pub rehash_due: bool,
}

impl Default for Bcrypt {
    /// Cost 12: about a quarter of a second on one core of a machine of today.
    fn default() -> Self {
        Bcrypt { cost: 12 }
    }
}

impl Bcrypt {
    /// Bcrypt with 2 to the power of `cost` rounds; the default is 12.
    ///
    /// # Errors
    /// [`ConfigError::BcryptCost`] when it is not one of 4 to 31.
    pub fn with_cost(cost: u32) -> Result<Self, ConfigError> {
        if COSTS.contains(&cost) {
            Ok(Bcrypt { cost })
        } else {
            Err(ConfigError::BcryptCost { cost })
        }
    }

    /// Hashes a password for storing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPassword`](crate::ErrorKind::InvalidPassword) for one with a NUL byte or of more
    /// than 4,096 bytes, and [`ErrorKind::Busy`](crate::ErrorKind::Busy) when no thread became free within 2
    /// seconds.
    ///
    /// # Cancellation
    /// Dropping the future throws the result away.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        check(password)?;
        let (password, cost) = (Zeroizing::new(password.to_owned()), self.cost);
        HashThreads::global()
            .run(move || scheme::hash(&password, cost))
            .await?
    }

    /// Whether `password` made `hash`.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy) when no thread became free within 2 seconds.
    ///
    /// # Cancellation
    /// Dropping the future throws the result away.
    pub async fn verify(&self, password: &str, hash: &str) -> Result<Verified, Error> {
        self.verify_or_pretend(password, Some(hash)).await
    }

    /// Like [`verify`](Self::verify), and takes as long when there is no hash to compare with: whoever
    /// measures the time learns nothing about who exists.
    pub(crate) async fn verify_or_pretend(
        &self,
        password: &str,
        hash: Option<&str>,
    ) -> Result<Verified, Error> {
        if check(password).is_err() {
            // No such password was ever hashed, whoever the user is.
            return Ok(Verified {
                valid: false,
                rehash_due: false,
            });
        }
        let password = Zeroizing::new(password.to_owned());
        let hash = hash.map(str::to_owned);
        let cost = self.cost;
        HashThreads::global()
            .run(move || verify_at(&password, hash.as_deref(), cost))
            .await
    }
}

/// Hashes a password for storing, with [`Bcrypt`] as it is by default. For scripts, seeds and tests; in a
/// handler, [`Auth::hash_password`](crate::Auth::hash_password) follows the manager's settings.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_login_kit::Error> {
/// let hash = axum_login_kit::hash_password("correct horse").await?;
/// assert!(hash.starts_with("$2b$12$"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Bcrypt::hash`].
///
/// # Cancellation
/// Dropping the future throws the result away.
pub async fn hash_password(password: &str) -> Result<String, Error> {
    Bcrypt::default().hash(password).await
}

fn check(password: &str) -> Result<(), Error> {
    if password.len() > MAX_BYTES {
        return Err(Error::invalid_password(
            "the password has more than 4096 bytes: ask for a shorter one",
        ));
    }
    if password.contains('\0') {
        return Err(Error::invalid_password(
            "the password has a NUL byte, which bcrypt cannot read past: ask for another",
        ));
    }
    Ok(())
}

/// One comparison that takes as long as a hash at `cost`, whatever is stored.
///
/// A hash of a lower cost `c` is followed by hashes at `c`, `c + 1`, … up to `cost - 1`: the rounds add up to
/// those of one hash at `cost`.
fn verify_at(password: &str, hash: Option<&str>, cost: u32) -> Verified {
    let Some(stored) = hash.and_then(Stored::parse) else {
        scheme::hash_for_nobody(password, cost);
        return Verified {
            valid: false,
            rehash_due: false,
        };
    };
    let valid = stored.verify(password);
    for missing in stored.cost..cost {
        scheme::hash_for_nobody(password, missing);
    }
    Verified {
        valid,
        rehash_due: valid && stored.is_outdated(password, cost),
    }
}

#[cfg(test)]
mod tests {
    use super::scheme::{self, ROUNDS};
    use super::{Bcrypt, verify_at};
    use crate::ErrorKind;
    use crate::error::ConfigError;

    #[tokio::test]
    async fn what_cannot_be_hashed_is_refused_before_hashing() {
        let bcrypt = Bcrypt::with_cost(31).unwrap(); // hashing would take days
        for password in ["a\0b".to_owned(), "x".repeat(4097)] {
            let error = bcrypt.hash(&password).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPassword);
            let verified = bcrypt.verify_or_pretend(&password, None).await.unwrap();
            assert!(!verified.valid);
        }
    }

    #[test]
    fn a_cheaper_hash_verifies_and_wants_renewal() {
        let cheap = bcrypt::hash("password", 4).unwrap();
        let verified = verify_at("password", Some(&cheap), 6);
        assert!(verified.valid && verified.rehash_due);
        let verified = verify_at("wrong", Some(&cheap), 6);
        assert!(!verified.valid && !verified.rehash_due);
        let verified = verify_at("password", Some(&cheap), 4);
        assert!(verified.valid && !verified.rehash_due);
    }

    #[test]
    fn whoever_measures_the_time_learns_nothing() {
        let rounds = |password: &str, hash: Option<&str>| {
            ROUNDS.set(0);
            let _ = verify_at(password, hash, 6);
            ROUNDS.get()
        };
        let long = "x".repeat(100);
        for hash in [
            None,
            Some(""),
            Some("junk"),
            Some("$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            Some(scheme::hash("password", 4).unwrap().as_str()),
            Some(scheme::hash("password", 5).unwrap().as_str()),
            Some(scheme::hash("password", 6).unwrap().as_str()),
            Some(scheme::hash(&long, 6).unwrap().as_str()),
        ] {
            for password in ["password", "wrong", "", &long] {
                assert_eq!(rounds(password, hash), 1 << 6, "{hash:?}");
            }
        }
    }

    #[test]
    fn a_malformed_or_missing_hash_is_false() {
        assert!(!verify_at("password", Some("junk"), 4).valid);
        assert!(!verify_at("password", None, 4).valid);
    }

    #[test]
    fn a_cost_bcrypt_does_not_know_is_refused() {
        for cost in [0, 3, 32] {
            assert_eq!(
                Bcrypt::with_cost(cost).unwrap_err(),
                ConfigError::BcryptCost { cost }
            );
        }
    }
}
