//! How each engine writes and reads the types of [`crate::types`], and which of its own types they have.

use chrono::NaiveDateTime;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
#[allow(unused_imports)] // without any engine, or without the types
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{HasSqlType, Timestamp};

use crate::types::UtcTime;

/// The engines' own types: SQLite, PostgreSQL (with its array), MySQL.
macro_rules! has_sql_type {
    ($type:ty: $sqlite:ident, ($postgres:literal, $array:literal), $mysql:ident) => {
        #[cfg(feature = "sqlite")]
        impl HasSqlType<$type> for diesel::sqlite::Sqlite {
            fn metadata(_: &mut ()) -> diesel::sqlite::SqliteType {
                diesel::sqlite::SqliteType::$sqlite
            }
        }

        #[cfg(feature = "postgres")]
        impl HasSqlType<$type> for diesel::pg::Pg {
            fn metadata(_: &mut Self::MetadataLookup) -> diesel::pg::PgTypeMetadata {
                diesel::pg::PgTypeMetadata::new($postgres, $array)
            }
        }

        #[cfg(feature = "mysql")]
        impl HasSqlType<$type> for diesel::mysql::Mysql {
            fn metadata(_: &mut ()) -> diesel::mysql::MysqlType {
                diesel::mysql::MysqlType::$mysql
            }
        }
    };
}

// The numbers are those of PostgreSQL's pg_type.dat.
has_sql_type!(UtcTime: Text, (1184, 1185), DateTime);
#[cfg(feature = "uuid")]
has_sql_type!(crate::types::Uuid: Binary, (2950, 2951), Blob);
#[cfg(feature = "json")]
has_sql_type!(crate::types::JsonSql: Text, (3802, 3807), String);
#[cfg(feature = "decimal")]
has_sql_type!(crate::types::Decimal: Text, (1700, 1231), Numeric);

#[cfg(feature = "sqlite")]
impl ToSql<UtcTime, diesel::sqlite::Sqlite> for UtcTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
        self.check()?;
        out.set_value(self.format("%Y-%m-%d %H:%M:%S%.6f").to_string());
        Ok(IsNull::No)
    }
}

macro_rules! time_in_bytes {
    ($feature:literal, $engine:ty) => {
        #[cfg(feature = $feature)]
        impl ToSql<UtcTime, $engine> for UtcTime {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, $engine>) -> serialize::Result {
                self.check()?;
                let time = self.naive_utc();
                ToSql::<Timestamp, $engine>::to_sql(&time, &mut out.reborrow())
            }
        }
    };
}

time_in_bytes!("postgres", diesel::pg::Pg);
time_in_bytes!("mysql", diesel::mysql::Mysql);

impl<DB> FromSql<UtcTime, DB> for UtcTime
where
    DB: Backend,
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let time = <NaiveDateTime as FromSql<Timestamp, DB>>::from_sql(value)?;
        Ok(time.and_utc().into())
    }
}

#[cfg(feature = "uuid")]
mod uuid {
    use diesel::sql_types::Binary;

    use super::*;
    use crate::types::{Misfit, Uuid};

    impl<DB> ToSql<Uuid, DB> for Uuid
    where
        DB: Backend,
        [u8]: ToSql<Binary, DB>,
    {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
            <[u8] as ToSql<Binary, DB>>::to_sql(self.0.as_bytes(), out)
        }
    }

    impl<DB> FromSql<Uuid, DB> for Uuid
    where
        DB: Backend,
        Vec<u8>: FromSql<Binary, DB>,
    {
        fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
            let bytes = <Vec<u8> as FromSql<Binary, DB>>::from_sql(value)?;
            match ::uuid::Uuid::from_slice(&bytes) {
                Ok(uuid) => Ok(Self(uuid)),
                Err(_) => {
                    Err(Misfit::new("a row has a UUID that is not 16 bytes; change the row").into())
                }
            }
        }
    }
}

#[cfg(feature = "json")]
mod json {
    use std::fmt::Debug;

    #[cfg(any(feature = "sqlite", feature = "mysql"))]
    use diesel::sql_types::Text;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::types::{Json, JsonSql};

    #[cfg(feature = "sqlite")]
    impl<T: Serialize + Debug> ToSql<JsonSql, diesel::sqlite::Sqlite> for Json<T> {
        fn to_sql<'b>(
            &'b self,
            out: &mut Output<'b, '_, diesel::sqlite::Sqlite>,
        ) -> serialize::Result {
            out.set_value(self.to_text()?);
            Ok(IsNull::No)
        }
    }

    #[cfg(feature = "sqlite")]
    impl<T: DeserializeOwned> FromSql<JsonSql, diesel::sqlite::Sqlite> for Json<T> {
        fn from_sql(
            value: <diesel::sqlite::Sqlite as Backend>::RawValue<'_>,
        ) -> deserialize::Result<Self> {
            let text = <String as FromSql<Text, diesel::sqlite::Sqlite>>::from_sql(value)?;
            Ok(Self::from_text(text.as_bytes())?)
        }
    }

    #[cfg(feature = "mysql")]
    impl<T: Serialize + Debug> ToSql<JsonSql, diesel::mysql::Mysql> for Json<T> {
        fn to_sql<'b>(
            &'b self,
            out: &mut Output<'b, '_, diesel::mysql::Mysql>,
        ) -> serialize::Result {
            let text = self.to_text()?;
            ToSql::<Text, diesel::mysql::Mysql>::to_sql(text.as_str(), &mut out.reborrow())
        }
    }

    #[cfg(feature = "mysql")]
    impl<T: DeserializeOwned> FromSql<JsonSql, diesel::mysql::Mysql> for Json<T> {
        fn from_sql(
            value: <diesel::mysql::Mysql as Backend>::RawValue<'_>,
        ) -> deserialize::Result<Self> {
            let text = <String as FromSql<Text, diesel::mysql::Mysql>>::from_sql(value)?;
            Ok(Self::from_text(text.as_bytes())?)
        }
    }

    /// The byte that JSONB begins with on the wire.
    #[cfg(feature = "postgres")]
    const VERSION: u8 = 1;

    #[cfg(feature = "postgres")]
    impl<T: Serialize + Debug> ToSql<JsonSql, diesel::pg::Pg> for Json<T> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
            use std::io::Write;

            out.write_all(&[VERSION])?;
            out.write_all(self.to_text()?.as_bytes())?;
            Ok(IsNull::No)
        }
    }

    #[cfg(feature = "postgres")]
    impl<T: DeserializeOwned> FromSql<JsonSql, diesel::pg::Pg> for Json<T> {
        fn from_sql(value: <diesel::pg::Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
            match value.as_bytes() {
                [VERSION, text @ ..] => Ok(Self::from_text(text)?),
                _ => Err(
                    "the server speaks a JSONB that axum-db does not know; please report it".into(),
                ),
            }
        }
    }
}

#[cfg(feature = "decimal")]
mod decimal {
    use super::*;
    use crate::types::Decimal;

    #[cfg(feature = "sqlite")]
    impl ToSql<Decimal, diesel::sqlite::Sqlite> for Decimal {
        fn to_sql<'b>(
            &'b self,
            out: &mut Output<'b, '_, diesel::sqlite::Sqlite>,
        ) -> serialize::Result {
            out.set_value(self.to_string());
            Ok(IsNull::No)
        }
    }

    #[cfg(feature = "mysql")]
    impl ToSql<Decimal, diesel::mysql::Mysql> for Decimal {
        fn to_sql<'b>(
            &'b self,
            out: &mut Output<'b, '_, diesel::mysql::Mysql>,
        ) -> serialize::Result {
            use std::io::Write;

            write!(out, "{self}")?;
            Ok(IsNull::No)
        }
    }

    macro_rules! read_text {
        ($feature:literal, $engine:ty) => {
            #[cfg(feature = $feature)]
            impl FromSql<Decimal, $engine> for Decimal {
                fn from_sql(
                    value: <$engine as Backend>::RawValue<'_>,
                ) -> deserialize::Result<Self> {
                    use diesel::sql_types::Text;

                    let text = <String as FromSql<Text, $engine>>::from_sql(value)?;
                    Ok(Self::from_text(&text)?)
                }
            }
        };
    }

    read_text!("sqlite", diesel::sqlite::Sqlite);
    read_text!("mysql", diesel::mysql::Mysql);

    #[cfg(feature = "postgres")]
    mod postgres {
        use diesel::pg::Pg;
        use diesel::pg::data_types::PgNumeric;
        use diesel::sql_types::Numeric;

        use super::*;

        /// PostgreSQL's digits.
        const BASE: i128 = 10_000;
        /// How many of ours each of them is.
        const WIDTH: u32 = 4;

        impl ToSql<Decimal, Pg> for Decimal {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                let number = to_numeric(self)?;
                ToSql::<Numeric, Pg>::to_sql(&number, &mut out.reborrow())
            }
        }

        impl FromSql<Decimal, Pg> for Decimal {
            fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                let number = <PgNumeric as FromSql<Numeric, Pg>>::from_sql(value)?;
                Ok(from_numeric(&number).ok_or_else(Decimal::misfit)?)
            }
        }

        fn to_numeric(number: &Decimal) -> Result<PgNumeric, std::num::TryFromIntError> {
            let scale = number.scale();
            let behind = scale.div_ceil(WIDTH);
            // A Decimal has 96 bits, so three zeros more fit.
            let mut rest = number.mantissa().abs() * 10_i128.pow(behind * WIDTH - scale);
            let mut digits = Vec::new();
            while rest > 0 {
                digits.push(i16::try_from(rest % BASE)?);
                rest /= BASE;
            }
            digits.reverse();
            let weight = i16::try_from(digits.len())? - i16::try_from(behind)? - 1;
            let scale = u16::try_from(scale)?;
            Ok(if number.is_sign_negative() {
                PgNumeric::Negative {
                    weight,
                    scale,
                    digits,
                }
            } else {
                PgNumeric::Positive {
                    weight,
                    scale,
                    digits,
                }
            })
        }

        fn from_numeric(number: &PgNumeric) -> Option<Decimal> {
            let (weight, digits, sign) = match number {
                PgNumeric::Positive { weight, digits, .. } => (*weight, digits, 1),
                PgNumeric::Negative { weight, digits, .. } => (*weight, digits, -1),
                PgNumeric::NaN => return None,
            };
            let mut mantissa = 0_i128;
            for digit in digits {
                mantissa = mantissa.checked_mul(BASE)?.checked_add((*digit).into())?;
            }
            if mantissa == 0 {
                return Some(Decimal::ZERO);
            }
            // How many of PostgreSQL's digits stand behind the point; below zero, how many zeros are left out.
            let behind = i64::try_from(digits.len()).ok()? - i64::from(weight) - 1;
            let mut scale = u32::try_from(behind.max(0)).ok()?.checked_mul(WIDTH)?;
            for _ in behind..0 {
                mantissa = mantissa.checked_mul(BASE)?;
            }
            while scale > 0 && mantissa % 10 == 0 {
                mantissa /= 10;
                scale -= 1;
            }
            rust_decimal::Decimal::try_from_i128_with_scale(sign * mantissa, scale)
                .ok()
                .map(Decimal::from)
        }
    }
}

/// `HasSqlType` of an enum. `#[derive(DbEnum)]` does not know which engines the program has; this does.
#[cfg(feature = "sqlite")]
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_on_sqlite {
    ($enum:ident) => {
        impl ::diesel::sql_types::HasSqlType<$enum> for ::diesel::sqlite::Sqlite {
            fn metadata(_: &mut ()) -> ::diesel::sqlite::SqliteType {
                ::diesel::sqlite::SqliteType::Text
            }
        }
    };
}

#[cfg(not(feature = "sqlite"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_on_sqlite {
    ($enum:ident) => {};
}

/// The same, under the name that PostgreSQL knows the type by.
#[cfg(feature = "postgres")]
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_on_postgres {
    ($enum:ident, $name:literal, $schema:expr) => {
        impl ::diesel::sql_types::HasSqlType<$enum> for ::diesel::pg::Pg {
            fn metadata(lookup: &mut Self::MetadataLookup) -> ::diesel::pg::PgTypeMetadata {
                ::diesel::pg::PgMetadataLookup::lookup_type(lookup, $name, $schema)
            }
        }
    };
}

#[cfg(not(feature = "postgres"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_on_postgres {
    ($enum:ident, $name:literal, $schema:expr) => {};
}

/// The same on MySQL.
#[cfg(feature = "mysql")]
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_on_mysql {
    ($enum:ident) => {
        impl ::diesel::sql_types::HasSqlType<$enum> for ::diesel::mysql::Mysql {
            fn metadata(_: &mut ()) -> ::diesel::mysql::MysqlType {
                ::diesel::mysql::MysqlType::String
            }
        }
    };
}

#[cfg(not(feature = "mysql"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_on_mysql {
    ($enum:ident) => {};
}
