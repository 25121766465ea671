//! What handlers ask for.

mod auth;
mod current_user;
mod fresh_user;
mod login;

pub use self::auth::Auth;
pub use self::current_user::CurrentUser;
pub use self::fresh_user::FreshUser;
pub use self::login::Login;
