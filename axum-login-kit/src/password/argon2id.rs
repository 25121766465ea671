//! Argon2id, and the two older variants where others stored them.

use argon2::{Algorithm, Argon2, Params, Version};
use rand::TryRng;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq;

use super::Passwords;
use super::settings::Scheme;
use super::stored::{base64, is_long_enough, to_base64};
use crate::error::{ConfigError, Error};

/// The most memory that a stored hash may ask for, in KiB: a gibibyte.
const MAX_MEMORY: u32 = 1 << 20;
/// The most kibibytes times passes: four gibibytes.
const MAX_WORK: u64 = 1 << 22;

/// Hashes passwords with Argon2id, in the usual form (`$argon2id$v=19$m=19456,t=2,p=1$…`).
///
/// The default is what OWASP recommends: 19 MiB of memory, 2 passes, 1 lane. Each hashing thread takes that
/// much memory while it works, so a program needs it once for each core.
///
/// ```
/// use axum_login_kit::{Argon2id, Passwords};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let passwords = Passwords::from(Argon2id::new(64, 1, 1)?); // very little, for tests
/// let hash = passwords.hash("correct horse").await?;
/// assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
/// assert!(passwords.verify("correct horse", &hash).await?.valid);
///
/// // Hashes of bcrypt that are there already keep working, and are replaced at the next login.
/// let old = axum_login_kit::Bcrypt::with_cost(4)?.hash("correct horse").await?;
/// let verified = passwords.verify("correct horse", &old).await?;
/// assert!(verified.valid && verified.rehash_due);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2id {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Default for Argon2id {
    /// 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Argon2id {
            memory: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl Argon2id {
    /// Argon2id with `memory` in KiB, and so many passes over it and lanes.
    ///
    /// ```
    /// use axum_login_kit::Argon2id;
    ///
    /// assert_eq!(Argon2id::new(19_456, 2, 1)?, Argon2id::default());
    /// assert!(Argon2id::new(1, 1, 1).is_err());
    /// # Ok::<(), axum_login_kit::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError::Argon2`] for less than 8 KiB a lane, more than 1 GiB, no pass, no lane, more than 16 lanes,
    /// or more than 4 GiB in all passes together.
    pub fn new(memory: u32, passes: u32, lanes: u32) -> Result<Self, ConfigError> {
        if is_affordable(memory, passes, lanes) {
            Ok(Argon2id {
                memory,
                passes,
                lanes,
            })
        } else {
            Err(ConfigError::Argon2 {
                memory,
                passes,
                lanes,
            })
        }
    }

    pub(super) fn work(self) -> u64 {
        u64::from(self.memory) * u64::from(self.passes)
    }

    pub(super) fn memory(self) -> u64 {
        u64::from(self.memory)
    }

    pub(super) fn hash(self, text: &str) -> Result<String, Error> {
        let mut salt = [0; 16];
        SysRng
            .try_fill_bytes(&mut salt)
            .map_err(|_| Error::internal("the operating system gave no randomness for a salt"))?;
        let made = Stored {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            cost: self,
            salt: salt.to_vec(),
            hash: vec![0; 32],
        };
        let hash = made
            .make(text)
            .ok_or_else(|| Error::internal("there was no memory to hash a password with"))?;
        Ok(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            self.memory,
            self.passes,
            self.lanes,
            to_base64(&salt),
            to_base64(&hash)
        ))
    }
}

impl From<Argon2id> for Passwords {
    fn from(argon2id: Argon2id) -> Self {
        Passwords::new(Scheme::Argon2id(argon2id))
    }
}

/// A hash in the usual form, taken apart.
#[derive(Debug)]
pub(super) struct Stored {
    algorithm: Algorithm,
    version: Version,
    cost: Argon2id,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('$')?;
        let (algorithm, rest) = rest.split_once('$')?;
        // Before it was said, it was 16.
        let (version, rest) = match rest.strip_prefix("v=") {
            Some(rest) => rest.split_once('$')?,
            None => ("16", rest),
        };
        let (cost, rest) = rest.split_once('$')?;
        let (salt, hash) = rest.split_once('$')?;
        let mut numbers = ["m=", "t=", "p="].into_iter();
        let mut parts = cost.split(',');
        let mut number = || parts.next()?.strip_prefix(numbers.next()?)?.parse().ok();
        let (memory, passes, lanes) = (number()?, number()?, number()?);
        if parts.next().is_some() || !is_affordable(memory, passes, lanes) {
            return None;
        }
        let hash = base64(hash).filter(|hash| is_long_enough(hash))?;
        Some(Stored {
            algorithm: algorithm.parse().ok()?,
            version: match version {
                "16" => Version::V0x10,
                "19" => Version::V0x13,
                _ => return None,
            },
            cost: Argon2id {
                memory,
                passes,
                lanes,
            },
            salt: base64(salt).filter(|salt| (8..=64).contains(&salt.len()))?,
            hash,
        })
    }

    pub(super) fn work(&self) -> u64 {
        self.cost.work()
    }

    pub(super) fn memory(&self) -> u64 {
        self.cost.memory()
    }

    pub(super) fn is_as(&self, wanted: Argon2id) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.cost == wanted
    }

    pub(super) fn verify(&self, text: &str) -> bool {
        self.make(text)
            .is_some_and(|made| made.ct_eq(&self.hash).into())
    }

    fn make(&self, text: &str) -> Option<Vec<u8>> {
        let Argon2id {
            memory,
            passes,
            lanes,
        } = self.cost;
        let mut made = vec![0; self.hash.len()];
        let params = Params::new(memory, passes, lanes, Some(made.len())).ok()?;
        Argon2::new(self.algorithm, self.version, params)
            .hash_password_into(text.as_bytes(), &self.salt, &mut made)
            .ok()?;
        Some(made)
    }
}

fn is_affordable(memory: u32, passes: u32, lanes: u32) -> bool {
    (1..=16).contains(&lanes)
        && (8 * lanes..=MAX_MEMORY).contains(&memory)
        && passes >= 1
        && u64::from(memory) * u64::from(passes) <= MAX_WORK
}

/// Passes over `memory`, or less where little is to be done.
pub(super) fn spend(amount: u64, memory: u64, password: &str) -> u64 {
    let memory = amount.min(memory).min(u64::from(MAX_MEMORY));
    let passes = amount.checked_div(memory).unwrap_or(0);
    let (Ok(memory), Ok(passes)) = (u32::try_from(memory), u32::try_from(passes)) else {
        return 0;
    };
    let Ok(cost) = Argon2id::new(memory, passes, 1) else {
        return 0;
    };
    let nobody = Stored {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        cost,
        salt: vec![0; 16],
        hash: vec![0; 32],
    };
    std::hint::black_box(nobody.make(password));
    cost.work()
}
