//! The tables of the database, one struct for a row of each.

use axum_db::prelude::*;

// The table `log` has no model: it has no primary key, which a model needs.
//     at TEXT, line TEXT

#[model(table = "pairs", sqlite(without_rowid))]
#[derive(Debug, Clone)]
pub struct Pair {
    #[model(primary_key, column_type = "INTEGER")]
    pub left_id: i64,
    #[model(primary_key, column_type = "INTEGER")]
    pub right_id: i64,
    pub note: Option<Vec<u8>>,
}

#[model(table = "tickets")]
#[derive(Debug, Clone)]
pub struct Ticket {
    #[model(primary_key)]
    pub id: i64,
}

#[model(
    table = "strict_things",
    sqlite(strict),
    foreign_key(left_id, right_id, references = Pair, on_delete = cascade, on_update = cascade),
)]
#[derive(Debug, Clone)]
pub struct StrictThing {
    #[model(primary_key)]
    pub code: String,
    #[model(column_type = "REAL")]
    pub n: f64,
    #[model(column_type = "INTEGER")]
    pub left_id: Option<i64>,
    #[model(column_type = "INTEGER")]
    pub right_id: Option<i64>,
}

#[model(
    table = "items",
    index(expr("lower(\"label\")"), amount(collation = "NOCASE"), unique, name = "items_lower"),
    check = "\"price\" >= 0",
    check("\"amount\" < 1000", name = "few"),
)]
#[derive(Debug, Clone)]
pub struct Item {
    #[model(primary_key, sqlite(rowid))]
    pub id: i64,
    #[model(index(desc, where = "\"amount\" > 0", name = "items_partial"))]
    pub label: String,
    #[model(column_type = "DECIMAL(10, 2)", default_sql = "0")]
    pub price: f64,
    #[model(column_type = "INT", default = 1)]
    pub amount: i64,
    #[model(column_type = "", generated("\"price\" * \"amount\"", virtual))]
    pub total: Option<Vec<u8>>,
    #[model(generated = "length(\"label\")")]
    pub size: Option<String>,
    #[model(column_type = "INTEGER", references = Order, relation = order)]
    pub order: Option<i64>,
    #[model(default = now)]
    pub made: Option<chrono::NaiveDateTime>,
}

#[model(table = "order", unique(select, full_name))]
#[derive(Debug, Clone)]
pub struct Order {
    #[model(primary_key)]
    pub id: i64,
    #[model(length = 20, default = "it's", collation = "NOCASE")]
    pub select: String,
    #[model(column = "Full Name", index(name = "odd index"))]
    pub full_name: Option<String>,
    #[model(
        column_type = "INTEGER",
        references = Item,
        relation = item,
        on_delete = set_null,
        initially_deferred,
        no_join
    )]
    pub item_id: Option<i64>,
}

// Not here, because models have no words for it; migrations leave it alone:
// trigger cheap_insert of cheap
// trigger items_logged of items
// view cheap
// view cheap labels
// virtual table search
