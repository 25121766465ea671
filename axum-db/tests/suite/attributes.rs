//! Models that say more of their tables than types: one for each thing that `#[model]` has a word for.

use axum_db::prelude::*;

#[model(
    comment = "what's sold",
    primary_key(shop_id, number, name = "wares_key"),
    unique(shop_id, label, name = "wares_label"),
    index(shop_id, price(desc)),
    index(code, unique),
    check("price >= 0", name = "wares_price"),
    foreign_key(shop_id, part_of, references = Ware, to(shop_id, number), on_delete = cascade, name = "wares_part_of"),
    sqlite(
        strict,
        index(expr("lower(label)", desc), price(collation = "NOCASE"), where = "price > 10")
    ),
    postgres(
        index(expr("lower(label)"), price(desc, nulls_last), where = "price > 10", include(note, code)),
        index(label(opclass = "text_pattern_ops"), name = "wares_like"),
        unique(number, code, include(price), nulls_not_distinct)
    ),
    mysql(
        engine = "InnoDB",
        collation = "utf8mb4_bin",
        index(label(length = 5), price(desc)),
        index(note, using = "fulltext")
    )
)]
#[derive(Debug, Clone, PartialEq)]
pub struct Ware {
    pub shop_id: i32,
    pub number: i32,
    #[model(
        length = 40,
        comment = "as on the shelf",
        sqlite(collation = "NOCASE"),
        postgres(collation = "C"),
        mysql(collation = "utf8mb4_general_ci")
    )]
    pub label: String,
    pub code: i32,
    #[model(default = 0)]
    pub price: i32,
    #[model(generated = "price * 2")]
    pub twice: i32,
    #[model(
        generated = "price + 1",
        sqlite(generated("price + 1", virtual)),
        mysql(generated("price + 1", virtual))
    )]
    pub more: Option<i32>,
    #[model(default_sql = "lower('NONE')", length = 20)]
    pub note: String,
    pub part_of: Option<i32>,
    #[model(default = now, mysql(on_update_sql = "CURRENT_TIMESTAMP(6)"))]
    pub seen: chrono::NaiveDateTime,
}

/// Numbered without a counter of its own on SQLite, always by the database on PostgreSQL; keys that are checked
/// at the end of a transaction.
#[model(postgres(unique(rank, initially_deferred)))]
#[derive(Debug, Clone)]
pub struct Place {
    #[model(primary_key, identity = always, sqlite(rowid))]
    pub id: i64,
    #[model(sqlite(unique), mysql(unique(name = "places_by_rank")))]
    pub rank: i32,
    #[model(
        references = Place,
        relation = next,
        constraint = "places_next",
        index(name = "places_by_next"),
        sqlite(initially_deferred),
        postgres(initially_deferred)
    )]
    pub next_id: Option<i64>,
}

/// A number that the program gives.
#[model(sqlite(without_rowid))]
#[derive(Debug, Clone)]
pub struct Country {
    #[model(primary_key, auto_increment = false)]
    pub code: i32,
    #[model(column_type = "VARCHAR(30)", renamed_from = "title")]
    pub name: String,
}

pub(crate) mod elsewhere {
    use axum_db::prelude::*;

    #[derive(Debug)]
    pub struct Elsewhere;

    impl axum_db::Bind for Elsewhere {
        const NAME: &'static str = "elsewhere";
    }

    /// In a schema; another schema may have a table of that name.
    #[model(table = "audited_events", schema = "audit", bind = Elsewhere, comment = "all of it")]
    #[derive(Debug, Clone)]
    pub struct Audited {
        #[model(primary_key)]
        pub id: i32,
        #[model(unique, length = 20)]
        pub name: String,
        #[model(references = Audited, index, relation = cause)]
        pub cause_id: Option<i32>,
    }

    #[model(bind = Elsewhere)]
    #[derive(Debug, Clone)]
    pub struct Event {
        #[model(primary_key)]
        pub id: i32,
        #[model(references = Audited, relation = audited)]
        pub audited_id: i32,
    }
}

/// A row that the database fills in altogether.
#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Turnstile {
    #[model(primary_key)]
    pub id: i32,
}

/// The same, with more than a number.
#[model]
#[derive(Debug, Clone)]
pub struct Draft {
    #[model(primary_key)]
    pub id: i64,
    #[model(default_sql = "'untitled'", length = 20)]
    pub title: String,
}

/// The same, without a number.
#[model]
#[derive(Debug, Clone)]
pub struct Preset {
    #[model(primary_key, default_sql = "'main'", length = 20)]
    pub name: String,
    #[model(default_sql = "3")]
    pub level: i32,
}
