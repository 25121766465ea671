//! The tables of the database, one struct for a row of each.
//!
//! Needs these features of axum-db: `decimal`, `json`.
//! Needs serde_json; where `diesel::sql_types::Json` stands, with Diesel's feature `serde_json`.

use axum_db::prelude::*;

#[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemsFeeling {
    Good,
    #[db_enum(name = "it's bad")]
    ItSBad,
    #[db_enum(name = "so-so")]
    SoSo,
}

#[model(table = "Camel`Case", mysql(collation = "latin1_swedish_ci"))]
#[derive(Debug, Clone)]
pub struct CamelCase {
    #[model(column = "leftId", primary_key)]
    pub left_id: i32,
    #[model(column = "rightId", primary_key)]
    pub right_id: i32,
    pub note: Option<String>,
}

// The table `log` has no model: it has no primary key, which a model needs.
//     at datetime(3), line text

#[model(table = "parted")]
#[derive(Debug, Clone)]
pub struct Parted {
    #[model(primary_key)]
    pub id: i32,
    #[model(primary_key)]
    pub day: chrono::NaiveDate,
}

#[model(table = "settings")]
#[derive(Debug, Clone)]
pub struct Settings {
    #[model(primary_key)]
    pub id: i32,
    #[model(default = 0)]
    pub level: Option<i32>,
}

#[model(table = "texts", primary_key(kind, body(length = 20)))]
#[derive(Debug, Clone)]
pub struct Text {
    #[model(column_type = "char(2)")]
    pub kind: String,
    #[model(column_type = "mediumtext")]
    pub body: String,
}

#[model(table = "tickets")]
#[derive(Debug, Clone)]
pub struct Ticket {
    #[model(primary_key)]
    pub id: i32,
}

// AUTO_INCREMENT of the column `place` has no words: it is not in the key.
#[model(table = "waiting")]
#[derive(Debug, Clone)]
pub struct Waiting {
    #[model(primary_key, auto_increment = false)]
    pub id: i32,
    #[model(unique(name = "place"))]
    pub place: i64,
    #[model(column_type = "longtext", check = "json_valid(`answers`)")]
    pub answers: Option<axum_db::types::Json<serde_json::Value>>,
}

#[model(
    table = "strict_things",
    foreign_key(left_id, right_id, references = CamelCase, on_delete = cascade, name = "things_pair"),
)]
#[derive(Debug, Clone)]
pub struct StrictThing {
    #[model(primary_key, length = 40)]
    pub code: String,
    #[model(column = "leftId")]
    pub left_id: Option<i32>,
    #[model(column = "rightId")]
    pub right_id: Option<i32>,
}

/// What's AUTO_INCREMENT=9 for sale
#[model(
    table = "items",
    comment = "What's AUTO_INCREMENT=9 for sale",
    index(label(length = 10), amount, name = "items_prefix"),
    check("`amount` < 1000", name = "few"),
)]
#[derive(Debug, Clone)]
pub struct Item {
    #[model(primary_key, column_type = "int(10) unsigned")]
    pub id: i64,
    /// as printed; it's short
    #[model(length = 80, comment = "as printed; it's short")]
    pub label: String,
    #[model(precision = 10, scale = 2, default_sql = "0.00", check = "`price` >= 0")]
    pub price: axum_db::types::Decimal,
    #[model(default = 1)]
    pub amount: i16,
    #[model(precision = 20, scale = 2, generated("`price` * `amount`", virtual))]
    pub total: Option<axum_db::types::Decimal>,
    #[model(generated = "char_length(`label`)")]
    pub size: Option<i32>,
    #[model(db_enum, default = ItemsFeeling::Good)]
    pub feeling: ItemsFeeling,
    #[model(column_type = "enum('','something')", default = "")]
    pub anything: String,
    #[model(column_type = "set('a','b')")]
    pub features: Option<String>,
    #[model(default = false)]
    pub flag: bool,
    #[model(column_type = "tinyint(3) unsigned")]
    pub tiny: Option<i16>,
    #[model(column_type = "year(4)")]
    pub since: Option<i16>,
    #[model(column_type = "mediumtext", index(using = "fulltext", name = "items_body"))]
    pub body: Option<String>,
    #[model(length = 16)]
    pub raw: Option<Vec<u8>>,
    #[model(column_type = "bit(3)")]
    pub bits: Option<Vec<u8>>,
    #[model(references = Order, relation = order, on_update = cascade, constraint = "items_order")]
    pub order: Option<i64>,
    #[model(
        column_type = "timestamp",
        default_sql = "current_timestamp()",
        mysql(on_update_sql = "current_timestamp()")
    )]
    pub made: chrono::NaiveDateTime,
    #[model(column_type = "char(3)", default = "a\\b", collation = "ascii_bin")]
    pub code: String,
}

#[model(table = "order", unique(select, full_name, name = "both"))]
#[derive(Debug, Clone)]
pub struct Order {
    #[model(primary_key)]
    pub id: i64,
    #[model(length = 20, default = "it's")]
    pub select: Option<String>,
    #[model(column = "Full Name", length = 100)]
    pub full_name: Option<String>,
    #[model(
        column_type = "int(10) unsigned",
        references = Item,
        relation = item,
        on_delete = set_null,
        no_join,
        constraint = "order_item"
    )]
    pub item_id: Option<i64>,
}

// Not here, because models have no words for it; migrations leave it alone:
// partitioning RANGE (year(`day`)) of parted
// trigger items_again of items
// trigger items_logged of items
// view a_cheap
// view a_labels
// view cheap
