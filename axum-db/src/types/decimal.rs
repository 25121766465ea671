//! Decimal numbers.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use diesel::sql_types::{Foldable, Nullable, SqlOrd, ops};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Misfit, Portable, sql_type};

/// A decimal number, kept exactly: NUMERIC on PostgreSQL, DECIMAL on MySQL, text on SQLite, which has no
/// exact numbers with a point.
///
/// It is used like the [`rust_decimal::Decimal`] in it, and converts from and into that. Zeros at its end
/// are taken away when it is made, on every engine: 1.50 comes back as 1.5, and `{:.2}` shows both places.
///
/// `#[model(precision = 12, scale = 2)]` sets how many digits the column has. PostgreSQL and MySQL round
/// what has more places than that; SQLite keeps it.
///
/// On SQLite a query can ask whether numbers are equal. To order or compare them, or to compute with them,
/// cast the column (`CAST(price AS REAL)`) where floating point is near enough, or do it in Rust.
///
/// ```
/// use axum_db::{metadata, prelude::*, types::Decimal};
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct Product {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(precision = 12, scale = 2, default = 9.90)]
///     pub price: Decimal,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Product]).await?;
/// let db = database.session();
/// let product = NewProduct::new().insert(&db).await?;
/// assert_eq!(format!("{:.2}", product.price), "9.90");
/// let cheap = Decimal::new(990, 2);
/// assert!(Product::query().filter(products::price.eq(cheap)).exists(&db).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(rust_decimal::Decimal);

sql_type!(Decimal);
crate::__own_sql_type!(Decimal, Decimal);

impl Portable for Decimal {}
impl SqlOrd for Decimal {}

impl Foldable for Decimal {
    type Sum = Nullable<Self>;
    type Avg = Nullable<Self>;
}

/// What SQL computes with two of them; `diesel::table!` knows the type by its name, and wants all four.
macro_rules! computes {
    ($($operation:ident)*) => {$(
        impl ops::$operation for Decimal {
            type Rhs = Self;
            type Output = Self;
        }
    )*};
}

computes!(Add Sub Mul Div);

impl Decimal {
    /// The number 0.
    ///
    /// ```
    /// use axum_db::types::Decimal;
    ///
    /// assert_eq!(Decimal::ZERO, Decimal::from(0));
    /// assert!(Decimal::new(-5, 1) < Decimal::ZERO);
    /// ```
    pub const ZERO: Self = Self(rust_decimal::Decimal::ZERO);

    /// The number `digits` with the last `scale` of its digits behind the point.
    ///
    /// ```
    /// assert_eq!(axum_db::types::Decimal::new(990, 2).to_string(), "9.9");
    /// ```
    ///
    /// # Panics
    /// When `scale` is more than 28.
    #[must_use]
    pub fn new(digits: i64, scale: u32) -> Self {
        rust_decimal::Decimal::new(digits, scale).into()
    }

    pub(crate) fn misfit() -> Misfit {
        Misfit::new(
            "a row has a number that is no Decimal: it has more than 28 digits, or is none at all; give the \
             column a precision and a scale, or read it as another type",
        )
    }

    /// Reads what an engine writes: perhaps with zeros at the end, perhaps with an exponent.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(crate) fn from_text(text: &str) -> Result<Self, Misfit> {
        let text = text.trim();
        if text.contains(['e', 'E']) {
            return rust_decimal::Decimal::from_scientific(text)
                .map(Self::from)
                .map_err(|_| Self::misfit());
        }
        let text = match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => text,
        };
        match text {
            "" | "-" => Ok(Self::ZERO), // .000
            text => rust_decimal::Decimal::from_str_exact(text)
                .map(Self::from)
                .map_err(|_| Self::misfit()),
        }
    }
}

impl Deref for Decimal {
    type Target = rust_decimal::Decimal;

    fn deref(&self) -> &rust_decimal::Decimal {
        &self.0
    }
}

impl From<rust_decimal::Decimal> for Decimal {
    fn from(number: rust_decimal::Decimal) -> Self {
        Self(number.normalize())
    }
}

impl From<Decimal> for rust_decimal::Decimal {
    fn from(number: Decimal) -> Self {
        number.0
    }
}

impl From<i32> for Decimal {
    fn from(number: i32) -> Self {
        Self(number.into())
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl PartialEq<rust_decimal::Decimal> for Decimal {
    fn eq(&self, other: &rust_decimal::Decimal) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Reads `-12.50`; what has more digits than a Decimal is an error, never rounded.
impl FromStr for Decimal {
    type Err = rust_decimal::Error;

    fn from_str(text: &str) -> Result<Self, rust_decimal::Error> {
        rust_decimal::Decimal::from_str_exact(text).map(Self::from)
    }
}

/// As text (`"12.5"`), because other programs read numbers in JSON as floating point.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// From text, or from a number.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number of up to 28 digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
                Ok(number.into())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
                Ok(rust_decimal::Decimal::from(number).into())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
                // The shortest text that stands for it is what was written.
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(Number)
    }
}
