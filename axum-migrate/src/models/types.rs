//! Which Rust type a column has, and what of the column's own type the model has to say beside it.

use axum_db::Dialect;

use crate::schema::Column;

/// A Rust type for a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RustType {
    /// Without `Option`.
    pub(super) name: String,
    /// The attributes that belong to it: `length = 20`, `sql_type = …`, `column_type = "…"`.
    pub(super) arguments: Vec<String>,
    pub(super) kind: Kind,
    /// The SQL type for Diesel, where an array needs its elements'.
    sql: &'static str,
}

/// What defaults and keys need to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Integer,
    Float,
    Text,
    Bytes,
    Time,
    UtcTime,
    Decimal,
    Enum,
    /// No Rust type fits; the bytes are what the server sends.
    Raw,
    Other,
}

impl RustType {
    fn new(name: &str, kind: Kind, sql: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            arguments: Vec::new(),
            kind,
            sql,
        }
    }

    fn with(mut self, argument: String) -> Self {
        self.arguments.push(argument);
        self
    }

    /// The column's type is another than the Rust type would have.
    fn of(self, column_type: &str) -> Self {
        self.with(format!("column_type = {column_type:?}"))
    }

    /// Whether two columns of it can be compared in a join.
    pub(super) fn joins(&self) -> bool {
        matches!(
            self.kind,
            Kind::Bool
                | Kind::Integer
                | Kind::Text
                | Kind::Bytes
                | Kind::Enum
                | Kind::Time
                | Kind::UtcTime
        ) || self.name.ends_with("::Uuid")
    }

    /// A domain, or a type that is read as this one.
    pub(super) fn domain(mut self, name: &str) -> Self {
        self.arguments.retain(|it| it.starts_with("sql_type"));
        self.of(name)
    }

    /// Of an enum with a Rust name.
    pub(super) fn enumeration(name: &str) -> Self {
        Self::new(name, Kind::Enum, "").with("db_enum".to_owned())
    }

    /// An array of it.
    pub(super) fn array(&self, column_type: &str) -> Self {
        let sql = if self.kind == Kind::Enum {
            self.name.clone()
        } else {
            self.sql.to_owned()
        };
        if sql.is_empty() || self.kind == Kind::Raw {
            return Self::raw(column_type);
        }
        Self::new(&format!("Vec<{}>", self.name), Kind::Other, "")
            .with(format!("sql_type = diesel::sql_types::Array<{sql}>"))
            .of(column_type)
    }

    /// Of a struct of the source around bytes, and the type that Diesel knows it by.
    pub(super) fn of_bytes(value: &str, sql: &str, column_type: &str) -> Self {
        Self::new(value, Kind::Raw, "")
            .with(format!("sql_type = {sql}"))
            .of(column_type)
    }

    fn raw(column_type: &str) -> Self {
        Self::new("Vec<u8>", Kind::Raw, "").of(column_type)
    }
}

/// The type and the numbers in its parentheses: `varchar(20)` is `varchar`, 20.
fn parts(ty: &str) -> (String, Vec<u32>, String) {
    match ty.split_once('(') {
        None => (ty.to_owned(), Vec::new(), String::new()),
        Some((name, rest)) => {
            let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
            let numbers = inside
                .split(',')
                .filter_map(|it| it.trim().parse().ok())
                .collect();
            (name.trim().to_owned(), numbers, after.trim().to_owned())
        }
    }
}

fn boolean() -> RustType {
    RustType::new("bool", Kind::Bool, "diesel::sql_types::Bool")
}
fn i16() -> RustType {
    RustType::new("i16", Kind::Integer, "diesel::sql_types::SmallInt")
}
fn i32() -> RustType {
    RustType::new("i32", Kind::Integer, "diesel::sql_types::Integer")
}
fn i64() -> RustType {
    RustType::new("i64", Kind::Integer, "diesel::sql_types::BigInt")
}
fn f32() -> RustType {
    RustType::new("f32", Kind::Float, "diesel::sql_types::Float")
}
fn f64() -> RustType {
    RustType::new("f64", Kind::Float, "diesel::sql_types::Double")
}
fn text() -> RustType {
    RustType::new("String", Kind::Text, "diesel::sql_types::Text")
}
fn bytes() -> RustType {
    RustType::new("Vec<u8>", Kind::Bytes, "diesel::sql_types::Binary")
}
fn date_time() -> RustType {
    RustType::new(
        "chrono::NaiveDateTime",
        Kind::Time,
        "diesel::sql_types::Timestamp",
    )
}
fn date() -> RustType {
    RustType::new("chrono::NaiveDate", Kind::Time, "diesel::sql_types::Date")
}
fn time() -> RustType {
    RustType::new("chrono::NaiveTime", Kind::Time, "diesel::sql_types::Time")
}
fn utc_time() -> RustType {
    RustType::new("axum_db::types::UtcTime", Kind::UtcTime, "")
}
fn uuid() -> RustType {
    RustType::new("axum_db::types::Uuid", Kind::Other, "")
}
fn json() -> RustType {
    RustType::new("axum_db::types::Json<serde_json::Value>", Kind::Other, "")
}
fn decimal(digits: &[u32]) -> RustType {
    let decimal = RustType::new("axum_db::types::Decimal", Kind::Decimal, "");
    match digits {
        [precision, scale] => decimal.with(format!("precision = {precision}, scale = {scale}")),
        [precision] => decimal.with(format!("precision = {precision}, scale = 0")),
        _ => decimal,
    }
}

/// The Rust type of a column whose type is `ty`; `is_keyed` when a key, an index or a default needs it bounded.
pub(super) fn of(dialect: Dialect, ty: &str, column: &Column, is_keyed: bool) -> RustType {
    match dialect {
        Dialect::Sqlite => sqlite(ty),
        Dialect::Postgres => postgres(ty),
        Dialect::Mysql => mysql(ty, column, is_keyed),
    }
}

/// SQLite keeps 64 bits in every integer, whatever the column's type is called.
fn sqlite(ty: &str) -> RustType {
    let (name, digits, _) = parts(ty);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match (name.as_str(), digits.as_slice()) {
        ("BIGINT", []) => i64(),
        ("BOOLEAN", []) => boolean(),
        ("BOOL", []) | ("TINYINT", [1]) => boolean().of(ty),
        ("VARCHAR", [length]) => text().with(format!("length = {length}")),
        ("TEXT", []) => text(),
        ("BLOB", []) => bytes(),
        ("DOUBLE", []) => f64(),
        ("TIMESTAMP", []) => date_time(),
        ("DATE", []) => date(),
        ("TIME", []) => time(),
        _ if has(&["INT"]) => i64().of(ty),
        _ if has(&["CHAR", "CLOB", "TEXT", "JSON", "UUID", "GUID", "ENUM"]) => text().of(ty),
        _ if has(&["DATETIME", "TIMESTAMP"]) => date_time().of(ty),
        _ if has(&["REAL", "FLOA", "DOUB", "NUM", "DEC", "MONEY"]) => f64().of(ty),
        ("BOOLEAN", _) => boolean().of(ty),
        _ => bytes().of(ty),
    }
}

fn postgres(ty: &str) -> RustType {
    if let Some(element) = ty.strip_suffix("[]") {
        return postgres(element).array(ty);
    }
    let (name, digits, after) = parts(ty);
    match (name.as_str(), digits.as_slice(), after.as_str()) {
        ("boolean", ..) => boolean(),
        ("smallint", ..) => i16(),
        ("integer", ..) => i32(),
        ("bigint", ..) => i64(),
        ("real", ..) => f32(),
        ("double precision", ..) => f64(),
        ("text", ..) => text(),
        ("character varying", [length], _) => text().with(format!("length = {length}")),
        ("character varying" | "character" | "citext" | "name" | "bpchar", ..) => text().of(ty),
        ("bytea", ..) => bytes(),
        ("timestamp without time zone", ..) => date_time(),
        ("timestamp", _, "without time zone") => date_time().of(ty),
        ("timestamp with time zone", ..) => utc_time(),
        ("timestamp", _, "with time zone") => utc_time().of(ty),
        ("date", ..) => date(),
        ("time without time zone", ..) => time(),
        ("time", _, "without time zone") => time().of(ty),
        ("uuid", ..) => uuid(),
        ("jsonb", ..) => json(),
        ("json", ..) => RustType::new("serde_json::Value", Kind::Other, "diesel::sql_types::Json")
            .with("sql_type = diesel::sql_types::Json".to_owned()),
        // Digits left of the point that are rounded away have no words of their own.
        ("numeric", ..) if ty.contains('-') => decimal(&[]).of(ty),
        ("numeric", digits, _) => decimal(digits),
        (interval, ..) if interval.split(' ').next() == Some("interval") => RustType::new(
            "diesel::data_types::PgInterval",
            Kind::Other,
            "diesel::sql_types::Interval",
        )
        .with("sql_type = diesel::sql_types::Interval".to_owned())
        .of(ty),
        ("macaddr", ..) => RustType::new("[u8; 6]", Kind::Other, "diesel::sql_types::MacAddr")
            .with("sql_type = diesel::sql_types::MacAddr".to_owned())
            .of(ty),
        ("money", ..) => RustType::new(
            "diesel::data_types::Cents",
            Kind::Other,
            "diesel::sql_types::Money",
        )
        .with("sql_type = diesel::sql_types::Money".to_owned())
        .of(ty),
        ("oid", ..) => RustType::new("u32", Kind::Other, "diesel::sql_types::Oid")
            .with("sql_type = diesel::sql_types::Oid".to_owned())
            .of(ty),
        _ => RustType::raw(ty),
    }
}

fn mysql(ty: &str, column: &Column, is_keyed: bool) -> RustType {
    let (name, digits, after) = parts(ty);
    let is_json = || {
        let check = column.check.as_deref().unwrap_or_default().to_lowercase();
        check.starts_with("json_valid(")
    };
    // MariaDB writes how wide a number is shown; these are the widths it gives by itself.
    let plain = |widths: &[u32]| after.is_empty() && (digits.is_empty() || digits == widths);
    let or = |own: RustType, is_own: bool| if is_own { own } else { own.of(ty) };
    match name.as_str() {
        "tinyint" if digits == [1] && after.is_empty() => boolean(),
        "tinyint" | "tinyint unsigned" | "year" => i16().of(ty),
        "smallint" if after.contains("unsigned") => i32().of(ty),
        "smallint unsigned" | "mediumint" | "mediumint unsigned" => i32().of(ty),
        "smallint" => or(i16(), plain(&[6])),
        "int" if after.contains("unsigned") => i64().of(ty),
        "int unsigned" => i64().of(ty),
        "int" => or(i32(), plain(&[11])),
        "bigint" => or(i64(), plain(&[20])),
        "bigint unsigned" => i64().of(ty),
        "float" => or(f32(), plain(&[])),
        "double" => or(f64(), plain(&[])),
        "float unsigned" | "double unsigned" => f64().of(ty),
        "decimal" if after.is_empty() => decimal(&digits),
        "decimal" | "decimal unsigned" => decimal(&[]).of(ty),
        "varchar" => match digits.as_slice() {
            [length @ 1..=16_383] => text().with(format!("length = {length}")),
            _ => text().of(ty),
        },
        "json" => json(),
        "longtext" if is_json() => json().of(ty),
        "text" => or(text(), !is_keyed),
        "char" | "tinytext" | "mediumtext" | "longtext" | "enum" | "set" | "uuid" | "inet4"
        | "inet6" => text().of(ty),
        "varbinary" => match digits.as_slice() {
            [length] => or(
                bytes().with(format!("length = {length}")),
                *length <= 16_383,
            ),
            _ => bytes().of(ty),
        },
        "blob" => or(bytes(), !is_keyed),
        "binary" | "tinyblob" | "mediumblob" | "longblob" | "bit" => bytes().of(ty),
        "datetime" => or(date_time(), digits == [6]),
        "timestamp" => date_time().of(ty),
        "date" => date(),
        "time" => or(time(), digits == [6]),
        _ => RustType::raw(ty),
    }
}

/// The values of MySQL's `enum('a','b')`.
pub(super) fn mysql_labels(ty: &str) -> Option<Vec<String>> {
    let inside = ty.strip_prefix("enum(")?.strip_suffix(')')?;
    crate::token::tokens(inside)
        .iter()
        .filter(|token| token.kind == crate::token::Kind::String)
        .map(|token| super::defaults::mysql_text(token.text))
        .collect()
}
