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

// The table `log` has no model: it has no primary key, which a model needs.
//     at timestamp(3) without time zone, line text

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
    #[model(column_type = "nothing", default = "")]
    pub anything: String,
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
    // The bytes that the server sends; a `sql_type` of Diesel's may fit better.
    #[model(column_type = "tsvector", index(using = "gin", name = "items_words"))]
    pub words: Option<Vec<u8>>,
    #[model(references = Order, relation = order, constraint = "items_order")]
    pub order: Option<i64>,
    #[model(default_sql = "nextval('shared_numbers'::regclass)")]
    pub number: i64,
    #[model(default = now)]
    pub made: axum_db::types::UtcTime,
    // The bytes that the server sends; a `sql_type` of Diesel's may fit better.
    #[model(column_type = "inet")]
    pub address: Option<Vec<u8>>,
    // The bytes that the server sends; a `sql_type` of Diesel's may fit better.
    #[model(column_type = "\"Odd Type\"")]
    pub odd: Option<Vec<u8>>,
    // The bytes that the server sends; a `sql_type` of Diesel's may fit better.
    #[model(column_type = "int4range")]
    pub span: Option<Vec<u8>>,
}

#[model(table = "order", unique(select, full_name, deferrable, include(item_id), name = "both"))]
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
// rule no_delete of log
// sequence shared_numbers
// trigger items_sleeping of items
// trigger items_touched of items
// view cheap
// view cheap labels
