//! The answers of the catalog.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text};
use serde::Deserialize;

#[derive(QueryableByName)]
pub(super) struct ColumnRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) schema_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) table_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) table_comment: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) unlogged: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) storage: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) ty: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) not_null: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) default_value: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) identity: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) generated: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) collation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) sequence: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) counter: Option<String>,
}

/// A sequence, as the query writes it.
#[derive(Deserialize)]
pub(super) struct CounterJson {
    pub(super) ty: String,
    pub(super) start: i64,
    pub(super) increment: i64,
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) cache: i64,
    pub(super) cycle: bool,
}

#[derive(QueryableByName)]
pub(super) struct ConstraintRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) schema_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) table_name: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) columns: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) foreign_table: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) foreign_schema: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) is_looked_at: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) referenced: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) set_columns: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) on_delete: String,
    #[diesel(sql_type = Text)]
    pub(super) on_update: String,
    #[diesel(sql_type = Bool)]
    pub(super) match_full: bool,
    #[diesel(sql_type = Bool)]
    pub(super) is_deferrable: bool,
    #[diesel(sql_type = Bool)]
    pub(super) is_deferred: bool,
    #[diesel(sql_type = Bool)]
    pub(super) is_valid: bool,
    #[diesel(sql_type = Bool)]
    pub(super) no_inherit: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) expression: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) definition: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) include: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) nulls_not_distinct: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) storage: Option<String>,
}

#[derive(QueryableByName)]
pub(super) struct IndexRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) schema_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) table_name: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Bool)]
    pub(super) is_unique: bool,
    #[diesel(sql_type = Text)]
    pub(super) method: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) predicate: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) invalid: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) storage: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) nulls_not_distinct: bool,
    #[diesel(sql_type = Text)]
    pub(super) keys: String,
}

/// A key of an index, as the query writes it.
#[derive(Deserialize)]
pub(super) struct KeyJson {
    /// An INCLUDE column rather than a key.
    pub(super) included: bool,
    pub(super) column: Option<String>,
    pub(super) text: String,
    pub(super) options: Option<i16>,
    pub(super) opclass: Option<String>,
    pub(super) parameters: Option<Vec<String>>,
    pub(super) collation: Option<String>,
}

#[derive(QueryableByName)]
pub(super) struct ObjectRow {
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) schema_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) table_schema: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) table_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) sql: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) privileges: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) reads: Option<String>,
}

/// Something that an object reads, as the query writes it.
#[derive(Deserialize)]
pub(super) struct ReadsJson {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) column: Option<String>,
}

#[derive(QueryableByName)]
pub(super) struct EnumRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) schema_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) ty: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) labels: Option<String>,
}
