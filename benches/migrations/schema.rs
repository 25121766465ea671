//! The schemas: tables of twelve columns, each with a key to the one before it, and one column that is new.

use axum_db::Metadata;
use axum_db::model::{ColumnDef, ForeignKeyDef, TableDef};
use diesel::sql_types::{BigInt, Bool, Double, Integer, SmallInt, Text, Timestamp};

/// The column that the database does not have yet.
pub(crate) const NEW: &str = "added_later";

pub(crate) fn name(table: usize) -> String {
    format!("table_{table:04}")
}

/// That many tables; with the new column in the first if `changed`.
pub(crate) fn metadata(tables: usize, changed: bool) -> Metadata {
    Metadata::new((0..tables).map(|at| {
        let mut table = TableDef::new(name(at))
            .column(ColumnDef::new::<Integer>("id").auto_increment())
            .column(ColumnDef::new::<Integer>("before_id").nullable())
            .column(ColumnDef::new::<Text>("title").length(100))
            .column(ColumnDef::new::<Text>("body"))
            .column(ColumnDef::new::<Text>("note").nullable())
            .column(ColumnDef::new::<SmallInt>("rank"))
            .column(ColumnDef::new::<BigInt>("views"))
            .column(ColumnDef::new::<Double>("score"))
            .column(ColumnDef::new::<Bool>("shown"))
            .column(ColumnDef::new::<Timestamp>("created_at"))
            .column(ColumnDef::new::<Timestamp>("changed_at").nullable())
            .column(ColumnDef::new::<Integer>("kind").nullable())
            .primary_key(["id"])
            .index(["before_id"]);
        if at > 0 {
            table = table.foreign_key(ForeignKeyDef::new(["before_id"], name(at - 1), ["id"]));
        }
        if changed && at == 0 {
            table = table.column(ColumnDef::new::<Text>(NEW).nullable());
        }
        table
    }))
}
