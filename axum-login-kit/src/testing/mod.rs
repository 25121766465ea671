//! For the tests of an application: sessions without a password, a clock to turn, and the rules that a place for
//! sessions has to keep.

mod backend;
mod clock;

pub use self::backend::check_backend;
pub use self::clock::FakeClock;

use axum::http::HeaderValue;

pub use crate::mail::Outbox;

use crate::error::Error;
use crate::manager::LoginManager;
use crate::user::AuthUser;

/// Begins a real session for `user` and returns the `Cookie` header of its browser, good for every host: a
/// test logs in without a password and without hashing one. `axum_db::testing::Client` carries it.
///
/// ```
/// use axum_db::testing::Client;
/// use axum_login_kit::{CurrentUser, testing::login_as};
/// # use axum::{Router, routing::get};
/// # use axum_db::{metadata, prelude::*};
/// # use axum_login_kit::{AuthUser, LoginManager, tables};
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct User { #[model(primary_key)] pub id: i32, pub password_hash: String }
/// # impl AuthUser for User {
/// #     type Id = i32;
/// #     fn id(&self) -> i32 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![User].with(tables::<User>())).await?;
/// # let login = LoginManager::<User>::new(&database, b"at least 32 bytes that nobody can guess").build()?;
/// # let db = database.session();
/// # let user = NewUser::new("-").insert(&db).await?;
/// # db.commit().await?;
/// # drop(db);
/// # let account = async |user: CurrentUser<User>| user.id.to_string();
/// # let app = Router::new().route("/account", get(account)).layer(login.layer()).layer(database.layer());
///
/// let ada = Client::new(app).with_cookies(login_as(&login, &user).await?);
/// ada.get("/account").await.assert_status(200);
/// ada.another().get("/account").await.assert_status(401);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the database fails.
///
/// # Cancellation
/// The session may have begun; nobody knows its token.
pub async fn login_as<U: AuthUser>(
    login: &LoginManager<U>,
    user: &U,
) -> Result<HeaderValue, Error> {
    login.begin_session(user).await
}
