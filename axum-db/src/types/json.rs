//! Values of any shape.

use std::ops::{Deref, DerefMut};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Misfit, Portable, sql_type};

/// Any value that serde knows, as JSON: JSONB on PostgreSQL, JSON on MySQL, text on SQLite.
///
/// `T` may be a struct, a list, a map, or `serde_json::Value` for what has no shape of its own. What comes
/// back equals what went in, though not to the byte: PostgreSQL and MySQL keep no order of keys. PostgreSQL
/// refuses texts with the character U+0000.
///
/// Engines compare JSON in different ways, or not at all: keep what a query filters or orders by in a
/// column of its own.
///
/// ```
/// use axum_db::{metadata, prelude::*, types::Json};
/// use serde::{Deserialize, Deserializer, Serialize, Serializer};
///
/// #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
/// pub struct Settings {
///     pub theme: String,
///     pub columns: Vec<u8>,
/// }
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Profile {
///     #[model(primary_key)]
///     pub id: i32,
///     pub settings: Json<Settings>,
///     pub notes: Option<Json<serde_json::Value>>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Profile]).await?;
/// let db = database.session();
/// let settings = Settings { theme: "dark".into(), columns: vec![1, 3] };
/// let mut profile = NewProfile::new(Json(settings)).insert(&db).await?;
/// profile.settings.columns.push(5);
/// profile.save(&db).await?;
/// assert_eq!(Profile::find(profile.id).one(&db).await?.settings.columns, [1, 3, 5]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Json<T>(pub T);

impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// The SQL type of [`Json`], whatever its `T`.
///
/// ```
/// use axum_db::{Dialect, metadata, prelude::*, types::Json};
///
/// pub type Settings = Json<Vec<String>>;
///
/// #[model]
/// pub struct Profile {
///     #[model(primary_key)] pub id: i32,
///     #[model(sql_type = axum_db::types::JsonSql)]
///     pub settings: Settings, // a name that `#[model]` does not know
/// }
///
/// # fn main() {
/// let sql = metadata![Profile].create_statements(Dialect::Postgres).remove(0);
/// assert!(sql.contains("\"settings\" JSONB NOT NULL"));
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct JsonSql;

sql_type!(JsonSql);
crate::__own_sql_type!(Json<T>, JsonSql, T);

impl<T> Portable for Json<T> {}

impl<T: Serialize> Json<T> {
    pub(crate) fn to_text(&self) -> Result<String, Misfit> {
        serde_json::to_string(&self.0).map_err(|_| {
            Misfit::new(format!(
                "a `{}` cannot be written as JSON; its maps need keys of text, and its Serialize must succeed",
                std::any::type_name::<T>()
            ))
        })
    }
}

impl<T: DeserializeOwned> Json<T> {
    pub(crate) fn from_text(text: &[u8]) -> Result<Self, Misfit> {
        serde_json::from_slice(text).map(Self).map_err(|_| {
            Misfit::new(format!(
                "a row has JSON that is no `{}`; let new fields have #[serde(default)], or change the row",
                std::any::type_name::<T>()
            ))
        })
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}
