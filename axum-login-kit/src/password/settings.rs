//! bcrypt and its cost, and the choice between the ways to hash.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::stored::{Core, PREHASHED_BCRYPT, Prehash, Stored};
use super::threads::HashThreads;
use super::work::Kind;
use super::{COSTS, Passwords, Verified};
use crate::error::{ConfigError, Error};

/// What [`Bcrypt::measure`] chooses from.
const MEASURED: RangeInclusive<u32> = 10..=18;
/// The cost that it measures with.
const SAMPLE: u32 = 8;

/// bcrypt (`$2b$`), with a cost: what [`Passwords`] are hashed with by default.
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

impl Default for Bcrypt {
    /// Cost 12: about a quarter of a second on one core of a machine of today.
    fn default() -> Self {
        Bcrypt { cost: 12 }
    }
}

impl Bcrypt {
    /// bcrypt with 2 to the power of `cost` rounds; the default is 12.
    ///
    /// ```
    /// use axum_login_kit::Bcrypt;
    ///
    /// assert_eq!(Bcrypt::with_cost(13)?.cost(), 13);
    /// assert!(Bcrypt::with_cost(3).is_err());
    /// # Ok::<(), axum_login_kit::ConfigError>(())
    /// ```
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

    /// The cost.
    ///
    /// ```
    /// assert_eq!(axum_login_kit::Bcrypt::default().cost(), 12);
    /// ```
    #[must_use]
    pub fn cost(self) -> u32 {
        self.cost
    }

    /// The highest cost whose hash takes no longer than `target` on one core of this machine, from 10 to 18.
    ///
    /// It is for choosing: measure on the machine that will serve, in an optimised build, and write the number
    /// down. A program that measures at every start would have another cost on a busy day, and hash every
    /// password anew.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum_login_kit::Bcrypt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_login_kit::Error> {
    /// let affordable = Bcrypt::measure(Duration::from_millis(250)).await?;
    /// println!("this machine affords cost {}", affordable.cost());
    /// assert!((10..=18).contains(&affordable.cost()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy) when no hashing thread became free within 2 seconds.
    ///
    /// # Cancellation
    /// Dropping the future throws the result away.
    pub async fn measure(target: Duration) -> Result<Self, Error> {
        let sample = HashThreads::global().run(|| {
            let samples = (0..3).map(|_| {
                let begun = Instant::now();
                super::stored::spend(Kind::Bcrypt, 1 << SAMPLE, 0, "");
                begun.elapsed()
            });
            samples.min().unwrap_or_default()
        });
        let mut cost = *MEASURED.start();
        let mut takes = sample.await?.saturating_mul(1 << (cost - SAMPLE));
        while cost < *MEASURED.end() && takes.saturating_mul(2) <= target {
            takes = takes.saturating_mul(2);
            cost += 1;
        }
        Ok(Bcrypt { cost })
    }

    /// Hashes a password for storing: [`Passwords::hash`].
    ///
    /// ```
    /// use axum_login_kit::Bcrypt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bcrypt = Bcrypt::with_cost(4)?; // for tests
    /// let hash = bcrypt.hash("correct horse").await?;
    /// assert!(hash.starts_with("$2b$04$"));
    /// assert_ne!(bcrypt.hash("correct horse").await?, hash); // each has a salt of its own
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Passwords::hash`].
    ///
    /// # Cancellation
    /// Dropping the future throws the result away.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        Passwords::from(*self).hash(password).await
    }

    /// Whether `password` made `hash`: [`Passwords::verify`].
    ///
    /// ```
    /// use axum_login_kit::Bcrypt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bcrypt = Bcrypt::with_cost(4)?; // for tests
    /// let hash = bcrypt.hash("correct horse").await?;
    /// assert!(bcrypt.verify("correct horse", &hash).await?.valid);
    /// assert!(!bcrypt.verify("battery staple", &hash).await?.valid);
    /// assert!(!bcrypt.verify("correct horse", "no hash at all").await?.valid);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Passwords::verify`].
    ///
    /// # Cancellation
    /// Dropping the future throws the result away.
    pub async fn verify(&self, password: &str, hash: &str) -> Result<Verified, Error> {
        Passwords::from(*self).verify(password, hash).await
    }
}

impl From<Bcrypt> for Passwords {
    fn from(bcrypt: Bcrypt) -> Self {
        Passwords::new(Scheme::Bcrypt(bcrypt))
    }
}

/// How new hashes are made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scheme {
    Bcrypt(Bcrypt),
    #[cfg(feature = "argon2")]
    Argon2id(super::Argon2id),
}

impl Scheme {
    /// The work of one hash: its kind, its amount, and Argon2's memory.
    pub(super) fn work(self) -> (Kind, u64, u64) {
        match self {
            Scheme::Bcrypt(bcrypt) => (Kind::Bcrypt, 1 << bcrypt.cost, 0),
            #[cfg(feature = "argon2")]
            Scheme::Argon2id(argon2id) => (Kind::Argon2, argon2id.work(), argon2id.memory()),
        }
    }

    /// Hashes `text`, which stands for a password as `prehash` says.
    pub(super) fn hash(self, text: &str, prehash: Prehash<'_>) -> Result<String, Error> {
        let (mark, hash) = match self {
            Scheme::Bcrypt(bcrypt) => {
                let hash = ::bcrypt::hash(text, bcrypt.cost).map_err(|_| {
                    Error::internal("the operating system gave no randomness for a salt")
                });
                (PREHASHED_BCRYPT, hash?)
            }
            #[cfg(feature = "argon2")]
            Scheme::Argon2id(argon2id) => (super::stored::PREHASHED_ARGON2, argon2id.hash(text)?),
        };
        Ok(match prehash {
            Prehash::Nothing | Prehash::Sha256Hex => hash,
            Prehash::Ours => format!("{mark}{hash}"),
            Prehash::Peppered(name) => format!("{mark}-{name}{hash}"),
        })
    }

    /// Whether a hash is one that this would make.
    pub(super) fn makes(self, stored: &Stored<'_>) -> bool {
        match (self, &stored.core) {
            (Scheme::Bcrypt(bcrypt), Core::Bcrypt { version, cost, .. }) => {
                *version == b'b' && *cost == bcrypt.cost
            }
            #[cfg(feature = "argon2")]
            (Scheme::Argon2id(argon2id), Core::Argon2(hash)) => hash.is_as(argon2id),
            #[cfg(any(feature = "argon2", feature = "werkzeug"))]
            _ => false,
        }
    }
}
