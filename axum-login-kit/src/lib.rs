#![doc = include_str!("../docs/crate.md")]
#![deny(missing_docs)]

// The documentation's examples name the crate as a user does.
extern crate self as axum_login_kit;

mod cookies;
mod error;
mod extract;
mod flash;
mod keys;
mod manager;
mod next_url;
mod password;
mod session;
pub mod testing;
mod unauthorized;
mod user;

pub use error::{ConfigError, Error, ErrorKind, LoginRefused};
pub use extract::{Auth, CurrentUser, FreshUser, Login};
pub use flash::{Flash, FlashMessage};
pub use manager::{LoginFuture, LoginLayer, LoginManager, LoginManagerBuilder, LoginService};
pub use next_url::NextUrl;
#[cfg(feature = "argon2")]
pub use password::Argon2id;
pub use password::{Bcrypt, Password, Passwords, Verified, hash_password};
pub use session::{LoginBackend, tables};
pub use unauthorized::LoginRejection;
pub use user::AuthUser;
