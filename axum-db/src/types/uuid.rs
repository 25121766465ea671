//! UUIDs.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Portable, sql_type};

/// A UUID: UUID on PostgreSQL, 16 bytes on SQLite and MySQL. On all of them UUIDs are ordered by their
/// bytes, those of version 7 by the time they were made.
///
/// It is used like the [`uuid::Uuid`] in it, and converts from and into that.
///
/// ```
/// use axum_db::{metadata, prelude::*, types::Uuid};
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Device {
///     #[model(primary_key, default = Uuid::now_v7())]
///     pub id: Uuid,
///     pub name: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Device]).await?;
/// let db = database.session();
/// let device = NewDevice::new("printer").insert(&db).await?;
/// let id: Uuid = device.id.to_string().parse()?; // as it comes from a path
/// assert_eq!(Device::find(id).one(&db).await?.name, "printer");
/// assert_eq!(id.get_version_num(), 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub uuid::Uuid);

sql_type!(Uuid);
crate::__own_sql_type!(Uuid, Uuid);

impl Portable for Uuid {}
impl diesel::sql_types::SqlOrd for Uuid {}

impl Uuid {
    /// A new UUID that begins with the time, so that newer rows come after older ones in the key's index.
    ///
    /// ```
    /// use axum_db::types::Uuid;
    ///
    /// let id = Uuid::now_v7();
    /// assert_eq!(id.get_version_num(), 7);
    /// assert!(id < Uuid::now_v7());
    /// ```
    #[must_use]
    pub fn now_v7() -> Self {
        Self(uuid::Uuid::now_v7())
    }

    /// A new UUID of random bits: it tells nothing, and nobody guesses it.
    ///
    /// ```
    /// use axum_db::types::Uuid;
    ///
    /// assert_eq!(Uuid::new_v4().get_version_num(), 4);
    /// assert_ne!(Uuid::new_v4(), Uuid::new_v4());
    /// ```
    #[must_use]
    pub fn new_v4() -> Self {
        Self(uuid::Uuid::new_v4())
    }

    /// The UUID of all zeros.
    ///
    /// ```
    /// use axum_db::types::Uuid;
    ///
    /// assert!(Uuid::nil() < Uuid::now_v7());
    /// assert_ne!(Uuid::new_v4(), Uuid::new_v4());
    /// ```
    #[must_use]
    pub const fn nil() -> Self {
        Self(uuid::Uuid::nil())
    }
}

impl Deref for Uuid {
    type Target = uuid::Uuid;

    fn deref(&self) -> &uuid::Uuid {
        &self.0
    }
}

impl From<uuid::Uuid> for Uuid {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(uuid)
    }
}

impl From<Uuid> for uuid::Uuid {
    fn from(uuid: Uuid) -> Self {
        uuid.0
    }
}

impl PartialEq<uuid::Uuid> for Uuid {
    fn eq(&self, other: &uuid::Uuid) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Uuid {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// As text: `67e55044-10b1-426f-9247-bb680e5fe0c8`.
impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
