//! What handlers ask for.

mod auth;
mod current_user;
mod devices;
mod flows;
mod fresh_user;
mod login;
mod passwords;
mod verify;

pub use self::auth::Auth;
pub use self::current_user::CurrentUser;
pub use self::fresh_user::FreshUser;
pub use self::login::Login;
pub use self::verify::VerifyPassword;
