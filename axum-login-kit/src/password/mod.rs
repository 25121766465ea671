//! Passwords: hashed on threads of their own, and checked in the same time whoever they are said to belong to.

#[cfg(feature = "argon2")]
mod argon2id;
mod policy;
mod prehash;
mod secret;
mod settings;
mod stored;
mod threads;
#[cfg(feature = "werkzeug")]
mod werkzeug;
mod work;

use std::ops::RangeInclusive;

#[cfg(feature = "argon2")]
pub use self::argon2id::Argon2id;
pub use self::policy::{Passwords, Verified};
pub use self::secret::Password;
pub use self::settings::Bcrypt;
pub(crate) use self::threads::MAX_WAIT;
use crate::error::Error;

/// The costs bcrypt knows.
const COSTS: RangeInclusive<u32> = 4..=31;

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
/// As [`Passwords::hash`].
///
/// # Cancellation
/// Dropping the future throws the result away.
pub async fn hash_password(password: &str) -> Result<String, Error> {
    Bcrypt::default().hash(password).await
}

/// The hexadecimal digit for a number below 16.
fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests;
