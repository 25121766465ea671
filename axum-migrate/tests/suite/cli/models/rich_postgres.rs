//! The tables of the database, one struct for a row of each.
//!
//! Needs these features of axum-db: `decimal`, `json`.
//! Needs serde_json; where `diesel::sql_types::Json` stands, with Diesel's feature `serde_json`.

use axum_db::prelude::*;

#[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mood {
    Good,
    #[db_enum(name = "it's bad")]
    ItSBad,
    #[db_enum(name = "so-so")]
    SoSo,
}

/// PostgreSQL's `"Odd Type"`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = OddTypeType)]
pub struct OddType(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "Odd Type"))]
pub struct OddTypeType;

impl axum_db::model::ColumnType for OddTypeType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "\"Odd Type\"".into()
    }
}

impl diesel::deserialize::FromSql<OddTypeType, diesel::pg::Pg> for OddType {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<OddTypeType, diesel::pg::Pg> for OddType {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

/// PostgreSQL's `bit varying`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = VarbitType)]
pub struct Varbit(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "varbit"))]
pub struct VarbitType;

impl axum_db::model::ColumnType for VarbitType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "bit varying".into()
    }
}

impl diesel::deserialize::FromSql<VarbitType, diesel::pg::Pg> for Varbit {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<VarbitType, diesel::pg::Pg> for Varbit {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

/// PostgreSQL's `inet`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = InetType)]
pub struct Inet(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "inet"))]
pub struct InetType;

impl axum_db::model::ColumnType for InetType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "inet".into()
    }
}

impl diesel::deserialize::FromSql<InetType, diesel::pg::Pg> for Inet {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<InetType, diesel::pg::Pg> for Inet {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

/// PostgreSQL's `int4range`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Int4rangeType)]
pub struct Int4range(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "int4range"))]
pub struct Int4rangeType;

impl axum_db::model::ColumnType for Int4rangeType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "int4range".into()
    }
}

impl diesel::deserialize::FromSql<Int4rangeType, diesel::pg::Pg> for Int4range {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<Int4rangeType, diesel::pg::Pg> for Int4range {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

/// PostgreSQL's `nothing`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = NothingType)]
pub struct Nothing(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "nothing"))]
pub struct NothingType;

impl axum_db::model::ColumnType for NothingType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "nothing".into()
    }
}

impl diesel::deserialize::FromSql<NothingType, diesel::pg::Pg> for Nothing {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<NothingType, diesel::pg::Pg> for Nothing {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

/// PostgreSQL's `tsvector`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = TsvectorType)]
pub struct Tsvector(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "tsvector"))]
pub struct TsvectorType;

impl axum_db::model::ColumnType for TsvectorType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "tsvector".into()
    }
}

impl diesel::deserialize::FromSql<TsvectorType, diesel::pg::Pg> for Tsvector {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<TsvectorType, diesel::pg::Pg> for Tsvector {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

/// PostgreSQL's `uuid[]`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = UuidArrayType)]
pub struct UuidArray(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "_uuid"))]
pub struct UuidArrayType;

impl axum_db::model::ColumnType for UuidArrayType {
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {
        "uuid[]".into()
    }
}

impl diesel::deserialize::FromSql<UuidArrayType, diesel::pg::Pg> for UuidArray {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}

impl diesel::serialize::ToSql<UuidArrayType, diesel::pg::Pg> for UuidArray {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

#[model(table = "CamelCase")]
#[derive(Debug, Clone)]
pub struct CamelCase {
    #[model(column = "leftId", primary_key)]
    pub left_id: i32,
    #[model(column = "rightId", primary_key)]
    pub right_id: i32,
    #[model(column_type = "character(3)")]
    pub note: String,
}

// The table `a_copy` has no model: it has no primary key, which a model needs.
//     line text

// The table `log` has no model: it has no primary key, which a model needs.
//     at timestamp(3) without time zone, line text

#[model(table = "settings")]
#[derive(Debug, Clone)]
pub struct Settings {
    #[model(primary_key)]
    pub id: i32,
    #[model(column = "self", default = 0)]
    pub self_: Option<i32>,
    #[model(column = "Self")]
    pub self_2: Option<String>,
    #[model(column = "self_")]
    pub self_3: Option<String>,
    #[model(column = "_", default = true)]
    pub n: Option<bool>,
    #[model(column = "a__b")]
    pub a_b: Option<i32>,
}

#[model(table = "tickets")]
#[derive(Debug, Clone)]
pub struct Ticket {
    #[model(primary_key, identity = always)]
    pub id: i64,
}

#[model(
    table = "strict_things",
    foreign_key(left_id, right_id, references = CamelCase, on_delete = cascade, on_update = cascade),
)]
#[derive(Debug, Clone)]
pub struct StrictThing {
    #[model(primary_key)]
    pub code: String,
    #[model(column = "leftId")]
    pub left_id: Option<i32>,
    #[model(column = "rightId")]
    pub right_id: Option<i32>,
    #[model(default_sql = "slug('A B'::text)")]
    pub slugged: String,
}

/// What's for sale
#[model(
    table = "items",
    comment = "What's for sale",
    index(expr("lower((label)::text)"), expr("slug((label)::text)", opclass = "text_pattern_ops"), unique, include(price), name = "items_lower"),
    check("(amount < 1000)", name = "few"),
    check("(price >= (0)::numeric)", name = "items_price_check"),
)]
#[derive(Debug, Clone)]
pub struct Item {
    #[model(primary_key)]
    pub id: i32,
    /// as printed
    #[model(
        length = 80,
        comment = "as printed",
        index(desc, nulls_last, where = "(amount > 0)", name = "items_partial")
    )]
    pub label: String,
    #[model(precision = 10, scale = 2, default = 0)]
    pub price: axum_db::types::Decimal,
    #[model(default = 1)]
    pub amount: i32,
    #[model(generated = "(price * (amount)::numeric)")]
    pub total: Option<axum_db::types::Decimal>,
    #[model(db_enum, default = Mood::Good)]
    pub feeling: Mood,
    #[model(sql_type = diesel::sql_types::Array<Mood>, column_type = "mood[]")]
    pub feelings: Option<Vec<Mood>>,
    #[model(sql_type = NothingType, column_type = "nothing", default_sql = "''::nothing")]
    pub anything: Nothing,
    #[model(
        sql_type = diesel::sql_types::Array<diesel::sql_types::Text>,
        column_type = "text[]",
        default_sql = "'{}'::text[]"
    )]
    pub tags: Vec<String>,
    #[model(column_type = "year")]
    pub since: Option<i32>,
    #[model(default_sql = "'{}'::jsonb")]
    pub extra: axum_db::types::Json<serde_json::Value>,
    #[model(
        sql_type = TsvectorType,
        column_type = "tsvector",
        index(using = "gin", name = "items_words")
    )]
    pub words: Option<Tsvector>,
    #[model(references = Order, relation = order, constraint = "items_order")]
    pub order: Option<i64>,
    #[model(default_sql = "nextval('shared_numbers'::regclass)")]
    pub number: i64,
    #[model(default = now)]
    pub made: axum_db::types::UtcTime,
    #[model(sql_type = InetType, column_type = "inet")]
    pub address: Option<Inet>,
    #[model(sql_type = OddTypeType, column_type = "\"Odd Type\"")]
    pub odd: Option<OddType>,
    #[model(sql_type = Int4rangeType, column_type = "int4range")]
    pub span: Option<Int4range>,
}

#[model(
    table = "order",
    unique(select, full_name, deferrable, include(item_id), name = "both"),
    check("((kept)::text = ANY (ARRAY[('yes'::character varying)::text, ('no'::character varying)::text]))", name = "order_kept_check"),
)]
#[derive(Debug, Clone)]
pub struct Order {
    #[model(primary_key, identity = always)]
    pub id: i64,
    #[model(length = 20, default = "it's", collation = "C")]
    pub select: Option<String>,
    #[model(column = "Full Name", index(collation = "C", name = "odd index"))]
    pub full_name: Option<String>,
    #[model(references = Item, relation = item, on_delete = set_null, initially_deferred, no_join)]
    pub item_id: Option<i32>,
    #[model(length = 3, default = "yes")]
    pub kept: String,
    #[model(sql_type = diesel::sql_types::Interval, column_type = "interval")]
    pub lasts: Option<diesel::data_types::PgInterval>,
    #[model(sql_type = diesel::sql_types::MacAddr, column_type = "macaddr")]
    pub card: Option<[u8; 6]>,
    #[model(sql_type = diesel::sql_types::Money, column_type = "money")]
    pub cost: Option<diesel::data_types::Cents>,
    #[model(sql_type = UuidArrayType, column_type = "uuid[]")]
    pub parents: Option<UuidArray>,
    #[model(sql_type = VarbitType, column_type = "bit varying(8)")]
    pub flags: Option<Varbit>,
}

// Not here, because models have no words for it; migrations leave it alone:
// aggregate listed(text)
// composite type Odd Type
// domain year
// exclusion constraint apart of items
// function alike(mood,text)
// function cheapest()
// function concat_two(text,text)
// function slug(text)
// function touch()
// inheriting table special_items
// materialized view totals
// partition events_2025
// partition events_rest
// partitioned table events
// range type float_range
// row security order of order
// row security policy own of order
// rule also of log
// rule no_delete of log
// sequence shared_numbers
// trigger items_sleeping of items
// trigger items_touched of items
// view cheap
// view cheap labels
