//! How passwords are hashed, and how stored hashes are checked.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Bcrypt;
use super::prehash::{self, Pepper};
use super::settings::Scheme;
use super::stored::{Core, Prehash, Stored};
use super::threads::HashThreads;
use super::work::{Kind, Ledger, Work};
use crate::error::{ConfigError, Error};

/// The longest password that is hashed, in bytes.
const MAX_BYTES: usize = 4096;
/// What bcrypt reads of a password, in bytes, with room for its closing NUL.
const BCRYPT_BYTES: usize = 71;
/// A stored bcrypt hash of a higher cost is checked only where new ones have it too: it would take a minute.
const MAX_STORED_COST: u32 = 18;
/// Failures of all users are made as slow as the hashes of some up to so many times the work of a new one.
const MAX_LEVEL: u64 = 4;

/// Hashes passwords, and checks them against hashes made here, by another cost or scheme, or elsewhere.
///
/// New hashes are [`Bcrypt`]'s by default, or [`Argon2id`](crate::Argon2id)'s with the feature `argon2`. Hand it to
/// [`LoginManagerBuilder::passwords`](crate::LoginManagerBuilder::passwords); a clone shares what it has learned.
///
/// The work is done on threads of its own, one for each core, with a lower priority on Linux: never on the
/// runtime, which would stand still meanwhile. A hash waits at most 2 seconds for such a thread; then it is
/// [`ErrorKind::Busy`](crate::ErrorKind::Busy), answered with 503 and `Retry-After`.
///
/// # What is checked
///
/// | begins with | made by | |
/// |---|---|---|
/// | `$2b$`, `$2a$`, `$2y$`, `$2x$` | any bcrypt | |
/// | `$bcrypt-sha384` | this crate, for long passwords or with a pepper | |
/// | `bcrypt$`, `bcrypt_sha256$` | Django | |
/// | `$argon2id$`, `$argon2i$`, `$argon2d$`, `argon2$` | any Argon2, Django | feature `argon2` |
/// | `pbkdf2:sha256:`, `pbkdf2:sha512:`, `scrypt:` | Werkzeug | feature `werkzeug` |
/// | `pbkdf2_sha256$`, `scrypt$` | Django | feature `werkzeug` |
///
/// Everything else, and what is malformed, was made by no password. So was, for the safety of the server, what asks for
/// absurd work: bcrypt above cost 18, a gibibyte of memory or ten million iterations.
///
/// # Long and impossible passwords
///
/// bcrypt itself reads only the first 72 bytes of a password and stops at a NUL byte. Here a password of more
/// than 71 bytes is pre-hashed for it (HMAC-SHA-384 in base64), so that all of it counts. One with a NUL byte or of
/// more than 4,096 bytes is refused before any hashing. Hashes are ASCII text of 60 to 130 characters.
///
/// # Time
///
/// Every failure takes the same work: that of a new hash, whether the user exists or not, plus, where older hashes
/// cost more or were made in another way, the work of those. It learns of them as it meets them.
///
/// ```
/// use axum_login_kit::{Bcrypt, Passwords};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let passwords = Passwords::from(Bcrypt::with_cost(5)?).pepper("a secret kept outside of the database");
/// let hash = passwords.hash("correct horse").await?;
/// assert!(passwords.verify("correct horse", &hash).await?.valid);
///
/// // Without the pepper, the hash is good for nothing.
/// assert!(!Bcrypt::with_cost(5)?.verify("correct horse", &hash).await?.valid);
///
/// // Hashes of before, Django's here, go on working, and should be replaced.
/// let django = "bcrypt_sha256$$2b$04$.frpzBCM6e6JlvSeyX9YXuxc1CAPj/iD7l9mu79SSZFwtn6m1/M7y";
/// let verified = passwords.verify("correct horse", django).await?;
/// assert!(verified.valid && verified.rehash_due);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Passwords {
    scheme: Scheme,
    peppers: Vec<Arc<Pepper>>,
    flask: bool,
    ledger: Arc<Ledger>,
}

/// What [`Passwords::verify`] found.
///
/// ```
/// use axum_login_kit::Bcrypt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (before, now) = (Bcrypt::with_cost(4)?, Bcrypt::with_cost(5)?);
/// let hash = before.hash("correct horse").await?;
/// let verified = now.verify("correct horse", &hash).await?;
/// assert!(verified.valid && verified.rehash_due);
/// assert!(!now.verify("a guess", &hash).await?.valid);
/// # Ok(())
/// # }
/// ```
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

const WRONG: Verified = Verified {
    valid: false,
    rehash_due: false,
};

impl Default for Passwords {
    /// [`Bcrypt`] with cost 12.
    fn default() -> Self {
        Bcrypt::default().into()
    }
}

impl Passwords {
    pub(super) fn new(scheme: Scheme) -> Self {
        let passwords = Passwords {
            scheme,
            peppers: Vec::new(),
            flask: false,
            ledger: Arc::default(),
        };
        let (kind, amount, memory) = scheme.work();
        passwords.ledger.learn(kind, amount, memory);
        passwords
    }

    /// Mixes a secret into new hashes, one that is not in the database: whoever steals the database alone cannot
    /// even begin to guess passwords. 32 random bytes are enough; losing them loses all passwords.
    ///
    /// Hashes without it go on working, and are replaced at the next login. To change the secret, give the
    /// new one first and then the old one: new hashes get the first, those of the others are replaced.
    ///
    /// ```
    /// use axum_login_kit::{Bcrypt, Passwords};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let old = Passwords::from(Bcrypt::with_cost(4)?).pepper("last year's");
    /// let hash = old.hash("correct horse").await?;
    ///
    /// let new = Passwords::from(Bcrypt::with_cost(4)?).pepper("this year's").pepper("last year's");
    /// let verified = new.verify("correct horse", &hash).await?;
    /// assert!(verified.valid && verified.rehash_due);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pepper(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.peppers.push(Arc::new(Pepper::new(secret.as_ref())));
        self
    }

    /// Checks what Flask-Bcrypt stored with `BCRYPT_HANDLE_LONG_PASSWORDS = True`, too: bcrypt over the SHA-256
    /// of the password. Such a hash looks like any other, so each plain one is tried both ways; a failure costs two
    /// hashes, for everybody. New hashes are marked, and the old ones replaced at the next login.
    ///
    /// ```
    /// use axum_login_kit::{Bcrypt, Passwords};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let passwords = Passwords::from(Bcrypt::with_cost(4)?).flask_compat();
    /// let from_flask = "$2b$04$0WtPUXBhI..a//rKHiHG6eXo7RpSVvgJ90XNlVLjLAJ03qXHFTci2";
    /// let verified = passwords.verify("correct horse", from_flask).await?;
    /// assert!(verified.valid && verified.rehash_due);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn flask_compat(mut self) -> Self {
        self.flask = true;
        self
    }

    /// Hashes a password for storing.
    ///
    /// ```
    /// use axum_login_kit::{Bcrypt, Passwords};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let passwords = Passwords::from(Bcrypt::with_cost(4)?);
    /// assert!(passwords.hash("correct horse").await?.starts_with("$2b$04$"));
    /// assert!(passwords.hash(&"long ".repeat(1_000)).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
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
        let (this, password) = (self.clone(), Zeroizing::new(password.to_owned()));
        HashThreads::global()
            .run(move || this.hash_here(&password))
            .await?
    }

    /// Whether `password` made `hash`, and whether it should be hashed anew.
    ///
    /// ```
    /// use axum_login_kit::{Bcrypt, Passwords};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let passwords = Passwords::from(Bcrypt::with_cost(4)?);
    /// let hash = passwords.hash("correct horse").await?;
    /// let verified = passwords.verify("correct horse", &hash).await?;
    /// assert!(verified.valid && !verified.rehash_due);
    /// assert!(!passwords.verify("correct horse", "no hash").await?.valid);
    /// # Ok(())
    /// # }
    /// ```
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
            return Ok(WRONG);
        }
        let (this, password) = (self.clone(), Zeroizing::new(password.to_owned()));
        let hash = hash.map(str::to_owned);
        HashThreads::global()
            .run(move || this.verify_here(&password, hash.as_deref()))
            .await
    }

    /// The work done so far, in the rounds of bcrypt, Argon2's kibibytes times passes, the iterations of PBKDF2 and
    /// scrypt's blocks together: for tests that two answers cost the same, without a clock.
    ///
    /// ```
    /// use axum_login_kit::{Bcrypt, Passwords};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let passwords = Passwords::from(Bcrypt::with_cost(4)?);
    /// let hash = passwords.hash("correct horse").await?;
    /// assert_eq!(passwords.work_done(), 16);
    /// assert!(!passwords.verify("battery staple", &hash).await?.valid);
    /// assert!(!passwords.verify("battery staple", "no hash at all").await?.valid);
    /// assert_eq!(passwords.work_done(), 3 * 16);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn work_done(&self) -> u64 {
        self.ledger.done()
    }

    /// Whether every pepper is a secret at all.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.peppers.iter().any(|pepper| pepper.is_empty()) {
            return Err(ConfigError::EmptyPepper);
        }
        Ok(())
    }

    pub(super) fn hash_here(&self, password: &str) -> Result<String, Error> {
        let prehash = self.wanted(password);
        self.ledger.count(self.scheme.work().1);
        match self.prehashed(password, prehash) {
            Some(text) => self.scheme.hash(&text, prehash),
            None => self.scheme.hash(password, prehash),
        }
    }

    pub(super) fn verify_here(&self, password: &str, hash: Option<&str>) -> Verified {
        let mut spent = Work::default();
        if let Some(stored) = hash.and_then(Stored::parse)
            && self.is_affordable(&stored)
        {
            let (kind, amount, memory) = stored.work();
            if kind != Kind::Bcrypt || amount <= self.highest_level() {
                self.ledger.learn(kind, amount, memory);
            }
            for prehash in self.candidates(&stored, password).into_iter().flatten() {
                let text = self.prehashed(password, prehash);
                spent.add(kind, amount);
                self.ledger.count(amount);
                if stored.verify(text.as_ref().map_or(password, |text| text.as_str())) {
                    return Verified {
                        valid: true,
                        rehash_due: stored.foreign
                            || prehash != self.wanted(password)
                            || !self.scheme.makes(&stored),
                    };
                }
            }
        }
        self.ledger
            .level(password, &spent, 1 + u64::from(self.flask));
        WRONG
    }

    /// The ways in which a password may have made this hash.
    fn candidates<'a>(&self, stored: &Stored<'a>, password: &str) -> [Option<Prehash<'a>>; 2] {
        match (stored.prehash, &stored.core) {
            (Prehash::Peppered(name), _) if self.pepper_named(name).is_none() => [None, None],
            (Prehash::Nothing, Core::Bcrypt { .. }) if self.flask && !stored.foreign => {
                // Whoever knows the SHA-256 of a password, from elsewhere, does not know the password.
                let as_it_is = !prehash::is_sha256_hex(password);
                let as_it_is = as_it_is.then_some(Prehash::Nothing);
                [Some(Prehash::Sha256Hex), as_it_is]
            }
            (prehash, _) => [Some(prehash), None],
        }
    }

    /// What a new hash of this password is made over.
    fn wanted(&self, password: &str) -> Prehash<'_> {
        match (self.peppers.first(), self.scheme) {
            (Some(pepper), _) => Prehash::Peppered(pepper.name()),
            (None, Scheme::Bcrypt(_)) if self.flask || password.len() > BCRYPT_BYTES => {
                Prehash::Ours
            }
            _ => Prehash::Nothing,
        }
    }

    /// What is hashed in the place of the password; `None` for the password itself.
    fn prehashed(&self, password: &str, prehash: Prehash<'_>) -> Option<Zeroizing<String>> {
        match prehash {
            Prehash::Nothing => None,
            Prehash::Ours => Some(prehash::prehash(password)),
            Prehash::Peppered(name) => Some(self.pepper_named(name)?.prehash(password)),
            Prehash::Sha256Hex => Some(prehash::sha256_hex(password)),
        }
    }

    fn pepper_named(&self, name: &str) -> Option<&Pepper> {
        let mut peppers = self.peppers.iter().map(|pepper| &**pepper);
        peppers.find(|pepper| pepper.name() == name)
    }

    fn is_affordable(&self, stored: &Stored<'_>) -> bool {
        match stored.core {
            Core::Bcrypt { cost, .. } => {
                let own = match self.scheme {
                    Scheme::Bcrypt(bcrypt) => bcrypt.cost(),
                    #[cfg(feature = "argon2")]
                    Scheme::Argon2id(_) => 0,
                };
                cost <= own.max(MAX_STORED_COST)
            }
            #[cfg(any(feature = "argon2", feature = "werkzeug"))]
            _ => true,
        }
    }

    /// The most rounds of bcrypt that failures are levelled to.
    fn highest_level(&self) -> u64 {
        match self.scheme.work() {
            (Kind::Bcrypt, amount, _) => amount.saturating_mul(MAX_LEVEL),
            #[cfg(any(feature = "argon2", feature = "werkzeug"))]
            _ => MAX_LEVEL << Bcrypt::default().cost(),
        }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords")
            .field("scheme", &self.scheme)
            .field("peppers", &self.peppers.len())
            .field("flask_compat", &self.flask)
            .finish_non_exhaustive()
    }
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
