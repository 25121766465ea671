//! A clock that tests turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};

use crate::clock::Clock;

/// A clock that stands still until a test turns it; it begins at noon of 1 January 2030. A clone is the same clock.
///
/// ```
/// use std::time::Duration;
/// use axum_db::testing::Client;
/// use axum_login_kit::{CurrentUser, testing::{FakeClock, login_as}};
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
/// # let db = database.session();
/// # let user = NewUser::new("-").insert(&db).await?;
/// # db.commit().await?;
/// # drop(db);
/// # let secret = b"at least 32 bytes that nobody can guess";
///
/// let clock = FakeClock::new();
/// let login = LoginManager::<User>::new(&database, secret).clock(clock.clone()).build()?;
/// # let account = async |user: CurrentUser<User>| user.id.to_string();
/// # let app = Router::new().route("/account", get(account)).layer(login.layer()).layer(database.layer());
/// let ada = Client::new(app).with_cookies(login_as(&login, &user).await?);
/// ada.get("/account").await.assert_status(200);
/// clock.advance(Duration::from_secs(25 * 60 * 60));
/// ada.get("/account").await.assert_status(401);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FakeClock(Arc<Mutex<NaiveDateTime>>);

impl FakeClock {
    /// A clock at its beginning.
    ///
    /// ```
    /// use axum_login_kit::{Clock, testing::FakeClock};
    ///
    /// let clock = FakeClock::new();
    /// assert_eq!(clock.now().to_string(), "2030-01-01 12:00:00");
    /// assert_eq!(clock.now(), FakeClock::new().now()); // no time passes by itself
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let noon = NaiveDate::from_ymd_opt(2030, 1, 1).and_then(|day| day.and_hms_opt(12, 0, 0));
        FakeClock(Arc::new(Mutex::new(noon.unwrap_or_default())))
    }

    /// Turns it forward.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum_login_kit::{Clock, testing::FakeClock};
    ///
    /// let clock = FakeClock::new();
    /// let before = clock.now();
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(clock.now() - before, chrono::TimeDelta::seconds(60));
    /// ```
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }

    /// Sets it to a time in UTC.
    ///
    /// ```
    /// use axum_login_kit::{Clock, testing::FakeClock};
    ///
    /// let clock = FakeClock::new();
    /// clock.set(chrono::NaiveDateTime::default());
    /// assert_eq!(clock.now().and_utc().timestamp(), 0);
    /// ```
    pub fn set(&self, to: NaiveDateTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> NaiveDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}
